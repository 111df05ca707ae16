// The index of work orders: what each event changes, and what a restart reads from the audit log.
import { describe, expect, it } from 'vitest';
import { encodePart, OrderLedger, replayOrder, type StationPart } from '#as-service/orders/order-ledger.ts';
import { IntegrityError } from '#protocol/errors.ts';
import type { StationUnitJson } from '#protocol/orders/requests.ts';
import { NOW, orderEnvelope } from '#test/support/memory-exporter.ts';
import { unit } from '#test/support/orders.ts';
import { workOrder } from '#test/support/work-orders.ts';

const LINE = { ref1: 0x0103, ref2: 2, akv: 1, kcv: 'AABBCCDDEE', label: 'Data key' };
const order = (id: string) => ({ ...workOrder([[unit(1), unit(3)]], [LINE]), id });
const APP = { version: '1', build: 'b' };
const HEAD = { sequence: 4, hash: 'H', time: NOW };

function ledgerWith(...ids: string[]): OrderLedger {
  const ledger = new OrderLedger();
  for (const id of ids) ledger.issue(orderEnvelope(order(id)));
  return ledger;
}

function unitReport(n: number, outcome: StationUnitJson['outcome'], reason: string | null = null): StationUnitJson {
  return { sn: unit(n), outcome, reason, begun: null, ended: null };
}

const part = (units: StationUnitJson[], absentReason: string | null = null): StationPart => {
  return { app: APP, head: null, units, absentReason };
};

describe('an order', () => {
  it('is open when it is issued, and is found by its id', () => {
    const ledger = ledgerWith('JOB 1', 'JOB 2');
    expect(ledger.find('JOB 2')).toEqual({
      ...{ envelope: orderEnvelope(order('JOB 2')), order: order('JOB 2'), state: 'open', reason: null },
      ...{ reported: new Map(), stations: [], lastReported: [], absentReason: null, closed: null },
    });
    expect([...ledger.all()].map((each) => each.order.id)).toEqual(['JOB 1', 'JOB 2']);
    expect(ledger.find('JOB 3')).toBeUndefined();
  });

  it('is found by another form of its id: the order with exactly this id, or the oldest of this form', () => {
    const ledger = ledgerWith('JOB\u00a01', 'JOB 1', 'JOB\u20091');
    expect(ledger.find('JOB 1')?.order.id).toBe('JOB 1');
    expect(ledger.find('JOB\u20091')?.order.id).toBe('JOB\u20091');
    expect(ledger.find('JOB\u30001')?.order.id).toBe('JOB\u00a01');
  });

  it('changes only when it exists', () => {
    expect(() => ledgerWith('JOB 1').revoke('JOB 2', '')).toThrow(new RangeError('there is no work order JOB 2'));
  });

  it('keeps the last report on each unit, each station report, and the last reason for absent units', () => {
    const ledger = ledgerWith('JOB 1');
    ledger.report('JOB 1', 'olga', part([unitReport(1, 'failed'), unitReport(2, 'done')], 'no key'), '1');
    ledger.report('JOB 1', 'otto', { ...part([unitReport(1, 'done')]), head: { sequence: 2, hash: 'h' } }, '2');
    expect(ledger.find('JOB 1')).toMatchObject({
      state: 'open',
      absentReason: 'no key',
      stations: [
        { operator: 'olga', app: APP, head: null, time: '1' },
        { operator: 'otto', app: APP, head: { sequence: 2, hash: 'h' }, time: '2' },
      ],
    });
    expect([...(ledger.find('JOB 1')?.reported ?? [])]).toEqual([
      [unit(1), unitReport(1, 'done')],
      [unit(2), unitReport(2, 'done')],
    ]);
    ledger.close('JOB 1', 'carl', null, HEAD);
    expect(ledger.find('JOB 1')).toMatchObject({
      state: 'closed',
      absentReason: 'no key',
      closed: { by: 'carl', head: HEAD },
    });
  });

  it('lists a station once that asks how the order would end and then closes it', () => {
    const first = { ...part([unitReport(1, 'failed')]), head: { sequence: 2, hash: 'h' } };
    const timesAfter = (operator: string, second: Partial<StationPart>) => {
      const ledger = ledgerWith('JOB 1');
      ledger.report('JOB 1', 'otto', part([]), '0');
      ledger.report('JOB 1', 'olga', first, '1');
      ledger.report('JOB 1', operator, { ...first, ...second }, '2');
      return ledger.find('JOB 1')?.stations.map(({ time }) => time);
    };
    const [once, twice] = [
      ['0', '2'],
      ['0', '1', '2'],
    ];
    expect(timesAfter('olga', {})).toEqual(once);
    expect(timesAfter('olga', { head: { sequence: 3, hash: 'h' } })).toEqual(once);
    expect(timesAfter('olga', { units: [unitReport(2, 'failed'), unitReport(1, 'done')] })).toEqual(once);
    expect(timesAfter('otto', {})).toEqual(twice);
    expect(timesAfter('olga', { head: { sequence: 1, hash: 'h' } })).toEqual(twice);
    expect(timesAfter('olga', { head: null })).toEqual(twice);
    expect(timesAfter('olga', { units: [unitReport(2, 'failed')] })).toEqual(twice);
    expect(timesAfter('olga', { app: { ...APP, version: '2' } })).toEqual(twice);
    expect(timesAfter('olga', { app: { ...APP, build: 'c' } })).toEqual(twice);
  });

  it('lists the last 1000 station reports', () => {
    const ledger = ledgerWith('JOB 1');
    for (let i = 0; i < 1001; i++) ledger.report('JOB 1', i % 2 === 0 ? 'olga' : 'otto', part([]), String(i));
    const stations = ledger.find('JOB 1')?.stations ?? [];
    expect([stations.length, stations[0]?.time, stations.at(-1)?.time]).toEqual([1000, '1', '1000']);
  });
});

describe('a restart', () => {
  const replay = (
    ledger: OrderLedger,
    event: string,
    details: object,
    content?: Uint8Array,
    actor: string | null = 'carl',
  ) => {
    const entry = { sequence: 4, time: NOW, previous: '', event, actor, details: { workOrder: 'JOB 1', ...details } };
    replayOrder(ledger, { entry, hash: 'H' }, () => content ?? new Uint8Array(0));
    return ledger.find('JOB 1');
  };

  it('reads each event of an order from the log', () => {
    const ledger = new OrderLedger();
    const envelope = orderEnvelope(order('JOB 1'));
    expect(replay(ledger, 'work-order-issued', {}, encodePart(envelope))).toMatchObject({ envelope, state: 'open' });
    const reported = part([unitReport(1, 'failed', 'broken')], 'no key');
    expect(replay(ledger, 'work-order-reported', {}, encodePart(reported))).toMatchObject({
      stations: [{ operator: 'carl', app: APP, head: null, time: NOW }],
      absentReason: 'no key',
    });
    expect(ledger.find('JOB 1')?.reported.get(unit(1))).toEqual(unitReport(1, 'failed', 'broken'));
    expect(replay(ledger, 'work-order-closed', { absentReason: 'later' })).toMatchObject({
      ...{ state: 'closed', absentReason: 'later', closed: { by: 'carl', head: HEAD } },
    });
    expect(replay(ledger, 'work-order-revoked', { reason: 'lost' })).toMatchObject({
      state: 'revoked',
      reason: 'lost',
    });
  });

  it('ignores other events', () => {
    const ledger = ledgerWith('JOB 1');
    const before = ledger.find('JOB 1');
    expect(replay(ledger, 'export', {})).toBe(before);
  });

  it('reads entries without an actor', () => {
    const ledger = ledgerWith('JOB 1');
    replay(ledger, 'work-order-reported', {}, encodePart(part([])), null);
    expect(replay(ledger, 'work-order-closed', {}, undefined, null)).toMatchObject({
      ...{ stations: [{ operator: '' }], closed: { by: '' }, absentReason: null },
    });
  });

  it('repairs the reasons that version 0.1.0 stored, and takes a blank one for none', () => {
    const ledger = ledgerWith('JOB 1');
    const long = `one\nline ${'x'.repeat(600)}`;
    replay(
      ledger,
      'work-order-reported',
      {},
      encodePart(part([unitReport(1, 'failed', long), unitReport(2, 'failed', ' ')], ' \n ')),
    );
    const [first, second] = [1, 2].map((n) => ledger.find('JOB 1')?.reported.get(unit(n))?.reason);
    expect(first).toMatch(/^one line x+/);
    expect(first?.length).toBeLessThanOrEqual(500);
    expect([second, ledger.find('JOB 1')?.absentReason]).toEqual([null, null]);
    expect(replay(ledger, 'work-order-revoked', { reason: 'two\nlines' })?.reason).toBe('two lines');
    expect(replay(ledger, 'work-order-closed', { absentReason: 7 })?.absentReason).toBeNull();
  });

  it('is refused for a sealed part that is not JSON', () => {
    expect(() => replay(new OrderLedger(), 'work-order-issued', {}, Buffer.from('{'))).toThrow(IntegrityError);
  });
});
