// Simulated WebUSB behaves like WebUSB in Chromium (usb.cc and usb_device.cc of Blink): the same
// checks in the same order, with the same exceptions.
import { describe, expect, it } from 'vitest';
import type { Fault } from '#device-sim/unit/faults.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import {
  createBrowser,
  FULL_SN,
  failure,
  nextEvent,
  type SimulatedBrowser,
  UNIT,
  UNIT_SN,
} from './simulated-browser.ts';

const POWER_ON = fromHex('62 00000000 00 00 000000');
const ATR_RESPONSE = '800D00000000000000003B858171FE450180738001C07D';

async function chosen(browser: SimulatedBrowser): Promise<USBDevice> {
  browser.control.nextChoice(UNIT_SN);
  return await browser.usb.requestDevice({ filters: [{ vendorId: 0x1209 }] });
}

async function claimed(browser: SimulatedBrowser): Promise<USBDevice> {
  const device = await chosen(browser);
  await device.open();
  await device.selectConfiguration(1);
  await device.claimInterface(0);
  return device;
}

const hexOf = ({ data }: USBInTransferResult): string =>
  data === undefined ? '' : toHex(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

describe('requestDevice', () => {
  it('requires coherent filters', async () => {
    const { usb } = createBrowser([UNIT]);
    expect(await failure(usb.requestDevice())).toMatch(/^TypeError/);
    expect(await failure(usb.requestDevice({ filters: [{ productId: 1 }] }))).toMatch(/^TypeError/);
    expect(await failure(usb.requestDevice({ filters: [{ subclassCode: 1 }] }))).toMatch(/^TypeError/);
  });

  it('requires a user gesture', async () => {
    const browser = createBrowser([UNIT]);
    browser.gesture = false;
    expect(await failure(browser.usb.requestDevice({ filters: [] }))).toBe(
      "SecurityError: Failed to execute 'requestDevice' on 'USB': Must be handling a user gesture to show a permission request.",
    );
    expect(browser.shown).toEqual([]);
  });

  it('fails with NotFoundError when the chooser is cancelled or empty', async () => {
    const browser = createBrowser([UNIT]);
    const none = "NotFoundError: Failed to execute 'requestDevice' on 'USB': No device selected.";
    browser.control.nextChoice('cancel');
    expect(await failure(browser.usb.requestDevice({ filters: [] }))).toBe(none);
    expect(await failure(browser.usb.requestDevice({ filters: [] }))).toBe(none);
    browser.control.nextChoice(UNIT_SN);
    expect(await failure(browser.usb.requestDevice({ filters: [{ vendorId: 0x2341 }] }))).toBe(none);
    expect(browser.shown.map((candidates) => candidates.length)).toEqual([1, 1, 0]);
  });

  it('applies filters of every kind', async () => {
    const browser = createBrowser([UNIT, { ...UNIT, sn: '08', link: 'both' }, { ...UNIT, sn: '09', link: 'serial' }]);
    const shown = async (filters: USBDeviceFilter[], exclusionFilters: USBDeviceFilter[] = []) => {
      browser.control.nextChoice('cancel');
      await failure(browser.usb.requestDevice({ filters, exclusionFilters }));
      return (browser.shown.at(-1) ?? []).map(({ sn }) => sn.replace(/^0+/, ''));
    };
    expect(await shown([])).toEqual([UNIT_SN, '8']);
    expect(await shown([{ vendorId: 0x1209, productId: 1 }])).toEqual([UNIT_SN, '8']);
    expect(await shown([{ vendorId: 0x1209, productId: 2 }])).toEqual([]);
    expect(await shown([{ classCode: 0xff }])).toEqual([UNIT_SN, '8']);
    expect(await shown([{ classCode: 0x02, subclassCode: 0x02 }])).toEqual(['8']);
    expect(await shown([{ classCode: 0x02, subclassCode: 0x03 }])).toEqual([]);
    expect(await shown([{ classCode: 0xef, subclassCode: 2, protocolCode: 1 }])).toEqual(['8']);
    expect(await shown([{ serialNumber: FULL_SN }])).toEqual([UNIT_SN]);
    expect(await shown([], [{ classCode: 0x02 }])).toEqual([UNIT_SN]);
  });
});

describe('permission', () => {
  it('lets a page list only granted devices, always with the same object for a device', async () => {
    const browser = createBrowser([UNIT, { ...UNIT, sn: '08' }]);
    expect(await browser.usb.getDevices()).toEqual([]);
    const device = await chosen(browser);
    expect(await browser.usb.getDevices()).toEqual([device]);
  });

  it('remains after an unplug if the unit has a serial number, but the unit is then a new device', async () => {
    const browser = createBrowser([UNIT]);
    const device = await chosen(browser);
    const gone = nextEvent<USBConnectionEvent>(browser.usb, 'disconnect');
    browser.control.unplug(UNIT_SN);
    expect(await browser.usb.getDevices()).toEqual([]);
    expect((await gone).device).toBe(device);
    const back = nextEvent<USBConnectionEvent>(browser.usb, 'connect');
    browser.control.plug(UNIT_SN);
    const [again] = await browser.usb.getDevices();
    expect((await back).device).toBe(again);
    expect(again).not.toBe(device);
  });

  it('ends with an unplug if the unit has no serial number', async () => {
    const browser = createBrowser([{ ...UNIT, usbSerialNumber: false }]);
    const device = await chosen(browser);
    expect(device.serialNumber).toBeNull();
    const gone = nextEvent(browser.usb, 'disconnect');
    browser.control.unplug(UNIT_SN);
    await gone;
    browser.control.plug(UNIT_SN);
    expect(await browser.usb.getDevices()).toEqual([]);
  });

  it('ends with forget(), which closes the device', async () => {
    const browser = createBrowser([UNIT]);
    const device = await claimed(browser);
    await device.forget();
    expect([device.opened, await browser.usb.getDevices()]).toEqual([false, []]);
  });

  it('is required for plug events', async () => {
    const browser = createBrowser([UNIT], { eventDelay: 0 });
    let events = 0;
    browser.usb.addEventListener('connect', () => events++);
    browser.usb.addEventListener('disconnect', () => events++);
    browser.control.unplug(UNIT_SN);
    browser.control.plug(UNIT_SN);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(events).toBe(0);
  });
});

describe('a device', () => {
  it('has ids, a serial number and a vendor interface with two bulk endpoints', async () => {
    const device = await chosen(createBrowser([UNIT]));
    expect(device).toMatchObject({
      vendorId: 0x1209,
      productId: 1,
      serialNumber: FULL_SN,
      opened: false,
      configuration: null,
    });
    const alternate = device.configurations[0]?.interfaces[0]?.alternate;
    expect(alternate).toMatchObject({ interfaceClass: 0xff, alternateSetting: 0 });
    expect(alternate?.endpoints.map(({ direction, type }) => `${type} ${direction}`)).toEqual(['bulk in', 'bulk out']);
  });

  it('must be opened, configured and claimed, in this order', async () => {
    const device = await chosen(createBrowser([UNIT]));
    const opened = /^InvalidStateError: .*The device must be opened first\.$/;
    expect(await failure(device.selectConfiguration(1))).toMatch(opened);
    expect(await failure(device.claimInterface(0))).toMatch(opened);
    expect(await failure(device.transferIn(1, 64))).toMatch(opened);
    await device.open();
    const configured = /^InvalidStateError: .*The device must have a configuration selected\.$/;
    expect(await failure(device.claimInterface(0))).toMatch(configured);
    expect(await failure(device.transferOut(2, POWER_ON))).toMatch(configured);
    expect(await failure(device.selectConfiguration(2))).toMatch(/^NotFoundError/);
    await device.selectConfiguration(1);
    const notClaimed = /^NotFoundError: .*not part of a claimed and selected alternate interface\.$/;
    expect(await failure(device.transferOut(2, POWER_ON))).toMatch(notClaimed);
    expect(await failure(device.claimInterface(7))).toMatch(
      /^NotFoundError: .*The interface number provided is not supported/,
    );
    expect(await failure(device.selectAlternateInterface(0, 0))).toMatch(/^InvalidStateError: .*not been claimed/);
    await device.claimInterface(0);
    expect(device.configuration?.interfaces[0]?.claimed).toBe(true);
    expect(await failure(device.transferIn(0, 64))).toMatch(/^IndexSizeError/);
    expect(await failure(device.transferIn(2, 64))).toMatch(notClaimed);
    expect(await failure(device.transferOut(1, POWER_ON))).toMatch(notClaimed);
    expect(await failure(device.selectAlternateInterface(0, 1))).toMatch(/^NotFoundError/);
    expect(await failure(device.transferIn(1, 33 * 1024 * 1024))).toMatch(/^DataError/);
    await device.releaseInterface(0);
    expect(await failure(device.transferIn(1, 64))).toMatch(notClaimed);
  });

  it('can be opened and closed twice, but not while it is opening', async () => {
    const device = await chosen(createBrowser([UNIT]));
    const opening = device.open();
    expect(await failure(device.open())).toMatch(/^InvalidStateError: .*An operation that changes the device state/);
    await opening;
    await device.open();
    await device.close();
    await device.close();
    expect(device.opened).toBe(false);
  });

  it('answers a CCID message', async () => {
    const device = await claimed(createBrowser([UNIT]));
    const answer = device.transferIn(1, 512);
    expect(await device.transferOut(2, POWER_ON)).toEqual({ status: 'ok', bytesWritten: 10 });
    expect(hexOf(await answer)).toBe(ATR_RESPONSE);
  });

  it('queues a response until it is read', async () => {
    const device = await claimed(createBrowser([UNIT]));
    await device.transferOut(2, POWER_ON);
    expect(hexOf(await device.transferIn(1, 512))).toBe(ATR_RESPONSE);
  });

  it('splits a response into packets: with a short last packet, with a zero-length packet, or with babble', async () => {
    // The response has 10 + 13 = 23 bytes. With packets of 8 bytes, these are two full packets and
    // one of 7 bytes. With packets of 23 bytes, they are one full packet and one empty packet.
    const short = await claimed(createBrowser([{ ...UNIT, packetSize: 8 }]));
    await short.transferOut(2, POWER_ON);
    expect(hexOf(await short.transferIn(1, 16))).toBe(ATR_RESPONSE.slice(0, 32));
    expect(hexOf(await short.transferIn(1, 16))).toBe(ATR_RESPONSE.slice(32));
    const full = await claimed(createBrowser([{ ...UNIT, packetSize: 23 }]));
    await full.transferOut(2, POWER_ON);
    expect(hexOf(await full.transferIn(1, 23))).toBe(ATR_RESPONSE);
    expect(await full.transferIn(1, 23)).toMatchObject({ status: 'ok', data: { byteLength: 0 } });
    await full.transferOut(2, POWER_ON);
    expect(hexOf(await full.transferIn(1, 46))).toBe(ATR_RESPONSE);
    await full.transferOut(2, POWER_ON);
    expect(await full.transferIn(1, 22)).toMatchObject({ status: 'babble' });
  });

  it('ends pending transfers with AbortError when it is closed', async () => {
    const device = await claimed(createBrowser([UNIT]));
    const pending = failure(device.transferIn(1, 64));
    await device.close();
    expect(await pending).toMatch(/^AbortError: .*The transfer was cancelled/);
  });

  it('fails pending transfers after the release of their interface', async () => {
    const device = await claimed(createBrowser([UNIT]));
    const order: string[] = [];
    const pending = failure(device.transferIn(1, 64)).then((text) => {
      order.push('transfer');
      return text;
    });
    await device.releaseInterface(0).then(() => order.push('release'));
    expect(await pending).toMatch(/^NetworkError: .*A transfer error has occurred/);
    expect(order).toEqual(['release', 'transfer']);
  });

  it('keeps its claims after reset(), which resets the card', async () => {
    const device = await claimed(createBrowser([UNIT]));
    await device.transferOut(2, POWER_ON);
    await device.transferIn(1, 512);
    await device.reset();
    // The card has no power, so XfrBlock leads to the error FE.
    await device.transferOut(2, concat(fromHex('6F 05000000 00 01 000000'), fromHex('80CA000000')));
    expect(hexOf(await device.transferIn(1, 512))).toBe('800000000000014' + '1FE00');
  });

  it('stalls unknown control transfers', async () => {
    const device = await claimed(createBrowser([UNIT]));
    const setup = { requestType: 'vendor', recipient: 'interface', request: 1, value: 0, index: 0 } as const;
    expect(await device.controlTransferIn(setup, 8)).toMatchObject({ status: 'stall' });
    expect(await device.controlTransferOut(setup)).toMatchObject({ status: 'stall' });
    expect(await failure(device.controlTransferIn({ ...setup, index: 1 }, 8))).toMatch(/^NotFoundError/);
  });
});

describe('a unit that is unplugged during a transfer', () => {
  it('fails the transfer with NetworkError first, then dispatches disconnect', async () => {
    const browser = createBrowser([UNIT], { eventDelay: 20 });
    const device = await claimed(browser);
    const order: string[] = [];
    browser.usb.addEventListener('disconnect', () => order.push('event'));
    const pending = failure(device.transferIn(1, 64)).then((text) => {
      order.push('transfer');
      return text;
    });
    browser.control.unplug(UNIT_SN);
    expect(await pending).toBe(
      "NetworkError: Failed to execute 'transferIn' on 'USBDevice': A transfer error has occurred.",
    );
    expect(await failure(device.transferOut(2, POWER_ON))).toMatch(/^NetworkError/);
    expect(device.opened).toBe(true);
    await nextEvent(browser.usb, 'disconnect');
    expect(order).toEqual(['transfer', 'event']);
    expect(device.opened).toBe(false);
    expect(await failure(device.open())).toMatch(/^NotFoundError: .*The device was disconnected\.$/);
  });

  it('dispatches disconnect before connect if the unit is plugged in again at once', async () => {
    const browser = createBrowser([UNIT], { eventDelay: 20 });
    const device = await claimed(browser);
    const order: [string, boolean][] = [];
    for (const type of ['connect', 'disconnect'] as const)
      browser.usb.addEventListener(type, (event) =>
        order.push([type, (event as USBConnectionEvent).device === device]),
      );
    browser.control.unplug(UNIT_SN);
    browser.control.plug(UNIT_SN);
    expect(await browser.usb.getDevices()).toEqual([]);
    await nextEvent(browser.usb, 'connect');
    expect(order).toEqual([
      ['disconnect', true],
      ['connect', false],
    ]);
  });

  it.each<[string, Fault]>([
    ['during a command', { fault: 'unplug', direction: 'out', after: 4 }],
    ['before the response', { fault: 'unplug', direction: 'in', after: 0 }],
    ['during the response', { fault: 'unplug', direction: 'in', after: 4 }],
  ])('is unplugged %s by a fault script', async (_when, fault) => {
    const browser = createBrowser([UNIT]);
    const device = await claimed(browser);
    browser.control.fault(UNIT_SN, fault);
    const pending = failure(device.transferIn(1, 64));
    await failure(device.transferOut(2, POWER_ON));
    const text = await pending;
    // The bytes that the unit has sent before the unplug still arrive as a packet.
    expect(text).toMatch(
      fault.fault === 'unplug' && fault.direction === 'in' && fault.after > 0 ? /^nothing failed/ : /^NetworkError/,
    );
    expect(browser.control.units()[0]?.plugged).toBe(false);
  });
});

describe('the operating system', () => {
  it.each(['driver missing', 'access denied'] as const)('refuses open with SecurityError: %s', async (fault) => {
    const browser = createBrowser([{ ...UNIT, faults: [{ fault }] }]);
    const device = await chosen(browser);
    expect(await failure(device.open())).toBe("SecurityError: Failed to execute 'open' on 'USBDevice': Access denied.");
    browser.control.clearFaults(UNIT_SN);
    await device.open();
  });

  it('refuses a claim with NetworkError if another program has claimed the interface', async () => {
    const browser = createBrowser([{ ...UNIT, faults: [{ fault: 'busy' }] }]);
    expect(await failure(claimed(browser))).toBe(
      "NetworkError: Failed to execute 'claimInterface' on 'USBDevice': Unable to claim interface.",
    );
  });

  it('does not prevent the browser from refusing a protected class with SecurityError', async () => {
    const browser = createBrowser([{ ...UNIT, protectedClass: true }]);
    expect(await failure(claimed(browser))).toBe(
      "SecurityError: Failed to execute 'claimInterface' on 'USBDevice': The requested interface implements a protected class.",
    );
  });

  it('has claimed the serial interfaces of a composite unit', async () => {
    const device = await claimed(createBrowser([{ ...UNIT, link: 'both' }]));
    expect(device.configuration?.interfaces.map(({ alternate }) => alternate.interfaceClass)).toEqual([
      0xff, 0x02, 0x0a,
    ]);
    expect(await failure(device.claimInterface(1))).toMatch(/^NetworkError: .*Unable to claim interface/);
    expect(await failure(device.claimInterface(2))).toMatch(/^NetworkError: .*Unable to claim interface/);
  });
});

describe('a halted endpoint', () => {
  it('stalls in both directions until clearHalt', async () => {
    const browser = createBrowser([UNIT]);
    const device = await claimed(browser);
    browser.control.fault(UNIT_SN, { fault: 'stall', direction: 'out' });
    expect(await device.transferOut(2, POWER_ON)).toMatchObject({ status: 'stall' });
    expect(await device.transferOut(2, POWER_ON)).toMatchObject({ status: 'stall' });
    await device.clearHalt('out', 2);
    expect(await device.transferOut(2, POWER_ON)).toMatchObject({ status: 'ok' });
    browser.control.fault(UNIT_SN, { fault: 'stall', direction: 'in' });
    expect(await device.transferIn(1, 64)).toMatchObject({ status: 'stall' });
    expect(await device.transferIn(1, 64)).toMatchObject({ status: 'stall' });
    await device.clearHalt('in', 1);
    expect(hexOf(await device.transferIn(1, 64))).toBe(ATR_RESPONSE);
  });
});
