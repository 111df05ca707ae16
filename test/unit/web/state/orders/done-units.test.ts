// A unit that is done is attached or read again. The page does not offer it for a load, and loads
// a key again only if the operator gives a reason.
import { describe, expect, it } from 'vitest';
import { load } from '#test/unit/web/state/station/station-fixture.ts';
import { sn, TWO_LINES, unit, World, working } from './order-fixture.ts';

describe('a unit that is done', () => {
  it('is not offered again when it has got a newer key or an erasure since', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    await page.plug(cable);
    const { lane } = page.unit(cable);
    await lane.retry();
    await load(lane, 3);
    await page.unplug(cable);
    await page.plug(cable);
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'had-all' });
    expect(world.exports).toHaveLength(2);
    const second = await working(world);
    await second.plug(cable);
    expect(second.unit(cable).phase).toEqual({ is: 'done', how: 'had-all' });
    expect(world.exports).toHaveLength(2);
  });

  it('is not loaded again without a reason, wherever it was done', async () => {
    for (const [row, elsewhere] of [
      [true, false],
      [false, true],
    ]) {
      const world = new World([unit(1)], TWO_LINES);
      const [cable = unit(1)] = world.cables;
      const page = await working(world);
      if (elsewhere) await page.run.merge([sn(1)]);
      const done = { order: page.chain, sn: sn(1), state: 'done', tries: 0, exported: [], begun: '', at: '' } as const;
      if (row) await page.bench.journal.note(page.chain, { step: 'unit-had-all', sn: sn(1) }, done);
      await page.plug(cable);
      expect(page.unit(cable).phase).toEqual({ is: 'reason' });
      expect(world.exports).toEqual([]);
      await page.run.retry(page.unit(cable), 'Board replaced');
      expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'loaded' });
      expect(world.exports.map(({ reason }) => reason)).toEqual(['Board replaced', 'Board replaced']);
    }
  });

  it('rehearses a unit whose lane shows an earlier load, and not again when it is plugged in again', async () => {
    const world = new World([unit(1)], TWO_LINES, { dryRun: true });
    const [cable = unit(1)] = world.cables;
    const page = await world.open();
    await page.bench.session.signIn('token');
    await page.plug(cable);
    const [lane] = page.bench.station.lanes;
    if (!lane) throw new TypeError('no lane');
    await load(lane, 3);
    expect(lane.phase.is).toBe('done');
    await page.start();
    await page.run.start();
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'rehearsed' });
    const entries = await page.store.unit(page.chain, sn(1));
    await page.unplug(cable);
    cable.commands.length = 0;
    await page.plug(cable);
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'rehearsed' });
    expect(cable.commands).not.toContain(0x84);
    expect(await page.store.unit(page.chain, sn(1))).toEqual(entries);
    expect(page.run.counts.here).toMatchObject({ done: 1 });
  });
});

describe('a unit that is done and whose slots are empty', () => {
  it('is loaded again for a reason that the operator enters', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    await page.plug(...world.cables);
    const replaced = unit(1);
    const second = await world.open();
    await second.start();
    await second.run.start();
    await second.plug(replaced);
    const again = second.run.units[0];
    expect(again?.phase).toEqual({ is: 'reason' });
    expect(world.exports).toHaveLength(1);
    if (again) await second.run.retry(again, 'The board was replaced');
    expect(again?.phase).toEqual({ is: 'done', how: 'loaded' });
    expect(world.exports.map(({ reason }) => reason)).toEqual([undefined, 'The board was replaced']);
  });
});
