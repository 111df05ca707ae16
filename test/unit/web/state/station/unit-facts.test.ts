// What the page shows of a unit: its identity, its slots, its conversation and what an import does.
import { describe, expect, it } from 'vitest';
import type { Identity } from '#protocol/commands/identity.ts';
import { keyActionOf } from '#web/state/station/key-action.ts';
import { type Exchange, Trace } from '#web/state/station/trace.svelte.ts';
import { factsOf, withKey } from '#web/state/station/unit-facts.ts';

const kcv = Uint8Array.of(0x5a, 0xaa, 0x42, 0xc6, 0xad);
const identity = {
  ...{ set: 0xba7c, tkv: 1, profile: 'shared', lifecycle: 'operational', suites: [1, 2], signatureRequired: true },
  ...{ tries: 3, firmware: 0x0102, capabilities: { identify: true }, sn: new Uint8Array(16).fill(7) },
  slots: [
    { ref2: 1, state: 'key', kcv, akv: 5, attributes: 'D0AB00N' },
    { ref2: 2, state: 'empty', kcv: new Uint8Array(5), akv: 0, attributes: '' },
  ],
} as unknown as Identity;

describe('the facts of a unit', () => {
  it('are its identity, with numbers in hex', () => {
    expect(factsOf(identity)).toEqual({
      ...{ sn: '07'.repeat(16), set: 0xba7c, tkv: 1, profile: 'shared', lifecycle: 'operational', suites: [1, 2] },
      ...{ signatureRequired: true, tries: 3, firmware: 0x0102, canBlink: true },
      slots: [
        { ref2: 1, holdsKey: true, kcv: '5AAA42C6AD', akv: 5, attributes: 'D0AB00N' },
        { ref2: 2, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' },
      ],
    });
  });

  it('have the loaded key and all tries after an import', () => {
    const key = { ref2: 2, kcv: '0123456789', akv: 6, attributes: 'P0AB00N' };
    const before = factsOf(identity);
    expect(withKey(before, key)).toEqual({
      ...before,
      tries: 64,
      slots: [before.slots[0], { ...key, holdsKey: true }],
    });
  });
});

describe('an import', () => {
  it.each([
    [2, '5AAA42C6AD', 'load'],
    [2, '0AAA42C6A0', 'load'],
    [2, '0000000000', 'erase'],
    [0xfffe, '5AAA42C6AD', 'replace'],
    [0xfffe, '0000000000', 'replace'],
    [0xfffd, '5AAA42C6AD', 'load'],
  ])('into slot %i with the check value %s: %s', (slot, value, action) => {
    expect(keyActionOf(slot, value)).toBe(action);
  });
});

describe('the conversation of a unit', () => {
  const exchanges = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => ({ id: first + index }) as unknown as Exchange);

  it('has the newest 200 exchanges', () => {
    const trace = new Trace();
    expect(trace.exchanges).toEqual([]);
    for (const each of exchanges(1, 201)) trace.add(each);
    expect(trace.exchanges).toEqual(exchanges(2, 201));
  });

  it('continues the conversation before the unit was plugged in again', () => {
    const [before, trace] = [new Trace(), new Trace()];
    for (const each of exchanges(1, 150)) before.add(each);
    for (const each of exchanges(151, 210)) trace.add(each);
    trace.continue(before);
    expect(trace.exchanges).toEqual(exchanges(11, 210));
  });
});
