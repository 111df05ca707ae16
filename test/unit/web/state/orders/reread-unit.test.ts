// A unit that the page reads again while its order is open.
import { expect, it } from 'vitest';
import { unit, World } from './order-fixture.ts';

it('the run loads nothing into a unit that is being read again, until it is read', async () => {
  const world = new World([unit(1)]);
  const page = await world.open();
  await page.start();
  await page.plug(...world.cables);
  const [lane] = page.bench.station.lanes;
  const [cable] = world.cables;
  if (!lane || !cable) throw new TypeError('no unit');
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  cable.beforeCommand = () => answered;
  const read = lane.open();
  await page.run.start();
  expect([lane.phase.is, page.run.units.map(({ phase }) => phase)]).toEqual(['reading', [{ is: 'waiting' }]]);
  answer();
  await read;
  expect(world.exports).toEqual([]);
  await page.run.arrive(lane);
  expect(page.run.counts.here.done).toBe(1);
});
