// Screens of the station: signing in, attaching a unit, loading a key, and every outcome of a load.
import { rm } from 'node:fs/promises';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { CHACHA, FIELD_KEY, NEXT_KEY } from '../e2e/support/sets.ts';
import { type ScreenCase, unit } from './driver.ts';
import { EMPTY_SET, ERASE_REF1, REPLACE_REF1 } from './services.ts';

const WRONG_CODE = 'KF-00000-00000-00000-00000-00000-00000';
const INS = { select: 0xa4, challenge: 0x84, importKey: 0xd8 } as const;
const ONE = unit(1);

const refuse = (ins: number, statusWord: number): Fault => ({ fault: 'refuse', ins, statusWord });
const stage = (number: number): string => `article li:nth-child(${number})[aria-current=step]`;

/** Units that the page can read but cannot load a key into. */
const UNFIT: readonly Partial<UnitDescription>[] = [
  { blank: true },
  { set: 0x0bad0001 },
  { set: EMPTY_SET },
  { tkv: 9 },
  { suites: [4] },
  { usbSerialNumber: false },
];

/** Devices that the page cannot read. */
const UNREAD: readonly Partial<UnitDescription>[] = [
  { faults: [refuse(INS.select, 0x6a82)] },
  { faults: [{ fault: 'silence' }] },
  { faults: [{ fault: 'busy' }] },
  { faults: [{ fault: 'busy' }], link: 'serial' },
  { faults: [{ fault: 'access denied' }] },
  { faults: [{ fault: 'access denied' }], link: 'serial' },
  { faults: [{ fault: 'driver missing' }] },
];

/** Faults of a unit that end a load. */
const FAULTS: readonly Fault[] = [
  { fault: 'corrupt', direction: 'out', block: 2, bit: 640 },
  refuse(INS.challenge, 0x6985),
  refuse(INS.challenge, 0x9000),
  { fault: 'late answer', ms: 60_000 },
  refuse(INS.importKey, 0x6581),
  refuse(INS.importKey, 0x6fab),
];

/** Responses of the AS that end a load: the HTTP status and the code of the problem. */
const ANSWERS: readonly (readonly [status: number, code?: string])[] = [
  [200],
  [500],
  [403, 'quota-used'],
  [403, 'unit-not-listed'],
  [403, 'slot-not-permitted'],
  [403, 'challenge-refused'],
  [429, 'too-many-requests'],
];

/** Returns an answer of the AS with this problem code, or for '' the answer of another server. */
function problem(status: number, code: string) {
  const type = `urn:keyferry:problem:${code}`;
  const contentType = code === '' ? 'application/json' : 'application/problem+json';
  return { status, contentType, body: JSON.stringify({ type, title: code, status, detail: code }) };
}

export const STATION_CASES: Readonly<Record<string, ScreenCase>> = {
  'station-sign-in': async (driver) => {
    await driver.open([]);
    await driver.take();
    const release = await driver.hold('**/v1/whoami');
    await driver.enterCode(WRONG_CODE);
    await driver.take('pending', '#code:disabled');
    release();
    await driver.take('refused', '#code[aria-invalid=true]');
    await driver.page.route('**/v1/**', (route) => route.abort());
    await driver.enterCode(WRONG_CODE);
    await driver.take('unreachable', '#code[aria-invalid=false]:enabled');
  },

  'station-no-units': async (driver) => {
    await driver.start([]);
    await driver.take();
    await driver.attach('cancel');
    await driver.take('usb-cancelled', 'main [role=status] button');
    await driver.attach('cancel', 'S');
    await driver.gone('main [role=status] button');
    await driver.take('serial-cancelled', 'main [role=status] strong');
  },

  'station-unsupported': async (driver) => {
    await driver.page.addInitScript(() => {
      for (const name of ['usb', 'serial']) Object.defineProperty(navigator, name, { value: undefined });
    });
    await driver.page.goto(driver.service.url);
    await driver.take('', 'main [role=status] code');
  },

  'station-signed-out': async (driver) => {
    await driver.open([ONE]);
    await driver.take('', 'article.waiting');
  },

  'station-load': async (driver) => {
    const slow = unit(1, { permitted: false, latency: { identity: 4000, challenge: 4000, importKey: 6000 } });
    await driver.start([slow]);
    await driver.attach(slow.sn);
    await driver.take('reading', 'article.working');
    await driver.take('ready', 'article.waiting');
    await driver.choose(slow, FIELD_KEY.ref1, 1);
    await driver.take('slot-chosen');
    const [exported, verified] = [await driver.hold('**/v1/exports'), await driver.hold('**/v1/receipts')];
    await driver.press('L');
    await driver.take('challenge', stage(2));
    await driver.take('export', stage(3));
    exported();
    await driver.take('import', stage(4));
    await driver.take('receipt', stage(5));
    verified();
    await driver.take('done', 'article.done');
    await driver.press('T');
    await driver.take('conversation', 'details ol li');
    await driver.press('T');
    await driver.press('N');
    await driver.choose(slow, NEXT_KEY.ref1, 1);
    await driver.take('replace-warning');
    await driver.find('article input[type=checkbox]').check();
    await driver.press('L');
    await driver.press('X');
    await driver.take('stopping');
    await driver.take('stopped', 'article.failed');
  },

  'station-unplugged': async (driver) => {
    await driver.start([ONE]);
    await driver.load(ONE);
    await driver.until('done', ONE);
    await driver.plug(ONE, 'unplug');
    await driver.gone('[aria-keyshortcuts=N]');
    await driver.take('done');
    await driver.plug(ONE);
    await driver.until('waiting', ONE);
    await driver.plug(ONE, 'unplug');
    await driver.gone('article input');
    await driver.take('ready');
  },

  // Key entries that contain no key: one erases a slot, the other replaces T.
  'station-entry': async (driver) => {
    const one = unit(1, {}, CHACHA);
    await driver.start([one]);
    await driver.load(one);
    await driver.until('done', one);
    for (const [ref1, slot, name] of [
      [ERASE_REF1, 1, 'erase'],
      [REPLACE_REF1, TRANSPORT_KEY_SLOT, 'transport-key'],
    ] as const) {
      await driver.press('N');
      await driver.choose(one, ref1, slot);
      await driver.take(name);
      await driver.find('article input[type=checkbox]').check();
      await driver.take(`${name}-confirmed`);
      await driver.press('L');
      await driver.take(`${name}-done`, 'article.done');
    }
  },

  'station-unfit': async (driver) => {
    const units = UNFIT.map((more, index) => unit(index + 1, more));
    await driver.start(units);
    await driver.until('waiting', ...units);
    await driver.take();
  },

  'station-unread': async (driver) => {
    const units = UNREAD.map((more, index) => unit(index + 1, more));
    for (const [name, userAgent] of [
      ['linux', 'Linux'],
      ['windows', 'Windows NT 10.0'],
    ] as const) {
      await driver.page.addInitScript(
        (value) => Object.defineProperty(navigator, 'userAgent', { value, configurable: true }),
        userAgent,
      );
      await driver.start(units);
      await driver.take(name, `article.failed >> nth=${units.length - 1}`);
    }
  },

  'station-card-reader': async (driver) => {
    const reader = unit(1, { permitted: false, protectedClass: true });
    await driver.start([reader]);
    await driver.attach('cancel');
    await driver.page.evaluate((sn) => window.keyferrySimulator?.nextChoice(sn), reader.sn);
    await driver.click('main [role=status] button');
    await driver.take('', 'article.failed');
  },

  'station-other-tab': async (driver) => {
    const one = unit(1, { permitted: false });
    const other = driver.on(await driver.page.context().newPage());
    await other.start([one]);
    await other.attach(one.sn);
    await other.until('waiting', one);
    await driver.page.bringToFront(); // a page behind another one draws nothing, and cannot be clicked
    await driver.start([one]);
    await driver.attach(one.sn);
    await driver.take('', 'article.failed');
  },

  'station-failed-by-unit': async (driver) => {
    const units = FAULTS.map((_, index) => unit(index + 1));
    await driver.start(units);
    for (const [index, one] of units.entries()) {
      await driver.fault(one, FAULTS[index] ?? { fault: 'silence' });
      await driver.load(one);
      await driver.lane(one).and(driver.page.locator('.failed, .unknown')).waitFor();
    }
    await driver.take();
  },

  'station-failed-by-as': async (driver) => {
    const { page } = driver;
    const units = ANSWERS.map((_, index) => unit(index + 1));
    const [unreachable, unverified, last] = [unit(21), unit(22), unit(23)];
    await driver.start([...units, unreachable, unverified, last]);
    for (const [index, one] of units.entries()) {
      const [status, code = ''] = ANSWERS[index] ?? [500];
      await page.route('**/v1/exports', (route) => route.fulfill(problem(status, code)));
      await driver.load(one);
      await driver.until('failed', one);
    }
    await page.route('**/v1/exports', (route) => route.abort());
    await driver.load(unreachable);
    await driver.until('failed', unreachable);
    await page.unroute('**/v1/exports');
    await page.route('**/v1/receipts', (route) => route.abort());
    await driver.load(unverified);
    await driver.until('unknown', unverified);
    await driver.take();
    await page.route('**/v1/exports', (route) => route.fulfill(problem(401, 'signed-out')));
    await driver.load(last);
    await driver.take('signed-out', '#code');
  },

  'station-journal-full': async (driver) => {
    await driver.start([ONE]);
    await driver.page.evaluate(() => {
      IDBDatabase.prototype.transaction = () => {
        throw new DOMException('no space', 'QuotaExceededError');
      };
    });
    await driver.load(ONE);
    await driver.take('', 'article.failed');
  },

  'station-unknown': async (driver) => {
    const serial = unit(2, { link: 'serial' });
    await driver.start([ONE, serial]);
    await driver.fault(ONE, { fault: 'unplug', direction: 'in', after: 60 });
    await driver.fault(serial, { fault: 'unplug', direction: 'out', after: 200 });
    for (const one of [ONE, serial]) await driver.load(one);
    await driver.until('unknown', ONE, serial);
    await driver.take('unplugged');
    const release = await driver.hold('**/v1/receipts');
    for (const one of [ONE, serial]) await driver.plug(one);
    await driver.until('failed', serial);
    await driver.take('finding-out', 'article.working');
    release();
    await driver.take('settled', 'article.done');
  },

  'station-left-open': async (driver) => {
    const slow = unit(1, { latency: { identity: 0, challenge: 0, importKey: 8000 } });
    await driver.start([slow]);
    await driver.load(slow);
    await driver.find(stage(4)).waitFor();
    await driver.open([unit(1, { plugged: false })]);
    await driver.take('signed-out', 'main h2 >> nth=1');
    await driver.signIn();
    await driver.take('signed-in');
  },

  'station-lanes': async (driver) => {
    const units = Array.from({ length: 8 }, (_, index) => unit(index + 1, { plugged: index < 2 }));
    const [first = ONE, second = ONE, third = ONE] = units;
    await driver.start(units);
    await driver.until('waiting', first, second);
    await driver.take('two');
    for (const one of units.slice(2)) await driver.plug(one);
    await driver.until('waiting', ...units);
    await driver.fault(second, refuse(INS.importKey, 0x6985));
    await driver.load(first);
    await driver.load(second);
    await driver.choose(third, NEXT_KEY.ref1, 2);
    await driver.until('done', first);
    await driver.until('failed', second);
    await driver.take('eight');
  },

  'station-offline': async (driver) => {
    const { page } = driver;
    driver.service = await driver.services.startNew({ bare: true });
    await driver.open([]);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await driver.service.halt();
    await page.context().setOffline(true);
    await page.reload();
    await driver.take('', '#code');
    await driver.enterCode(WRONG_CODE);
    await driver.take('sign-in', '#code-help code');
  },

  'station-root-key': async (driver) => {
    const service = await driver.services.startNew({ bare: true });
    driver.service = service;
    await driver.start([]);
    await driver.signOut();
    await service.halt();
    await rm(service.folder, { recursive: true });
    await service.resume();
    await driver.enterCode(service.token);
    await driver.take('changed', 'main input[type=checkbox]');
    await driver.find('main input[type=checkbox]').check();
    await driver.take('compared');
  },
};
