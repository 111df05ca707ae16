// Tests the serial paths of the built page in a real Firefox, which has Web Serial and no WebUSB.
// Some tests use the simulator in the page. Others use Firefox's real serial interface and prompt,
// with an emulated tty.
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceProcess, type ProgramFolder } from '#device-host/umockdev/device-process.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { Service } from '#test/e2e/support/service.ts';
import { DIVERSIFIED, FIELD_KEY, NEXT_KEY } from '#test/e2e/support/sets.ts';
import { missingPrograms } from '#test/level2/support/requirements.ts';
import { answerPrompt, FirefoxPage, startFirefox } from './firefox-page.ts';

const FIREFOX = process.env.KEYFERRY_FIREFOX ?? '/usr/bin/firefox-esr';
const UNIT: UnitDescription = {
  sn: 'F1EF0001',
  set: DIVERSIFIED.set,
  profile: DIVERSIFIED.profile,
  transportKey: DIVERSIFIED.transportKey,
  link: 'serial',
  latency: { identity: 0, challenge: 0, importKey: 0 },
};

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service?.stop());

describe('Firefox', () => {
  let firefox: Browser;
  beforeAll(async () => {
    firefox = await startFirefox(FIREFOX);
  });
  afterAll(() => firefox?.close());

  it('loads a key over serial', async () => {
    const station = await FirefoxPage.open(firefox, service.url, [UNIT]);
    await station.signIn(service.token);
    await station.attach(UNIT.sn);
    await station.load(FIELD_KEY.label, 2);
    await station.sees('Receipt verified by the AS');
    await station.sees('Unplug');
  });

  it('settles an unplug during the import as not loaded, and loads again', async () => {
    const station = await FirefoxPage.open(firefox, service.url, [UNIT]);
    await station.signIn(service.token);
    await station.attach(UNIT.sn);
    await station.page.evaluate(
      (sn) => window.keyferrySimulator?.fault(sn, { fault: 'unplug', direction: 'out', after: 200 }),
      UNIT.sn,
    );
    await station.load(FIELD_KEY.label, 1);
    await station.sees('Plug in again');
    await station.page.evaluate((sn) => window.keyferrySimulator?.plug(sn), UNIT.sn);
    await station.sees('The unit has no receipt, so the key is not stored');
    await station.press('Load again');
    await station.sees('Receipt verified by the AS');
  });

  it('shows what is wrong with an access code', async () => {
    const station = await FirefoxPage.open(firefox, service.url, [UNIT]);
    await station.signIn('KF-0000-0000-0000-0000');
    await station.sees('Check the access code');
  });

  it('offers serial, and shows that USB is missing', async () => {
    const station = await FirefoxPage.open(firefox, service.url);
    await station.sees('This browser has no WebUSB. Use Serial, or open this page in Chrome or Edge for USB.');
    await station.page.waitForSelector('::-p-xpath(//button[starts-with(normalize-space(), "USB")][@disabled])');
  });

  it('asks for a port with its own prompt, and the page shows what to do if no port was chosen', async () => {
    const station = await FirefoxPage.open(firefox, service.url);
    await station.press('Serial');
    await answerPrompt(firefox, 'Block');
    await station.sees('Is your unit missing from the list?');
  });
});

const MISSING = missingForTty();
const SKIPPED = MISSING === undefined ? '' : ` (skipped where ${MISSING})`;

describe.skipIf(MISSING !== undefined)(`Firefox with an emulated tty${SKIPPED}`, () => {
  let devices: DeviceProcess;
  let folder: ProgramFolder;
  let firefox: Browser;
  beforeAll(async () => {
    devices = await DeviceProcess.start(true);
    folder = devices.createFolder();
    firefox = await startFirefox(FIREFOX, folder);
  });
  afterAll(async () => {
    await firefox?.close();
    await devices?.stop();
    folder?.remove();
  });

  it('loads a key, and settles an unplug during the next import', async () => {
    await devices.call('add', UNIT);
    const station = await FirefoxPage.open(firefox, service.url);
    await station.signIn(service.token);
    await station.press('Serial');
    await answerPrompt(firefox, 'Allow');
    await station.sees('Ready');
    await station.load(FIELD_KEY.label, 2);
    await station.sees('Receipt verified by the AS');
    await station.press('Load another key');
    await devices.call('fault', UNIT.sn, { fault: 'unplug', direction: 'out', after: 200 });
    await station.load(NEXT_KEY.label, 1);
    await station.sees('Plug in again');
    await devices.call('plug', UNIT.sn);
    // Firefox does not restore the permission for a port that is plugged in again, so the operator
    // chooses the port again.
    await station.sees('If nothing happens, choose the unit under “Attach another unit”.');
    await station.press('Serial');
    await answerPrompt(firefox, 'Allow');
    await station.sees('The unit has no receipt, so the key is not stored');
    await station.press('Load again');
    await station.sees('Receipt verified by the AS');
    expect(devices.failures).toEqual([]);
  });
});

/** Returns what this machine lacks for an emulated tty; undefined if nothing is missing. */
function missingForTty(): string | undefined {
  if (process.platform !== 'linux') return 'the system is not Linux';
  if (process.getuid?.() !== 0) return 'the user is not root, who may mount';
  const missing = missingPrograms();
  return missing.length === 0 ? undefined : `these programs are missing: ${missing.join(', ')}`;
}
