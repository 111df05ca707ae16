// Faults between the page and the AS: a gateway that loses an answer, a network with its own
// sign-in page, and a station with a wrong clock.
import { issue, OrdersPage } from './support/orders-page.ts';
import { FIELD_KEY } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

test('an export whose answer a proxy loses is not made twice', async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  let lost = 2;
  await page.route('**/v1/exports', async (route) => {
    if (lost-- <= 0) return await route.continue();
    await route.fetch(); // the AS makes the export
    await route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' });
  });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectSaid('The page repeats the request');
  await lane.expectWord('Unplug');
  const log = await service.cli('log', 'show', '--last', '20');
  expect(log.split('\n').filter((line) => /\bexport\b/.test(line) && line.includes(one.sn.toUpperCase()))).toHaveLength(
    1,
  );
});

test('the page reports a network that requires its own sign-in, and keeps the session', async ({
  open,
  service,
  page,
}) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await page.route('**/v1/**', (route) =>
    route.fulfill({ status: 200, contentType: 'text/html', body: '<title>Hotel</title>' }),
  );
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectSaid('Sign in to the network first');
  await page.unroute('**/v1/**');
  await lane.press('Load again');
  await lane.expectWord('Unplug');
});

test('a station whose clock is a day behind uses the time of the AS for an order, and shows both clocks', async ({
  open,
  service,
  page,
}) => {
  await page.addInitScript(() => {
    const real = Date.now.bind(Date);
    const behind = (): number => real() - 86_400_000;
    window.Date = new Proxy(Date, {
      construct: (target, values) => Reflect.construct(target, values.length === 0 ? [behind()] : values),
      get: (target, name) => (name === 'now' ? behind : Reflect.get(target, name)),
    });
  });
  const one = unit();
  const id = await issue(service, { units: [one.sn] });
  const station = await open([one]);
  await station.signIn(service.token);
  await expect(page.getByText('Set the clock of this computer.')).toBeVisible();
  const orders = new OrdersPage(page);
  await orders.open(id);
  await orders.attach(one.sn);
  await orders.start();
  await orders.expectWord(one.sn, 'Unplug');
});
