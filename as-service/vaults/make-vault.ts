// Makes a vault file (docs/protocol.md clause 10): K_D of the listed units, the chosen TA, and two
// new signing keys. Checks the request first; the caller writes the audit log.
import { randomBytes } from 'node:crypto';
import { entryKind } from '#protocol/as-unit/entry.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import { issueVaultFile } from '#protocol/vault/issue.ts';
import { type PasswordKey, SALT_LENGTH, VAULT_COST } from '#protocol/vault/passphrase.ts';
import { openVaultSentence } from '#protocol/vault/policy.ts';
import type { VaultRequestJson } from '#protocol/vault/requests.ts';
import { type VaultSecrets, wipeVaultSecrets } from '#protocol/vault/secrets.ts';
import { isDemoSet, isPublishedKey } from '../sets/demo-sets.ts';
import { requireEnabled } from '../sets/key-status.ts';
import { demoRefused, mayUse, setLabel, unitNotListed } from '../sets/set-access.ts';
import { viewSet } from '../sets/set-view.ts';
import { createSigningKey, type Signatures, signCertificate } from '../signing/signing.ts';
import type { SetState, State } from '../storage/state.ts';
import type { VaultIssue } from './vault-ledger.ts';

/**
 * A vault contains at most this many versions of T, the newest ones. A unit with an older T must
 * first load a newer one from the service.
 */
const TRANSPORT_KEY_VERSIONS = 4;
const DAY_MS = 86_400_000;
/** The clock of a station may be behind by this time, in milliseconds. */
const CLOCK_TOLERANCE_MS = 3_600_000;
/**
 * Number of days for which the journal key stays valid after the vault has expired, because
 * journals return late.
 */
const RETURN_DAYS = 366;

export interface MakeVaultOptions {
  readonly state: State;
  readonly signatures: Signatures;
  readonly demoMode: boolean;
  readonly derive: PasswordKey;
  readonly now: Date;
}

export interface VaultRequest extends VaultRequestJson {
  readonly custodian: string;
  /** SET of each set that this custodian may use; null permits all sets. */
  readonly sets: readonly number[] | null;
  readonly passphrase: string;
  readonly asNumber: number;
}

/**
 * @throws ProtocolError set-unknown, key-unknown, not-allowed, unit-not-listed, demo-refused,
 * request-refused
 */
export async function makeVault(
  options: MakeVaultOptions,
  request: VaultRequest,
): Promise<{ readonly text: string; readonly record: VaultIssue }> {
  const chosen = chooseSet(options, request);
  const dataKey = createSigningKey();
  const journalKey = createSigningKey();
  const secrets: VaultSecrets = {
    dataKey: dataKey.secretKey,
    journalKey: journalKey.secretKey,
    ...secretsOf(chosen, request),
  };
  try {
    const { root, asNumber, name } = options.state;
    const { now } = options;
    const expires = addDays(now, request.days);
    const certify = (purpose: 'data' | 'vault-journal', publicKey: Uint8Array, until: string) =>
      signCertificate(root, {
        purpose,
        publicKey: toBase64url(publicKey),
        asNumber: request.asNumber,
        from: now.toISOString(),
        until,
      });
    const header: Omit<VaultHeaderJson, 'format' | 'argon2id' | 'sealed'> = {
      vaultId: toBase64url(randomBytes(16)),
      asNumber: request.asNumber,
      service: { name, asNumber },
      custodian: request.custodian,
      issued: now.toISOString(),
      notBefore: new Date(now.getTime() - CLOCK_TOLERANCE_MS).toISOString(),
      expires,
      set: viewSet(chosen),
      units: request.units === null ? null : [...request.units].sort(),
      quota: { exports: request.exports, perUnit: request.exportsPerUnit },
      dataCertificate: await certify('data', dataKey.publicKey, expires),
      journalCertificate: await certify(
        'vault-journal',
        journalKey.publicKey,
        addDays(now, request.days + RETURN_DAYS),
      ),
    };
    const issued = await issueVaultFile({
      header,
      secrets,
      passphrase: request.passphrase,
      cost: VAULT_COST,
      salt: randomBytes(SALT_LENGTH),
      derive: options.derive,
      ...options.signatures.vault,
    });
    const record = { header: issued.header, headerHash: issued.headerHash, journalPublicKey: journalKey.publicKey };
    return { text: issued.text, record };
  } finally {
    wipeVaultSecrets(secrets);
  }
}

/**
 * Returns the set with only the keys of the vault.
 * @throws ProtocolError as makeVault() does
 */
export function chooseSet(options: Pick<MakeVaultOptions, 'state' | 'demoMode'>, request: VaultRequest): SetState {
  const found = findSet(options, request);
  const chosen = chooseKeys(found, request);
  requireUnits(found, request);
  return chosen;
}

function findSet(
  { state, demoMode }: Pick<MakeVaultOptions, 'state' | 'demoMode'>,
  { set, sets }: VaultRequest,
): SetState {
  const found = mayUse({ sets }, set) ? state.sets.find((each) => each.set === set) : undefined;
  if (found === undefined) throw new ProtocolError('set-unknown', `There is no set ${hexNumber(set, 8)}.`);
  if (!demoMode && (isDemoSet(set) || found.transportKeys.some(({ key }) => isPublishedKey(key)))) {
    throw demoRefused(found);
  }
  return { ...found, transportKeys: found.transportKeys.slice(-TRANSPORT_KEY_VERSIONS) };
}

/** Returns the set with only the chosen key entries. */
function chooseKeys(found: SetState, { ref1, units }: VaultRequest): SetState {
  const keys = [...new Set(ref1)]
    .sort((a, b) => a - b)
    .map((number) => {
      const entry = found.keys.find((each) => each.ref1 === number);
      if (entry === undefined) {
        throw new ProtocolError('key-unknown', `${setLabel(found)} has no key with REF1 ${hexNumber(number, 4)}.`);
      }
      requireEnabled(found, entry);
      return entry;
    });
  for (const entry of keys) {
    if (entryKind(entry) !== 'transport-key') continue;
    if (!found.transportKeys.some(({ tkv }) => tkv === entry.akv)) {
      throw new ProtocolError('key-unknown', `REF1 ${hexNumber(entry.ref1, 4)} loads a T that is too old for a vault.`);
    }
    if (found.profile === 'shared' && units !== null) {
      throw new ProtocolError(
        'not-allowed',
        `REF1 ${hexNumber(entry.ref1, 4)} loads T into units of a shared set. Only an open vault can contain it.`,
      );
    }
  }
  return { ...found, keys };
}

function requireUnits(found: SetState, { set, units, confirm }: VaultRequest): void {
  if (units === null) {
    if (confirm === openVaultSentence(set)) return;
    throw new ProtocolError('request-refused', `Confirm an open vault with this sentence: "${openVaultSentence(set)}"`);
  }
  if (confirm !== undefined)
    throw new ProtocolError('request-refused', 'Name the units or confirm an open vault, not both.');
  if (new Set(units).size !== units.length)
    throw new ProtocolError('request-refused', 'The request names a unit twice.');
  for (const sn of units) {
    if (/^0+$/.test(sn))
      throw new ProtocolError('request-refused', 'A serial number must not be all zero. Check the list of units.');
    if (found.units !== null && !found.units.includes(sn)) throw unitNotListed(found, sn);
  }
}

function secretsOf(
  { set, transportKeys, keys }: SetState,
  { units }: VaultRequest,
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

/** Returns the time in ISO 8601. */
function addDays(from: Date, days: number): string {
  return new Date(from.getTime() + days * DAY_MS).toISOString();
}
