// The content that an issuer writes to an AS token card (docs/protocol.md clauses 3, 4 and 8) and
// its byte format. The content is one set with its transport keys, the key entries, the AS number,
// the signing key, the quota and the permitted units.
import { entryKind, requireEntry } from '#protocol/as-unit/entry.ts';
import type { KeyFacts } from '#protocol/as-unit/memory.ts';
import { type Bytes, concat, copy, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { readU8, readU16, readU32, u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii, fromAscii, fromUtf8, utf8 } from '#protocol/bytes/text.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';

export interface CardTransportKey {
  readonly tkv: number;
  readonly family: KdfFamily;
  /** T, 32 bytes. */
  readonly key: Bytes;
}

export interface CardEntry extends KeyFacts {
  /** At most 255 bytes in UTF-8. */
  readonly label: string;
  /** TA: 16, 24 or 32 bytes. Empty if the entry erases a slot or replaces T. */
  readonly key: Bytes;
}

export interface CardContent {
  readonly set: number;
  readonly profile: 'shared' | 'diversified';
  /** 1 to 65535. Number 0 belongs to the service. */
  readonly asNumber: number;
  /** Maximum number of exports. */
  readonly quota: number;
  /** Number of wrong PINs in a row that block the card, 1 to 15. */
  readonly pinTries: number;
  /** Ed25519 seed, 32 bytes. */
  readonly signingKey: Bytes;
  /** SNs of the permitted units, 16 bytes each. Undefined permits every unit of the set. */
  readonly units: readonly Bytes[] | undefined;
  /** Oldest version first. */
  readonly transportKeys: readonly CardTransportKey[];
  readonly entries: readonly CardEntry[];
}

const ANY_UNIT = 0xffff;
const PROFILES = ['shared', 'diversified'] as const;
const FAMILIES: readonly KdfFamily[] = ['cmac', 'hmac'];

/**
 * Encodes the content. The caller wipes the result.
 * @throws RangeError when the content is invalid
 */
export function encodeContent(content: CardContent): Bytes {
  requireContent(content);
  const { set, profile, asNumber, quota, pinTries, signingKey, units, transportKeys, entries } = content;
  return concat(
    u32(set),
    PROFILES.indexOf(profile),
    u16(asNumber),
    u32(quota),
    pinTries,
    signingKey,
    u16(units?.length ?? ANY_UNIT),
    ...(units ?? []),
    transportKeys.length,
    ...transportKeys.flatMap(({ tkv, family, key }) => [tkv, FAMILIES.indexOf(family), key]),
    entries.length,
    ...entries.flatMap(encodeEntry),
  );
}

function encodeEntry({ ref1, attributes, akv, slot, label, key }: CardEntry): (Uint8Array | number)[] {
  const text = utf8(label);
  return [u16(ref1), ascii(attributes), u32(akv), u16(slot), key.length, key, text.length, text];
}

/** Decodes the output of encodeContent. The caller wipes the result with wipeContent. */
export function decodeContent(bytes: Uint8Array): CardContent {
  let offset = 0;
  const take = (length: number): Bytes => {
    offset += length;
    return copy(bytes.subarray(offset - length, offset));
  };
  const [byte, number16, number32] = [() => readU8(take(1), 0), () => readU16(take(2), 0), () => readU32(take(4), 0)];
  const list = <T>(length: number, read: () => T): T[] => Array.from({ length }, read);
  const [set, profile, asNumber, quota, pinTries] = [number32(), byte(), number16(), number32(), byte()];
  const signingKey = take(32);
  const unitCount = number16();
  const units = unitCount === ANY_UNIT ? undefined : list(unitCount, () => take(16));
  const transportKeys = list(byte(), () => {
    const [tkv, family] = [byte(), byte()];
    return { tkv, family: FAMILIES[family] ?? 'cmac', key: take(32) };
  });
  const entries = list(byte(), () => {
    const [ref1, attributes, akv, slot] = [number16(), fromAscii(take(7)), number32(), number16()];
    const key = take(byte());
    return { ref1, attributes, akv, slot, key, label: fromUtf8(take(byte())) };
  });
  const profileName = PROFILES[profile] ?? 'diversified';
  return { set, profile: profileName, asNumber, quota, pinTries, signingKey, units, transportKeys, entries };
}

export function wipeContent({ signingKey, transportKeys, entries }: CardContent): void {
  wipe(signingKey, ...transportKeys.map(({ key }) => key), ...entries.map(({ key }) => key));
}

function requireContent({ asNumber, pinTries, signingKey, units, transportKeys, entries }: CardContent): void {
  requireLength('signingKey', signingKey, 32);
  for (const sn of units ?? []) requireLength('units', sn, 16);
  for (const { key } of transportKeys) requireLength('transportKey', key, 32);
  if (asNumber < 1) throw new RangeError('asNumber 0 is the service');
  if (pinTries < 1 || pinTries > 15) throw new RangeError('pinTries must be 1 to 15');
  if (transportKeys.length === 0) throw new RangeError('transportKeys must not be empty');
  for (const entry of entries) {
    requireEntry(entry);
    const kind = entryKind(entry);
    requireLength('entry', entry.key, ...(kind === 'key' ? [16, 24, 32] : [0]));
    if (kind === 'transport-key' && !transportKeys.some(({ tkv }) => tkv === entry.akv)) {
      throw new RangeError(`transportKeys has no version ${entry.akv}`);
    }
  }
  const ref1s = new Set(entries.map(({ ref1 }) => ref1));
  if (ref1s.size !== entries.length) throw new RangeError('entries must have distinct REF1');
}
