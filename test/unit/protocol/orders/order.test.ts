// The JSON text of a work order, and the balance of an order.

import { describe, expect, it } from 'vitest';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { balance, type UnitOutcome } from '#protocol/orders/balance.ts';
import {
  decodeWorkOrder,
  decodeWorkOrderPayload,
  encodeWorkOrder,
  findLine,
  lists,
  timeOf,
  type WorkOrder,
} from '#protocol/orders/order.ts';

const sn = (n: number) => hexNumber(n, 32);

const ORDER: WorkOrder = {
  format: 1,
  id: 'JOB 4711/ü',
  title: 'Line 3',
  set: 0xba7c,
  suite: null,
  units: [
    [sn(1), sn(3)],
    [sn(16), sn(16)],
  ],
  count: 4,
  lines: [
    { ref1: 0x0103, ref2: 2, akv: 1, kcv: '5AAA42C6AD', label: 'Data key' },
    { ref1: 0x0104, ref2: 3, akv: 2, kcv: '0000000000', label: 'Other key' },
  ],
  options: { dryRun: false, haltAfter: 3, requireLabelScan: true },
  issued: '2026-11-01T00:00:00Z',
  notBefore: '2026-11-02T00:00:00Z',
  until: '2026-11-09T00:00:00Z',
  service: 'Keyferry AS',
  asNumber: 0,
};
const written = (change: object = {}) => ({ ...JSON.parse(encodeWorkOrder(ORDER)), ...change });

describe('a work order', () => {
  it('is the same after encoding and decoding, and a single unit is encoded as its SN', () => {
    expect(written().units).toEqual([[sn(1), sn(3)], sn(16)]);
    expect(decodeWorkOrder(written())).toEqual(ORDER);
    expect(decodeWorkOrderPayload(Buffer.from(encodeWorkOrder(ORDER)))).toEqual(ORDER);
  });

  it.each<[string, object, RegExp]>([
    ['another format', { format: 2 }, /format is not 1/],
    ['an unknown member', { more: 1 }, /work order\.more is an unknown member/],
    ['no id', { id: '' }, /id is not/],
    ['a control character', { title: 'a\u0000' }, /title is not/],
    ['an unknown suite', { suite: 3 }, /suite is not/],
    ['units out of order', { units: [sn(16), [sn(1), sn(3)]] }, /not in ascending order/],
    ['adjacent units that are not joined', { units: [sn(1), sn(2), sn(3), sn(16)] }, /not in ascending order/],
    ['a unit twice', { units: [sn(1), sn(1)], count: 2 }, /appears twice/],
    ['another count', { count: 5 }, /the count of the work order is 5/],
    ['a unit in lower case', { units: [sn(0xa).toLowerCase()] }, /not a serial number/],
    ['no lines', { lines: [] }, /a list of 1 to 16/],
    ['an end before its beginning', { until: '2026-11-01T00:00:00Z' }, /ends before it begins/],
    ['a time that does not exist', { issued: '2026-13-01T00:00:00Z' }, /an existing time in UTC/],
    ['a local time', { issued: '2026-11-01T00:00:00+01:00' }, /an existing time in UTC/],
    [
      'too many keys',
      { units: [[sn(1), sn(20_000)]], count: 20_000, lines: [1, 2, 3].map((ref2) => ({ ...ORDER.lines[0], ref2 })) },
      /at most 40000 keys/,
    ],
    ['one slot twice', { lines: [ORDER.lines[0], ORDER.lines[0]] }, /the same slot/],
  ])('is refused with %s', (_name, change, words) => {
    expect(() => decodeWorkOrder(written(change))).toThrow(words);
  });

  it.each([null, 1, 'x', [], {}])('is not %j', (value) => {
    expect(() => decodeWorkOrder(value)).toThrow(/work order/);
  });

  it('is refused if it is not JSON in UTF-8', () => {
    expect(() => decodeWorkOrderPayload(Uint8Array.of(0xff))).toThrow(/not JSON/);
    expect(() => decodeWorkOrderPayload(Buffer.from('{'))).toThrow(/not JSON/);
  });

  it('lists its units and lines, and begins and ends at its times', () => {
    expect([lists(ORDER, sn(2)), lists(ORDER, sn(4)), lists(ORDER, sn(16))]).toEqual([true, false, true]);
    expect(findLine(ORDER, 0x0104, 3)?.label).toBe('Other key');
    expect(findLine(ORDER, 0x0104, 2)).toBeUndefined();
    expect(
      ['2026-11-01T23:59:59Z', ORDER.notBefore, ORDER.until, '2026-11-09T00:00:01Z'].map((at) => timeOf(ORDER, at)),
    ).toEqual(['early', 'now', 'now', 'over']);
  });
});

describe('the balance', () => {
  const said = (n: number, outcome: UnitOutcome['outcome'], reason: string | null = null) => ({
    sn: sn(n),
    outcome,
    reason,
  });
  const done = [1, 2, 3, 16].map((n) => said(n, 'done'));

  it('closes an order whose units are all done', () => {
    expect(balance(ORDER, done)).toMatchObject({ total: 4, done: 4, gaps: [], mayClose: true });
  });

  it('counts a unit without an outcome as absent, and requires a reason', () => {
    const sum = balance(ORDER, done.slice(1));
    expect(sum).toMatchObject({ done: 3, absent: 1, missing: [said(1, 'absent')], mayClose: false });
    expect(balance(ORDER, done.slice(1), 'not delivered')).toMatchObject({ absent: 1, missing: [], mayClose: true });
  });

  it('requires a reason for each failed or unknown unit, and a reason may not be blank', () => {
    const some = [said(1, 'failed'), said(2, 'unknown', ' '), said(3, 'failed', 'refused'), said(16, 'done')];
    expect(balance(ORDER, some, 'not delivered')).toMatchObject({
      failed: 2,
      unknown: 1,
      missing: [{ sn: sn(1) }, { sn: sn(2) }],
      mayClose: false,
    });
  });

  it('counts a unit as done once any outcome is done, and otherwise by its last outcome', () => {
    const later = [...done, said(1, 'failed', 'again'), said(2, 'unknown')];
    expect(balance(ORDER, later).done).toBe(4);
    const twice = [...done.slice(1), said(1, 'failed'), said(1, 'unknown', 'unplugged')];
    expect(balance(ORDER, twice).gaps).toEqual([said(1, 'unknown', 'unplugged')]);
  });

  it('does not close an order with the outcome of an unlisted unit', () => {
    expect(balance(ORDER, [...done, said(9, 'done')])).toMatchObject({ unlisted: [sn(9)], mayClose: false });
  });
});
