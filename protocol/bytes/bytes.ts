// Joins, compares and wipes byte arrays. The base of every codec in protocol/.

/**
 * A byte array over an ArrayBuffer, the only kind that WebUSB and Web Serial accept for a write.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Joins the parts in order; a number is one byte.
 * @throws RangeError for a number outside 00 to FF
 */
export function concat(...parts: readonly (Uint8Array | number)[]): Bytes {
  let length = 0;
  for (const part of parts) length += typeof part === 'number' ? 1 : part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    if (typeof part === 'number') {
      if (!Number.isInteger(part) || part < 0 || part > 0xff) throw new RangeError(`${part} is not a byte`);
      joined[offset++] = part;
    } else {
      joined.set(part, offset);
      offset += part.length;
    }
  }
  return joined;
}

/** Returns a copy in a new buffer. */
export function copy(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

/**
 * Casts to Bytes. Copies only if the buffer is a SharedArrayBuffer. The caller must not change the
 * source afterwards.
 */
export function asBytes(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : copy(bytes);
}

/** True iff both have the same bytes. The time taken depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** True iff every byte is 00. The time taken depends on the length only. */
export function isZero(bytes: Uint8Array): boolean {
  let seen = 0;
  for (const byte of bytes) seen |= byte;
  return seen === 0;
}

/**
 * Overwrites every secret with 00. Skips undefined, so that a `finally` block can name variables
 * that may not be assigned yet.
 */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/**
 * Checks the length of an argument before any cryptography. Detects only errors of the caller:
 * malformed input has its own error codes.
 * @throws RangeError naming the argument, its length and the allowed lengths
 */
export function requireLength(name: string, bytes: Uint8Array, ...lengths: readonly number[]): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
  if (!lengths.includes(bytes.length)) {
    throw new RangeError(`${name} has ${bytes.length} bytes, not ${lengths.join(' or ')}`);
  }
}
