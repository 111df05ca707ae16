// Makes a vault of what the AS holds (docs/protocol.md clause 10): the listed units' K_D under the newest versions of T, the chosen TA,
// and two signing keys of its own. Checks that all of it may be given out; writes nothing down.
import { randomBytes } from 'node:crypto';
import { entryKind } from '#protocol/as-unit/entry.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { VaultRequestJson } from '#protocol/service/vaults.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import { issueVaultFile } from '#protocol/vault/issue.ts';
import { type PasswordKey, SALT_LENGTH, VAULT_COST } from '#protocol/vault/passphrase.ts';
import { openVaultSentence } from '#protocol/vault/policy.ts';
import { type VaultSecrets, wipeVaultSecrets } from '#protocol/vault/secrets.ts';
import { isDemoSet, isPublishedKey } from '../sets/demo-sets.ts';
import { maySee, setLabel } from '../sets/policy.ts';
import { viewSet } from '../sets/set-view.ts';
import { createSigningKey, type Signatures, signCertificate } from '../signing/signing.ts';
import type { SetState, State } from '../storage/state.ts';
import type { IssuedRecord } from './vault-ledger.ts';

/** Older ones were replaced in the units long since, and would only make the file longer. */
const VERSIONS = 4;
const DAY_MS = 86_400_000;
/** The clocks of laptops differ. */
const CLOCK_MS = 3_600_000;
/** A journal may come back, and be signed, long after the vault has ended. */
const RETURN_DAYS = 366;

/** Maximum validity of a vault, in days. */
export const MAX_VAULT_DAYS = 366;

export interface VaultMaker {
  readonly state: State;
  readonly signatures: Signatures;
  readonly demoMode: boolean;
  readonly derive: PasswordKey;
  readonly now: Date;
}

export interface VaultOrder extends VaultRequestJson {
  readonly custodian: string;
  /** The sets that this custodian may give out; null is all of them. */
  readonly sets: readonly number[] | null;
  readonly passphrase: string;
  readonly asNumber: number;
}

/** @throws ProtocolError set-unknown, key-unknown, not-allowed, unit-not-listed, demo-refused, request-refused */
export async function makeVault(
  maker: VaultMaker,
  order: VaultOrder,
): Promise<{ readonly text: string; readonly record: IssuedRecord }> {
  const found = findSet(maker, order);
  const chosen = chooseKeys(found, order);
  requireUnits(found, order);
  const dataKey = createSigningKey();
  const journalKey = createSigningKey();
  const secrets: VaultSecrets = {
    dataKey: dataKey.secretKey,
    journalKey: journalKey.secretKey,
    ...secretsOf(chosen, order),
  };
  try {
    const { root, asNumber, name } = maker.state;
    const { now } = maker;
    const expires = after(now, order.days);
    const certify = (purpose: 'data' | 'vault-journal', publicKey: Uint8Array, until: string) =>
      signCertificate(root, {
        purpose,
        publicKey: toBase64url(publicKey),
        asNumber: order.asNumber,
        from: now.toISOString(),
        until,
      });
    const header: Omit<VaultHeaderJson, 'format' | 'argon2id' | 'sealed'> = {
      vaultId: toBase64url(randomBytes(16)),
      asNumber: order.asNumber,
      service: { name, asNumber },
      custodian: order.custodian,
      issued: now.toISOString(),
      notBefore: new Date(now.getTime() - CLOCK_MS).toISOString(),
      expires,
      set: viewSet(chosen),
      units: order.units === null ? null : [...order.units].sort(),
      quota: { exports: order.exports, perUnit: order.exportsPerUnit },
      dataCertificate: await certify('data', dataKey.publicKey, expires),
      journalCertificate: await certify('vault-journal', journalKey.publicKey, after(now, order.days + RETURN_DAYS)),
    };
    const issued = await issueVaultFile({
      header,
      secrets,
      passphrase: order.passphrase,
      cost: VAULT_COST,
      salt: randomBytes(SALT_LENGTH),
      derive: maker.derive,
      ...maker.signatures.vault,
    });
    const record = { header: issued.header, headerHash: issued.headerHash, journalPublicKey: journalKey.publicKey };
    return { text: issued.text, record };
  } finally {
    wipeVaultSecrets(secrets);
  }
}

function findSet({ state, demoMode }: VaultMaker, { set, sets }: VaultOrder): SetState {
  const found = maySee({ sets }, set) ? state.sets.find((each) => each.set === set) : undefined;
  if (found === undefined) throw new ProtocolError('set-unknown', `There is no set ${hexNumber(set)}.`);
  if (!demoMode && (isDemoSet(set) || found.transportKeys.some(({ key }) => isPublishedKey(key)))) {
    throw new ProtocolError('demo-refused', `${setLabel(found)} is a demo set and this service is not in demo mode.`);
  }
  return { ...found, transportKeys: found.transportKeys.slice(-VERSIONS) };
}

/** The set with the chosen entries alone. */
function chooseKeys(found: SetState, { ref1, units }: VaultOrder): SetState {
  const keys = [...new Set(ref1)]
    .sort((a, b) => a - b)
    .map((number) => {
      const entry = found.keys.find((each) => each.ref1 === number);
      if (entry !== undefined) return entry;
      throw new ProtocolError('key-unknown', `${setLabel(found)} has no key with REF1 ${number}.`);
    });
  for (const entry of keys) {
    if (entryKind(entry) !== 'transport-key') continue;
    if (!found.transportKeys.some(({ tkv }) => tkv === entry.akv)) {
      throw new ProtocolError('key-unknown', `REF1 ${entry.ref1} brings a T that was replaced long since.`);
    }
    if (found.profile === 'shared' && units !== null) {
      throw new ProtocolError(
        'not-allowed',
        `REF1 ${entry.ref1} brings T itself to the units of a shared set: only an open vault can hold it.`,
      );
    }
  }
  return { ...found, keys };
}

function requireUnits(found: SetState, { set, units, confirm }: VaultOrder): void {
  if (units === null) {
    if (confirm === openVaultSentence(set)) return;
    throw new ProtocolError(
      'request-refused',
      `For an open vault, confirm in these words: "${openVaultSentence(set)}"`,
    );
  }
  if (confirm !== undefined) throw new ProtocolError('request-refused', 'Name the units, or confirm an open vault.');
  if (new Set(units).size !== units.length) throw new ProtocolError('request-refused', 'A unit is named twice.');
  for (const sn of units) {
    if (/^0+$/.test(sn)) throw new ProtocolError('request-refused', 'No unit has a serial number of zeros.');
    if (found.units === null || found.units.includes(sn)) continue;
    throw new ProtocolError('unit-not-listed', `Unit ${sn} is not on the list of ${setLabel(found)}.`);
  }
}

function secretsOf(
  { set, transportKeys, keys }: SetState,
  { units }: VaultOrder,
): Pick<VaultSecrets, 'applicationKeys' | 'deviceKeys' | 'transportKeys'> {
  return {
    applicationKeys: keys.flatMap((entry) =>
      entryKind(entry) === 'key' ? [{ ref1: entry.ref1, key: copy(entry.key) }] : [],
    ),
    deviceKeys: (units ?? []).flatMap((text) =>
      transportKeys.map(({ tkv, family, key }) => {
        const sn = fromHex(text);
        return { tkv, sn, key: deriveDeviceKey(family, key, { set, tkv, sn }) };
      }),
    ),
    transportKeys: units === null ? transportKeys.map(({ tkv, key }) => ({ tkv, key: copy(key) })) : [],
  };
}

function after(from: Date, days: number): string {
  return new Date(from.getTime() + days * DAY_MS).toISOString();
}
