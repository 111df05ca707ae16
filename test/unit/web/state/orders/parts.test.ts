// The parts around a work order that need no station: the gate before the AS, the list of thousands, the signals, the figures of a report.
import { describe, expect, it, vi } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { ReportBench } from '#test/support/reports.ts';
import { workOrder } from '#test/support/work-orders.ts';
import { WorkOrders } from '#web/as-client/work-orders.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { UnitIndex, UnitTable } from '#web/state/orders/unit-table.svelte.ts';
import { Feedback } from '#web/state/page/feedback.svelte.ts';
import { figuresOf } from '#web/state/report/figures.ts';
import { Verification } from '#web/state/report/verification.svelte.ts';
import { ONE_LINE, sn } from './order-fixture.ts';

describe('the list of units', () => {
  const ranges = [
    [sn(1), sn(3)],
    [sn(10), sn(10)],
    [sn(20), sn(10_000)],
  ] as const;

  it('knows each place of an order without writing it out', () => {
    const index = new UnitIndex(ranges);
    expect(index.count).toBe(3 + 1 + 9981);
    expect([0, 2, 3, 4, index.count - 1].map((place) => index.at(place))).toEqual([1, 3, 10, 20, 10_000].map(sn));
    expect(() => index.at(index.count)).toThrow(RangeError);
    expect(() => index.at(-1)).toThrow(RangeError);
  });

  it('reads only what is in the window, and the rows that are not there yet as not seen', async () => {
    const asked: unknown[] = [];
    const row = { order: 1, sn: sn(10), state: 'done', tries: 1, exported: [], begun: '', at: '' } as const;
    const table = new UnitTable(
      1,
      ranges,
      {
        units: async (...request) => {
          asked.push(request);
          return [row];
        },
        unitsIn: async () => [],
      },
      () => new Set([sn(3)]),
    );
    await table.show(2, 5);
    expect(asked).toEqual([[1, sn(3), sn(20), 3]]);
    expect(table.rows).toEqual([
      { sn: sn(3), row: undefined, isElsewhere: true },
      { sn: sn(10), row, isElsewhere: false },
      { sn: sn(20), row: undefined, isElsewhere: false },
    ]);
    expect(table.first).toBe(2);
  });

  it('shows those of one state, and says when the journal cannot be read', async () => {
    const failed: readonly UnitRow[] = [1, 2].map((n) => ({
      ...{ order: 1, sn: sn(n), state: 'failed', tries: 1, exported: [], begun: '', at: '' },
    })) as readonly UnitRow[];
    const table = new UnitTable(
      1,
      ranges,
      {
        units: () => Promise.reject(new RangeError('not asked for')),
        unitsIn: async (_order, state) => (state === 'failed' ? failed : []),
      },
      () => new Set([sn(3)]),
    );
    await table.choose('failed');
    await table.show(0, 20);
    expect(table.count).toBe(2);
    expect(table.rows.map((each) => each.sn)).toEqual([sn(1), sn(2)]);
    await table.choose('done');
    expect(table.rows).toEqual([{ sn: sn(3), row: undefined, isElsewhere: true }]);
  });
});

describe('the signals', () => {
  const kept = (value: string | null) => ({ getItem: () => value, setItem: () => undefined });

  it('shake a phone differently for done and failed, and not at all when they are off', () => {
    const shakes: number[][] = [];
    let isTouched = false;
    const parts = {
      sound: () => undefined,
      isTouched: () => isTouched,
      vibrate: (pattern: number[]) => void shakes.push(pattern),
      kept: kept(null),
    };
    const signals = new Feedback(parts);
    signals.give('done'); // nobody has touched the page yet
    expect(shakes).toEqual([]);
    isTouched = true;
    signals.give('done');
    signals.give('failed');
    expect(shakes).toHaveLength(2);
    expect(shakes[0]).not.toEqual(shakes[1]);
    signals.toggle();
    signals.give('failed');
    expect(shakes).toHaveLength(2);
    expect(signals.last).toBe('failed');
    expect(new Feedback({ ...parts, kept: kept('off') }).on).toBe(false);
  });
});

describe('the check of a report', () => {
  const root = toBase64url(new Uint8Array(32).fill(7));
  const pinned = async () => [{ service: 'https://as.example', root }];

  it('trusts what this station pinned and what the reader types whole', async () => {
    const check = new Verification(pinned, () => false);
    await check.readRoots();
    expect(check.roots.map(({ name }) => name)).toEqual(['https://as.example']);
    await check.add(root.slice(1));
    expect(check.refused).toBe(true);
    await check.add(`${root.slice(0, -1)}B`); // two bits more than 32 octets have
    expect(check.refused).toBe(true);
    await check.add(`${'0A'.repeat(31)} 0b`);
    await check.add(root);
    expect(check.refused).toBe(false);
    expect(check.roots).toHaveLength(2);
    expect(check.roots[1]?.fingerprint).toMatch(/^[0-9A-F]{16}$/);
  });

  it('has a verdict for whatever a file holds', async () => {
    const check = new Verification(pinned, () => false);
    await check.readRoots();
    const [trusted] = check.roots;
    if (!trusted) throw new TypeError('no root');
    await check.check('{"no": "report"}', trusted);
    expect(check.verdict?.genuine).toBe(false);
    expect(check.verdict?.faults.map(({ code }) => code)).toEqual(['not-a-report']);
    expect(check.progress).toBeUndefined();
  });

  it('says nothing of a file that was replaced by another while it was checked', async () => {
    const bench = await ReportBench.open();
    try {
      const signatures: (() => void)[] = [];
      const service = async () => [{ service: 'https://as.example', root: bench.genuine.root }];
      const check = new Verification(service, (...signed) => {
        return new Promise((resolve) => signatures.push(() => resolve(isSignedBy(...signed))));
      });
      await check.readRoots();
      const [trusted] = check.roots;
      if (!trusted) throw new TypeError('no root');
      let isOver = false;
      const first = check.check(JSON.stringify(bench.genuine), trusted).finally(() => {
        isOver = true;
      });
      await vi.waitUntil(() => signatures.length > 0);
      await check.check('{"no": "report"}', trusted);
      while (!isOver) {
        for (const answer of signatures.splice(0)) answer();
        await new Promise(setImmediate);
      }
      await first;
      expect(check.verdict?.faults.map(({ code }) => code)).toEqual(['not-a-report']);
    } finally {
      await bench.close();
    }
  });
});

describe('the work orders of an AS', () => {
  const answering = (value: unknown, opened: unknown = undefined) =>
    new WorkOrders({ ask: async () => value, open: async () => opened });

  it('are those of its list that are signed', async () => {
    const order = {
      title: 'North',
      set: 1,
      count: 2,
      lines: 1,
      state: 'open',
      notBefore: AT,
      until: AT,
      dryRun: false,
    };
    const listed = await answering({
      workOrders: [
        { workOrder: 'A', order },
        { workOrder: 'B', order: null },
      ],
    }).list();
    expect(listed).toEqual([
      { id: 'A', title: 'North', count: 2, state: 'open', notBefore: AT, until: AT, dryRun: false },
    ]);
  });

  it('are nonsense where the service speaks of something else', async () => {
    await expect(answering({}).list()).rejects.toMatchObject({ code: 'service-nonsense' });
    await expect(answering({ order: 7 }).read('A')).rejects.toMatchObject({ code: 'service-nonsense' });
    const envelope = { payloadType: 'x', payload: 'AA', signatures: [{ keyid: '0'.repeat(16), sig: 'A'.repeat(86) }] };
    const other = workOrder([[sn(1), sn(2)]], ONE_LINE);
    const swapped = answering({ order: envelope, state: 'open', reason: null, units: [] }, other);
    await expect(swapped.read('A')).rejects.toMatchObject({ code: 'service-nonsense' });
    expect((await swapped.read(other.id)).order).toEqual(other);
  });

  it('in a file are refused as a file', async () => {
    await expect(answering({}).open('{')).rejects.toMatchObject({ code: 'file-refused' });
  });
});

const AT = '2026-11-23T10:00:00Z';

describe('the figures of a report', () => {
  const unit = (outcome: 'done' | 'failed' | 'absent', begun: string | null, ended: string | null) => {
    const nothing = { row: 1, sn: sn(1), reason: null, proven: outcome === 'done', loads: [], faults: [] } as const;
    return { ...nothing, outcome, begun, ended };
  };

  it('count what was worked, and leave out what never came', () => {
    const figures = figuresOf({
      units: [
        unit('done', '2026-11-23T10:00:00Z', '2026-11-23T10:00:03Z'),
        unit('done', '2026-11-23T09:00:00Z', '2026-11-23T09:00:05Z'),
        unit('failed', '2026-11-23T11:00:00Z', '2026-11-23T11:00:01Z'),
        unit('absent', null, null),
      ],
    });
    expect(figures).toEqual({
      ...{ units: 4, done: 2, failed: 1, unknown: 0, absent: 1, yield: 2 / 3 },
      ...{ from: '2026-11-23T09:00:00Z', to: '2026-11-23T11:00:01Z', median: 5000 },
    });
    expect(figuresOf({ units: [] }).yield).toBeUndefined();
  });
});
