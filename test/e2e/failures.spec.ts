// Failures that occur in real use. After each failure, the page shows what to do, loses no record
// and works without a reload.
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';
import { Service } from './support/service.ts';
import { DIVERSIFIED, FIELD_KEY, NEXT_KEY, SHARED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

const IMPORT_KEY = 0xd8;

/**
 * Refusals of the unit. After some of them the outcome is unknown, and the page reads the receipt
 * from the unit without a click.
 */
const REFUSALS: readonly {
  name: string;
  fault: Fault;
  says: readonly string[];
  /** True if the page offers to load the key again with one button. */
  again?: boolean;
}[] = [
  {
    name: 'the unit cannot verify DATA (6988)',
    fault: { fault: 'refuse', ins: IMPORT_KEY, statusWord: 0x6988 },
    again: true,
    says: ['Press “Load again”.', 'Who acts: you', 'IMPORTKEY 6988'],
  },
  {
    name: 'the memory of the unit fails (6581)',
    fault: { fault: 'refuse', ins: IMPORT_KEY, statusWord: 0x6581 },
    again: true,
    says: ['The unit reports a memory fault', 'IMPORTKEY 6581'],
  },
  {
    name: 'the memory of the unit stores something else than the key (6581)',
    fault: { fault: 'memory', write: 3, effect: 'other content' },
    again: true,
    says: ['The unit reports a memory fault', 'IMPORTKEY 6581'],
  },
  {
    name: 'the unit returns an unknown status word (6FAB)',
    fault: { fault: 'refuse', ins: IMPORT_KEY, statusWord: 0x6fab },
    again: true,
    says: ['IMPORTKEY 6FAB'],
  },
  {
    name: 'the unit refuses a challenge (6985)',
    fault: { fault: 'refuse', ins: 0x84, statusWord: 0x6985 },
    says: ['Ask your administrator to prepare this unit first', 'Copy for the administrator', 'GET CHALLENGE 6985'],
  },
  {
    name: 'the unit returns success without a challenge',
    fault: { fault: 'refuse', ins: 0x84, statusWord: 0x9000 },
    again: true,
    says: ['a response that the protocol does not define', 'unit-nonsense'],
  },
];

test('a browser that denies access to localStorage can load keys', { tag: '@long' }, async ({
  open,
  page,
  service,
}) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', {
      get: () => {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      },
    });
  });
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
});

test('a page without HTTPS shows an alert instead of an incomplete page', async ({ page, service }) => {
  await page.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
  await page.goto(service.url);
  await expect(page.getByRole('alert')).toContainText('This page was loaded without HTTPS');
});

for (const { name, fault, again = false, says } of REFUSALS) {
  test(`shows what to do and continues after ${name}`, { tag: '@long' }, async ({ open, service }) => {
    const one = unit();
    const station = await open([one]);
    await station.signIn(service.token);
    const lane = await station.attach('USB', one.sn);
    await lane.expectWord('Ready');
    await station.fault(one.sn, fault);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Not loaded');
    for (const words of says) await lane.expectSaid(words);
    await lane.press(again ? 'Load again' : 'Choose key again');
    if (!again) await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
  });
}

test('a device that is not a unit is reported as such, and can be read again', async ({ open, service }) => {
  const one = unit(DIVERSIFIED, { faults: [{ fault: 'refuse', ins: 0xa4, statusWord: 0x6a82 }] });
  const station = await open([one]);
  await station.signIn(service.token);
  await station.attach('USB', one.sn);
  const lane = station.onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid('Choose another device');
  await lane.press('Read again');
  await lane.expectWord('Ready');
});

test('a serial adapter that only returns what it is sent is named, and works once a unit answers', async ({
  open,
  service,
}) => {
  const one = unit(DIVERSIFIED, { link: 'serial', adapter: true, faults: [{ fault: 'echo' }, { fault: 'silence' }] });
  const station = await open([one]);
  await station.signIn(service.token);
  await station.attach('Serial', one.sn);
  const lane = station.onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid('Check that the unit is connected and switched on, then press “Read again”.');
  await lane.expectSaid('The adapter only returns what this page sends. No unit answers through the adapter.');
  await station.page.evaluate((sn) => window.keyferrySimulator?.clearFaults(sn), one.sn);
  await lane.press('Read again');
  await lane.expectWord('Ready');
});

const UNFIT: readonly { name: string; more: Partial<UnitDescription>; says: string }[] = [
  { name: 'without a transport key', more: { blank: true }, says: 'This unit has no transport key yet' },
  { name: 'of a set that the AS does not have', more: { set: 0x0bad0001 }, says: 'The AS has no keys for the set' },
  {
    name: 'with a later transport key version',
    more: { tkv: 9 },
    says: 'lacks the transport key version of this unit',
  },
  { name: 'without a suite in common with the AS', more: { suites: [4] }, says: 'no suite in common' },
];

for (const { name, more, says } of UNFIT) {
  test(`the page offers no key to a unit ${name}, and shows why`, { tag: '@long' }, async ({ open, service }) => {
    const one = unit(DIVERSIFIED, more);
    const station = await open([one]);
    await station.signIn(service.token);
    const lane = await station.attach('USB', one.sn);
    await lane.expectSaid(says);
    await expect(lane.root.getByRole('button', { name: /^Load/ })).toHaveCount(0);
  });
}

test('the AS refuses a unit with a wrong transport key, and then serves another unit', async ({ open, service }) => {
  const [false_, true_] = [unit(SHARED, { transportKey: DIVERSIFIED.transportKey }), unit(SHARED)];
  const station = await open([false_, true_]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', false_.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Not loaded');
  await lane.expectSaid('Set this unit aside');
  await lane.expectSaid('challenge-refused');
  const other = await station.attach('USB', true_.sn);
  await other.load(FIELD_KEY.label, 1);
  await other.expectWord('Unplug');
});

test('cancelling the chooser shows no failure, and the page offers the list of all devices', async ({
  open,
  service,
  page,
}) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  await station.attach('USB', 'cancel');
  await expect(station.lanes).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Attach a unit' })).toBeVisible();
  await expect(page.getByText('Is your unit missing from the list?')).toBeVisible();
  await page.evaluate((sn) => window.keyferrySimulator?.nextChoice(sn), one.sn);
  await page.getByRole('button', { name: 'Show every USB device' }).click();
  await station.lane(one.sn).expectWord('Ready');
});

test('a card reader, whose class browsers block, is reported as such and cannot be retried', { tag: '@long' }, async ({
  open,
  page,
}) => {
  const reader = unit(DIVERSIFIED, { protectedClass: true });
  const station = await open([reader]);
  await station.attach('USB', 'cancel');
  await page.evaluate((sn) => window.keyferrySimulator?.nextChoice(sn), reader.sn);
  await page.getByRole('button', { name: 'Show every USB device' }).click();
  const lane = station.onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid('This is a PC/SC reader (USB class 0B).');
  await expect(lane.root.getByRole('button', { name: /read again|retry/i })).toHaveCount(0);
});

test('a unit in use by another program is reported, and can be read again when it is free', async ({
  open,
  service,
}) => {
  const one = unit(DIVERSIFIED, { faults: [{ fault: 'busy' }] });
  const station = await open([one]);
  await station.signIn(service.token);
  await station.attach('USB', one.sn);
  const lane = station.onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid('device-busy');
  await station.page.evaluate((sn) => window.keyferrySimulator?.clearFaults(sn), one.sn);
  await lane.press('Read again');
  await lane.expectWord('Ready');
});

test('blocks that are damaged on the serial line are sent again, and the key is loaded', { tag: '@long' }, async ({
  open,
  service,
}) => {
  const one = unit(DIVERSIFIED, { link: 'serial' });
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('Serial', one.sn);
  await lane.expectWord('Ready');
  await station.fault(one.sn, { fault: 'corrupt', direction: 'in', block: 1, bit: 77 });
  await station.fault(one.sn, { fault: 'corrupt', direction: 'out', block: 2, bit: 500 });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
});

test('the page shows that a unit without a USB serial number must be chosen each time', { tag: '@long' }, async ({
  open,
}) => {
  const one = unit(DIVERSIFIED, { usbSerialNumber: false });
  const station = await open([one]);
  const lane = await station.attach('USB', one.sn);
  await lane.expectWord('Attached');
  await lane.expectSaid('choose this unit again each time you plug it in');
});

test('a page without HTTPS shows an alert, even if the browser offers USB and serial', async ({ open, page }) => {
  await page.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
  await open([]);
  await expect(page.getByRole('alert')).toContainText('This page was loaded without HTTPS');
});

test.describe('failures of the AS', () => {
  test('a malformed response is rejected, and the key can be loaded afterwards', { tag: '@long' }, async ({
    open,
    service,
    page,
  }) => {
    const one = unit();
    const station = await open([one]);
    await station.signIn(service.token);
    const lane = await station.attach('USB', one.sn);
    await page.route('**/v1/exports', (route) =>
      route.fulfill({ status: 200, json: { exportId: 7, data: 'not DATA' } }),
    );
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Not loaded');
    await lane.expectSaid('service-nonsense');
    await page.unroute('**/v1/exports');
    await lane.press('Choose key again');
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
  });

  test('a response with status 500 is reported as a fault of the AS, and the load can be retried', async ({
    open,
    service,
    page,
  }) => {
    const one = unit();
    const station = await open([one]);
    await station.signIn(service.token);
    const lane = await station.attach('USB', one.sn);
    const problem = {
      type: 'urn:keyferry:problem:service-failed',
      title: 'The service failed',
      status: 500,
      detail: '',
    };
    await page.route('**/v1/exports', (route) =>
      route.fulfill({ status: 500, body: JSON.stringify(problem), contentType: 'application/problem+json' }),
    );
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Not loaded');
    await lane.expectSaid('The AS reported a fault');
    await page.unroute('**/v1/exports');
    await lane.press('Load again');
    await lane.expectWord('Unplug');
  });

  test('a request without a response ends with a timeout', { tag: '@long' }, async ({ open, page }) => {
    const station = await open([]);
    await page.route('**/v1/trust', () => new Promise(() => undefined));
    await station.token.fill('KF-00000-00000-00000-00000-00000-00000');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByText('service-timeout')).toBeVisible({ timeout: 30_000 });
    await expect(station.token).toBeEnabled();
  });

  test('an unknown access code is refused, and a valid one is then accepted', async ({ open, service, page }) => {
    const station = await open([]);
    await station.token.fill('KF-00000-00000-00000-00000-00000-00000');
    await station.submitCode();
    await expect(page.getByText('access-code-refused')).toBeVisible();
    await expect(station.token).toBeFocused();
    await station.signIn(service.token);
  });

  test('a restart of the AS requires a new sign-in but no reload', { tag: '@long' }, async ({ open, page }) => {
    const own = await Service.start();
    try {
      const one = unit();
      const station = await open([one], own);
      await station.signIn(own.token);
      const lane = await station.attach('USB', one.sn);
      await own.halt();
      await lane.load(FIELD_KEY.label, 1);
      await lane.expectWord('Not loaded');
      await lane.expectSaid('Check the network, then press “Load again”.');

      const token = await own.resume();
      await lane.press('Load again');
      await station.signIn(token);
      await lane.load(NEXT_KEY.label, 1);
      await lane.expectWord('Unplug');
      expect(await page.evaluate(() => performance.getEntriesByType('navigation').length)).toBe(1);
    } finally {
      await own.stop();
    }
  });

  test('a revoked access code requires a new sign-in, and the unit stays attached', { tag: '@long' }, async ({
    open,
  }) => {
    const own = await Service.start();
    try {
      const one = unit();
      const station = await open([one], own);
      await station.signIn(own.token);
      const lane = await station.attach('USB', one.sn);
      await own.cli('operator', 'revoke', 'operator');
      await lane.load(FIELD_KEY.label, 1);
      await lane.expectWord('Not loaded');
      await lane.expectSaid('Sign in again');
      const printed = await own.cli('operator', 'code', 'operator');
      await station.signIn(/KF-\S+/.exec(printed)?.[0] ?? '');
      await lane.press('Choose key again');
      await lane.load(FIELD_KEY.label, 1);
      await lane.expectWord('Unplug');
    } finally {
      await own.stop();
    }
  });
});
