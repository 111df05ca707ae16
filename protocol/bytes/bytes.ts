// Octet strings: joining, comparing and wiping them. Knows nothing of what they mean.

/** Octets that own their buffer, as every codec here returns them (a WebUSB or Web Serial write takes nothing else). */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Joins the parts in order; a number stands for one octet, 00 to FF. */
export function concat(...parts: readonly (Uint8Array | number)[]): Bytes {
  let length = 0;
  for (const part of parts) length += typeof part === 'number' ? 1 : part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    if (typeof part === 'number') {
      if (!Number.isInteger(part) || part < 0 || part > 0xff) throw new RangeError(`${part} is not an octet`);
      joined[offset++] = part;
    } else {
      joined.set(part, offset);
      offset += part.length;
    }
  }
  return joined;
}

/** A copy that shares no memory with its source. */
export function copy(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

/** The same octets without a copy (but for those in memory that threads share): nobody may change them any more. */
export function handOver(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : copy(bytes);
}

/** True iff both hold the same octets. The time taken depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** True iff every octet is 00. The time taken depends on the length only. */
export function isZero(bytes: Uint8Array): boolean {
  let seen = 0;
  for (const octet of bytes) seen |= octet;
  return seen === 0;
}

/** Overwrites every given secret with 00; what is undefined is passed over, so that a `finally` may name all it might hold. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/**
 * Checks a length at the door, before any cryptography.
 * @throws RangeError naming the argument, the length it has and the lengths it may have: a caller's bug, never an input.
 */
export function requireLength(name: string, bytes: Uint8Array, ...lengths: readonly number[]): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
  if (!lengths.includes(bytes.length)) {
    throw new RangeError(`${name} has ${bytes.length} bytes, not ${lengths.join(' or ')}`);
  }
}
