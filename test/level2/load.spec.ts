// Loads a key from the AS into a unit over the browser's real Web Serial and WebUSB.
import { DIVERSIFIED, FIELD_KEY, SHARED } from '#test/e2e/support/sets.ts';
import { unit } from '#test/e2e/support/test.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

const CASES = [
  { name: 'USB, diversified, suite 01', link: 'usb', set: DIVERSIFIED, suites: [1] },
  { name: 'serial, diversified, suite 01', link: 'serial', set: DIVERSIFIED, suites: [1] },
  { name: 'serial, shared, suite 02', link: 'serial', set: SHARED, suites: [2] },
] as const;

for (const { name, link, set, suites } of CASES) {
  test(`loads a key: ${name}`, async ({ addUnit, open, devices }) => {
    const one = await addUnit(unit(set, { link, suites }));
    const station = await open();
    const lane = station.lane(one.sn);
    await lane.expectWord('Ready');
    await lane.expectSaid(set.name);
    await lane.load(FIELD_KEY.label, 2);
    await lane.expectWord('Unplug');
    await lane.expectSaid('Receipt verified by the AS');
    expect(await devices.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
    const slot = (await devices.call('memory', one.sn)).slots.find(({ ref2 }) => ref2 === 2);
    await lane.expectSaid(slot?.kcv ?? 'no KCV');
  });
}
