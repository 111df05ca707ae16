// Screens of work orders: the list of orders, the board with a lane in each state, the import of
// unit lists, the closing and the report.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from '@playwright/test';
import type { Fault } from '#device-sim/unit/faults.ts';
import { DIVERSIFIED, SHARED } from '../e2e/support/sets.ts';
import { issueVault } from '../e2e/support/vaults.ts';
import { type Driver, type ScreenCase, unit } from './driver.ts';

const DAY_MS = 86_400_000;
const REFUSED: Fault = { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 };
const [ONE, TWO, THREE] = [unit(1), unit(2), unit(3)];

/** The form that says how the order would end. It appears after a click on the button. */
async function closingForm(driver: Driver): Promise<Locator> {
  await driver.button('Close order').click();
  return driver.find('form[aria-labelledby$=-ending]');
}

/** Opens an order for three units. Afterwards one unit is done, one has failed, one is absent. */
async function workOrder(driver: Driver, id: string): Promise<void> {
  const refused = unit(2, { faults: [REFUSED] });
  await driver.startOrder(id, [ONE, refused, unit(3, { plugged: false })]);
  await driver.press('G');
  await driver.until('done', ONE);
  await driver.until('failed', refused);
}

/** Opens the order of workOrder(), closes it and opens its report. Returns the saved report. */
export async function closeOrder(driver: Driver, id: string): Promise<string> {
  const { page } = driver;
  await workOrder(driver, id);
  await driver.send(await closingForm(driver), driver.texts.reason('Did not arrive'));
  await driver.click('a[href="#report"]');
  await driver.find('article header.done').waitFor();
  const saving = page.waitForEvent('download');
  await driver.button('Save report as JSON').click();
  return await readFile(await (await saving).path(), 'utf8');
}

/** Changes a reason in the rows of a report. */
export function tampered({ texts: { reason } }: Driver, report: string): string {
  const { rows, ...rest } = JSON.parse(report) as { readonly rows: unknown };
  const changed = JSON.stringify(rows).replace(reason('Did not arrive'), reason('Never arrived'));
  return JSON.stringify({ ...rest, rows: JSON.parse(changed) });
}

export const ORDER_CASES: Readonly<Record<string, ScreenCase>> = {
  'orders-list': async (driver) => {
    const { page } = driver;
    const service = await driver.services.startNew();
    driver.service = service;
    await driver.open([ONE]);
    await driver.go('orders');
    await driver.take('signed-out', 'main section');
    await driver.go('station');
    await driver.signIn();
    await driver.go('orders');
    await driver.gone('main section p[role=status]');
    await driver.take('empty');
    await driver.issue('NORTH-1', [ONE, TWO, THREE]);
    await driver.issue('NORTH-2', [ONE], '--dry-run');
    await driver.issue('NORTH-3', [TWO]);
    await driver.issue('NORTH-4', [THREE]);
    const absent = ['--absent', driver.texts.reason('Did not arrive')];
    await service.cli('order', 'revoke', driver.texts.orderId('NORTH-3'), driver.texts.reason('Wrong site'));
    await service.cli('order', 'close', driver.texts.orderId('NORTH-4'), ...absent);
    await driver.go('station');
    await driver.go('orders');
    await driver.take('', 'main li >> nth=3');
    await driver.find('main input[type=search]').fill(THREE.sn.slice(-4));
    await driver.take('search', 'main li .match');
    await driver.find('main input[type=search]').fill('');
    await driver.giveFile('order.json', '{"not": "an order"}');
    await driver.take('file-refused', 'main [role=alert]');
    await driver.openOrder('NORTH-4');
    await driver.take('report', 'article header.done');
    await driver.openOrder('NORTH-1');
    await driver.press('G');
    await driver.until('done', ONE);
    await driver.go('orders');
    await driver.take('order-open', 'main a[href="#station"]');
    await driver.click('main a[href="#station"] + button');
    await driver.gone('main a[href="#station"]');
    await driver.take('order-held');
    await service.cli('order', 'close', driver.texts.orderId('NORTH-1'), ...absent);
    const listed = page.waitForResponse('**/v1/work-orders');
    await driver.go('station');
    await driver.go('orders');
    await listed;
    await driver.openOrder('NORTH-1');
    await driver.take('closed-elsewhere', 'article header.done');
  },

  'orders-board': async (driver) => {
    const slow = unit(5, { latency: { identity: 0, challenge: 15_000, importKey: 0 } });
    const [refused, other] = [unit(2, { faults: [REFUSED] }), unit(7, {}, SHARED)];
    const [aside, lost, stranger] = [unit(3), unit(4), unit(6)];
    const listed = [ONE, refused, aside, lost, slow, other];
    await driver.issue('BOARD-1', [...listed, unit(9)]);
    await driver.start([...listed, stranger, unit(8, { faults: [{ fault: 'busy' }] })]);
    await driver.openOrder('BOARD-1');
    await driver.until('failed', other, stranger);
    await driver.take('at-rest');
    await driver.button('Set aside', aside).click();
    await driver.lane(aside).locator('input').fill(driver.texts.reason('Cover is broken'));
    await driver.take('set-aside-form');
    await driver.lane(aside).locator('[type=submit]').click();
    await driver.until('aside', aside);
    await driver.press('Q');
    await driver.fault(lost, { fault: 'unplug', direction: 'in', after: 60 });
    await driver.press('G');
    await driver.until('done', ONE);
    await driver.until('failed', refused);
    await driver.until('unknown', lost);
    await driver.take('working');
    await driver.press('P');
    await driver.take('paused', '[aria-keyshortcuts=G]');
    await driver.find('main [role=progressbar] [data-state=failed]').waitFor();
    await driver.click('fieldset button[aria-pressed=false]');
    await driver.take('failed-units', 'fieldset button:nth-of-type(2)[aria-pressed=true]');
    await driver.go('history');
    await driver.take('other-view', 'main li');
  },

  'orders-eight-done': async (driver) => {
    const units = Array.from({ length: 8 }, (_, index) => unit(index + 1));
    await driver.startOrder('EIGHT-1', units);
    await driver.press('G');
    await driver.until('done', ...units);
    await driver.take();
  },

  'orders-halted': async (driver) => {
    const units = [1, 2].map((number) => unit(number, { faults: [REFUSED] }));
    await driver.startOrder('HALTED-1', units, '--halt-after', '2');
    await driver.press('G');
    await driver.until('failed', ...units);
    await driver.take('', '[aria-keyshortcuts=G]');
  },

  'orders-label-scan': async (driver) => {
    const scan = driver.find('main form');
    await driver.startOrder('LABEL-1', [ONE, TWO], '--label-scan');
    await driver.press('G');
    await driver.take('', 'main form input.mono');
    await driver.send(scan, 'FFFF');
    await driver.take('unknown-label');
    await driver.send(scan, ONE.sn);
    await driver.until('done', ONE);
    await driver.send(scan, ONE.sn);
    await driver.until('failed', TWO);
    await driver.take('other-label');
  },

  'orders-dry-run': async (driver) => {
    await driver.startOrder('DRY-1', [ONE], '--dry-run');
    await driver.press('G');
    await driver.take('', 'article.done');
  },

  'orders-reason': async (driver) => {
    await driver.issue('REASON-1', [ONE]);
    await driver.start([ONE], { persist: false });
    await driver.openOrder('REASON-1');
    await driver.press('G');
    await driver.until('done', ONE);
    await driver.page.reload(); // the simulated unit loses its keys
    await driver.until('waiting', ONE);
    await driver.press('G');
    await driver.take('signed-out');
    await driver.signIn();
    await driver.take('', 'article.unknown');
  },

  'orders-time': async (driver) => {
    const begin = new Date(Date.now() + DAY_MS).toISOString();
    await driver.startOrder('EARLY-1', [ONE], '--from', begin);
    await driver.press('G');
    await driver.take('early');
    await driver.page.clock.setSystemTime(Date.now() + 40 * DAY_MS);
    await driver.gone('[aria-keyshortcuts=P]');
    await driver.take('over');
  },

  'orders-space-low': async (driver) => {
    await driver.page.addInitScript(() => {
      StorageManager.prototype.estimate = async () => ({ quota: 1_000_000, usage: 999_000 });
    });
    await driver.startOrder('SPACE-1', [ONE]);
    await driver.take('', 'main [role=alert]');
  },

  'orders-lists': async (driver) => {
    await driver.startOrder('LISTS-1', [ONE, unit(2, { plugged: false })]);
    await driver.press('G');
    await driver.until('done', ONE);
    await driver.giveFile(
      'meters.csv',
      `SN;Site\n${ONE.sn};${driver.texts.cell('north')}\n${THREE.sn};${driver.texts.cell('south')}\n`,
    );
    await driver.take('compared', 'main section div[role=status] ul');
    await driver.giveFile('meters.json', JSON.stringify([ONE.sn, driver.texts.cell('meter 7'), '4.5490E+17']));
    await driver.take('problems', 'main table');
    await driver.giveFile('reasons.csv', `SN,REASON\n${TWO.sn},${driver.texts.reason('Lost on the way')}\n`, 1);
    await driver.gone('main table');
    await driver.take('reasons');
  },

  'orders-vault': async (driver) => {
    const vault = await issueVault(driver.service, DIVERSIFIED, [ONE, TWO], '--exports', '1');
    const file = join(driver.service.folder, 'vault-order.json');
    await driver.issue('VAULT-1', [ONE, TWO]);
    await driver.service.cli('order', 'show', driver.texts.orderId('VAULT-1'), '--file', file);
    const order = await readFile(file, 'utf8');
    await rm(file);
    await driver.start([ONE, TWO]);
    await driver.signOut();
    await driver.openVault(vault);
    await driver.go('orders');
    await driver.take('list', 'main section');
    await driver.giveFile('order.json', order);
    await driver.take('exports-low', 'main [role=alert]');
  },

  'orders-closing': async (driver) => {
    await workOrder(driver, 'CLOSING-1');
    const form = await closingForm(driver);
    await form.waitFor();
    await driver.take('reasons-missing');
    await driver.send(form, driver.texts.reason('Did not arrive'));
    await driver.take('', 'a[href="#report"]');
  },

  report: async (driver) => {
    await driver.open([], { path: '/#report' });
    await driver.take('empty', 'main form');
    const report = await closeOrder(driver, 'REPORT-1');
    await driver.take();
    await driver.take('printed', 'article', 'print');
    await driver.giveFile('report.json', tampered(driver, report));
    await driver.take('tampered', 'article header.failed');
  },
};
