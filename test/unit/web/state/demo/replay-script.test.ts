// The faults that make a simulated unit end a load as a support file recorded it.
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '#protocol/errors.ts';
import { type RecordedExchange, replayScript } from '#web/state/demo/replay-script.ts';

/**
 * Exchanges such as "84 9000, 90D8 9000, 80D8 -": CLA is optional, and "-" means that there was no
 * response.
 */
const recorded = (text: string): readonly RecordedExchange[] =>
  text.split(', ').map((each) => {
    const [header = '', word = ''] = each.split(' ');
    return {
      ins: Number.parseInt(header.slice(-2), 16),
      isPart: header.startsWith('90'),
      statusWord: word === '-' ? undefined : Number.parseInt(word, 16),
    };
  });

const IMPORTED = '84 9000, 90D8 9000, 80D8 9000';

describe('a replay script', () => {
  it.each([
    ['a refusal of the unit', '84 9000, D8 6988', 'status-word', [{ fault: 'refuse', ins: 0xd8, statusWord: 0x6988 }]],
    ['a refused part of a chain', '84 9000, 90D8 6884', 'status-word', [{ fault: 'refuse', ins: 0xd8 }]],
    ['an unplugged unit', '84 9000, D8 -', 'device-lost', [{ fault: 'outage', ins: 0xd8, effect: 'unplug' }]],
    ['a silent unit', '84 -', 'link-timeout', [{ fault: 'outage', ins: 0x84, effect: 'silence', lasting: true }]],
    ['a noisy line', '84 -', 'link-garbled', [{ fault: 'outage', ins: 0x84, effect: 'noise', lasting: true }]],
    [
      'a lost response, after which the unit answers again',
      '84 9000, D8 -, A4 9000, CB 6A88',
      'no-receipt',
      [
        { fault: 'outage', ins: 0xd8, effect: 'silence', lasting: false, skip: 0 },
        { fault: 'refuse', ins: 0xcb, statusWord: 0x6a88, skip: 0 },
      ],
    ],
    [
      'a memory fault, after which the unit has no receipt',
      '84 9000, D8 6581, CB 6A88',
      'status-word',
      [
        { fault: 'refuse', ins: 0xd8, statusWord: 0x6581 },
        { fault: 'refuse', ins: 0xcb, statusWord: 0x6a88 },
      ],
    ],
    [
      'an unusable response to an import that did not happen',
      '84 9000, D8 9000, CB 6A88',
      'no-receipt',
      [
        { fault: 'altered answer', ins: 0xd8, effect: 'shorter', skip: 0 },
        { fault: 'refuse', ins: 0xcb, statusWord: 0x6a88, skip: 0 },
      ],
    ],
    ['a wrong CHM', '84 9000', 'challenge-refused', [{ fault: 'altered answer', ins: 0x84, effect: 'last byte' }]],
    ['a wrong receipt', IMPORTED, 'receipt-refused', [{ fault: 'altered answer', ins: 0xd8, effect: 'last byte' }]],
    ['invalid data', '84 9000', 'unit-nonsense', [{ fault: 'altered answer', ins: 0x84, effect: 'shorter' }]],
    [
      'a used condition after a corrected Le',
      '84 6C20, 84 6985',
      'unit-nonsense',
      [
        { fault: 'refuse', ins: 0x84, statusWord: 0x6c20, skip: 0 },
        { fault: 'refuse', ins: 0x84, statusWord: 0x6985, skip: 0 },
      ],
    ],
    [
      'the second challenge',
      '84 9000, CA 9000, 84 6581',
      'status-word',
      [{ fault: 'refuse', ins: 0x84, statusWord: 0x6581, skip: 1 }],
    ],
    [
      'a command after a response in two parts',
      '84 6110, C0 9000, D8 6A80',
      'status-word',
      [{ fault: 'refuse', ins: 0xd8, statusWord: 0x6a80, skip: 0 }],
    ],
    [
      'a response whose second part is refused',
      'D8 6140, C0 6D00, CB 6A88',
      'no-receipt',
      [
        { fault: 'refuse', ins: 0xd8, statusWord: 0x6140, skip: 0 },
        { fault: 'refuse', ins: 0xc0, statusWord: 0x6d00, skip: 0 },
        { fault: 'refuse', ins: 0xcb, statusWord: 0x6a88, skip: 0 },
      ],
    ],
  ] as const)('repeats %s', (_, exchanges, code, faults) => {
    const script = replayScript(recorded(exchanges), { code });
    expect(script.faults).toHaveLength(faults.length);
    expect(script.faults).toMatchObject(faults);
    expect(script.service).toBeUndefined();
  });

  it.each([
    ['84 9000', 'quota-used', '/v1/exports'],
    ['84 9000', 'service-unreachable', '/v1/exports'],
    [IMPORTED, 'export-unknown', '/v1/receipts'],
  ] as const)('after %s ends with %s of the AS at %s', (exchanges, code, path) => {
    expect(replayScript(recorded(exchanges), { code })).toEqual({ faults: [], service: { path, code } });
  });

  it.each([
    ['84 9000', 'device-lost'],
    ['84 9000', 'status-word'],
    ['A4 9000', 'receipt-refused'],
    ['84 9000', 'journal-full'],
    ['84 9000', 'vault-expired'],
    ['84 9000', 'constructor'],
  ])('refuses %s with %s, which it cannot repeat', (exchanges, code) => {
    expect(() => replayScript(recorded(exchanges), { code: code as ErrorCode })).toThrow('do not show');
  });
});
