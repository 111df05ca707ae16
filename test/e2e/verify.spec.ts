// Checks reports with the page and with the verifier, which is served by the AS or opened from a
// folder. Both accept the genuine report, and both report every change.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from '@playwright/test';
import type { Report, ReportRow } from '#protocol/orders/report.ts';
import { expectAccessible } from './support/accessible.ts';
import { openNew } from './support/orders-page.ts';
import { expect, test, unit } from './support/test.ts';

const REFUSED = 'Do not rely on this report';

/** Returns changed rows of a report, each with the sentence that describes the change. */
function tamperings(rows: readonly ReportRow[]): readonly (readonly [rows: readonly ReportRow[], words: string])[] {
  const [first, second, third] = rows as readonly [ReportRow, ReportRow, ReportRow];
  const swapped = { ...first, loads: second.loads };
  const stranger = { ...third, sn: 'F'.repeat(32) };
  const renamed = { ...second, reason: 'Cover is broken' };
  return [
    [[swapped, second, third], 'The receipt in this row is from another unit: receipts were swapped.'],
    [[first, third], 'The row of this unit was removed from the report.'],
    [[second, first, third], 'From this row on, the rows are not in the order that the AS signed.'],
    [
      [first, second, third, stranger],
      'The row of this unit was added to the report after the AS signed it. The work order does not list this unit.',
    ],
    [[first, first, second, third], 'This unit has two rows. One of them was added to the report.'],
    [[first, renamed, third], 'This row was changed after the AS signed the report.'],
  ];
}

async function check(page: Page, report: string): Promise<void> {
  const buffer = Buffer.from(report);
  const file = { name: 'report.json', mimeType: 'application/json', buffer };
  await page.getByLabel('Open report file').setInputFiles(file);
}

async function expectVerdicts(page: Page, text: string): Promise<void> {
  const report = JSON.parse(text) as Report;
  const sheet = page.getByRole('article');
  const verdict = sheet.getByRole('heading', { level: 2 });
  for (const [rows, words] of tamperings(report.rows)) {
    await check(page, JSON.stringify({ ...report, rows }));
    await expect(verdict).toHaveText(REFUSED);
    await expect(sheet.getByRole('list')).toContainText(words);
    await check(page, text);
    await expect(verdict).toHaveText('Genuine');
  }
  await expect(sheet.getByText('Done, proven')).toHaveCount(report.rows.length);
  await expect(sheet).toContainText('Time zoneUTC');
  await expect(sheet.getByRole('row').last()).toContainText(/→ slot 2, version \d+, KCV [0-9A-F]{10}/);
  await check(page, text.slice(0, -40));
  await expect(verdict).toHaveText(REFUSED);
  await expect(sheet.getByRole('list')).toContainText('or it is damaged');
  await expect(sheet).toContainText('File report.json');
  await expect(sheet.getByRole('button')).toHaveCount(0);
  await expect(sheet.getByRole('table')).toHaveCount(0);
}

/** Checks that the verdict is prominent, also on a phone and in print. */
async function expectLegible(page: Page): Promise<void> {
  const verdict = page.getByRole('article').getByRole('heading', { level: 2 });
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => scrollTo(0, 0));
  await expect(verdict).toBeInViewport();
  const hidden = await page.evaluate(() => {
    const all = [document.documentElement, ...document.querySelectorAll('article')];
    return all.map((each) => each.scrollWidth - each.clientWidth);
  });
  expect(hidden).toEqual([0, 0]);
  await expect(page.getByRole('cell').first()).toBeVisible();
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const colour = (): Promise<string> =>
    page
      .getByRole('cell')
      .first()
      .evaluate((cell) => getComputedStyle(cell).color);
  expect(await colour()).toBe('rgb(24, 32, 35)'); // the ink of the light theme
  await page.emulateMedia({ media: null, colorScheme: null });
  if (size) await page.setViewportSize(size);
}

test('the page, the verifier without a network and the verifier from a folder accept only the genuine report', async ({
  open,
  service,
  page,
  browser,
  watch,
}) => {
  const units = [unit(), unit(), unit()];
  const { orders } = await openNew({ open, service, page }, units, { units: units.map(({ sn }) => sn) });
  for (const { sn } of units) await orders.attach(sn);
  await orders.start();
  await orders.expectDone(3);
  await orders.close();
  await orders.openReport();
  await expect(page.getByRole('article').getByRole('heading', { level: 2 })).toHaveText('Genuine');
  await expectLegible(page);
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save report as JSON' }).click();
  const chunks: Buffer[] = [];
  for await (const chunk of await (await saving).createReadStream()) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  await expectVerdicts(page, text);

  // The verifier that the AS serves reads the pinned root keys of this station.
  const opening = page.context().waitForEvent('page');
  await page.getByRole('link', { name: 'Open verifier' }).click();
  const verifier = await opening;
  const asked: string[] = [];
  await expect(verifier.getByRole('heading', { level: 1 })).toHaveText('Keyferry report verifier');
  verifier.on('request', (request) => void asked.push(request.url()));
  await page.context().setOffline(true);
  watch.requests.length = 0;
  await expectVerdicts(verifier, text);
  await check(verifier, text);
  await expect(verifier.getByRole('article').getByText('Done, proven')).toHaveCount(3);
  await expectAccessible(verifier, 'the verifier');
  await verifier.setViewportSize({ width: 320, height: 640 });
  await expectAccessible(verifier, 'the verifier, 320 px');
  expect([...asked, ...watch.requests].filter((request) => !/(^| )blob:/.test(request))).toEqual([]);
  await verifier.close();
  const root = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const opening = indexedDB.open('keyferry');
        opening.onsuccess = () => {
          const reading = opening.result.transaction('trust').objectStore('trust').getAll();
          reading.onsuccess = () => {
            opening.result.close();
            resolve((reading.result as { root: string }[])[0]?.root ?? '');
          };
        };
      }),
  );
  await page.context().setOffline(false);

  // Opens the saved verifier in another browser, from a folder and without a network.
  const folder = await mkdtemp(join(tmpdir(), 'kf-verify-'));
  const context = await browser.newContext({ offline: true });
  try {
    const file = join(folder, 'verify.html');
    await copyFile('dist/app/verify.html', file);
    const reader = await context.newPage();
    const offences: string[] = [];
    reader.on('pageerror', ({ message }) => void offences.push(message));
    reader.on('console', (message) => void (message.type() === 'error' && offences.push(message.text())));
    await reader.goto(pathToFileURL(file).href);
    await reader.getByLabel('Another root key').fill('B98A 3ABA');
    await reader.getByRole('button', { name: 'Trust key for this check' }).click();
    await expect(reader.getByRole('alert')).toContainText('The AS prints the key in the line “In full”');
    await reader.getByLabel('Another root key').fill('A'.repeat(43));
    await reader.getByRole('button', { name: 'Trust key for this check' }).click();
    await check(reader, text);
    await expect(reader.getByRole('list')).toContainText('Another AS than the trusted one made this report.');
    await reader.getByLabel('Another root key').fill(root);
    await reader.getByRole('button', { name: 'Trust key for this check' }).click();
    await reader.getByRole('radio').last().check();
    await expectVerdicts(reader, text);
    expect(offences).toEqual([]);
  } finally {
    await context.close();
    await rm(folder, { recursive: true });
  }
});
