// The rules of a work order: which lines a unit lacks, its row after a load, and when a
// key may be exported to it again.
import { describe, expect, it } from 'vitest';
import type { OrderLine } from '#protocol/orders/order.ts';
import { workOrder } from '#test/support/work-orders.ts';
import type { Attempt, Outcome } from '#web/journal/attempt.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import {
  ASK_OPERATOR,
  choiceOf,
  isSystemFailure,
  isTemporary,
  missingLines,
  newRow,
  refusalOf,
  repeatReason,
  rowAfter,
  stateAfter,
} from '#web/state/orders/order-rules.ts';
import type { SignedIn } from '#web/state/session/session.svelte.ts';
import type { LoadStatus } from '#web/state/station/load-attempt.ts';
import type { SlotFacts, UnitFacts } from '#web/state/station/unit-facts.ts';
import { sn } from './order-fixture.ts';

const AT = '2026-11-23T12:00:00.000Z';
const LATER = '2026-11-23T12:01:00.000Z';
const DATA: OrderLine = { ref1: 1, ref2: 2, akv: 5, kcv: '5AAA42C6AD', label: 'Data key' };
const PIN: OrderLine = { ref1: 3, ref2: 4, akv: 7, kcv: '0123456789', label: 'PIN key' };
const ERASURE: OrderLine = { ...DATA, kcv: '0000000000' };
const ORDER = workOrder([[sn(1), sn(9)]], [DATA, PIN]);

const slot = (change: Partial<SlotFacts> = {}): SlotFacts => ({
  ...{ ref2: DATA.ref2, holdsKey: true, kcv: DATA.kcv, akv: DATA.akv, attributes: 'D0AB00N', ...change },
});
const facts = (...slots: SlotFacts[]) => ({ sn: sn(1), set: ORDER.set, slots }) as unknown as UnitFacts;
const row = (change: Partial<UnitRow> = {}): UnitRow => ({ ...newRow(1, sn(1), 'failed', AT), ...change });

describe('a unit', () => {
  it('is refused if it is not on the order or of another set', () => {
    expect(refusalOf(ORDER, facts())).toBeUndefined();
    expect(refusalOf(ORDER, { ...facts(), set: ORDER.set + 1 })).toBe('wrong-set');
    expect(refusalOf(ORDER, { ...facts(), sn: sn(10), set: ORDER.set + 1 })).toBe('unlisted');
  });

  it.each<[string, OrderLine, SlotFacts | undefined, boolean, boolean]>([
    ['the key', DATA, slot(), false, false],
    ['no such slot', DATA, undefined, false, true],
    ['no key', DATA, slot({ holdsKey: false, kcv: '0000000000' }), false, true],
    ['an older version', DATA, slot({ akv: 4 }), false, true],
    ['another key of this version', DATA, slot({ kcv: 'FFFFFFFFFF' }), false, true],
    ['a newer version', DATA, slot({ akv: 6 }), false, true],
    ['a newer version, and was done', DATA, slot({ akv: 6 }), true, false],
    ['an erasure of this version, and was done', DATA, slot({ holdsKey: false, kcv: '0000000000' }), true, false],
    ['an older version, and was done', DATA, slot({ akv: 4 }), true, true],
    ['no such slot, and was done', DATA, undefined, true, true],
    ['an erased slot', ERASURE, slot({ holdsKey: false, kcv: '0000000000' }), false, false],
    ['a key in the slot to erase', ERASURE, slot(), false, true],
  ])('with %s lacks its line or not', (_, line, found, isDone, isMissing) => {
    const order = { ...ORDER, lines: [line] };
    expect(missingLines(order, facts(...(found ? [found] : [])), isDone)).toEqual(isMissing ? [line] : []);
  });

  it('lacks only the lines whose slots do not show the key', () => {
    expect(missingLines(ORDER, facts(slot({ ref2: 4 }), slot()), false)).toEqual([PIN]);
  });
});

describe('the choice of a line', () => {
  const key = { ref1: 1, label: 'other', akv: 1, kcv: '', slot: 9, attributes: 'D0AB00N' };
  const sets = [{ set: 1 }, { set: ORDER.set, keys: [key] }];
  const account = { sets } as unknown as SignedIn;

  it('is the key of the order in the slot of the unit', () => {
    const chosen = choiceOf(DATA, facts(slot({ ref2: 4 }), slot()), account, ORDER.set);
    expect(chosen).toEqual({
      set: sets[1],
      key: { ...key, label: DATA.label, akv: DATA.akv, kcv: DATA.kcv, slot: DATA.ref2 },
      slot: slot(),
    });
  });

  it('is an empty slot without attributes if the unit has no such slot and the AS lists no such key', () => {
    expect(choiceOf(PIN, facts(), account, ORDER.set)).toMatchObject({
      key: { ref1: 3, attributes: '' },
      slot: { ref2: 4, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' },
    });
    expect(choiceOf(DATA, facts(), account, ORDER.set + 1)).toBeUndefined();
  });
});

describe('a failure', () => {
  const PASSING = [
    ...['service-unreachable', 'service-timeout', 'gateway-failed', 'not-the-as', 'too-many-requests'],
    ...['not-signed-in', 'signed-out', 'token-locked', 'token-lost', 'vault-locked'],
  ] as const;
  const LASTING = [
    ...['service-nonsense', 'service-failed', 'service-changed', 'not-allowed', 'quota-used', 'order-unknown'],
    ...['order-ended', 'token-blocked', 'token-failed', 'vault-expired', 'vault-lost', 'journal-full'],
    ...['journal-failed', 'journal-lost', 'journal-elsewhere', 'part-unreachable', 'cancelled'],
  ] as const;

  it.each([...PASSING, ...LASTING])('that no unit causes halts the run: %s', (code) => {
    expect(isSystemFailure({ code })).toBe(true);
    expect(isTemporary({ code })).toBe((PASSING as readonly string[]).includes(code));
  });

  it.each(['device-lost', 'status-word', 'unit-quota-used', 'reason-needed', 'challenge-refused'] as const)(
    'of one unit does not halt the run: %s',
    (code) => {
      expect([isSystemFailure({ code }), isTemporary({ code })]).toEqual([false, false]);
    },
  );
});

describe('the reason for a repeated export', () => {
  const exported = [DATA.ref2];

  it.each<[string, UnitRow | undefined, ReturnType<typeof repeatReason>]>([
    ['the first export', undefined, undefined],
    ['the first export of this line', row({ exported: [PIN.ref2] }), undefined],
    ['a unit that was done', row({ exported, state: 'done' }), ASK_OPERATOR],
    ['a reason that the AS asks for', row({ exported, failure: { code: 'reason-needed' } }), ASK_OPERATOR],
    ['a reason that the AS asked for earlier', row({ needsReason: DATA.ref2 }), ASK_OPERATOR],
    ['a reason for another line', row({ needsReason: PIN.ref2 }), undefined],
    ['no failure', row({ exported }), 'The station stopped during the previous attempt'],
    [
      'an unplug',
      row({ exported, failure: { code: 'device-lost', command: 'IMPORTKEY' } }),
      'The unit was unplugged during the previous attempt',
    ],
    [
      'a status word',
      row({ exported, failure: { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 } }),
      'The unit refused the previous attempt with status word 6988',
    ],
    [
      'an import that the unit did not store',
      row({ exported, failure: { code: 'no-receipt' } }),
      'The unit did not store the key of the previous attempt',
    ],
    ['another failure', row({ exported, failure: { code: 'link-timeout' } }), 'The previous attempt was not completed'],
  ])('after %s', (_, before, reason) => {
    expect(repeatReason(before, DATA)).toBe(reason);
  });
});

describe('the state of a unit after its newest attempt', () => {
  const attempt = (outcome: Outcome, { ref2, akv }: OrderLine = PIN) => ({ outcome, ref2, akv }) as Attempt;

  it.each<[string, Attempt | undefined, ReturnType<typeof stateAfter>]>([
    ['none', undefined, 'failed'],
    ['running', attempt('running'), undefined],
    ['unknown', attempt('unknown'), 'unknown'],
    ['unverified', attempt('unverified'), 'unknown'],
    ['failed', attempt('failed'), 'failed'],
    ['done, of the last line', attempt('done'), 'done'],
    ['done, of an earlier line', attempt('done', DATA), 'unknown'],
    ['done, with another version', attempt('done', { ...PIN, akv: 6 }), 'unknown'],
  ])('%s', (_, newest, state) => {
    expect(stateAfter(ORDER, newest)).toBe(state);
  });
});

describe('the row of a unit', () => {
  const updated = (before: UnitRow, status: LoadStatus, isLast = false) =>
    rowAfter(before, DATA, status, { isLast, took: 1234.6, at: LATER });
  const failure = { code: 'device-lost' } as const;

  it('is new without tries and exports', () => {
    expect(newRow(3, sn(1), 'running', AT)).toEqual({
      ...{ order: 3, sn: sn(1), state: 'running', tries: 0, exported: [], begun: AT, at: AT },
    });
  });

  it('is done with the duration after the last line, and running after another', () => {
    const before = row({ tries: 2, failure, took: 1, exported: [PIN.ref2] });
    expect(updated(before, { outcome: 'done', stage: 'receipt' }, true)).toEqual({
      ...{ order: 1, sn: sn(1), state: 'done', tries: 2, exported: [4, 2], begun: AT, at: LATER, took: 1235 },
    });
    expect(updated(before, { outcome: 'done', stage: 'receipt' })).toEqual({
      ...{ order: 1, sn: sn(1), state: 'running', tries: 2, exported: [4, 2], begun: AT, at: LATER },
    });
  });

  it.each<[LoadStatus, Partial<UnitRow>]>([
    [
      { outcome: 'running', stage: 'identity' },
      { state: 'running', exported: [4, 2] },
    ],
    [
      { outcome: 'failed', stage: 'identity', failure },
      { state: 'failed', exported: [4], failure },
    ],
    [
      { outcome: 'failed', stage: 'challenge', failure },
      { state: 'failed', exported: [4], failure },
    ],
    [
      { outcome: 'failed', stage: 'export', failure },
      { state: 'failed', exported: [4, 2], failure },
    ],
    [
      { outcome: 'unknown', stage: 'import', failure },
      { state: 'unknown', exported: [4, 2], failure },
    ],
    [
      { outcome: 'unverified', stage: 'receipt', failure },
      { state: 'unknown', exported: [4, 2], failure },
    ],
  ])('says after %o what may have been exported', (status, expected) => {
    const { state, exported, failure: kept } = updated(row({ exported: [2, 4] }), status, true);
    expect({ state, exported, ...(kept && { failure: kept }) }).toEqual(expected);
  });

  it.each<[string, LoadStatus, number | undefined, number | undefined]>([
    ['asked for', { outcome: 'failed', stage: 'export', failure: { code: 'reason-needed' } }, undefined, 2],
    ['still open', { outcome: 'failed', stage: 'export', failure }, 2, 2],
    ['answered by an export', { outcome: 'unknown', stage: 'import', failure }, 2, undefined],
    ['answered by a receipt', { outcome: 'unverified', stage: 'receipt', failure }, 2, undefined],
    ['answered by a load', { outcome: 'done', stage: 'export' }, 2, undefined],
    ['open for another line', { outcome: 'done', stage: 'receipt' }, 4, 4],
  ])('keeps a reason that is %s', (_, status, asked, needsReason) => {
    const before = row(asked === undefined ? {} : { needsReason: asked });
    const changed = updated(before, status);
    expect(changed.needsReason).toBe(needsReason);
    expect('needsReason' in changed).toBe(needsReason !== undefined);
  });

  it('needs no reason for any line once the last one is done', () => {
    expect(updated(row({ needsReason: 4 }), { outcome: 'done', stage: 'receipt' }, true)).not.toHaveProperty(
      'needsReason',
    );
  });
});
