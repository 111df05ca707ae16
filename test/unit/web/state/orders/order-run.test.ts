// The run of a work order, with one or more attached units.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { ONE_LINE, sn, TWO_LINES, truth, unit, World, working } from './order-fixture.ts';

describe('the run of a work order', () => {
  it('loads every line into every attached unit', async () => {
    const world = new World([1, 2, 3].map(unit), TWO_LINES);
    const page = await working(world);
    await page.plug(...world.cables);
    for (const cable of world.cables) {
      expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'loaded' });
      expect(truth(cable, TWO_LINES)).toEqual([true, true]);
    }
    expect(page.run.counts.here).toMatchObject({ done: 3, failed: 0, unknown: 0 });
    expect(await page.store.counts(page.chain)).toEqual(page.run.counts.here);
    expect(page.run.counts.unseen).toBe(0);
    expect(page.signals).toEqual(['done', 'done', 'done']);
    expect(world.exports.map(({ workOrder }) => workOrder)).toEqual(Array(6).fill('4711'));
    expect(await page.store.check(page.chain)).toBeUndefined();
  });

  it('refuses a unit that is not on the order, without a request to the AS', async () => {
    const world = new World([unit(1)]);
    const stranger = unit(77);
    const page = await working(world);
    await page.plug(stranger);
    expect(page.run.units[0]?.phase).toEqual({ is: 'refused', refusal: 'unlisted' });
    expect(world.exports).toEqual([]);
    expect(page.run.counts.here.failed).toBe(0);
  });

  it('refuses a unit of another set', async () => {
    const world = new World([unit(1)]);
    const other = { ...world.order, set: 99 };
    Object.assign(world, { order: other });
    const page = await working(world);
    await page.plug(...world.cables);
    expect(page.run.units[0]?.phase).toEqual({ is: 'refused', refusal: 'wrong-set' });
    expect(world.exports).toEqual([]);
  });

  it('loads nothing into a unit that already holds every key, loaded at this or another station', async () => {
    const world = new World([unit(1)]);
    const first = await working(world);
    await first.plug(...world.cables);
    const second = await working(world);
    await second.plug(...world.cables);
    expect(second.unit(world.cables[0] ?? unit(1)).phase).toEqual({ is: 'done', how: 'had-all' });
    expect(world.exports).toHaveLength(1);
    const other = new World(world.cables);
    const third = await working(other);
    await third.plug(...world.cables);
    expect(third.run.counts.here.done).toBe(1);
    expect(other.exports).toEqual([]);
  });

  it('loads only the lines that a unit lacks', async () => {
    const cables = [unit(1)];
    await (await working(new World(cables, ONE_LINE))).plug(...cables);
    const world = new World(cables, TWO_LINES);
    const page = await working(world);
    await page.plug(...cables);
    expect(world.exports.map(({ ref2 }) => ref2)).toEqual([1]);
    expect(page.run.counts.here.done).toBe(1);
  });

  it('reports a second unit with the same serial number, and does not load it', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    await page.plug(...world.cables);
    await page.plug(unit(1));
    expect(page.run.duplicate).toBe(sn(1));
    expect(page.bench.station.lanes).toHaveLength(1);
    expect(world.exports).toHaveLength(1);
  });

  it('reports two units with one serial number that are attached together, until only one is attached', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    const pair = [...world.cables, unit(1)];
    await page.plug(...pair);
    expect(page.run.duplicate).toBe(sn(1));
    expect(page.bench.station.lanes).toHaveLength(1);
    expect(world.exports).toHaveLength(1);
    const loaded = pair.find((cable) => truth(cable, ONE_LINE)[0]);
    if (!loaded) throw new TypeError('neither unit was loaded');
    page.bench.remembered = [];
    for (const cable of pair) cable.pull();
    await page.plug(loaded);
    expect(page.run.duplicate).toBeUndefined();
    expect(page.run.units.map(({ phase }) => phase)).toEqual([{ is: 'done', how: 'had-all' }]);
  });

  it('reports a second unit with the same serial number during the load of the first', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    let second: Promise<void> | undefined;
    const { exportKey } = page.bench.account;
    page.bench.account.exportKey = async (request) => {
      second ??= page.plug(unit(1));
      await second;
      return await exportKey(request);
    };
    await page.plug(...world.cables);
    expect(page.run.duplicate).toBe(sn(1));
    expect(page.run.counts.here.done).toBe(1);
    expect(world.exports).toHaveLength(1);
    expect(page.signals).toEqual(['failed', 'done']);
  });

  it('settles an attached unit without a click if its answer to the import was lost, and counts it as done', async () => {
    const world = new World([unit(1)], TWO_LINES);
    const page = await working(world);
    const [cable] = world.cables;
    if (cable) cable.lie = { ins: 0xd8, statusWord: 0x6140 };
    cable?.answers.push(new Uint8Array([0x6d, 0x00]), new Uint8Array([0x6d, 0x00]));
    await page.plug(...world.cables);
    expect(page.run.units[0]?.phase).toEqual({ is: 'done', how: 'loaded' });
    expect(await page.store.counts(page.chain)).toMatchObject({ done: 1, unknown: 0 });
    expect(page.signals).toEqual(['done']);
  });

  it('loads nothing while it is paused, and continues when it is started', async () => {
    const world = new World([unit(1)]);
    const page = await world.open();
    await page.start();
    await page.plug(...world.cables);
    expect(page.run.units[0]?.phase).toEqual({ is: 'waiting' });
    expect(world.exports).toEqual([]);
    await page.run.start();
    expect(page.run.counts.here.done).toBe(1);
  });

  it('completes the load of one key when it is paused', async () => {
    const world = new World([unit(1)], TWO_LINES);
    const page = await world.open();
    await page.start();
    await page.run.start();
    const exportKey = page.bench.account.exportKey;
    page.bench.account.exportKey = async (request) => {
      await page.run.pause();
      return await exportKey(request);
    };
    await page.plug(...world.cables);
    expect(truth(world.cables[0] ?? unit(1), TWO_LINES)).toEqual([true, false]);
    expect(page.run.units[0]?.phase).toEqual({ is: 'waiting' });
    page.bench.account.exportKey = exportKey;
    await page.run.start();
    expect(truth(world.cables[0] ?? unit(1), TWO_LINES)).toEqual([true, true]);
    expect(page.run.counts.here.done).toBe(1);
  });

  it('gives the unit to another tab between two lines, and loads the rest when it is back', async () => {
    const world = new World([unit(1)], TWO_LINES);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    await page.bench.station.start();
    cable.beforeCommand = async (ins) => {
      if (ins === 0xd8) page.bench.ask(page.bench.remembered[0]?.id ?? 0);
    };
    await page.plug(cable);
    expect(truth(cable, TWO_LINES)).toEqual([true, false]);
    expect(page.unit(cable).phase).toEqual({ is: 'failed', failure: { code: 'unit-elsewhere' } });
    cable.beforeCommand = undefined;
    page.bench.awaited.clear();
    await page.run.retry(page.unit(cable));
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'loaded' });
    expect(truth(cable, TWO_LINES)).toEqual([true, true]);
  });

  it('gives the unit to another tab between two lines of a dry run', async () => {
    const world = new World([unit(1)], TWO_LINES, { dryRun: true });
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    await page.bench.station.start();
    cable.beforeCommand = async (ins) => {
      if (ins === 0x84) page.bench.ask(page.bench.remembered[0]?.id ?? 0);
    };
    await page.plug(cable);
    expect(page.unit(cable).phase).toEqual({ is: 'failed', failure: { code: 'unit-elsewhere' } });
    cable.beforeCommand = undefined;
    page.bench.awaited.clear();
    await page.run.retry(page.unit(cable));
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'rehearsed' });
  });

  it('halts after the number of failures in a row that the order names', async () => {
    const world = new World([1, 2, 3].map(unit), ONE_LINE, { haltAfter: 2 });
    const page = await working(world);
    for (const cable of world.cables) {
      cable.cut = { ins: 0x84, when: 'before' };
      await page.plug(cable);
    }
    expect(page.run.state).toMatchObject({ is: 'halted', failures: 2, failure: { code: 'device-lost' } });
    expect(page.run.units.at(-1)?.phase).toEqual({ is: 'waiting' });
    expect(page.run.counts.here).toMatchObject({ failed: 2 });
  });

  it('halts at the first failure of the AS, and fails no further unit', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    page.bench.account.refuse('exportKey', 'service-unreachable');
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.state).toMatchObject({ is: 'halted', failure: { code: 'service-unreachable' } });
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['failed', 'waiting']);
    await page.run.start();
    expect(page.run.counts.here).toMatchObject({ done: 2, failed: 0 });
  });

  it('loads the waiting units when the period of the order begins', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    page.now = () => new Date(Date.parse(world.order.notBefore) - 1);
    await page.run.checkValidity();
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.waitReason).toBe('early');
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['waiting', 'waiting']);
    page.now = () => new Date(world.order.notBefore);
    await page.run.checkValidity();
    expect(page.run.waitReason).toBeUndefined();
    expect(page.run.counts.here.done).toBe(2);
  });

  it('continues with the next unit when the quota of one unit is used up', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    page.bench.account.refuse('exportKey', 'unit-quota-used');
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['failed', 'done']);
    expect(page.run.state.is).toBe('running');
    expect(page.run.counts.here).toMatchObject({ done: 1, failed: 1 });
  });

  it('halts before a unit for which the vault has too few exports left', async () => {
    const world = new World([1, 2].map(unit), TWO_LINES);
    const page = await working(world);
    const { account, session } = page.bench;
    const before = world.exports.length;
    let left = 3;
    const exportKey: typeof account.exportKey = async (request) => {
      left--;
      return await account.exportKey(request);
    };
    const vault = { kind: 'vault', origin: 'vault 1', name: 'Vault 1', asNumber: 1 } as const;
    await session.use({ ...account, ...vault, exportKey, exportsLeft: async () => left });
    await page.run.exportsLeft.read();
    expect([page.run.exportsLeft.count, page.run.counts.keysToLoad]).toEqual([3, 4]);
    for (const cable of world.cables) await page.plug(cable);
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['done', 'waiting']);
    expect(page.run.state).toMatchObject({ is: 'halted', failure: { code: 'quota-used' } });
    expect(world.exports).toHaveLength(before + 2);
    expect(left).toBe(1); // the second unit has used no export
    expect(page.run.counts.here).toMatchObject({ done: 1, failed: 0, running: 0 });
    expect(page.run.progress).toEqual({ id: world.order.id, done: 1, total: 2, failed: 0, isRunning: false });
  });

  it('shows the exports left of a vault only while this vault is in use', async () => {
    const page = await working(new World([unit(1)]));
    const { account, session } = page.bench;
    const vault = { kind: 'vault', origin: 'vault 1', name: 'Vault 1', asNumber: 1 } as const;
    await session.use({ ...account, ...vault, exportsLeft: async () => 3 });
    await page.run.exportsLeft.read();
    expect(page.run.exportsLeft.count).toBe(3);
    await session.signIn('token');
    expect(page.run.exportsLeft.count).toBeUndefined();
    await session.use({ ...account, ...vault, origin: 'vault 2', exportsLeft: async () => 9 });
    expect(page.run.exportsLeft.count).toBeUndefined(); // the count of the other vault is not read yet
  });

  it('loads a unit that could be read only at the second try', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    const link = world.cables[0]?.link(1);
    if (!link) throw new TypeError('no unit');
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
    expect(page.run.counts.here.done).toBe(1);
    expect(page.run.units.map(({ phase }) => phase)).toEqual([{ is: 'done', how: 'loaded' }]);
  });

  it('waits for the scan of the label in every order, if the site requires it', async () => {
    const world = new World([unit(1)], ONE_LINE);
    world.scansLabels = true;
    const page = await working(world);
    await page.plug(...world.cables);
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['scan']);
    await page.run.scan(`KF1 ${sn(1)} 08D7B4FB62`);
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['done']);
  });

  it('loads a unit after its label is scanned, and refuses another label', async () => {
    const world = new World([1, 2].map(unit), ONE_LINE, { requireLabelScan: true });
    const page = await working(world);
    await page.plug(...world.cables);
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['scan', 'scan']);
    await page.run.scan('4549 0063');
    expect(page.run.unmatchedScan).toBe('4549 0063');
    expect(world.exports).toEqual([]);
    await page.run.scan('45:49:00:02');
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['scan', 'done']);
    await page.run.scan('45490099');
    expect(page.run.units[0]?.phase).toEqual({ is: 'refused', refusal: 'scan-differs' });
    expect(world.exports).toHaveLength(1);
  });

  it('exports nothing in a dry run', async () => {
    const world = new World([1, 2].map(unit), ONE_LINE, { dryRun: true });
    const page = await working(world);
    await page.plug(...world.cables);
    expect(page.run.units.map(({ phase }) => phase)).toEqual(Array(2).fill({ is: 'done', how: 'rehearsed' }));
    expect(world.exports).toEqual([]);
    expect(await page.bench.journal.list(9)).toEqual([]);
  });

  it('sets a unit aside with a reason until the unit is retried', async () => {
    const world = new World([unit(1)]);
    const cable = world.cables[0] ?? unit(1);
    const page = await world.open();
    await page.start();
    await page.plug(cable);
    await page.run.skip(page.unit(cable), 'Cover is broken');
    await page.run.start();
    expect(page.unit(cable).phase).toEqual({ is: 'aside', reason: 'Cover is broken' });
    expect(await page.store.unit(page.chain, sn(1))).toMatchObject({ state: 'failed', reason: 'Cover is broken' });
    await page.run.retry(page.unit(cable));
    expect(page.run.counts.here).toMatchObject({ done: 1, failed: 0 });
  });

  it('stores the reason for a unit that was never attached', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    await page.run.explain([{ sn: sn(2), reason: 'Stolen' }]);
    expect(page.run.counts.here.absent).toBe(1);
    expect(page.run.counts.unseen).toBe(1);
    expect(await page.store.unit(page.chain, sn(2))).toMatchObject({ state: 'absent', reason: 'Stolen' });
  });
});

describe('a unit whose import was interrupted', () => {
  it('is "unknown" until it is attached again, and then its receipt determines the outcome', async () => {
    for (const when of ['before', 'after'] as const) {
      const world = new World([unit(1)]);
      const cable = world.cables[0] ?? unit(1);
      const page = await working(world);
      cable.cut = { ins: 0xd8, when };
      await page.plug(cable);
      expect(page.unit(cable).phase).toMatchObject({ is: 'unknown' });
      expect(page.run.counts.here).toMatchObject({ unknown: 1, done: 0 });
      await page.unplug(cable);
      cable.cut = undefined;
      await page.plug(cable);
      expect(page.run.counts.here).toMatchObject({ unknown: 0, done: 1 });
      expect(truth(cable, ONE_LINE)).toEqual([true]);
      // If the key did not reach the unit, the key was exported again with a reason.
      const [first, second, ...more] = world.exports;
      expect(first?.reason).toBeUndefined();
      if (when === 'before') expect(second?.reason).toBe('The unit was unplugged during the previous attempt');
      else expect(second).toBeUndefined();
      expect(more).toEqual([]);
    }
  });
});

describe('a sign-in', () => {
  it('settles the open attempts, and continues the order with the units of these attempts', async () => {
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
    expect(page.unit(cable).phase).toMatchObject({ is: 'unknown', failure: { code: 'signed-out' } });
    await page.bench.session.signIn('token');
    await page.bench.station.settle();
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'had-all' });
    expect(page.run.counts.here).toMatchObject({ done: 1, unknown: 0 });
  });
});
