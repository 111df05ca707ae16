// The code of a link is a lazily loaded part. A server that never sends this part must not block
// the page that opens the link.
import { expect, it, vi } from 'vitest';
import { FakeDevice, linksOver, ManualTimer, usbInterface } from './fakes.ts';

vi.mock('#web/transport/usb-port.ts', () => new Promise(() => undefined));

it('rejects with part-unreachable when the server does not send the part, each time the link is opened', async () => {
  const timer = new ManualTimer();
  const device = new FakeDevice(usbInterface(0xff));
  const usb = Object.assign(new EventTarget(), { getDevices: async () => [device] });
  const [link] = await linksOver({ usb }, timer).remembered();
  for (let i = 0; i < 2; i++) {
    const opening = expect(link?.open()).rejects.toMatchObject({ code: 'part-unreachable' });
    await timer.advance(15_000);
    await opening;
  }
  expect(device.calls).toEqual([]);
});
