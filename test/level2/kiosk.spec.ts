// A station that is set up by the policy file of `site policies`: the browser opens the page in kiosk
// mode, a unit is attached without a chooser, and the open order loads it without a press.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue, OrdersPage } from '#test/e2e/support/orders-page.ts';
import { PackedServer } from '#test/e2e/support/packed-server.ts';
import { Service } from '#test/e2e/support/service.ts';
import { FIELD_KEY } from '#test/e2e/support/sets.ts';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { unit } from '#test/e2e/support/test.ts';
import { startKiosk } from './support/browser.ts';
import { startDisplay } from './support/display.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

const SETTINGS = {
  profiles: [{ name: 'Unit', ids: '1209:0001', usb: {}, serial: { baudRate: 9600 } }],
  policy: { autoRun: true },
};

test('a kiosk attaches a unit without a chooser, and its order loads it without a press', async ({
  machine,
  devices,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'kf-kiosk-'));
  const web = await PackedServer.start();
  const service = await Service.start({ args: ['--allow-origin', web.origin] });
  const display = await startDisplay();
  web.folder = join(folder, 'page');
  await writeFile(join(folder, 'settings.json'), JSON.stringify({ ...SETTINGS, as: [service.url] }));
  await service.cli('site', 'pack', '--config', join(folder, 'settings.json'), '--out', web.folder);
  const siteFile = join(web.folder, 'site.json');
  await service.cli('site', 'policies', siteFile, '--page', web.url, '--kiosk', '--out', join(folder, 'policies'));
  const policyFile = join(folder, 'policies/linux/keyferry.json');
  const { page, close } = await startKiosk({ machine, devices, display: display.name, policyFile });
  const one = unit(undefined, { link: 'both' });
  try {
    await expect(page).toHaveURL(web.url);
    const id = await issue(service, { units: [one.sn] });
    await new StationPage(page).signIn(service.token);
    const orders = new OrdersPage(page);
    await orders.open(id);
    await devices.call('add', one);
    await orders.expectWord(one.sn, 'Unplug');
    await orders.expectDone(1);
    expect(await devices.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
    await devices.call('remove', one.sn);
    await expect(page.goto(service.url)).rejects.toThrow('ERR_BLOCKED_BY_ADMINISTRATOR');
  } finally {
    await close();
    display.server.kill();
    await service.stop();
    await web.stop();
    await rm(folder, { recursive: true });
  }
});
