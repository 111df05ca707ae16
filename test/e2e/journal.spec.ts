// The journal of the station is deleted while the page loads the units of an order. The page shows
// the loss, completes the load, and begins a journal whose first entry records the loss.
import type { Page } from '@playwright/test';
import { readJournal } from './support/journal.ts';
import { openNew } from './support/orders-page.ts';
import { expect, test, unit } from './support/test.ts';

/** Opens another tab of the same origin. Returns a function that deletes the database in it. */
async function otherTab(page: Page, url: string): Promise<() => Promise<void>> {
  const tab = await page.context().newPage();
  await tab.goto(`${url}/favicon.svg`); // the origin of the station, without the product page
  const remove = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('keyferry');
      request.onsuccess = () => resolve();
      request.onerror = () => reject(request.error);
    });
  return () => tab.evaluate(remove);
}

/** Returns a function that clears the data of the site, as the browser settings can do. */
async function siteSettings(page: Page, url: string): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(url);
  return async () => void (await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' }));
}

for (const { name, prepare } of [
  { name: 'another tab deletes the database', prepare: otherTab },
  { name: 'the operator clears the data of the site', prepare: siteSettings },
]) {
  test(`when ${name} during an import, the load is completed and the loss is shown and recorded`, async ({
    open,
    service,
    page,
  }) => {
    const [one, two] = [unit(undefined, { latency: { identity: 0, challenge: 0, importKey: 2000 } }), unit()];
    const fixtures = { open, service, page };
    const { id, station, orders } = await openNew(fixtures, [one, two], { units: [one.sn, two.sn] });
    const lose = await prepare(page, service.url);
    await page.bringToFront();
    await orders.start();
    await orders.attach(one.sn);
    await expect(orders.tile(one.sn)).toContainText('The unit writes the key');
    await lose();
    const alert = page.getByRole('alert').filter({ hasText: 'Tell your administrator, and open the order again.' });
    await expect(alert).toContainText(
      'The journal of this station was deleted. The history starts again and records the loss.',
    );
    await orders.expectWord(one.sn, 'Unplug');
    await orders.attach(two.sn);
    await expect(page.getByText('Halted Leave the order and open it again.')).toBeVisible();
    await page.getByRole('button', { name: 'Leave order' }).click();
    await orders.open(id);
    await orders.expectDone(1);
    await orders.start();
    await orders.expectWord(two.sn, 'Unplug');
    await orders.expectDone(2);
    await expect(page.getByText('The page has a fault.')).toHaveCount(0);
    await expect(await station.openHistory()).toHaveCount(2);
    await expect(page.getByText(/^The journal of this station was deleted before /)).toBeVisible();
    const { attempts, losses, breaks } = await readJournal(page);
    expect({ losses, breaks }).toEqual({ losses: 1, breaks: [] });
    expect(attempts.map(({ steps }) => steps.at(-1))).toEqual(['verify confirmed', 'verify confirmed']);
  });
}
