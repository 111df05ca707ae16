// Two tabs and one unit. Only one tab can use the unit at a time. The other tab shows this, and the
// operator can move the unit to it.
import { injectSimulator } from './support/inject.ts';
import { StationPage } from './support/station-page.ts';
import { test, unit } from './support/test.ts';

test('a tab shows that another tab uses the unit, and can take the unit over', async ({ open, service, context }) => {
  const one = unit();
  const first = await open([one]);
  const there = await first.attach('USB', one.sn);
  await there.expectWord('Attached');

  const tab = await context.newPage();
  await injectSimulator(tab, [one]);
  await tab.goto(service.url);
  const second = new StationPage(tab);
  await second.attach('USB', one.sn);
  const here = second.onlyLane();
  await here.expectWord('Not attached');
  await here.expectSaid('Another tab uses this unit');
  await here.press('Use unit here');
  await second.lane(one.sn).expectWord('Attached');
  await first.onlyLane().expectSaid('Another tab uses this unit');

  await first.onlyLane().press('Use unit here');
  await there.expectWord('Attached');
  await here.expectWord('Not attached');
});
