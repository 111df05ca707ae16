// Derives the key that seals a vault from a passphrase, by Argon2id (docs/protocol.md clause 10.2).
// The caller supplies Argon2id: the service uses noble, the page hash-wasm, which is faster.
import { type Bytes, equalBytes, wipe } from '../bytes/bytes.ts';
import { utf8 } from '../bytes/text.ts';
import type { Argon2Cost } from '../crypto/argon2.ts';
import { ProtocolError } from '../errors.ts';
import { plainSigns, readCrockford } from '../text/typed-code.ts';

/**
 * The second recommendation of RFC 9106 clause 4. It costs more than the recommendation of OWASP:
 * 46 MiB, one pass, one lane.
 */
export const VAULT_COST: Argon2Cost = { memoryKib: 65_536, passes: 3, lanes: 4 };
export const SALT_LENGTH = 16;

/**
 * A lower cost would make guessing cheap. A higher cost could exhaust the memory of the computer
 * that opens the vault.
 */
export const COST_BOUNDS = {
  memoryKib: { min: 47_104, max: 262_144 },
  passes: { min: 1, max: 10 },
  lanes: { min: 1, max: 8 },
} as const;

/** Argon2id with an output of 32 bytes. */
export type PasswordKey = (password: Uint8Array, salt: Uint8Array, cost: Argon2Cost) => Promise<Bytes>;

/** Minimum length of a passphrase that a custodian chooses, in characters. */
export const MIN_PASSPHRASE_LENGTH = 15;
export const MAX_PASSPHRASE_LENGTH = 256;

/** Crockford's base 32, which has no U and none of the easily misread I, L and O. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 4;
const GROUP_LENGTH = 5;
const GENERATED = /^KV[0-9A-HJKMNP-TV-Z]{20}$/;

/** Generates KV-XXXXX-XXXXX-XXXXX-XXXXX, which has 100 random bits, from 20 random bytes. */
export function generatePassphrase(random: Uint8Array): string {
  const digits = Array.from(random, (byte) => ALPHABET.charAt(byte & 31)).join('');
  if (digits.length !== GROUPS * GROUP_LENGTH) throw new RangeError(`random has ${digits.length} bytes, not 20`);
  const groups = Array.from({ length: GROUPS }, (_, i) => digits.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH));
  return ['KV', ...groups].join('-');
}

/**
 * Returns the input of Argon2id (docs/protocol.md clause 10.2), which the caller wipes. A generated
 * passphrase may be typed in any case, with any dashes, quotes, blanks and line breaks. O counts as
 * 0, and I and L count as 1. A chosen passphrase becomes UTF-8 of its NFKC, with no other change.
 * @throws ProtocolError passphrase-wrong for a text that is empty or longer than 256 characters
 */
export function encodePassphrase(typed: string): Bytes {
  const generated = readCrockford(typed);
  return GENERATED.test(generated) ? utf8(generated) : encodeChosen(typed);
}

/**
 * Returns the possible inputs of Argon2id for a typed text, the most likely one first. There are
 * several only if a mail program may have changed the text. The caller wipes each of them.
 * @throws ProtocolError passphrase-wrong
 */
export function encodePassphrases(typed: string): Bytes[] {
  const readings = [encodePassphrase(typed)];
  // The text has only characters of a generated passphrase, so no other input is possible.
  if (GENERATED.test(readCrockford(typed)) && /^[\w\s-]*$/.test(typed)) return readings;
  for (const text of [typed, repairPassphrase(typed)]) {
    if (!isChoosable(text.normalize('NFKC'))) continue;
    const reading = encodeChosen(text);
    if (readings.some((each) => equalBytes(each, reading))) wipe(reading);
    else readings.push(reading);
  }
  return readings;
}

/** True iff the text has a permitted length and no lone surrogate, which UTF-8 cannot encode. */
function isChoosable(text: string): boolean {
  return text.length > 0 && text.length <= MAX_PASSPHRASE_LENGTH && !/\p{Cs}/u.test(text);
}

function encodeChosen(typed: string): Bytes {
  const text = typed.normalize('NFKC');
  if (!isChoosable(text)) {
    throw new ProtocolError('passphrase-wrong', 'The passphrase is empty, too long or not Unicode.');
  }
  return utf8(text);
}

/**
 * Returns a chosen passphrase as a keyboard would produce it: plain dashes and quotes, no invisible
 * characters, single blanks, no blanks at the ends. New vaults are sealed under this form. Vaults
 * of earlier versions may be sealed under another form, so a reader tries the typed text first.
 */
export function repairPassphrase(typed: string): string {
  return plainSigns(plainSigns(typed).normalize('NFKC')).replaceAll(/\s+/gu, ' ').trim();
}

/** Checks the cost before memory is allocated. @throws ProtocolError vault-malformed */
export function requireCost(cost: Argon2Cost): void {
  for (const name of ['memoryKib', 'passes', 'lanes'] as const) {
    const { min, max } = COST_BOUNDS[name];
    const value = cost[name];
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    throw new ProtocolError('vault-malformed', `${name} of the vault is ${value}, not ${min} to ${max}`);
  }
}

/**
 * Returns KEK, 32 bytes, which the caller wipes.
 * @throws ProtocolError vault-malformed, passphrase-wrong
 */
export async function deriveVaultKey(
  typed: string,
  { salt, ...cost }: Argon2Cost & { readonly salt: Uint8Array },
  derive: PasswordKey,
): Promise<Bytes> {
  requireCost(cost);
  const password = encodePassphrase(typed);
  try {
    return await derive(password, salt, cost);
  } finally {
    wipe(password);
  }
}
