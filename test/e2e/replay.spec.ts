// A load fails, the page is reloaded, and the support file is saved. The demo opens the file, and its
// load ends with the same sentence and the same code.
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from '@playwright/test';
import type { Fault } from '#device-sim/unit/faults.ts';
import { expectAccessible } from './support/accessible.ts';
import { Service } from './support/service.ts';
import { DIVERSIFIED, FIELD_KEY } from './support/sets.ts';
import { type LanePage, StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';

const GET_CHALLENGE = 0x84;
const IMPORT_KEY = 0xd8;

interface Case {
  readonly name: string;
  readonly link: 'USB' | 'Serial';
  readonly fault?: Fault;
  /** The problem with which the AS refuses the export. */
  readonly problem?: string;
  readonly word: string;
  readonly code: string;
  /** True for a case of `npm test`; all others run only in `npm run test:long`. */
  readonly always?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: 'a status word of the unit',
    link: 'USB',
    fault: { fault: 'refuse', ins: IMPORT_KEY, statusWord: 0x9401 },
    word: 'Not loaded',
    code: 'IMPORTKEY 9401',
    always: true,
  },
  {
    name: 'a damaged key, so that a MAC is wrong (6988)',
    link: 'USB',
    fault: { fault: 'corrupt', direction: 'out', block: 2, bit: 640 },
    word: 'Not loaded',
    code: 'IMPORTKEY 6988',
  },
  {
    name: 'a lost link, by an unplugged unit',
    link: 'Serial',
    fault: { fault: 'unplug', direction: 'out', after: 200 },
    word: 'Plug in again',
    code: 'device-lost',
  },
  {
    name: 'a unit that falls silent',
    link: 'USB',
    fault: { fault: 'outage', ins: GET_CHALLENGE, effect: 'silence' },
    word: 'Not loaded',
    code: 'link-timeout',
  },
  {
    name: 'a receipt with a wrong MAC',
    link: 'Serial',
    fault: { fault: 'altered answer', ins: IMPORT_KEY, effect: 'last byte' },
    word: 'Not confirmed',
    code: 'receipt-refused',
    always: true,
  },
  {
    name: 'invalid data of the unit',
    link: 'USB',
    fault: { fault: 'altered answer', ins: GET_CHALLENGE, effect: 'shorter' },
    word: 'Not loaded',
    code: 'unit-nonsense',
  },
  { name: 'a refusal of the AS', link: 'USB', problem: 'quota-used', word: 'Not loaded', code: 'quota-used' },
];

/** The sentences and the code of a lane whose load has failed. */
async function endOf(lane: LanePage, { word, code }: Case): Promise<string> {
  await lane.expectWord(word);
  await expect(lane.root.locator('.remedy')).toContainText(code);
  return (await lane.root.locator('.remedy > p').allTextContents()).join('\n').replace(/(unit-nonsense): .*/, '$1');
}

async function saveSupportFile(page: Page): Promise<string> {
  await page.getByRole('link', { name: 'Help', exact: true }).click();
  await page.getByRole('button', { name: 'Show support file' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save support file' }).click(),
  ]);
  return await download.path();
}

/** Waits until the exchanges of the failed load are stored. */
async function expectStored(page: Page): Promise<void> {
  const count = (): Promise<number> =>
    page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const request = indexedDB.open('keyferry');
          request.onerror = () => reject(request.error);
          request.onsuccess = () => {
            const traces = request.result.transaction('traces').objectStore('traces').count();
            traces.onsuccess = () => {
              request.result.close();
              resolve(traces.result);
            };
          };
        }),
    );
  await expect.poll(count).toBe(1);
}

async function replay(browser: Browser, demo: Service, file: string, end: Case): Promise<string> {
  const page = await browser.newPage();
  await page.goto(`${demo.url}/demo.html`);
  const station = new StationPage(page);
  await station.signIn(demo.token);
  const bench = page.getByRole('complementary', { name: 'Simulated bench' });
  await bench.getByLabel('Open support file').setInputFiles(file);
  await expect(bench.getByRole('status').filter({ hasText: end.code })).toContainText(
    'The load then ends as it did on',
  );
  const lane = await station.attachFirst(end.link);
  await lane.load('Data encryption key', 1);
  const words = await endOf(lane, end);
  await page.close();
  return words;
}

test.describe('a support file', () => {
  let demo: Service;
  test.beforeAll(async () => {
    demo = await Service.start({ demo: true });
  });
  test.afterAll(async () => {
    await demo.stop();
  });

  for (const each of CASES) {
    const details = each.always ? {} : { tag: '@long' };
    test(
      `of ${each.name} makes a load of the demo end in the same way`,
      details,
      async ({ open, service, page, browser }) => {
        const { link, fault, problem } = each;
        const one = unit(DIVERSIFIED, { link: link === 'USB' ? 'usb' : 'serial' });
        const station = await open([one]);
        await station.signIn(service.token);
        const lane = await station.attach(link, one.sn);
        await lane.expectWord('Ready');
        if (fault) await station.fault(one.sn, fault);
        if (problem) {
          const body = { type: `urn:keyferry:problem:${problem}`, title: 'No', status: 403, detail: 'No' };
          await page.route('**/v1/exports', (route) =>
            route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(body) }),
          );
        }
        await lane.load(FIELD_KEY.label, 1);
        const end = await endOf(lane, each);
        await expectStored(page);
        await page.reload();
        const file = await saveSupportFile(page);
        const [attempt] = JSON.parse(await readFile(file, 'utf8')).attempts;
        expect(attempt.exchanges[0]).toMatchObject({ command: 'GET CHALLENGE' });
        expect(await replay(browser, demo, file, each)).toBe(end);
      },
    );
  }

  test('is opened by a drop, and a file that is none is refused in words', async ({ page }) => {
    await page.goto(`${demo.url}/demo.html`);
    const bench = page.getByRole('complementary', { name: 'Simulated bench' });
    const drop = (content: string): Promise<void> =>
      bench.getByRole('region', { name: 'Simulated bench' }).evaluate((panel, text) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([text], 'support.json'));
        panel.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      }, content);
    const file = { format: 'keyferry-support', version: 1 };
    for (const [content, refusal] of [
      ['{"format":"keyferry-vault"}', 'This is not a support file. Choose a file that was saved under Help.'],
      [JSON.stringify({ ...file, version: 9 }), 'This support file has a newer format.'],
      [JSON.stringify(file), 'This support file contains no failed load.'],
    ] as const) {
      await drop(content);
      await expect(bench.getByRole('status')).toContainText([refusal]);
    }
    await expectAccessible(page, 'demo, refused support file');
    const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: '6988' };
    const exchanges = [{ header: '80D80000', statusWord: '6988' }];
    await drop(
      JSON.stringify({ ...file, attempts: [{ at: '2026-11-30T10:00:00Z', link: 'usb', failure, exchanges }] }),
    );
    await expect(bench.getByRole('status')).toContainText(['IMPORTKEY 6988']);
    await expect(bench.getByLabel('Next failure').first()).toHaveValue('as in the support file');
    await expectAccessible(page, 'demo, opened support file');
  });
});
