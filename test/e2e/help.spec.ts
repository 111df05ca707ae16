// The Help view with a unit, with a device that is not a unit, and without the AS. Also tests the
// content of the support file.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expectAccessible } from './support/accessible.ts';
import { injectSimulator } from './support/inject.ts';
import type { Service } from './support/service.ts';
import { FIELD_KEY, SHARED } from './support/sets.ts';
import type { StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';

async function openHelp(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Help', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Help' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Check again' })).toBeEnabled();
}

type Open = (units: readonly ReturnType<typeof unit>[]) => Promise<StationPage>;

/** Loads a key into a unit that refuses IMPORTKEY with this status word. Returns the unit. */
async function failLoad(open: Open, { token }: Service, statusWord: number) {
  const one = unit(SHARED);
  const station = await open([one]);
  await station.signIn(token);
  const lane = await station.attach('USB', one.sn);
  await station.fault(one.sn, { fault: 'refuse', ins: 0xd8, statusWord });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Not loaded');
  return one;
}

test('Help finds a station in order ready, and tests itself', async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  await (await station.attach('USB', one.sn)).expectWord('Ready');
  await openHelp(page);
  await expect(page.getByRole('heading', { level: 2, name: 'Ready to load keys' })).toBeVisible();
  const devices = page.getByRole('region', { name: 'Devices' });
  await expect(devices).toContainText('The device answers as a unit. No fault was found.');
  await expect(devices).toContainText('1209:0001');
  await expect(devices).toContainText('FF/');
  await expect(page.getByRole('region', { name: 'AS', exact: true })).toContainText('The AS answers');
  const own = page.getByRole('region', { name: 'This page' });
  await expect(own).toContainText('This page runs the build that its server offers.');
  await expect(own).toContainText('USB and serial ports are available.');
  await expect(own).toContainText('The journal works');
  await own.getByRole('button', { name: 'Run self-test' }).click();
  await expect(own).toContainText('The self-test passed');
  await expect(own).toContainText('7 checks');
  await expect(page.getByLabel('Policy of Chrome, Edge or Chromium')).toContainText('"product_id": 1');
  await expectAccessible(page, 'help, in order');
});

test('Help says who acts on a device that another program uses, and retries it', async ({ open, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.fault(one.sn, { fault: 'busy' });
  const lane = await station.attach('USB', one.sn).then(() => station.onlyLane());
  await lane.expectWord('Not attached');
  await page.getByRole('link', { name: 'Help with this' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'One device needs you' })).toBeVisible();
  const devices = page.getByRole('region', { name: 'Devices' });
  await expect(devices).toContainText('Close the other program that uses the unit, then press “Retry device”.');
  await expect(devices).toContainText('Who acts: you.');
  await expectAccessible(page, 'help, one device');
  await page.evaluate((sn) => window.keyferrySimulator?.clearFaults(sn), one.sn);
  await devices.getByRole('button', { name: 'Retry device' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'No fault was found' })).toBeVisible();
});

test('Help tells a device that is no unit from a unit, and forgets it', async ({ page, service, station }) => {
  const other = unit(undefined, { protectedClass: true, permitted: true });
  await injectSimulator(page, [other]);
  await page.goto(service.url);
  await station.onlyLane().expectWord('Not attached');
  await openHelp(page);
  const devices = page.getByRole('region', { name: 'Devices' });
  await expect(devices).toContainText('Choose another device, or attach this one by its serial port.');
  await devices.getByRole('button', { name: 'Forget device' }).click();
  await expect(devices).toContainText('No device');
});

test('Help says that the AS is away, and finds it again', async ({ open, page, context }) => {
  await open([]);
  await expect(page.getByRole('heading', { name: 'Three steps to a loaded key' })).toBeVisible();
  await openHelp(page);
  const as = page.getByRole('region', { name: 'AS', exact: true });
  await expect(as).toContainText('The root key has not been compared yet');
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Check again' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'One fault needs you' })).toBeVisible();
  await expect(as).toContainText('Check the network, then press “Retry”.');
  await context.setOffline(false);
  await as.getByRole('button', { name: 'Retry' }).click();
  await expect(as).toContainText('The root key has not been compared yet');
});

test('the support file is shown before it is saved, and contains no secret and no name', async ({
  open,
  service,
  page,
}) => {
  const one = await failLoad(open, service, 0x6985);
  await openHelp(page);
  await expect(page.getByRole('region', { name: 'Last failures' })).toContainText('IMPORTKEY 6985');
  await page.getByRole('button', { name: 'Show support file' }).click();
  const preview = page.getByRole('region', { name: 'Preview of the support file' });
  await expect(preview).toBeFocused();
  await expectAccessible(page, 'help, support file');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save support file' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^keyferry-support-\d{8}T\d{4}\.json$/);
  const text = await readFile(await download.path(), 'utf8');
  expect(text.trim()).toBe((await preview.locator('pre').textContent())?.trim());
  const sn = one.sn.padStart(32, '0');
  const content = JSON.parse(text);
  expect(content).toMatchObject({ format: 'keyferry-support', version: 1, service: { is: 'reached' } });
  expect(content.devices[0].unit.sn).toBe(`…${sn.slice(-4)}`);
  expect(content.failures[0].failure).toEqual({ code: 'status-word', command: 'IMPORTKEY', statusWord: '6985' });
  expect(content.traces[0].exchanges.map(({ command }: { command: string }) => command)).toContain('IMPORTKEY');
  const secrets = {
    T: SHARED.transportKey,
    TA: FIELD_KEY.key,
    code: service.token,
    operator: 'operator',
    label: FIELD_KEY.label,
    sn: sn.slice(-5),
  };
  for (const [name, secret] of Object.entries(secrets))
    expect(text.toUpperCase(), name).not.toContain(secret.toUpperCase());
});

test('the console shows each exchange in words, grows during a load, filters and copies', async ({
  open,
  service,
  page,
}) => {
  const [one, other] = [unit(SHARED), unit(SHARED)];
  const station = await open([one, other]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await (await station.attach('USB', other.sn)).expectWord('Ready');
  await station.fault(one.sn, { fault: 'refuse', ins: 0xd8, statusWord: 0x6988 });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Not loaded');
  await openHelp(page);
  const console = page.getByRole('region', { name: 'Console' });
  await console.getByRole('button', { name: 'Show console' }).press('Enter');
  const rows = console.getByRole('list', { name: 'Exchanges' }).locator('> li');
  // Only a site file or the demo permits commands by hand.
  await expect(console.getByLabel('Send commands by hand')).toHaveCount(0);
  await expect(rows.filter({ hasText: 'SELECT' })).toHaveCount(2);
  await console.getByRole('checkbox', { name: 'Failed only' }).press('Space');
  await expect(rows).toHaveCount(1);
  await rows.first().locator('summary').press('Enter');
  for (const words of [
    'Sends the sealed key to the unit',
    '6988 authentication failed',
    'AES, data encryption',
    'Possible causes',
    'The unit and the AS have different transport keys for this set',
    'bytes, SHA-256',
  ])
    await expect(rows.first()).toContainText(words);
  await expectAccessible(page, 'console, one failed exchange');
  await console.getByRole('checkbox', { name: 'Failed only' }).press('Space');
  await console.getByLabel('Unit', { exact: true }).selectOption({ label: other.sn });
  await expect(rows).toHaveCount(1);
  await console.getByLabel('Text', { exact: true }).fill('challenge');
  await expect(console.getByText('No exchange matches the filter.')).toBeVisible();
  await console.getByLabel('Text', { exact: true }).fill('');
  await console.getByLabel('Unit', { exact: true }).selectOption('All units');
  const before = await rows.count();
  // A unit that is plugged in again is read again, while the console is open.
  await station.unplug(other.sn);
  await station.plug(other.sn);
  await expect(rows).toHaveCount(before + 1);
  // The policy of the page forbids reading the clipboard.
  const copied = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        Object.defineProperty(navigator.clipboard, 'writeText', { value: async (text: string) => resolve(text) });
      }),
  );
  await console.getByText('Copy as text').click();
  const text = await copied;
  expect(text).toMatch(/^\S+Z unit 0*\w+ SELECT 00A40400\n {2}Selects the key application/);
  for (const secret of [SHARED.transportKey, FIELD_KEY.key, service.token])
    expect(text.toUpperCase()).not.toContain(secret.toUpperCase());
});

test('the exchanges of a failed load survive a reload, in the console and in the support file', {
  tag: '@long',
}, async ({ open, service, page }) => {
  await failLoad(open, service, 0x6988);
  await expect.poll(() => storedTraces(page)).toContain('IMPORTKEY');
  const stored = await storedTraces(page);
  for (const secret of [SHARED.transportKey, FIELD_KEY.key, service.token])
    expect(stored.toUpperCase()).not.toContain(secret.toUpperCase());
  await page.reload();
  await openHelp(page);
  const console = page.getByRole('region', { name: 'Console' });
  await console.getByRole('button', { name: 'Show console' }).click();
  await expect(console.getByRole('list', { name: 'Exchanges' })).toContainText('6988 authentication failed');
  await page.getByRole('button', { name: 'Show support file' }).click();
  const preview = page.getByRole('region', { name: 'Preview of the support file' });
  const { attempts } = JSON.parse((await preview.locator('pre').textContent()) ?? '');
  expect(attempts[0].failure).toEqual({ code: 'status-word', command: 'IMPORTKEY', statusWord: '6988' });
  expect(attempts[0].exchanges.at(-1)).toMatchObject({ command: 'IMPORTKEY', statusWord: '6988' });
});

/** The stored traces of the station, as JSON. */
async function storedTraces(page: Page): Promise<string> {
  return await page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        const request = indexedDB.open('keyferry');
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const all = request.result.transaction('traces').objectStore('traces').getAll();
          all.onsuccess = () => {
            request.result.close();
            resolve(JSON.stringify(all.result));
          };
        };
      }),
  );
}

for (const { name, prepare, alert, finding } of [
  {
    name: 'without HTTPS',
    prepare: () => Object.defineProperty(window, 'isSecureContext', { value: false }),
    alert: 'This page was loaded without HTTPS',
    finding: 'browser-unsupported',
  },
  {
    name: 'without a journal',
    prepare: () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('denied', 'SecurityError');
      };
    },
    alert: 'This page loads no key without a journal',
    finding: 'journal-failed',
  },
]) {
  test(`a page ${name} leads to Help, which has the support file`, async ({ page, service }) => {
    await page.addInitScript(prepare);
    await page.goto(service.url);
    await expect(page.getByRole('alert')).toContainText(alert);
    await page.getByRole('link', { name: 'Help with this' }).press('Enter');
    await expect(page.getByRole('heading', { level: 2, name: /needs? you/ })).toBeVisible();
    const own = page.getByRole('region', { name: 'This page' });
    await expect(own).toContainText('The page cannot start');
    await expect(own).toContainText(finding);
    await page.getByRole('button', { name: 'Show support file' }).click();
    await expect(page.getByRole('region', { name: 'Preview of the support file' })).toContainText(
      `"code": "${finding}"`,
    );
    await expectAccessible(page, `help ${name}`);
  });
}

test('the bar of a phone leads to Help, which fits', async ({ open, page }) => {
  await page.setViewportSize({ width: 320, height: 3000 });
  await open([unit(undefined, { permitted: true })]);
  await openHelp(page);
  await expect(page.getByRole('region', { name: 'Devices' })).toBeVisible();
  await page.getByRole('button', { name: 'Show support file' }).click();
  await expectAccessible(page, 'help at 320 px');
});
