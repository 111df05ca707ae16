// Screens of the history, the demo, the dialog with the shortcuts, the faults of the page itself,
// and the report verifier.
import { FIELD_KEY, NEXT_KEY } from '../e2e/support/sets.ts';
import { type ScreenCase, unit } from './driver.ts';
import { closeOrder, tampered } from './order-cases.ts';

const FAULT = 'main > [role=alert]';
const HALTED = 'main [role=alert] button';

export const PAGE_CASES: Readonly<Record<string, ScreenCase>> = {
  history: async (driver) => {
    const [done, failed, lost] = [unit(1), unit(2), unit(3)];
    const rows = driver.page.locator('main li > button[aria-expanded]');
    const search = driver.find('main input[type=search]');
    await driver.start([done, failed, lost]);
    await driver.go('history');
    await driver.take('empty', 'main h2');
    await driver.go('station');
    await driver.fault(failed, { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 });
    await driver.fault(lost, { fault: 'unplug', direction: 'in', after: 60 });
    await driver.load(done);
    await driver.until('done', done);
    await driver.load(failed, NEXT_KEY.ref1, 2);
    await driver.until('failed', failed);
    await driver.load(lost, FIELD_KEY.ref1, 3);
    await driver.until('unknown', lost);
    await driver.go('history');
    await rows.nth(2).waitFor();
    await driver.take();
    for (const row of [rows.last(), rows.nth(1)]) await row.click();
    await driver.take('details');
    await search.fill(done.sn.slice(-4));
    await driver.take('search');
    await search.fill('nothing of that name');
    await driver.take('search-empty');
  },

  help: async (driver) => {
    const [good, busy] = [unit(1), unit(2, { permitted: false })];
    const foreign = unit(3, { permitted: false, protectedClass: true });
    const checked = 'main > section:first-of-type > button:enabled';
    await driver.start([good, busy, foreign]);
    await driver.go('help');
    await driver.take('ready', checked);
    await driver.button('Run self-test').click();
    await driver.button('Run self-test').and(driver.page.locator(':enabled')).waitFor();
    await driver.go('station');
    await driver.fault(good, { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 });
    await driver.load(good);
    await driver.until('failed', good);
    await driver.fault(busy, { fault: 'access denied' });
    await driver.attach(busy.sn);
    await driver.find('article.failed >> nth=1').waitFor();
    await driver.attach(foreign.sn);
    await driver.go('help');
    await driver.take('devices', checked);
    await driver.button('Show support file').click();
    await driver.take('file', 'main pre');
    const release = await driver.hold('**/v1/trust');
    await driver.click(checked);
    await driver.take('checking', 'main > section:first-of-type > button:disabled');
    release();
    await driver.page.context().setOffline(true);
    await driver.click(checked);
    await driver.take('offline', 'main code:has-text("service-unreachable")');
  },

  'by-hand': async (driver) => {
    driver.service = await driver.services.demo();
    await driver.open([]);
    await driver.click('main a[href$="demo.html"]');
    await driver.find('#bench button').first().waitFor();
    await driver.press('U');
    await driver.find('dialog input[type=radio]').check();
    await driver.click('dialog [type=submit]');
    await driver.find('article').waitFor();
    await driver.go('help');
    await driver.button('Show console').click();
    await driver.find('.console input[type=checkbox]').first().check();
    const command = driver.find('main form input');
    const send = driver.find('main form [type=submit]');
    await driver.take('empty', 'main form input');
    await command.fill('80 ca 00 00 00');
    await send.click();
    await driver.take('sent', 'main form > [role=status] > p > strong');
    await command.fill('80 D8 00 00 02 AA AA 00');
    await driver.take('refused', 'main form dl');
    await command.fill('80 CA 0');
    await driver.take('malformed');
  },

  shortcuts: async (driver) => {
    await driver.start([]);
    await driver.press('?');
    await driver.take('', 'dialog[open] kbd');
  },

  demo: async (driver) => {
    driver.service = await driver.services.demo();
    await driver.open([]);
    await driver.take('link', 'main a[href$="demo.html"]');
    await driver.click('main a[href$="demo.html"]');
    await driver.take('', '#bench button');
    await driver.signIn();
    await driver.press('U');
    await driver.find('dialog input[type=radio]').check();
    await driver.take('chooser');
    await driver.click('dialog [type=submit]');
    await driver.take('unit', 'article.waiting input');
    await driver.click('article footer > button');
    await driver.openOrder('DEMO-8');
    await driver.press('G');
    await driver.button('Plug in all').click();
    await driver.take('order', 'article.done >> nth=7');
  },

  'halted-insecure': async (driver) => {
    await driver.page.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
    await driver.page.goto(driver.service.url);
    await driver.take('', HALTED);
  },

  'halted-journal': async (driver) => {
    await driver.page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('denied', 'SecurityError');
      };
    });
    await driver.page.goto(driver.service.url);
    await driver.take('', HALTED);
  },

  'fault-superseded': async (driver) => {
    await driver.start([]);
    const other = await driver.page.context().newPage();
    await other.goto(`${driver.service.url}/favicon.svg`);
    await other.evaluate(() => void indexedDB.open('keyferry', 99));
    await driver.take('', FAULT);
  },

  'fault-broken': async (driver) => {
    await driver.start([]);
    await driver.page.evaluate(() => void dispatchEvent(new ErrorEvent('error')));
    await driver.take('', FAULT);
  },

  'fault-cut-off': async (driver) => {
    await driver.start([]);
    await driver.page.route('**/assets/**', (route) => route.abort());
    await driver.go('history');
    await driver.take('', FAULT);
  },

  verify: async (driver) => {
    const report = await closeOrder(driver, 'VERIFY-1');
    const root = /In full\s+(\S+)/.exec(await driver.service.cli('trust'))?.[1] ?? '';
    const verifier = driver.on(await driver.page.context().newPage());
    const url = driver.addressOf('verify.html');
    await verifier.page.goto(url);
    await verifier.take('known-root', 'main input[type=radio]');
    await verifier.page.goto(url.replace('localhost', '127.0.0.1'));
    await verifier.take('empty', 'main form');
    await verifier.send(verifier.find('main form'), 'B98A 3ABA');
    await verifier.take('root-refused', 'main form [role=alert]');
    await verifier.giveFile('report.json', report);
    await verifier.take('root-missing', 'main > div > [role=alert]');
    await verifier.send(verifier.find('main form'), root);
    await verifier.take('genuine', 'article header.done');
    await verifier.take('printed', 'article', 'print');
    await verifier.giveFile('report.json', tampered(driver, report));
    await verifier.take('tampered', 'article header.failed');
    await verifier.giveFile('report.json', report.slice(0, -40));
    await verifier.gone('article table');
    await verifier.take('refused');
  },
};
