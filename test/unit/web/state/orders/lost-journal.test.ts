// The journal of the station is deleted while an order is open. The run halts with the reason, and
// counts no unit twice. Every action of the operator ends without an exception.
import { describe, expect, it } from 'vitest';
import { DATABASE_NAME } from '#web/journal/database.ts';
import { ONE_LINE, type Page, sn, unit, World, working } from './order-fixture.ts';

const LOST = { is: 'halted', failure: { code: 'journal-lost' } };

/** Opens an order of three units, loads one unit, and then deletes the journal. */
async function lostOrder() {
  const world = new World([unit(1), unit(2), unit(3)], ONE_LINE);
  const page = await working(world);
  const [one = unit(1), two = unit(2)] = world.cables;
  await page.plug(one);
  expect(page.run.counts.done).toBe(1);
  await new Promise<void>((resolve, reject) => {
    const request = world.factory.deleteDatabase(DATABASE_NAME);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
  await expect.poll(() => page.bench.journal.isLost).toBe(true);
  return { page, one, two };
}

describe('an order whose journal was deleted', () => {
  it('halts when the AS reports its progress, and counts no unit twice', async () => {
    const { page } = await lostOrder();
    await expect(page.run.merge([sn(1)])).rejects.toMatchObject({ code: 'journal-lost' });
    expect(page.run.state).toMatchObject(LOST);
    expect(page.run.counts).toMatchObject({ done: 1, unseen: 2 });
  });

  it('halts at the next unit, before a key is requested', async () => {
    const { page, two } = await lostOrder();
    await page.plug(two);
    expect(page.run.state).toMatchObject(LOST);
    expect(page.unit(two).phase).toMatchObject({ is: 'failed', failure: { code: 'journal-lost' } });
  });

  const ACTIONS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
    start: (page) => page.run.pause().then(() => page.run.start()),
    pause: (page) => page.run.pause(),
    'set aside': (page) => page.run.skip(page.run.units[0] ?? missing(), 'No contact'),
    'a unit attached twice': (page) => page.run.refuseDuplicate(sn(1)),
  };
  const missing = (): never => {
    throw new TypeError('no unit is attached');
  };

  it.each(Object.keys(ACTIONS))('is halted after “%s”, and keeps its counts', async (name) => {
    const { page } = await lostOrder();
    await ACTIONS[name]?.(page);
    expect(page.run.state).toMatchObject(LOST);
    expect(page.run.counts.done).toBe(1);
    expect(page.run.units[0]?.phase).toEqual({ is: 'done', how: 'loaded' });
  });
});
