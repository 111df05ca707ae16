// Every truncation and extension of the data field of IMPORTKEY (docs/protocol.md clauses 4.5 and
// 7). The expected status word follows from the order of the checks. The unit first checks that the
// field has at least 68 bytes, then the format, then the exact length.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { UnitSetup, type UnitSetupOptions, word } from './unit-setup.ts';

const KINDS: readonly (UnitSetupOptions & { readonly title: string })[] = [
  { title: 'suite 01', suite: 0x01 },
  { title: 'suite 02', suite: 0x02 },
  { title: 'suite 04', suite: 0x04 },
  { title: 'suite 01, signed', suite: 0x01, signature: 'required' },
];

describe.each(KINDS)('DATA of $title', { timeout: 120_000 }, (options) => {
  const sendField = async (cut: (field: Uint8Array) => Uint8Array) => {
    const setup = new UnitSetup({ ...options, extendedLength: true });
    await setup.select();
    const random = await setup.challenge();
    const field = cut(concat(setup.seal({ random }), u16(0x0002)));
    const lc = field.length === 0 ? [] : [0x00, u16(field.length), field];
    const { sw } = await setup.send(concat(0x80, 0xd8, 0x00, 0x00, ...lc, ...(field.length === 0 ? [] : [0x00, 0x00])));
    expect(setup.store.keysHeld).toBe(sw === 0x9000 ? 1 : 0);
    return word(sw);
  };
  const length = { 'suite 01': 228, 'suite 02': 108, 'suite 04': 116, 'suite 01, signed': 292 }[options.title] ?? 0;

  it('returns 6700 for every truncation at the end', async () => {
    const words = new Set<string>();
    for (let kept = 0; kept < length; kept++) words.add(await sendField((field) => field.slice(0, kept)));
    expect([...words]).toEqual(['6700']);
    expect(await sendField((field) => field)).toBe('9000');
  });

  it('returns 6700 when further bytes follow DATA and REF2', async () => {
    for (const more of [1, 2, 16, 64]) {
      expect(await sendField((field) => concat(field, new Uint8Array(more)))).toBe('6700');
    }
  });

  it('returns 6700 or 6A80 for every truncation at the beginning', async () => {
    for (let lost = 1; lost < length; lost++) {
      const expected = length - lost < 68 ? '6700' : '6A80';
      expect(await sendField((field) => field.slice(lost)), `${lost} lost`).toBe(expected);
    }
  });

  it('is refused when any one byte is missing or doubled', async () => {
    for (let at = 0; at < length; at++) {
      // A change after the 50 bytes of HDR and BLEN makes only the length wrong. A change within
      // them also shifts the fields, so that the format may be wrong.
      const words = at < 50 ? ['6700', '6A80'] : ['6700'];
      expect(words).toContain(await sendField((field) => concat(field.slice(0, at), field.slice(at + 1))));
      expect(words).toContain(await sendField((field) => concat(field.slice(0, at + 1), field.slice(at))));
    }
  });
});
