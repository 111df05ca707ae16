// Tests a page that `site pack` wrote, below a path of another web server, with its AS on another
// origin. The page uses the AS, the device profiles and the policy of the signed site file, and
// refuses an untrusted file (docs/protocol.md clause 9.2).
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { png } from '#test/support/png.ts';
import { OTHER_ROOT, signSiteFile } from '#test/support/site.ts';
import { expectAccessible } from './support/accessible.ts';
import { injectSimulator } from './support/inject.ts';
import { PackedServer } from './support/packed-server.ts';
import { Service, type ServiceOptions } from './support/service.ts';
import { FIELD_KEY, SHARED } from './support/sets.ts';
import { test as base, expect, unit } from './support/test.ts';

interface Site {
  readonly web: PackedServer;
  /** Starts an AS that permits the origin of the page. */
  readonly startAs: (options?: ServiceOptions) => Promise<Service>;
  /** Packs these settings and serves the folder. Resolves to the text of the site file. */
  readonly pack: (service: Service, settings?: object) => Promise<string>;
  /** Starts an AS, packs these settings, opens the page with one unit and signs in. */
  readonly openPacked: (settings: object) => Promise<UnitDescription>;
}

const test = base.extend<Site>({
  web: async ({ browserName: _ }, use) => {
    const web = await PackedServer.start();
    await use(web);
    await web.stop();
  },
  startAs: async ({ web, page }, use) => {
    let service: Service | undefined;
    await use(async (options = {}) => {
      service = await Service.start({ ...options, args: ['--allow-origin', web.origin] });
      return service;
    });
    await page.close();
    await service?.stop();
  },
  pack: async ({ web }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'kf-site-'));
    let count = 0;
    await use(async (service, settings = {}) => {
      const config = join(folder, 'settings.json');
      web.folder = join(folder, String(++count));
      await writeFile(join(folder, 'acme.png'), png(64, 64));
      await writeFile(config, JSON.stringify({ name: 'ACME Payments', as: [service.url], ...settings }));
      await service.cli('site', 'pack', '--config', config, '--out', web.folder);
      return await readFile(join(web.folder, 'site.json'), 'utf8');
    });
    await rm(folder, { recursive: true });
  },
  openPacked: async ({ page, station, web, startAs, pack }, use) => {
    await use(async (settings) => {
      const service = await startAs();
      await pack(service, settings);
      const one = unit(SHARED);
      await injectSimulator(page, [one]);
      await page.goto(web.url);
      await station.signIn(service.token);
      return one;
    });
  },
});

const PROFILES = [
  { name: 'Terminal', ids: '1209:0BEE', usb: {} },
  { name: 'Old terminal', ids: '1209:0BEF', serial: { baudRate: 9600, parity: 'even', edc: 'lrc' } },
];
const USB_UNIT = unit(SHARED, { link: 'usb', productId: 0x0bee });
const SERIAL_UNIT = unit(SHARED, {
  ...{ link: 'serial', productId: 0x0bef, baudRate: 9600, parity: 'even', edc: 'lrc' },
});

test('a packed page loads keys into units that only its site file names', async ({
  page,
  station,
  web,
  startAs,
  pack,
  watch,
}) => {
  const service = await startAs();
  await pack(service, { profiles: PROFILES });
  await injectSimulator(page, [USB_UNIT, SERIAL_UNIT]);
  await page.goto(web.url);
  // Before the operator has compared the root key, the page uses only the AS addresses of the file.
  await expect(page.getByRole('heading', { name: 'Compare the root key' })).toBeVisible();
  await expect(page.getByText('ACME Payments')).toHaveCount(0);
  await station.signIn(service.token);
  await expect(page.getByText('ACME Payments')).toBeVisible();
  for (const [kind, { sn }] of [['USB', USB_UNIT] as const, ['Serial', SERIAL_UNIT] as const]) {
    const lane = await station.attach(kind, sn);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
    await lane.expectSaid('Receipt verified by the AS');
  }
  const asked = watch.requests.map((each) => each.split(' ')[1] ?? '');
  expect(asked.filter((url) => url.includes('/v1/')).every((url) => url.startsWith(`${service.url}/v1/`))).toBe(true);

  await page.getByRole('link', { name: 'Help', exact: true }).click();
  const devices = page.getByRole('region', { name: 'Devices' });
  for (const { name } of PROFILES) await expect(devices).toContainText(`profile “${name}”`);
  await station.openStation();

  // If the server has no site file, the station uses the one that it accepted before.
  web.siteFile = null;
  await page.reload();
  await expect(page.getByText('ACME Payments')).toBeVisible();
  await station.signIn(service.token);
});

test('a packed page shows the look of its site and enforces its rules', async ({ page, station, openPacked }) => {
  const policy = { singleKeys: false, autoRun: true };
  const one = await openPacked({ mark: 'acme.png', accent: '#C94A3B', policy });
  const canvas = page.locator('.brand canvas');
  await expect(canvas).toBeVisible();
  // The middle of the drawn image has the grey of the file.
  const pixel = await canvas.evaluate((element: HTMLCanvasElement) =>
    Array.from(element.getContext('2d')?.getImageData(32, 32, 1, 1).data ?? []),
  );
  expect(pixel).toEqual([0x40, 0x40, 0x40, 0xff]);
  await expect(page.locator('.bar')).toHaveCSS('box-shadow', /rgb\(201, 74, 59\)/);

  await station.attach('USB', one.sn);
  await expect(page.getByText('This site requires a work order. Open an order.')).toBeVisible();
  await expect(page.getByRole('radio')).toHaveCount(0);

  await page.getByRole('link', { name: 'Help', exact: true }).click();
  const settings = page.getByRole('region', { name: 'Settings of this site' });
  await expect(settings).toContainText('Keys are loaded only with a work order.');
  await expect(settings).toContainText('An order starts when it is opened.');
  await expectAccessible(page, 'settings of the site');
});

test('an expert sends commands by hand if the site file permits it, and then loads a key', { tag: '@long' }, async ({
  page,
  station,
  openPacked,
}) => {
  const one = await openPacked({ policy: { sendByHand: true } });
  const lane = await station.attach('USB', one.sn);
  await lane.expectWord('Ready');

  await page.getByRole('link', { name: 'Help', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Settings of this site' })).toContainText('Experts can send commands');
  const console = page.getByRole('region', { name: 'Console' });
  await console.getByRole('button', { name: 'Show console' }).click();
  const byHand = console.getByRole('checkbox', { name: 'Send commands by hand' });
  await expect(byHand).not.toBeChecked();
  await byHand.press('Space');
  const command = console.getByLabel('Command in hex');
  const send = console.getByRole('button', { name: 'Send command' });
  await expect(send).toBeDisabled();

  await command.fill('00 a4 04 00 06 f0544b4c3101 00');
  await expect(console).toContainText('SELECT: Selects the key application and reads the identity');
  await send.press('Enter');
  await expect(console).toContainText('The unit has answered SELECT with 9000 done.');
  await command.fill('80CA000000');
  await expect(console).toContainText('GET IDENTITY: Reads the identity of the unit');
  await send.click();
  await expect(console).toContainText('The unit has answered GET IDENTITY with 9000 done.');
  const rows = console.getByRole('list', { name: 'Exchanges' }).locator('> li').filter({ hasText: 'Sent by hand' });
  await expect(rows).toHaveCount(2);
  await rows.first().locator('summary').click();
  await expect(rows.first()).toContainText('9000 done');

  await command.fill(`80D8000002 AAAA 00`);
  await expect(console).toContainText('IMPORTKEY is not sent by hand');
  await expect(send).toBeDisabled();
  await expectAccessible(page, 'a command by hand');
  await command.fill('80 D8 00 00 05 AA');
  await expect(console).toContainText('Lc is 5, but the number of bytes after it is 1.');
  await expect(console.getByRole('list', { name: 'Exchanges' })).not.toContainText('IMPORTKEY');
  await page.getByRole('button', { name: 'Show support file' }).click();
  await expect(page.getByRole('region', { name: 'Preview of the support file' })).toContainText('"isByHand": true');

  await station.openStation();
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.expectSaid('Receipt verified by the AS');
});

test('a site file that is changed, foreign, older or unsigned is refused in words', async ({
  page,
  station,
  web,
  startAs,
  pack,
}) => {
  const service = await startAs({ bare: true });
  const older = await pack(service, { name: 'First' });
  const accepted = await pack(service, { name: 'Second' });
  await page.goto(web.url);
  await station.signIn(service.token);

  const { site, ...rest } = JSON.parse(accepted) as { site: { payload: string } };
  const settings = Buffer.from(site.payload, 'base64url').toString().replace('Second', 'Other!');
  const changed = JSON.stringify({ ...rest, site: { ...site, payload: Buffer.from(settings).toString('base64url') } });
  const refused = [
    [changed, 'The site file of this page was changed after your AS signed it.', 'site-changed'],
    [
      await signSiteFile({ root: OTHER_ROOT, site: { as: [service.url] } }),
      'The site file of this page was signed by an AS that this station does not trust',
      'site-untrusted',
    ],
    [older, 'older than the one that this station used last', 'the site file has number 1, and 2 was accepted before'],
    [JSON.stringify({ as: [service.url] }), 'has no signature of your AS', 'site-unsigned'],
    [accepted.slice(0, 200), 'is damaged', 'site-unreadable'],
  ] as const;
  for (const [text, title, code] of refused) {
    web.siteFile = text;
    await page.reload();
    const alert = page.getByRole('alert');
    await expect(alert).toContainText(title);
    await expect(alert).toContainText('your administrator');
    await expect(alert).toContainText(code);
    await expect(station.token).toHaveCount(0);
  }
  await expectAccessible(page, 'a refused site file');
  await page.getByRole('button', { name: 'Use previous settings' }).click();
  await expect(page.getByText('Second')).toBeVisible();
  await station.signIn(service.token);
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('is damaged');

  web.siteFile = undefined;
  await pack(service, { name: 'Third' });
  await page.reload();
  await expect(page.getByText('Third')).toBeVisible();
});

test('at the first contact, a file of another root is refused before the access code is sent', async ({
  page,
  station,
  web,
  startAs,
  pack,
  watch,
}) => {
  const service = await startAs({ bare: true });
  await pack(service);
  web.siteFile = await signSiteFile({ root: OTHER_ROOT, site: { as: [service.url] } });
  await page.goto(web.url);
  await page.getByRole('checkbox', { name: 'All eight groups are the same' }).check();
  await station.token.fill(service.token);
  await page.getByRole('button', { name: 'Trust AS and sign in' }).click();
  await expect(
    page.getByText('The site file of this page was signed by an AS that this station does not trust'),
  ).toBeVisible();
  expect(watch.requests.filter((each) => each.includes('whoami'))).toEqual([]);
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('Stop here and tell your administrator');
});
