// A work order at work: what becomes of each unit that is plugged in, in the words of the field.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { ONE_LINE, sn, TWO_LINES, truth, unit, World, working } from './order-fixture.ts';

describe('a work order', () => {
  it('loads every line into every unit that is plugged in, and says done', async () => {
    const world = new World([1, 2, 3].map(unit), TWO_LINES);
    const page = await working(world);
    await page.plug(...world.cables);
    for (const cable of world.cables) {
      expect(page.work(cable).phase).toEqual({ is: 'done', how: 'loaded' });
      expect(truth(cable, TWO_LINES)).toEqual([true, true]);
    }
    expect(page.run.counts).toMatchObject({ done: 3, failed: 0, unknown: 0 });
    expect(await page.store.counts(page.number)).toEqual(page.run.counts);
    expect(page.run.unseen).toBe(0);
    expect(page.signals).toEqual(['done', 'done', 'done']);
    expect(world.exports.map(({ workOrder }) => workOrder)).toEqual(Array(6).fill('4711'));
    expect(await page.store.check(page.number)).toBeUndefined();
  });

  it('asks the AS for nothing for a unit that is not on it', async () => {
    const world = new World([unit(1)]);
    const stranger = unit(77);
    const page = await working(world);
    await page.plug(stranger);
    expect(page.run.works[0]?.phase).toEqual({ is: 'refused', refusal: 'unlisted' });
    expect(world.exports).toEqual([]);
    expect(page.run.counts.failed).toBe(0);
  });

  it('refuses a unit of another set', async () => {
    const world = new World([unit(1)]);
    const other = { ...world.order, set: 99 };
    Object.assign(world, { order: other });
    const page = await working(world);
    await page.plug(...world.cables);
    expect(page.run.works[0]?.phase).toEqual({ is: 'refused', refusal: 'wrong-set' });
    expect(world.exports).toEqual([]);
  });

  it('does not load twice a unit that is done, whoever did it', async () => {
    const world = new World([unit(1)]);
    const first = await working(world);
    await first.plug(...world.cables);
    const second = await working(world);
    await second.plug(...world.cables);
    expect(second.work(world.cables[0] ?? unit(1)).phase).toEqual({ is: 'done', how: 'had-all' });
    expect(world.exports).toHaveLength(1);
    const elsewhere = new World(world.cables);
    const third = await working(elsewhere);
    await third.plug(...world.cables);
    expect(third.run.counts.done).toBe(1);
    expect(elsewhere.exports).toEqual([]);
  });

  it('loads only the lines that a unit lacks', async () => {
    const cables = [unit(1)];
    await (await working(new World(cables, ONE_LINE))).plug(...cables);
    const world = new World(cables, TWO_LINES);
    const page = await working(world);
    await page.plug(...cables);
    expect(world.exports.map(({ ref2 }) => ref2)).toEqual([1]);
    expect(page.run.counts.done).toBe(1);
  });

  it('says that the same number is here twice, and works neither twice', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    await page.plug(...world.cables);
    await page.plug(unit(1));
    expect(page.run.doubled).toBe(sn(1));
    expect(page.bench.station.lanes).toHaveLength(1);
    expect(world.exports).toHaveLength(1);
  });

  it('says so as well when both come at once, until one of them is plugged in anew', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    const pair = [...world.cables, unit(1)];
    await page.plug(...pair);
    expect(page.run.doubled).toBe(sn(1));
    expect(page.bench.station.lanes).toHaveLength(1);
    expect(world.exports).toHaveLength(1);
    const worked = pair.find((cable) => truth(cable, ONE_LINE)[0]);
    if (!worked) throw new TypeError('one of them was loaded');
    page.bench.remembered = [];
    for (const cable of pair) cable.pull();
    await page.plug(worked);
    expect(page.run.doubled).toBeUndefined();
    expect(page.run.works.map(({ phase }) => phase)).toEqual([{ is: 'done', how: 'had-all' }]);
  });

  it('says so as well while the first of them is still loading', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    let arrived: Promise<void> | undefined;
    const { exportKey } = page.bench.account;
    page.bench.account.exportKey = async (request) => {
      arrived ??= page.plug(unit(1));
      await arrived;
      return await exportKey(request);
    };
    await page.plug(...world.cables);
    expect(page.run.doubled).toBe(sn(1));
    expect(page.run.counts.done).toBe(1);
    expect(world.exports).toHaveLength(1);
    expect(page.signals).toEqual(['failed', 'done']);
  });

  it('waits while it is paused, and goes on where it was', async () => {
    const world = new World([unit(1)]);
    const page = await world.open();
    await page.start();
    await page.plug(...world.cables);
    expect(page.run.works[0]?.phase).toEqual({ is: 'held' });
    expect(world.exports).toEqual([]);
    await page.run.resume();
    expect(page.run.counts.done).toBe(1);
  });

  it('stops after the key that is under way', async () => {
    const world = new World([unit(1)], TWO_LINES);
    const page = await world.open();
    await page.start();
    await page.run.resume();
    const exportKey = page.bench.account.exportKey;
    page.bench.account.exportKey = async (request) => {
      await page.run.pause();
      return await exportKey(request);
    };
    await page.plug(...world.cables);
    expect(truth(world.cables[0] ?? unit(1), TWO_LINES)).toEqual([true, false]);
    expect(page.run.works[0]?.phase).toEqual({ is: 'held' });
    page.bench.account.exportKey = exportKey;
    await page.run.resume();
    expect(truth(world.cables[0] ?? unit(1), TWO_LINES)).toEqual([true, true]);
    expect(page.run.counts.done).toBe(1);
  });

  it('halts after so many failures in a row', async () => {
    const world = new World([1, 2, 3].map(unit), ONE_LINE, { haltAfter: 2 });
    const page = await working(world);
    for (const cable of world.cables) {
      cable.cut = { ins: 0x84, when: 'before' };
      await page.plug(cable);
    }
    expect(page.run.state).toMatchObject({ is: 'halted', failures: 2, failure: { code: 'device-lost' } });
    expect(page.run.works.at(-1)?.phase).toEqual({ is: 'held' });
    expect(page.run.counts).toMatchObject({ failed: 2 });
  });

  it('halts at once when it is the AS that fails, and fails no further unit for it', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    page.bench.account.refuse('exportKey', 'service-unreachable');
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.state).toMatchObject({ is: 'halted', failure: { code: 'service-unreachable' } });
    expect(page.run.works.map(({ phase }) => phase.is)).toEqual(['failed', 'held']);
    await page.run.resume();
    expect(page.run.counts).toMatchObject({ done: 2, failed: 0 });
  });

  it('goes on by itself with what waited for its time, once that has come', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    page.run.clock.time = 'early';
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.heldBy).toBe('early');
    expect(page.run.works.map(({ phase }) => phase.is)).toEqual(['held', 'held']);
    await page.run.lookAtClock();
    expect(page.run.heldBy).toBeUndefined();
    expect(page.run.counts.done).toBe(2);
  });

  it('goes on with the next unit after one that has had its own share of exports', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    page.bench.account.refuse('exportKey', 'unit-quota-used');
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.works.map(({ phase }) => phase.is)).toEqual(['failed', 'done']);
    expect(page.run.state.is).toBe('running');
    expect(page.run.counts).toMatchObject({ done: 1, failed: 1 });
  });

  it('asks for nothing that a vault cannot give any more, and says so before it is asked', async () => {
    const world = new World([1, 2].map(unit), TWO_LINES);
    const page = await working(world);
    const { account, session } = page.bench;
    const began = world.exports.length;
    let left = 3;
    const exportKey: typeof account.exportKey = async (request) => {
      left--;
      return await account.exportKey(request);
    };
    const vault = { kind: 'vault', origin: 'vault 1', name: 'Vault 1', asNumber: 1 } as const;
    await session.use({ ...account, ...vault, exportKey, exportsLeft: async () => left });
    await page.run.exportsLeft.read();
    expect([page.run.exportsLeft.count, page.run.keysToLoad]).toEqual([3, 4]);
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.works.map(({ phase }) => phase.is)).toEqual(['done', 'held']);
    expect(page.run.state).toMatchObject({ is: 'halted', failure: { code: 'quota-used' } });
    expect(world.exports).toHaveLength(began + 2);
    expect(left).toBe(1); // the second unit was not even begun
    expect(page.run.counts).toMatchObject({ done: 1, failed: 0, running: 0 });
    expect(page.run.progress).toEqual({ id: world.order.id, done: 1, total: 2, failed: 0 });
  });

  it('says nothing of what a vault may give once the vault is put away for the AS', async () => {
    const page = await working(new World([unit(1)]));
    const { account, session } = page.bench;
    const vault = { kind: 'vault', origin: 'vault 1', name: 'Vault 1', asNumber: 1 } as const;
    await session.use({ ...account, ...vault, exportsLeft: async () => 3 });
    await page.run.exportsLeft.read();
    expect(page.run.exportsLeft.count).toBe(3);
    await session.signIn('token');
    expect(page.run.exportsLeft.count).toBeUndefined();
    await session.use({ ...account, ...vault, origin: 'vault 2', exportsLeft: async () => 9 });
    expect(page.run.exportsLeft.count).toBeUndefined(); // it is another one, and was not asked yet
  });

  it('takes up a unit that could be read at the second try only', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    const link = world.cables[0]?.link(1);
    if (!link) throw new TypeError('there is a unit');
    let tries = 0;
    const open: typeof link.open = () => {
      if (++tries === 1) throw new ProtocolError('link-timeout', 'no answer');
      return link.open();
    };
    page.bench.remembered = [{ ...link, open }];
    await page.bench.changed();
    const [lane] = page.bench.station.lanes;
    expect(lane?.phase).toMatchObject({ is: 'unread', failure: { code: 'link-timeout' } });
    if (lane) await page.bench.station.reread(lane);
    expect(page.run.counts.done).toBe(1);
    expect(page.run.works.map(({ phase }) => phase)).toEqual([{ is: 'done', how: 'loaded' }]);
  });

  it('asks for the label before it loads, and believes only the right one', async () => {
    const world = new World([1, 2].map(unit), ONE_LINE, { requireLabelScan: true });
    const page = await working(world);
    await page.plug(...world.cables);
    expect(page.run.works.map(({ phase }) => phase.is)).toEqual(['scan', 'scan']);
    await page.run.scan('4549 0063');
    expect(page.run.strayScan).toBe('4549 0063');
    expect(world.exports).toEqual([]);
    await page.run.scan('45:49:00:02');
    expect(page.run.works.map(({ phase }) => phase.is)).toEqual(['scan', 'done']);
    await page.run.scan('45490099');
    expect(page.run.works[0]?.phase).toEqual({ is: 'refused', refusal: 'scan-differs' });
    expect(world.exports).toHaveLength(1);
  });

  it('exports nothing on a dry run', async () => {
    const world = new World([1, 2].map(unit), ONE_LINE, { dryRun: true });
    const page = await working(world);
    await page.plug(...world.cables);
    expect(page.run.works.map(({ phase }) => phase)).toEqual(Array(2).fill({ is: 'done', how: 'rehearsed' }));
    expect(world.exports).toEqual([]);
    expect(await page.bench.journal.list(9)).toEqual([]);
  });

  it('sets a unit aside with a reason until it is taken up again', async () => {
    const world = new World([unit(1)]);
    const cable = world.cables[0] ?? unit(1);
    const page = await world.open();
    await page.start();
    await page.plug(cable);
    await page.run.skip(page.work(cable), 'Cover is broken');
    await page.run.resume();
    expect(page.work(cable).phase).toEqual({ is: 'aside', reason: 'Cover is broken' });
    expect(await page.store.unit(page.number, sn(1))).toMatchObject({ state: 'failed', reason: 'Cover is broken' });
    await page.run.retry(page.work(cable));
    expect(page.run.counts).toMatchObject({ done: 1, failed: 0 });
  });

  it('keeps the reason for a unit that never came', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    await page.run.explain([{ sn: sn(2), reason: 'Stolen' }]);
    expect(page.run.counts.absent).toBe(1);
    expect(page.run.unseen).toBe(1);
    expect(await page.store.unit(page.number, sn(2))).toMatchObject({ state: 'absent', reason: 'Stolen' });
  });
});

describe('a unit whose import was interrupted', () => {
  it('is unknown until it is back, and then what its receipt says', async () => {
    for (const when of ['before', 'after'] as const) {
      const world = new World([unit(1)]);
      const cable = world.cables[0] ?? unit(1);
      const page = await working(world);
      cable.cut = { ins: 0xd8, when };
      await page.plug(cable);
      expect(page.work(cable).phase).toMatchObject({ is: 'unknown' });
      expect(page.run.counts).toMatchObject({ unknown: 1, done: 0 });
      await page.unplug(cable);
      cable.cut = undefined;
      await page.plug(cable);
      expect(page.run.counts).toMatchObject({ unknown: 0, done: 1 });
      expect(truth(cable, ONE_LINE)).toEqual([true]);
      // Where the key had not arrived, it was sealed once more, and the AS was told why.
      const [first, second, ...more] = world.exports;
      expect(first?.reason).toBeUndefined();
      if (when === 'before') expect(second?.reason).toContain('device-lost');
      else expect(second).toBeUndefined();
      expect(more).toEqual([]);
    }
  });
});

describe('an operator who signs in late', () => {
  it('finds what was open settled, and the order goes on with it', async () => {
    const world = new World([unit(1)]);
    const cable = world.cables[0] ?? unit(1);
    const first = await working(world);
    cable.cut = { ins: 0xd8, when: 'after' };
    await first.plug(cable);
    cable.cut = undefined;
    const page = await world.open();
    await page.start();
    page.bench.account.refuse('verifyReceipt', 'signed-out');
    await page.plug(cable);
    expect(page.work(cable).phase).toMatchObject({ is: 'unknown', failure: { code: 'signed-out' } });
    await page.bench.session.signIn('token');
    await page.bench.station.settle();
    expect(page.work(cable).phase).toEqual({ is: 'done', how: 'had-all' });
    expect(page.run.counts).toMatchObject({ done: 1, unknown: 0 });
  });
});

describe('a unit that was done and does not show it any more', () => {
  it('is loaded again for a reason that a person gives', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    await page.plug(...world.cables);
    const replaced = unit(1);
    const second = await world.open();
    await second.start();
    await second.run.resume();
    await second.plug(replaced);
    const work = second.run.works[0];
    expect(work?.phase).toEqual({ is: 'reason' });
    expect(world.exports).toHaveLength(1);
    if (work) await second.run.retry(work, 'The board was replaced');
    expect(work?.phase).toEqual({ is: 'done', how: 'loaded' });
    expect(world.exports.map(({ reason }) => reason)).toEqual([undefined, 'The board was replaced']);
  });
});
