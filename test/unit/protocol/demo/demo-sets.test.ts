// The published values of the demo. Every AS refuses them outside demo mode, so they never change.
import { expect, it } from 'vitest';
import { fromAscii } from '#protocol/bytes/text.ts';
import { DEMO_HUB, DEMO_SETS, demoSerialNumber } from '#protocol/demo/demo-sets.ts';

it('the demo sets have published transport keys', () => {
  const sets = DEMO_SETS.map(({ publishedTransportKey, ...set }) => ({ ...set, t: fromAscii(publishedTransportKey) }));
  expect(sets).toEqual([
    {
      ...{ set: 0xde300001, tkv: 1, name: 'Demo, T shared', profile: 'shared', family: 'cmac' },
      t: 'KEYFERRY-PUBLIC-DEMO-T-NO-SECRET',
    },
    {
      ...{ set: 0xde300002, tkv: 1, name: 'Demo, T diversified', profile: 'diversified', family: 'cmac' },
      t: 'KEYFERRY-PUBLIC-DEMO-D-NO-SECRET',
    },
    {
      ...{ set: 0xde300003, tkv: 1, name: 'Demo, ChaCha20', profile: 'diversified', family: 'hmac' },
      t: 'KEYFERRY-PUBLIC-DEMO-H-NO-SECRET',
    },
  ]);
});

it('the units of the demo have serial numbers of 32 hex digits, and eight of them are on the hub', () => {
  expect(demoSerialNumber(0)).toBe('00000000000000004549000000000007');
  expect(demoSerialNumber(2)).toBe('00000000000000004549000000000009');
  expect(DEMO_HUB).toEqual({
    set: 0xde300002,
    serialNumbers: ['47', '48', '49', '4A', '4B', '4C', '4D', '4E'].map(
      (end) => `000000000000000045490000000000${end}`,
    ),
  });
});
