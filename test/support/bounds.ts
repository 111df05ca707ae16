// Checks the limits of a wire format. Each member must be accepted at its minimum and its maximum
// and refused beyond them, and the error must name the member.
import { expect } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';

/** The path of a member, for example "sets.0.keys", what its limits count, and the limits. */
export type Bound = readonly [path: string, counts: keyof typeof VALUES, min: number, max: number];

const VALUES = {
  integer: (size: number): unknown => size,
  /** Bytes in base64url. */
  bytes: (size: number): unknown => toBase64url(new Uint8Array(size)),
  /** Characters. */
  text: (size: number): unknown => 'A'.repeat(size),
  /** Copies of the first item. */
  items: (size: number, now: unknown): unknown => Array.from({ length: size }, () => (now as unknown[])[0]),
};

/**
 * Longer lists are tested only beyond their limit, because reading them would take long. Beyond its
 * limit, a list is refused before its items are read.
 */
const MAX_ITEMS = 1000;

/**
 * @param read throws for a value in another format
 * @param value a value in the right format
 */
export function expectBounds(read: (value: unknown) => unknown, value: unknown, bounds: readonly Bound[]): void {
  expect(() => read(value)).not.toThrow();
  for (const [path, counts, min, max] of bounds) {
    const at = (size: number) => () => read(withMember(value, path, (now) => VALUES[counts](size, now)));
    const accepted = [min, max].filter((size) => counts !== 'items' || size <= MAX_ITEMS);
    for (const size of accepted) expect(at(size), `${path}: ${size}`).not.toThrow();
    const name = path.split('.').at(-1)?.replace(/^\d+$/, '[$&]') ?? '';
    for (const size of [min - 1, max + 1]) {
      if (size >= 0 || counts === 'integer') expect(at(size), `${path}: ${size}`).toThrow(`${name} is not `);
    }
  }
}

/** Returns a copy of `value` in which `change` has replaced the member at `path`. */
function withMember(value: unknown, path: string, change: (now: unknown) => unknown): unknown {
  const copy: unknown = structuredClone(value);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const owner = keys.reduce((at, key) => (at as Record<string, unknown>)[key], copy) as Record<string, unknown>;
  owner[last] = change(owner[last]);
  return copy;
}
