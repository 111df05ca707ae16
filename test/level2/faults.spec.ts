// Injects the field faults of docs/reliability.md into the simulated device. Checks that the page
// of the product recovers from them over the browser's real Web Serial and WebUSB.
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault, LinkKind } from '#device-sim/unit/faults.ts';
import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { unit } from '#test/e2e/support/test.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

const LINKS: readonly LinkKind[] = ['usb', 'serial'];
const on = (link: LinkKind, more: Partial<UnitDescription> = {}): UnitDescription =>
  unit(DIVERSIFIED, { link, ...more });

for (const link of LINKS) {
  test(`a unit on ${link} appears when plugged in and disappears when unplugged`, async ({
    addUnit,
    open,
    devices,
  }) => {
    const one = await addUnit(on(link, { plugged: false }));
    const station = await open();
    await expect(station.lanes).toHaveCount(0);
    await devices.call('plug', one.sn);
    await station.lane(one.sn).expectWord('Ready');
    await devices.call('unplug', one.sn);
    await expect(station.lanes).toHaveCount(0);
    await devices.call('plug', one.sn);
    await station.lane(one.sn).expectWord('Ready');
  });

  test(`a unit on ${link} in use by another program is reported, and can be attached when free`, async ({
    addUnit,
    open,
    devices,
  }) => {
    const one = await addUnit(on(link, { faults: [{ fault: 'busy' }] }));
    const station = await open();
    const lane = station.onlyLane();
    await lane.expectWord('Not attached');
    await lane.expectSaid(/uses the unit/i);
    await devices.call('clearFaults', one.sn);
    await lane.root
      .getByRole('button', { name: /again|retry/i })
      .first()
      .click();
    await station.lane(one.sn).expectWord('Ready');
  });

  test(`the page waits on ${link} for a unit that writes the key slowly`, async ({ addUnit, open }) => {
    const one = await addUnit(on(link, { latency: { identity: 0, challenge: 0, importKey: 2500 } }));
    const lane = (await open()).lane(one.sn);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
  });

  const CUTS: readonly (readonly [where: string, direction: 'out' | 'in', after: number])[] = [
    ['at the first byte of GET CHALLENGE', 'out', 1],
    ['during the response to GET CHALLENGE', 'in', 20],
    ['at the first bytes of IMPORTKEY', 'out', 40],
    ['in the middle of IMPORTKEY', 'out', 150],
    ['before the first byte of the receipt', 'in', 60],
    ['during the receipt', 'in', 90],
  ];
  for (const [where, direction, after] of CUTS) {
    test(`the page reports the true outcome on ${link} after an unplug ${where}`, async ({
      addUnit,
      open,
      devices,
    }) => {
      const one = await addUnit(on(link));
      const station = await open();
      const lane = station.lane(one.sn);
      await lane.choose(FIELD_KEY.label, 1);
      await devices.call('fault', one.sn, { fault: 'unplug', direction, after });
      await lane.root.getByRole('button', { name: 'Load into slot 1' }).click();
      await expect
        .poll(async () => (await devices.call('units')).find(({ sn }) => sn === sn32(one.sn))?.plugged)
        .toBe(false);
      await devices.call('plug', one.sn);
      // The lane must agree with the unit's memory.
      const isLoaded = (await devices.call('memory', one.sn)).slots.some(({ holdsKey }) => holdsKey);
      await expect(station.lane(one.sn).word).toHaveText(isLoaded ? /^(Unplug|Done)$/ : /^(Ready|Not loaded)$/);
    });
  }
}

const sn32 = (sn: string): string => sn.toUpperCase().padStart(32, '0');

const LINE_FAULTS: readonly (readonly [string, Fault])[] = [
  ['a break', { fault: 'line error', error: 'BreakError' }],
  ['a parity error', { fault: 'line error', error: 'ParityError' }],
  ['a framing error', { fault: 'line error', error: 'FramingError' }],
  ['an overrun', { fault: 'line error', error: 'BufferOverrunError' }],
  ['a lost byte', { fault: 'drop', direction: 'in', offset: 3, count: 1 }],
  ['a flipped bit', { fault: 'corrupt', direction: 'in', block: 1, bit: 50 }],
];
for (const [name, fault] of LINE_FAULTS) {
  test(`loads over serial despite ${name}`, async ({ addUnit, open, devices }) => {
    const one = await addUnit(on('serial'));
    const lane = (await open()).lane(one.sn);
    await lane.choose(FIELD_KEY.label, 1);
    await devices.call('fault', one.sn, fault);
    await lane.root.getByRole('button', { name: 'Load into slot 1' }).click();
    await lane.expectWord('Unplug');
    expect(await devices.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
  });
}

for (const direction of ['in', 'out'] as const) {
  test(`loads over USB despite a halt of the bulk ${direction} endpoint`, async ({ addUnit, open, devices }) => {
    const one = await addUnit(on('usb'));
    const lane = (await open()).lane(one.sn);
    await lane.choose(FIELD_KEY.label, 1);
    await devices.call('fault', one.sn, { fault: 'stall', direction });
    await lane.root.getByRole('button', { name: 'Load into slot 1' }).click();
    await lane.expectWord('Unplug');
  });
}

for (const link of LINKS) {
  test(`loads a unit with many FF bytes in its SN over ${link}`, async ({ addUnit, open }) => {
    const one = await addUnit({ ...on(link), sn: `FFFFFFFF00FF00FFFF0000FFFFFFFF${link === 'usb' ? '01' : 'FF'}` });
    const lane = (await open()).lane(one.sn);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
  });
}

test('a PC/SC reader is reported as such', async ({ addUnit, open }) => {
  await addUnit(on('usb', { protectedClass: true }));
  const lane = (await open()).onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid('PC/SC reader');
});

test('the page shows the udev rule when the system denies access to a unit', async ({ addUnit, open }) => {
  await addUnit(on('usb', { faults: [{ fault: 'access denied' }] }));
  const lane = (await open()).onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid(/1209/);
});

test('a unit without a USB serial number can be loaded', async ({ addUnit, open }) => {
  const one = await addUnit(on('usb', { usbSerialNumber: false }));
  const lane = (await open()).lane(one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
});
