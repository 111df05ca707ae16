// Every truncation of DATA and of IMPORTKEY's field, and one byte more (docs/protocol.md clauses 4.5 and 7). What the word must be is
// derived from the order of the checks: fewer than 68 octets, then format, then the exact length.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { Bench, type BenchOptions, word } from './fixture.ts';

const KINDS: readonly (BenchOptions & { readonly title: string })[] = [
  { title: 'suite 01', suite: 0x01 },
  { title: 'suite 02', suite: 0x02 },
  { title: 'suite 04', suite: 0x04 },
  { title: 'suite 01, signed', suite: 0x01, signature: 'required' },
];

describe.each(KINDS)('DATA of $title', { timeout: 120_000 }, (options) => {
  const sendField = async (cut: (field: Uint8Array) => Uint8Array) => {
    const bench = new Bench({ ...options, extendedLength: true });
    await bench.select();
    const random = await bench.challenge();
    const field = cut(concat(bench.seal({ random }), u16(0x0002)));
    const lc = field.length === 0 ? [] : [0x00, u16(field.length), field];
    const { sw } = await bench.send(concat(0x80, 0xd8, 0x00, 0x00, ...lc, ...(field.length === 0 ? [] : [0x00, 0x00])));
    expect(bench.store.keysHeld).toBe(sw === 0x9000 ? 1 : 0);
    return word(sw);
  };
  const length = { 'suite 01': 228, 'suite 02': 108, 'suite 04': 116, 'suite 01, signed': 292 }[options.title] ?? 0;

  it('is refused with 6700 at every length but its own, from the front', async () => {
    const words = new Set<string>();
    for (let kept = 0; kept < length; kept++) words.add(await sendField((field) => field.slice(0, kept)));
    expect([...words]).toEqual(['6700']);
    expect(await sendField((field) => field)).toBe('9000');
  });

  it('is refused with 6700 when one or more octets follow', async () => {
    for (const more of [1, 2, 16, 64]) {
      expect(await sendField((field) => concat(field, new Uint8Array(more)))).toBe('6700');
    }
  });

  it('is refused when octets are missing at its beginning, for its format or for its length', async () => {
    for (let lost = 1; lost < length; lost++) {
      const expected = length - lost < 68 ? '6700' : '6A80';
      expect(await sendField((field) => field.slice(lost)), `${lost} lost`).toBe(expected);
    }
  });

  it('is refused when an octet is missing or doubled anywhere', async () => {
    for (let at = 0; at < length; at++) {
      // Behind the 50 octets of HDR and BLEN the length alone is wrong; before, what has moved no longer fits its field.
      const words = at < 50 ? ['6700', '6A80'] : ['6700'];
      expect(words).toContain(await sendField((field) => concat(field.slice(0, at), field.slice(at + 1))));
      expect(words).toContain(await sendField((field) => concat(field.slice(0, at + 1), field.slice(at))));
    }
  });
});
