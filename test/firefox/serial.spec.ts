// The serial paths of the built page in a real Firefox, which has Web Serial and no WebUSB. The units
// are simulated; the last tests use the browser's own interface and prompt.
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { Service } from '#test/e2e/support/service.ts';
import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { blockPrompt, FirefoxPage, startFirefox } from './firefox-page.ts';

const FIREFOX = process.env.KEYFERRY_FIREFOX ?? '/usr/bin/firefox-esr';
const UNIT: UnitDescription = {
  sn: 'F1EF0001',
  set: DIVERSIFIED.set,
  profile: DIVERSIFIED.profile,
  transportKey: DIVERSIFIED.transportKey,
  link: 'serial',
  latency: { identity: 0, challenge: 0, importKey: 0 },
};

describe('Firefox', () => {
  let service: Service;
  let firefox: Browser;
  beforeAll(async () => {
    [service, firefox] = await Promise.all([Service.start(), startFirefox(FIREFOX)]);
  });
  afterAll(() => Promise.all([firefox?.close(), service?.stop()]));

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

  it('says what is wrong with an access code', async () => {
    const station = await FirefoxPage.open(firefox, service.url, [UNIT]);
    await station.signIn('KF-0000-0000-0000-0000');
    await station.sees('Check the access code');
  });

  it('offers serial, and names USB as missing', async () => {
    const station = await FirefoxPage.open(firefox, service.url);
    await station.sees('This browser has no WebUSB. Use Serial, or open this page in Chrome or Edge for USB.');
    await station.page.waitForSelector('::-p-xpath(//button[starts-with(normalize-space(), "USB")][@disabled])');
  });

  it('asks for a port itself, and advises when no port was chosen', async () => {
    const station = await FirefoxPage.open(firefox, service.url);
    await station.press('Serial');
    await blockPrompt(firefox);
    await station.sees('Was your unit not in the list?');
  });

  it('loads a key over an emulated tty', ({ skip }) => {
    skip('Firefox opens every entry of /dev, "/dev/." included, and umockdev ends a program that does');
  });
});
