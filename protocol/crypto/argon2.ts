// Argon2id (RFC 9106), version 13: a key of 32 bytes from a passphrase. Slow by its nature, so it gives way to others while it works.
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { type Bytes, copy, wipe } from '../bytes/bytes.ts';

export interface Argon2Cost {
  /** m, in KiB. */
  readonly memoryKib: number;
  /** t. */
  readonly passes: number;
  /** p. */
  readonly lanes: number;
}

/** The longest that others wait for their turn, in ms. */
const TURN_MS = 20;

/** 32 bytes, which the caller wipes. `salt` has 8 bytes or more; the caller has checked the cost. */
export async function argon2id(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Bytes> {
  const { memoryKib, passes, lanes } = cost;
  const maxmem = (memoryKib + 1024) * 1024;
  const options = { m: memoryKib, t: passes, p: lanes, dkLen: 32, maxmem, asyncTick: TURN_MS };
  const key = await argon2idAsync(password, salt, options);
  const own = copy(key);
  wipe(key);
  return own;
}
