// What happens in the field (docs/reliability.md), provoked at the device and seen through the browser's own Web Serial and WebUSB by
// the product's page.
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
  test(`a unit on ${link} that is plugged in appears, and goes when it is pulled out`, async ({
    bring,
    open,
    desk,
  }) => {
    const one = await bring(on(link, { plugged: false }));
    const station = await open();
    await expect(station.lanes).toHaveCount(0);
    await desk.call('plug', one.sn);
    await station.lane(one.sn).expectWord('Ready');
    await desk.call('unplug', one.sn);
    await expect(station.lanes).toHaveCount(0);
    await desk.call('plug', one.sn);
    await station.lane(one.sn).expectWord('Ready');
  });

  test(`a unit on ${link} that is in use elsewhere says so, and can be had when it is free`, async ({
    bring,
    open,
    desk,
  }) => {
    const one = await bring(on(link, { faults: [{ fault: 'busy' }] }));
    const station = await open();
    const lane = station.onlyLane();
    await lane.expectWord('Not attached');
    await lane.expectSaid(/in use/i);
    await desk.call('clearFaults', one.sn);
    await lane.root
      .getByRole('button', { name: /again|retry/i })
      .first()
      .click();
    await station.lane(one.sn).expectWord('Ready');
  });

  test(`a unit on ${link} that takes its time to write the key is waited for`, async ({ bring, open }) => {
    const one = await bring(on(link, { latency: { identity: 0, challenge: 0, importKey: 2500 } }));
    const lane = (await open()).lane(one.sn);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
  });

  const CUTS: readonly (readonly [where: string, direction: 'out' | 'in', after: number])[] = [
    ['at the first octet of the challenge', 'out', 1],
    ['in the answer to the challenge', 'in', 20],
    ['at the first octets of the import', 'out', 40],
    ['in the middle of the import', 'out', 150],
    ['before the first octet of the receipt', 'in', 60],
    ['in the receipt', 'in', 90],
  ];
  for (const [where, direction, after] of CUTS) {
    test(`a unit on ${link} that is unplugged ${where} is told about truly`, async ({ bring, open, desk }) => {
      const one = await bring(on(link));
      const station = await open();
      const lane = station.lane(one.sn);
      await lane.choose(FIELD_KEY.label, 1);
      await desk.call('fault', one.sn, { fault: 'unplug', direction, after });
      await lane.root.getByRole('button', { name: 'Load key' }).click();
      await expect
        .poll(async () => (await desk.call('units')).find(({ sn }) => sn === sn32(one.sn))?.plugged)
        .toBe(false);
      await desk.call('plug', one.sn);
      // What the page ends up saying is what the unit's own memory says.
      const held = (await desk.call('memory', one.sn)).slots.some(({ holdsKey }) => holdsKey);
      await expect(station.lane(one.sn).word).toHaveText(held ? /^(Unplug|Done)$/ : /^(Ready|Not loaded)$/);
    });
  }
}

const sn32 = (sn: string): string => sn.toUpperCase().padStart(32, '0');

const LINE_FAULTS: readonly (readonly [string, Fault])[] = [
  ['a break', { fault: 'line error', error: 'BreakError' }],
  ['a parity error', { fault: 'line error', error: 'ParityError' }],
  ['a framing error', { fault: 'line error', error: 'FramingError' }],
  ['an overrun', { fault: 'line error', error: 'BufferOverrunError' }],
  ['a lost octet', { fault: 'drop', direction: 'in', offset: 3, count: 1 }],
  ['a flipped bit', { fault: 'corrupt', direction: 'in', block: 1, bit: 50 }],
];
for (const [name, fault] of LINE_FAULTS) {
  test(`loads over serial in spite of ${name}`, async ({ bring, open, desk }) => {
    const one = await bring(on('serial'));
    const lane = (await open()).lane(one.sn);
    await lane.choose(FIELD_KEY.label, 1);
    await desk.call('fault', one.sn, fault);
    await lane.root.getByRole('button', { name: 'Load key' }).click();
    await lane.expectWord('Unplug');
    expect(await desk.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
  });
}

for (const direction of ['in', 'out'] as const) {
  test(`loads over USB in spite of a halt of the bulk ${direction} endpoint`, async ({ bring, open, desk }) => {
    const one = await bring(on('usb'));
    const lane = (await open()).lane(one.sn);
    await lane.choose(FIELD_KEY.label, 1);
    await desk.call('fault', one.sn, { fault: 'stall', direction });
    await lane.root.getByRole('button', { name: 'Load key' }).click();
    await lane.expectWord('Unplug');
  });
}

for (const link of LINKS) {
  test(`carries octets FF over ${link}, however many`, async ({ bring, open }) => {
    const one = await bring({ ...on(link), sn: `FFFFFFFF00FF00FFFF0000FFFFFFFF${link === 'usb' ? '01' : 'FF'}` });
    const lane = (await open()).lane(one.sn);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
  });
}

test('a PC/SC reader is named as one', async ({ bring, open }) => {
  await bring(on('usb', { protectedClass: true }));
  const lane = (await open()).onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid('PC/SC reader');
});

test('a unit that the system keeps from the browser is met with the rule that gives it', async ({ bring, open }) => {
  await bring(on('usb', { faults: [{ fault: 'access denied' }] }));
  const lane = (await open()).onlyLane();
  await lane.expectWord('Not attached');
  await lane.expectSaid(/1209/);
});

test('a unit without a USB serial number is loaded all the same', async ({ bring, open }) => {
  const one = await bring(on('usb', { usbSerialNumber: false }));
  const lane = (await open()).lane(one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
});
