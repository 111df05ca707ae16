// An order has one truth, that of the AS: at every station, while it is worked, and after its end.
import { issue, OrdersPage } from './support/orders-page.ts';
import { expect, test, unit } from './support/test.ts';

test('an order that is revoked at the AS is only shown at a station that has it open', async ({
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
