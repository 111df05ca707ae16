// Derives the key that seals a vault from its passphrase (docs/protocol.md clause 10.2): one byte
// string for every spelling of a passphrase, and the cost of Argon2id with its bounds. The caller
// supplies Argon2id: the service uses noble, the page a faster implementation.
import { type Bytes, wipe } from '../bytes/bytes.ts';
import { utf8 } from '../bytes/text.ts';
import type { Argon2Cost } from '../crypto/argon2.ts';
import { ProtocolError } from '../errors.ts';

/**
 * The second recommendation of RFC 9106 clause 4; higher than the first choice of OWASP (46 MiB, 1
 * pass, 1 lane).
 */
export const VAULT_COST: Argon2Cost = { memoryKib: 65_536, passes: 3, lanes: 4 };
export const SALT_LENGTH = 16;

/**
 * A cost below these bounds makes guessing a passphrase too cheap. A cost above them lets a file
 * exhaust the reader's memory or time.
 */
export const COST_BOUNDS = {
  memoryKib: { least: 47_104, most: 262_144 },
  passes: { least: 1, most: 10 },
  lanes: { least: 1, most: 8 },
} as const;

/** Argon2id with an output of 32 bytes. */
export type PasswordKey = (password: Uint8Array, salt: Uint8Array, cost: Argon2Cost) => Promise<Bytes>;

/** Minimum length of a passphrase that a custodian chooses, in characters. */
export const MIN_PASSPHRASE_LENGTH = 15;
const MAX_PASSPHRASE_LENGTH = 256;

/** Crockford's base 32: no I, L, O or U, which are easily misread. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 4;
const GROUP_LENGTH = 5;
const GENERATED = new RegExp(`^KV[${ALPHABET}]{${GROUPS * GROUP_LENGTH}}$`);

/** Generates a passphrase KV-XXXXX-XXXXX-XXXXX-XXXXX from 20 random bytes; it has 100 bits. */
export function generatePassphrase(random: Uint8Array): string {
  const digits = Array.from(random, (octet) => ALPHABET.charAt(octet & 31)).join('');
  if (digits.length !== GROUPS * GROUP_LENGTH) throw new RangeError(`random has ${digits.length} bytes, not 20`);
  const groups = Array.from({ length: GROUPS }, (_, i) => digits.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH));
  return ['KV', ...groups].join('-');
}

/**
 * The UTF-8 bytes of the passphrase in NFKC, which the caller wipes. A generated passphrase may be
 * typed in any case, with or without dashes and blanks, with O for 0, and with I or L for 1.
 * @throws ProtocolError passphrase-wrong when the text cannot be a passphrase: empty, longer than
 * 256 characters, or not valid Unicode
 */
export function encodePassphrase(typed: string): Bytes {
  const text = typed.normalize('NFKC');
  const meant = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (GENERATED.test(meant)) return utf8(meant);
  // A lone surrogate has no UTF-8.
  if (text.length === 0 || text.length > MAX_PASSPHRASE_LENGTH || /\p{Cs}/u.test(text)) {
    throw new ProtocolError('passphrase-wrong', 'This cannot be the passphrase of a vault.');
  }
  return utf8(text);
}

/** Checks the cost before Argon2id allocates memory. @throws ProtocolError vault-malformed */
export function requireCost(cost: Argon2Cost): void {
  for (const name of ['memoryKib', 'passes', 'lanes'] as const) {
    const { least, most } = COST_BOUNDS[name];
    const value = cost[name];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new ProtocolError('vault-malformed', `${name} of the vault is ${value}, not ${least} to ${most}`);
  }
}

/**
 * Derives KEK, 32 bytes, which the caller wipes.
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
