// The way to a unit is a part of the page: a server that never answers for it must not keep a link opening for ever.
import { expect, it, vi } from 'vitest';
import { Links } from '#web/transport/links.ts';
import { PROFILES } from '#web/transport/profiles.ts';
import { FakeDevice, ManualTimer, usbInterface } from './fakes.ts';

vi.mock('#web/transport/usb.ts', () => new Promise(() => undefined));

it('gives a link up when its part of the page stays away, and lets it be opened again', async () => {
  const timer = new ManualTimer();
  const device = new FakeDevice(usbInterface(0xff));
  const usb = Object.assign(new EventTarget(), { getDevices: async () => [device] });
  const links = new Links({
    usb: usb as EventTarget as USB,
    serial: undefined,
    platform: 'linux',
    profiles: PROFILES,
    timer: timer.after,
    now: () => 0,
  });
  const [link] = await links.remembered();
  for (let again = 0; again < 2; again++) {
    const opening = expect(link?.open()).rejects.toMatchObject({ code: 'part-unreachable' });
    await timer.advance(15_000);
    await opening;
  }
  expect(device.calls).toEqual([]);
});
