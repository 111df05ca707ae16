// Argon2id (RFC 9106), version 13: derives the 32-byte key of a vault from a passphrase.
// Slow by design, so it is asynchronous and yields to other tasks.
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { type Bytes, copy, wipe } from '../bytes/bytes.ts';

export interface Argon2Cost {
  /** Memory m in KiB. */
  readonly memoryKib: number;
  /** Number of passes t. */
  readonly passes: number;
  /** Degree of parallelism p. */
  readonly lanes: number;
}

/** Maximum time between two yields, in ms. */
const MAX_BLOCKING_MS = 20;

/**
 * Returns a key of 32 bytes, which the caller wipes.
 * @param salt at least 8 bytes
 * @param cost the caller has checked that it is within limits
 */
export async function argon2id(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Bytes> {
  const { memoryKib, passes, lanes } = cost;
  const maxmem = (memoryKib + 1024) * 1024;
  const options = { m: memoryKib, t: passes, p: lanes, dkLen: 32, maxmem, asyncTick: MAX_BLOCKING_MS };
  const key = await argon2idAsync(password, salt, options);
  const own = copy(key);
  wipe(key);
  return own;
}
