// Messages for the error codes of token cards and vaults (failures.ts).
import { t } from '../../text/t.ts';

export const TOKEN = {
  'not-a-token': {
    remedy: t`Choose another device`,
    title: t`The device responds, but it is not an AS token card.`,
  },
  'token-locked': {
    remedy: t`Enter the PIN of the token`,
    again: true,
    title: t`The token is locked. It locks whenever it loses power.`,
  },
  'pin-wrong': {
    remedy: t`Check how many tries are left, then enter the PIN again`,
    title: t`The PIN is wrong. Each wrong PIN uses up one try.`,
  },
  'pin-unanswered': {
    remedy: t`Plug the token in again, then check how many tries are left`,
    title: t`The token did not answer after the PIN was sent. One try may be used up.`,
  },
  'pin-unconfirmed': {
    remedy: t`Plug the token in again, then enter the new PIN first`,
    title: t`The token did not confirm the new PIN. The old PIN may still be valid. A wrong PIN uses up one try.`,
  },
  'token-blocked': {
    remedy: t`Return the token to your custodian, who issued it`,
    helper: 'custodian',
    title: t`No tries are left for the PIN. The token exports no more keys.`,
    final: true,
  },
  'token-lost': {
    remedy: t`Plug the token in again and unlock it`,
    again: true,
    title: t`The token was unplugged or stopped responding. If it had already sealed a key, that key counts as one export.`,
  },
  'token-nonsense': {
    remedy: t`Unplug the token, plug it in again`,
    replug: true,
    again: true,
    title: t`The token sent a response that the protocol does not define. If it had already sealed a key, that key counts as one export.`,
    twice: {
      remedy: t`Return the token to your custodian`,
      helper: 'custodian',
      title: t`Twice in a row, the token sent a response that the protocol does not define.`,
    },
  },
  'token-failed': {
    remedy: t`Unplug the token, plug it in again`,
    replug: true,
    again: true,
    title: t`The token could not carry out the command.`,
    twice: {
      remedy: t`Return the token to your custodian`,
      helper: 'custodian',
      title: t`Twice in a row, the token could not carry out the command.`,
    },
  },
} as const;

export const VAULT = {
  'vault-malformed': {
    remedy: t`Choose the vault file that your custodian gave you`,
    helper: 'custodian',
    title: t`This page cannot read this file as a vault.`,
    final: true,
  },
  'vault-changed': {
    remedy: t`Do not use this file, and ask your custodian for a new one`,
    helper: 'custodian',
    title: t`The file was changed after the AS issued it.`,
    final: true,
  },
  'vault-untrusted': {
    remedy: t`Sign in once to the AS that issued this vault, then open the vault again`,
    title: t`This station has not pinned the root key of the AS that issued this vault.`,
  },
  'vault-early': {
    remedy: t`Check the clock of this computer, and wait until the vault is valid`,
    title: t`This vault is not valid yet.`,
  },
  'vault-expired': {
    remedy: t`Return the journal, and ask your custodian for a new vault`,
    helper: 'custodian',
    title: t`This vault has expired.`,
    final: true,
  },
  'vault-busy': {
    remedy: t`Continue in the other tab, or lock the vault there first`,
    title: t`Another tab of this browser has unlocked this vault.`,
  },
  'vault-locked': {
    remedy: t`Unlock the vault again`,
    again: true,
    title: t`The vault is locked. It locks when it is not used for a while.`,
  },
  'vault-lost': {
    remedy: t`Tell your custodian, and ask for a new vault`,
    helper: 'custodian',
    title: t`This browser has lost the vault and its journal. The vault exports no more keys.`,
    final: true,
  },
  'passphrase-wrong': {
    remedy: t`Enter the passphrase again`,
    title: t`The passphrase is wrong. The file is unchanged.`,
  },
  'passkey-refused': {
    remedy: t`Try the passkey again, or enter the passphrase`,
    title: t`The passkey was not confirmed, is not on this computer, or is for another vault.`,
  },
  'passkey-unsupported': {
    remedy: t`Use the passphrase`,
    title: t`This browser or authenticator cannot protect the key of a vault. If a passkey was created, delete it.`,
    final: true,
  },
} as const;
