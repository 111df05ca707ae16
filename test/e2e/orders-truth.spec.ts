// The AS decides the state of an order, and every station that has the order open shows this state.
import { issue, OrdersPage } from './support/orders-page.ts';
import { expect, test, unit } from './support/test.ts';

test('a station that has an order open can no longer work it after the AS has revoked it', async ({
  open,
  service,
  page,
}) => {
  const one = unit();
  const id = await issue(service, { units: [one.sn] });
  const station = await open([one]);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await orders.open(id);
  await service.cli('order', 'revoke', id, 'laptop lost');
  await orders.attach(one.sn);
  await expect(page.getByText('This order is revoked.')).toBeVisible();
  await expect(page.getByRole('button', { name: /^(Start order|Go on)/ })).toHaveCount(0);
  await expect(orders.tile(one.sn).getByRole('button', { name: /^(Retry|Set aside)$/ })).toHaveCount(0);
});
