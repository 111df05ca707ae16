// Opens the demo page without a network. The demo page has its own cache, separate from the cache
// of the product page.
import { Service } from './support/service.ts';
import { expect, test } from './support/test.ts';

test.use({ serviceWorkers: 'allow' });

test('opens without the service after it was opened once', async ({ page, context }) => {
  const service = await Service.start({ demo: true, bare: true });
  try {
    await page.goto(`${service.url}/demo.html`);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await service.halt();
    await context.setOffline(true);
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Simulated bench' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'USB', exact: true })).toBeEnabled();
    await context.setOffline(false);
  } finally {
    await service.stop();
  }
});
