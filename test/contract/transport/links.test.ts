// Tests the page's links with simulated units, under conditions that users have reported from the
// field.
import { describe, expect, it } from 'vitest';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault, LinkKind } from '#device-sim/unit/faults.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { Link, OpenLink } from '#web/transport/link.ts';
import type { Platform } from '#web/transport/platform.ts';
import { quickUnit, setUp, type TestSetup } from './fixture.ts';

const KINDS: readonly LinkKind[] = ['usb', 'serial'];

async function choose({ links, control, soon }: TestSetup, kind: LinkKind, sn = '0007'): Promise<Link> {
  control.nextChoice(sn);
  const link = await soon(kind === 'usb' ? links.chooseUsb() : links.chooseSerial());
  if (link === undefined) throw new Error('no unit was chosen');
  return link;
}

interface OpenUnit {
  readonly setup: TestSetup;
  readonly link: Link;
  readonly open: OpenLink;
}

async function openUnit(kind: LinkKind, more: Partial<UnitDescription> = {}): Promise<OpenUnit> {
  const setup = setUp([quickUnit(kind, more)]);
  const link = await choose(setup, kind);
  return { setup, link, open: await setup.soon(link.open()) };
}

describe.each(KINDS)('a unit on %s', (kind) => {
  it('returns its SN', async () => {
    const { setup, open } = await openUnit(kind);
    const { identity } = await setup.soon(attach(open.transmit));
    expect(toHex(identity.sn)).toBe('00000000000000000000000000000007');
    await setup.soon(open.close());
  });

  it('can be opened repeatedly', async () => {
    const { setup, link, open } = await openUnit(kind);
    await setup.soon(open.close());
    for (let i = 0; i < 5; i++) {
      const again = await setup.soon(link.open());
      await setup.soon(attach(again.transmit));
      await setup.soon(again.close());
    }
  });

  it('cannot be opened twice at once', async () => {
    const { link } = await openUnit(kind);
    await expect(link.open()).rejects.toThrow(RangeError);
  });

  it('cannot be opened twice at once after an earlier OpenLink is closed again', async () => {
    const { setup, link, open } = await openUnit(kind);
    await setup.soon(open.close());
    const again = await setup.soon(link.open());
    await setup.soon(open.close());
    await expect(link.open()).rejects.toThrow(RangeError);
    await setup.soon(attach(again.transmit));
    await setup.soon(again.close());
  });

  it('is busy while another program uses it, and can be opened afterwards', async () => {
    const setup = setUp([quickUnit(kind, { faults: [{ fault: 'busy' }] })]);
    const link = await choose(setup, kind);
    await setup.soon(expect(link.open()).rejects.toMatchObject({ code: 'device-busy' }));
    setup.control.clearFaults('0007');
    const open = await setup.soon(link.open());
    await setup.soon(attach(open.transmit));
  });

  it.each<[string, Fault]>([
    ['during the command', { fault: 'unplug', direction: 'out', after: 7 }],
    ['during the response', { fault: 'unplug', direction: 'in', after: 7 }],
  ])('leads to device-lost and no other error when it is unplugged %s', async (_where, fault) => {
    const { setup, open } = await openUnit(kind);
    await setup.soon(attach(open.transmit));
    setup.control.fault('0007', fault);
    await setup.soon(expect(open.transmit(fromHex('80CA000000'))).rejects.toMatchObject({ code: 'device-lost' }));
    await setup.soon(open.lost);
    await setup.soon(expect(open.transmit(fromHex('80CA000000'))).rejects.toMatchObject({ code: 'device-lost' }));
    await setup.soon(open.close());
  });

  it('is found and read again after a reset', async () => {
    const { setup, link, open } = await openUnit(kind);
    const before = await setup.soon(attach(open.transmit));
    setup.control.unplug('0007');
    await setup.soon(open.lost);
    await setup.soon(open.close());
    await setup.soon(expect(link.open()).rejects.toMatchObject({ code: 'device-lost' }));
    await setup.clock.advance(1500);
    setup.control.plug('0007');
    await setup.clock.advance(100);
    const [returned] = await setup.links.remembered();
    if (returned === undefined) throw new Error('not found again');
    expect(returned.id).toBeGreaterThan(link.id);
    const again = await setup.soon(returned.open());
    const after = await setup.soon(attach(again.transmit));
    expect(after.identity.sn).toEqual(before.identity.sn);
  });

  it('times out when it is silent, and works again after closing and opening', async () => {
    const { setup, link, open } = await openUnit(kind);
    const device = await setup.soon(attach(open.transmit));
    setup.control.fault('0007', { fault: 'silence' });
    await setup.soon(
      expect(refresh(device)).rejects.toMatchObject({ code: expect.stringMatching(/^link-(timeout|garbled)$/) }),
    );
    await setup.soon(open.close());
    setup.control.clearFaults('0007');
    const again = await setup.soon(link.open());
    await setup.soon(attach(again.transmit));
  });

  it('leaves the list of links when it is unplugged, and returns when it is plugged in', async () => {
    const { setup } = await openUnit(kind);
    let changes = 0;
    setup.links.onChange(() => changes++);
    setup.control.unplug('0007');
    await setup.clock.advance(1000);
    expect(await setup.links.remembered()).toEqual([]);
    setup.control.plug('0007');
    await setup.clock.advance(1000);
    expect(await setup.links.remembered()).toHaveLength(1);
    expect(changes).toBe(2);
  });
});

describe('a USB unit', () => {
  it.each<[Platform, string]>([
    ['windows', 'driver-missing'],
    ['linux', 'access-denied'],
    ['macos', 'access-denied'],
  ])('that %s denies access to is rejected with %s', async (platform, code) => {
    const setup = setUp([quickUnit('usb', { faults: [{ fault: 'access denied' }] })], platform);
    const link = await choose(setup, 'usb');
    await setup.soon(expect(link.open()).rejects.toMatchObject({ code }));
  });

  it('with the class of PC/SC readers is rejected before it is opened', async () => {
    const setup = setUp([quickUnit('usb', { protectedClass: true })]);
    const link = await choose(setup, 'usb');
    const [device] = await setup.usb.getDevices();
    await setup.soon(expect(link.open()).rejects.toMatchObject({ code: 'protected-class' }));
    expect(device?.opened).toBe(false);
  });

  it('without a USB serial number has a link without one', async () => {
    const { link } = await openUnit('usb', { usbSerialNumber: false });
    expect(link.usbSerialNumber).toBeUndefined();
    expect((await openUnit('usb')).link.usbSerialNumber).toBe('00000000000000000000000000000007');
  });

  it.each(['in', 'out'] as const)('continues after a halt of its %s endpoint', async (direction) => {
    const { setup, open } = await openUnit('usb');
    setup.control.fault('0007', { fault: 'stall', direction });
    await setup.soon(attach(open.transmit));
    expect(await setup.soon(open.transmit(fromHex('80CA000000')))).toHaveProperty('length');
  });

  it('can be opened when its configuration is already selected', async () => {
    const { setup, open } = await openUnit('usb', { configured: true, packetSize: 512 });
    await setup.soon(attach(open.transmit));
  });
});

describe('a serial unit', () => {
  it.each(['BufferOverrunError', 'BreakError', 'FramingError', 'ParityError'] as const)(
    'is read despite a %s in its response',
    async (error) => {
      const { setup, open } = await openUnit('serial');
      const device = await setup.soon(attach(open.transmit));
      setup.control.fault('0007', { fault: 'line error', error });
      expect((await setup.soon(refresh(device))).identity).toEqual(device.identity);
    },
  );

  it.each<[string, Fault]>([
    ['a flipped bit in the command', { fault: 'corrupt', direction: 'out', block: 1, bit: 30 }],
    ['a flipped bit in the response', { fault: 'corrupt', direction: 'in', block: 1, bit: 50 }],
    ['a lost byte', { fault: 'drop', direction: 'in', offset: 3, count: 1 }],
    ['repeated bytes', { fault: 'repeat', direction: 'in', offset: 2, count: 4 }],
  ])('is read despite %s', async (_what, fault) => {
    const { setup, open } = await openUnit('serial');
    const device = await setup.soon(attach(open.transmit));
    setup.control.fault('0007', fault);
    expect((await setup.soon(refresh(device))).identity).toEqual(device.identity);
  });

  it('is read although its boot loader sends text first', async () => {
    const { setup, open } = await openUnit('serial', { bootText: 'U-Boot 2026.01\r\nHit any key\r\n' });
    await setup.soon(attach(open.transmit));
  });
});

describe('the chooser', () => {
  it('returns undefined when the operator closes it', async () => {
    const { links, soon } = setUp([quickUnit('usb')]);
    expect(await soon(links.chooseUsb())).toBeUndefined();
    expect(await soon(links.chooseSerial())).toBeUndefined();
  });
});
