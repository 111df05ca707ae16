// From a passphrase to the key that seals a vault (docs/protocol.md clause 10.2): one octet string for what a person typed, the cost of
// Argon2id and its bounds. The function itself is handed in: the service has noble's, the page a faster one.
import { type Bytes, wipe } from '../bytes/bytes.ts';
import { utf8 } from '../bytes/text.ts';
import type { Argon2Cost } from '../crypto/argon2.ts';
import { ProtocolError } from '../errors.ts';

/** RFC 9106 clause 4, the second recommendation; more than the first choice of OWASP (46 MiB, one pass, one lane). */
export const VAULT_COST: Argon2Cost = { memoryKib: 65_536, passes: 3, lanes: 4 };
export const SALT_LENGTH = 16;

/** Below these a passphrase is guessed too cheaply; above them a file could make a reader run out of memory or patience. */
export const COST_BOUNDS = {
  memoryKib: { least: 47_104, most: 262_144 },
  passes: { least: 1, most: 10 },
  lanes: { least: 1, most: 8 },
} as const;

/** Argon2id: 32 bytes. */
export type PasswordKey = (password: Uint8Array, salt: Uint8Array, cost: Argon2Cost) => Promise<Bytes>;

/** The length of what a custodian chooses: at least, in characters. */
export const MIN_PASSPHRASE_LENGTH = 15;
const MAX_PASSPHRASE_LENGTH = 256;

/** Crockford's base 32: no I, L, O or U, so that nothing is misread. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 4;
const GROUP_LENGTH = 5;
const GENERATED = new RegExp(`^KV[${ALPHABET}]{${GROUPS * GROUP_LENGTH}}$`);

/** KV-XXXXX-XXXXX-XXXXX-XXXXX, of 20 random bytes: 100 bits. */
export function generatePassphrase(random: Uint8Array): string {
  const digits = Array.from(random, (octet) => ALPHABET.charAt(octet & 31)).join('');
  if (digits.length !== GROUPS * GROUP_LENGTH) throw new RangeError(`random has ${digits.length} bytes, not 20`);
  const groups = Array.from({ length: GROUPS }, (_, i) => digits.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH));
  return ['KV', ...groups].join('-');
}

/**
 * UTF-8 of NFKC, which the caller wipes. A generated passphrase is taken as it was meant: any case, with or without dashes and blanks,
 * O for 0, I and L for 1.
 * @throws ProtocolError passphrase-wrong when nothing can have been sealed under it: empty, or longer than 256 characters
 */
export function encodePassphrase(typed: string): Bytes {
  const text = typed.normalize('NFKC');
  const meant = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (GENERATED.test(meant)) return utf8(meant);
  // A surrogate that stands alone has no UTF-8.
  if (text.length === 0 || text.length > MAX_PASSPHRASE_LENGTH || /\p{Cs}/u.test(text)) {
    throw new ProtocolError('passphrase-wrong', 'This cannot be the passphrase of a vault.');
  }
  return utf8(text);
}

/** @throws ProtocolError vault-malformed before any memory is spent */
export function requireCost(cost: Argon2Cost): void {
  for (const name of ['memoryKib', 'passes', 'lanes'] as const) {
    const { least, most } = COST_BOUNDS[name];
    const value = cost[name];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new ProtocolError('vault-malformed', `${name} of the vault is ${value}, not ${least} to ${most}`);
  }
}

/** KEK, 32 bytes, which the caller wipes. @throws ProtocolError vault-malformed, passphrase-wrong */
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
