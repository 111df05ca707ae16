// The product's links on simulated units, through whatever happens in the field: each test is a row of what users reported.
import { describe, expect, it } from 'vitest';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault, LinkKind } from '#device-sim/unit/faults.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { attach, refresh } from '#protocol/provisioning/device.ts';
import type { Platform } from '#web/transport/browser-error.ts';
import type { Link, OpenLink } from '#web/transport/link.ts';
import { type Desk, desk, quickUnit } from './fixture.ts';

const KINDS: readonly LinkKind[] = ['usb', 'serial'];

async function choose({ links, control, soon }: Desk, kind: LinkKind, sn = '0007'): Promise<Link> {
  control.nextChoice(sn);
  const link = await soon(kind === 'usb' ? links.chooseUsb() : links.chooseSerial());
  if (link === undefined) throw new Error('nothing was chosen');
  return link;
}

interface Opened {
  readonly here: Desk;
  readonly link: Link;
  readonly open: OpenLink;
}

async function opened(kind: LinkKind, more: Partial<UnitDescription> = {}): Promise<Opened> {
  const here = desk([quickUnit(kind, more)]);
  const link = await choose(here, kind);
  return { here, link, open: await here.soon(link.open()) };
}

describe.each(KINDS)('a unit on %s', (kind) => {
  it('says who it is', async () => {
    const { here, open } = await opened(kind);
    const { identity } = await here.soon(attach(open.transmit));
    expect(toHex(identity.sn)).toBe('00000000000000000000000000000007');
    await here.soon(open.close());
  });

  it('can be opened again and again', async () => {
    const { here, link, open } = await opened(kind);
    await here.soon(open.close());
    for (let i = 0; i < 5; i++) {
      const again = await here.soon(link.open());
      await here.soon(attach(again.transmit));
      await here.soon(again.close());
    }
  });

  it('cannot be opened twice at once', async () => {
    const { link } = await opened(kind);
    await expect(link.open()).rejects.toThrow(RangeError);
  });

  it('cannot be opened twice at once because a link of before is closed again', async () => {
    const { here, link, open } = await opened(kind);
    await here.soon(open.close());
    const again = await here.soon(link.open());
    await here.soon(open.close());
    await expect(link.open()).rejects.toThrow(RangeError);
    await here.soon(attach(again.transmit));
    await here.soon(again.close());
  });

  it('is in use elsewhere, and can be had when it is free', async () => {
    const here = desk([quickUnit(kind, { faults: [{ fault: 'busy' }] })]);
    const link = await choose(here, kind);
    await here.soon(expect(link.open()).rejects.toMatchObject({ code: 'device-busy' }));
    here.control.clearFaults('0007');
    const open = await here.soon(link.open());
    await here.soon(attach(open.transmit));
  });

  it.each<[string, Fault]>([
    ['in the question', { fault: 'unplug', direction: 'out', after: 7 }],
    ['in the answer', { fault: 'unplug', direction: 'in', after: 7 }],
  ])('that is unplugged %s is lost, and nothing else is said of it', async (_where, fault) => {
    const { here, open } = await opened(kind);
    await here.soon(attach(open.transmit));
    here.control.fault('0007', fault);
    await here.soon(expect(open.transmit(fromHex('80CA000000'))).rejects.toMatchObject({ code: 'device-lost' }));
    await here.soon(open.lost);
    await here.soon(expect(open.transmit(fromHex('80CA000000'))).rejects.toMatchObject({ code: 'device-lost' }));
    await here.soon(open.close());
  });

  it('that comes back after a reset is found again, and read anew', async () => {
    const { here, link, open } = await opened(kind);
    const before = await here.soon(attach(open.transmit));
    here.control.unplug('0007');
    await here.soon(open.lost);
    await here.soon(open.close());
    await here.soon(expect(link.open()).rejects.toMatchObject({ code: 'device-lost' }));
    await here.clock.advance(1500);
    here.control.plug('0007');
    await here.clock.advance(100);
    const [back] = await here.links.remembered();
    if (back === undefined) throw new Error('it was not found again');
    expect(back.id).toBeGreaterThan(link.id);
    const again = await here.soon(back.open());
    const after = await here.soon(attach(again.transmit));
    expect(after.identity.sn).toEqual(before.identity.sn);
  });

  it('that falls silent is given up after its deadline, and the way out is to close and open', async () => {
    const { here, link, open } = await opened(kind);
    const device = await here.soon(attach(open.transmit));
    here.control.fault('0007', { fault: 'silence' });
    await here.soon(
      expect(refresh(device)).rejects.toMatchObject({ code: expect.stringMatching(/^link-(timeout|garbled)$/) }),
    );
    await here.soon(open.close());
    here.control.clearFaults('0007');
    const again = await here.soon(link.open());
    await here.soon(attach(again.transmit));
  });

  it('is dropped when it goes and found when it comes', async () => {
    const { here } = await opened(kind);
    let changes = 0;
    here.links.onChange(() => changes++);
    here.control.unplug('0007');
    await here.clock.advance(1000);
    expect(await here.links.remembered()).toEqual([]);
    here.control.plug('0007');
    await here.clock.advance(1000);
    expect(await here.links.remembered()).toHaveLength(1);
    expect(changes).toBe(2);
  });
});

describe('a USB unit', () => {
  it.each<[Platform, string]>([
    ['windows', 'driver-missing'],
    ['linux', 'access-denied'],
    ['macos', 'access-denied'],
  ])('that %s keeps from the page is named as %s', async (platform, code) => {
    const here = desk([quickUnit('usb', { faults: [{ fault: 'access denied' }] })], platform);
    const link = await choose(here, 'usb');
    await here.soon(expect(link.open()).rejects.toMatchObject({ code }));
  });

  it('of the class of PC/SC readers is named as one, before anything is opened', async () => {
    const here = desk([quickUnit('usb', { protectedClass: true })]);
    const link = await choose(here, 'usb');
    const [device] = await here.usb.getDevices();
    await here.soon(expect(link.open()).rejects.toMatchObject({ code: 'protected-class' }));
    expect(device?.opened).toBe(false);
  });

  it('without a serial number says so: its permission ends with the cable', async () => {
    const { link } = await opened('usb', { usbSerialNumber: false });
    expect(link.usbSerialNumber).toBeUndefined();
    expect((await opened('usb')).link.usbSerialNumber).toBe('00000000000000000000000000000007');
  });

  it.each(['in', 'out'] as const)('goes on after one halt of its %s endpoint', async (direction) => {
    const { here, open } = await opened('usb');
    here.control.fault('0007', { fault: 'stall', direction });
    await here.soon(attach(open.transmit));
    expect(await here.soon(open.transmit(fromHex('80CA000000')))).toHaveProperty('length');
  });

  it('on a bus that has selected its configuration already is opened all the same', async () => {
    const { here, open } = await opened('usb', { configured: true, packetSize: 512 });
    await here.soon(attach(open.transmit));
  });
});

describe('a serial unit', () => {
  it.each(['BufferOverrunError', 'BreakError', 'FramingError', 'ParityError'] as const)(
    'is understood in spite of a %s in its answer',
    async (error) => {
      const { here, open } = await opened('serial');
      const device = await here.soon(attach(open.transmit));
      here.control.fault('0007', { fault: 'line error', error });
      expect((await here.soon(refresh(device))).identity).toEqual(device.identity);
    },
  );

  it.each<[string, Fault]>([
    ['a flipped bit in the question', { fault: 'corrupt', direction: 'out', block: 1, bit: 30 }],
    ['a flipped bit in the answer', { fault: 'corrupt', direction: 'in', block: 1, bit: 50 }],
    ['a lost octet', { fault: 'drop', direction: 'in', offset: 3, count: 1 }],
    ['octets that come twice', { fault: 'repeat', direction: 'in', offset: 2, count: 4 }],
  ])('is understood in spite of %s', async (_what, fault) => {
    const { here, open } = await opened('serial');
    const device = await here.soon(attach(open.transmit));
    here.control.fault('0007', fault);
    expect((await here.soon(refresh(device))).identity).toEqual(device.identity);
  });

  it('is reached through the text of its boot loader', async () => {
    const { here, open } = await opened('serial', { bootText: 'U-Boot 2026.01\r\nHit any key\r\n' });
    await here.soon(attach(open.transmit));
  });
});

describe('choosing', () => {
  it('is no error when the operator closes the chooser', async () => {
    const { links, soon } = desk([quickUnit('usb')]);
    expect(await soon(links.chooseUsb())).toBeUndefined();
    expect(await soon(links.chooseSerial())).toBeUndefined();
  });
});
