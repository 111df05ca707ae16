// Messages for the error codes of token cards and vaults (failures.ts).

export const TOKEN = {
  'not-a-token': {
    remedy: 'Choose another device',
    title: 'The device responds, but it is not an AS token card.',
  },
  'token-locked': {
    remedy: 'Enter the PIN of the token',
    again: true,
    title: 'The token is locked. It locks whenever it loses power.',
  },
  'pin-wrong': {
    remedy: 'Check how many tries are left, then enter the PIN again',
    title: 'The PIN is wrong. Each wrong PIN uses up one try.',
  },
  'pin-unanswered': {
    remedy: 'Plug the token in again, then check how many tries are left',
    title: 'The token did not answer after the PIN was sent. One try may be used up.',
  },
  'pin-unconfirmed': {
    remedy: 'Plug the token in again, then enter the new PIN first',
    title: 'The token did not confirm the new PIN. The old PIN may still be valid. A wrong PIN uses up one try.',
  },
  'token-blocked': {
    remedy: 'Return the token to your custodian, who issued it',
    helper: 'custodian',
    title: 'No tries are left for the PIN. The token exports no more keys.',
    final: true,
  },
  'token-lost': {
    remedy: 'Plug the token in again and unlock it',
    again: true,
    title:
      'The token was unplugged or stopped responding. If it had already sealed a key, that key counts as one export.',
  },
  'token-nonsense': {
    remedy: 'Unplug the token, plug it in again',
    again: true,
    title:
      'The token sent a response that the protocol does not define. If it had already sealed a key, that key counts as one export.',
    twice: {
      remedy: 'Return the token to your custodian',
      helper: 'custodian',
      title: 'The token sent such a response twice.',
    },
  },
  'token-failed': {
    remedy: 'Unplug the token, plug it in again',
    again: true,
    title: 'The token could not carry out the command.',
    twice: {
      remedy: 'Return the token to your custodian',
      helper: 'custodian',
      title: 'Twice in a row, the token could not carry out the command.',
    },
  },
} as const;

export const VAULT = {
  'vault-malformed': {
    remedy: 'Choose the vault file that your custodian gave you',
    helper: 'custodian',
    title: 'This page cannot read this file as a vault.',
    final: true,
  },
  'vault-changed': {
    remedy: 'Do not use this file, and ask your custodian for a new one',
    helper: 'custodian',
    title: 'The file was changed after the AS issued it.',
    final: true,
  },
  'vault-untrusted': {
    remedy: 'Sign in once to the AS that issued this vault, then open the vault again',
    title: 'This station has not pinned the root key of that AS.',
  },
  'vault-early': {
    remedy: 'Check the clock of this computer, and wait until the vault is valid',
    title: 'This vault is not valid yet.',
  },
  'vault-expired': {
    remedy: 'Return the journal, and ask your custodian for a new vault',
    helper: 'custodian',
    title: 'This vault has expired.',
    final: true,
  },
  'vault-busy': {
    remedy: 'Continue in the other tab, or lock the vault there first',
    title: 'Another tab of this browser has unlocked this vault.',
  },
  'vault-locked': {
    remedy: 'Unlock the vault again',
    again: true,
    title: 'The vault is locked. It locks when it is not used for a while.',
  },
  'vault-lost': {
    remedy: 'Tell your custodian, and ask for a new vault',
    helper: 'custodian',
    title: 'This browser has lost the vault and its journal. The vault exports no more keys.',
    final: true,
  },
  'passphrase-wrong': {
    remedy: 'Enter the passphrase again',
    title: 'The passphrase is wrong. The file is unchanged.',
  },
  'passkey-refused': {
    remedy: 'Try the passkey again, or enter the passphrase',
    title: 'The passkey was not confirmed, is not on this computer, or is for another vault.',
  },
  'passkey-unsupported': {
    remedy: 'Use the passphrase',
    title: 'This browser or authenticator cannot protect the key of a vault. If a passkey was created, delete it.',
    final: true,
  },
} as const;
