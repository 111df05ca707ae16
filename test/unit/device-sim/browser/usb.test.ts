// Simulated WebUSB is as strict as Chromium's: the same order, the same exceptions (Blink's usb.cc and usb_device.cc).
import { describe, expect, it } from 'vitest';
import type { Fault } from '#device-sim/unit/faults.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { createDesk, type Desk, FULL_SN, failure, nextEvent, UNIT, UNIT_SN } from './support.ts';

const POWER_ON = fromHex('62 00000000 00 00 000000');
const ATR_ANSWER = '800D00000000000000003B858171FE45018073 8001C07D'.replace(' ', '');

async function chosen(desk: Desk): Promise<USBDevice> {
  desk.control.nextChoice(UNIT_SN);
  return await desk.usb.requestDevice({ filters: [{ vendorId: 0x1209 }] });
}

async function claimed(desk: Desk): Promise<USBDevice> {
  const device = await chosen(desk);
  await device.open();
  await device.selectConfiguration(1);
  await device.claimInterface(0);
  return device;
}

const octets = ({ data }: USBInTransferResult): string =>
  data === undefined ? '' : toHex(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

describe('requestDevice', () => {
  it('wants filters, and coherent ones', async () => {
    const { usb } = createDesk([UNIT]);
    expect(await failure(usb.requestDevice())).toMatch(/^TypeError/);
    expect(await failure(usb.requestDevice({ filters: [{ productId: 1 }] }))).toMatch(/^TypeError/);
    expect(await failure(usb.requestDevice({ filters: [{ subclassCode: 1 }] }))).toMatch(/^TypeError/);
  });

  it('wants a user gesture', async () => {
    const desk = createDesk([UNIT]);
    desk.gesture = false;
    expect(await failure(desk.usb.requestDevice({ filters: [] }))).toBe(
      "SecurityError: Failed to execute 'requestDevice' on 'USB': Must be handling a user gesture to show a permission request.",
    );
    expect(desk.shown).toEqual([]);
  });

  it('fails with NotFoundError when the chooser is cancelled or there is nothing to choose', async () => {
    const desk = createDesk([UNIT]);
    const none = "NotFoundError: Failed to execute 'requestDevice' on 'USB': No device selected.";
    desk.control.nextChoice('cancel');
    expect(await failure(desk.usb.requestDevice({ filters: [] }))).toBe(none);
    expect(await failure(desk.usb.requestDevice({ filters: [] }))).toBe(none);
    desk.control.nextChoice(UNIT_SN);
    expect(await failure(desk.usb.requestDevice({ filters: [{ vendorId: 0x2341 }] }))).toBe(none);
    expect(desk.shown.map((candidates) => candidates.length)).toEqual([1, 1, 0]);
  });

  it('honours filters of every kind', async () => {
    const desk = createDesk([UNIT, { ...UNIT, sn: '08', link: 'both' }, { ...UNIT, sn: '09', link: 'serial' }]);
    const shown = async (filters: USBDeviceFilter[], exclusionFilters: USBDeviceFilter[] = []) => {
      desk.control.nextChoice('cancel');
      await failure(desk.usb.requestDevice({ filters, exclusionFilters }));
      return (desk.shown.at(-1) ?? []).map(({ sn }) => sn.replace(/^0+/, ''));
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
  it('shows a page only what was granted, and the same object each time', async () => {
    const desk = createDesk([UNIT, { ...UNIT, sn: '08' }]);
    expect(await desk.usb.getDevices()).toEqual([]);
    const device = await chosen(desk);
    expect(await desk.usb.getDevices()).toEqual([device]);
  });

  it('outlives the plug where there is a serial number, and the unit is another device then', async () => {
    const desk = createDesk([UNIT]);
    const device = await chosen(desk);
    const gone = nextEvent<USBConnectionEvent>(desk.usb, 'disconnect');
    desk.control.unplug(UNIT_SN);
    expect(await desk.usb.getDevices()).toEqual([]);
    expect((await gone).device).toBe(device);
    const back = nextEvent<USBConnectionEvent>(desk.usb, 'connect');
    desk.control.plug(UNIT_SN);
    const [again] = await desk.usb.getDevices();
    expect((await back).device).toBe(again);
    expect(again).not.toBe(device);
  });

  it('is forgotten with the plug where there is none', async () => {
    const desk = createDesk([{ ...UNIT, usbSerialNumber: false }]);
    const device = await chosen(desk);
    expect(device.serialNumber).toBeNull();
    const gone = nextEvent(desk.usb, 'disconnect');
    desk.control.unplug(UNIT_SN);
    await gone;
    desk.control.plug(UNIT_SN);
    expect(await desk.usb.getDevices()).toEqual([]);
  });

  it('ends with forget, which closes the device', async () => {
    const desk = createDesk([UNIT]);
    const device = await claimed(desk);
    await device.forget();
    expect([device.opened, await desk.usb.getDevices()]).toEqual([false, []]);
  });

  it('is what plug events need too', async () => {
    const desk = createDesk([UNIT], { eventDelay: 0 });
    let told = 0;
    desk.usb.addEventListener('connect', () => told++);
    desk.usb.addEventListener('disconnect', () => told++);
    desk.control.unplug(UNIT_SN);
    desk.control.plug(UNIT_SN);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(told).toBe(0);
  });
});

describe('a device', () => {
  it('describes itself: ids, serial number, a vendor interface with two bulk endpoints', async () => {
    const device = await chosen(createDesk([UNIT]));
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

  it('wants open, a configuration and a claim in this order', async () => {
    const device = await chosen(createDesk([UNIT]));
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

  it('opens twice without harm, but not while it is opening', async () => {
    const device = await chosen(createDesk([UNIT]));
    const opening = device.open();
    expect(await failure(device.open())).toMatch(/^InvalidStateError: .*An operation that changes the device state/);
    await opening;
    await device.open();
    await device.close();
    await device.close();
    expect(device.opened).toBe(false);
  });

  it('answers a CCID message', async () => {
    const device = await claimed(createDesk([UNIT]));
    const answer = device.transferIn(1, 512);
    expect(await device.transferOut(2, POWER_ON)).toEqual({ status: 'ok', bytesWritten: 10 });
    expect(octets(await answer)).toBe(ATR_ANSWER);
  });

  it('keeps what nobody has read yet', async () => {
    const device = await claimed(createDesk([UNIT]));
    await device.transferOut(2, POWER_ON);
    expect(octets(await device.transferIn(1, 512))).toBe(ATR_ANSWER);
  });

  it('splits a long answer into packets: short, full with its zero-length packet, and babble', async () => {
    // 10 + 13 = 23 octets; packets of 8 make two full ones and 7, of 23 one full one and an empty one.
    const short = await claimed(createDesk([{ ...UNIT, packetSize: 8 }]));
    await short.transferOut(2, POWER_ON);
    expect(octets(await short.transferIn(1, 16))).toBe(ATR_ANSWER.slice(0, 32));
    expect(octets(await short.transferIn(1, 16))).toBe(ATR_ANSWER.slice(32));
    const full = await claimed(createDesk([{ ...UNIT, packetSize: 23 }]));
    await full.transferOut(2, POWER_ON);
    expect(octets(await full.transferIn(1, 23))).toBe(ATR_ANSWER);
    expect(await full.transferIn(1, 23)).toMatchObject({ status: 'ok', data: { byteLength: 0 } });
    await full.transferOut(2, POWER_ON);
    expect(octets(await full.transferIn(1, 46))).toBe(ATR_ANSWER);
    await full.transferOut(2, POWER_ON);
    expect(await full.transferIn(1, 22)).toMatchObject({ status: 'babble' });
  });

  it('ends open transfers with AbortError when it is closed', async () => {
    const device = await claimed(createDesk([UNIT]));
    const pending = failure(device.transferIn(1, 64));
    await device.close();
    expect(await pending).toMatch(/^AbortError: .*The transfer was cancelled/);
  });

  it('fails open transfers after their interface was released', async () => {
    const device = await claimed(createDesk([UNIT]));
    const order: string[] = [];
    const pending = failure(device.transferIn(1, 64)).then((text) => {
      order.push('transfer');
      return text;
    });
    await device.releaseInterface(0).then(() => order.push('release'));
    expect(await pending).toMatch(/^NetworkError: .*A transfer error has occurred/);
    expect(order).toEqual(['release', 'transfer']);
  });

  it('keeps its claim over a reset, and the card in it starts anew', async () => {
    const device = await claimed(createDesk([UNIT]));
    await device.transferOut(2, POWER_ON);
    await device.transferIn(1, 512);
    await device.reset();
    // XfrBlock without power: FE.
    await device.transferOut(2, concat(fromHex('6F 05000000 00 01 000000'), fromHex('80CA000000')));
    expect(octets(await device.transferIn(1, 512))).toBe('800000000000014' + '1FE00');
  });

  it('stalls control transfers that it does not know', async () => {
    const device = await claimed(createDesk([UNIT]));
    const setup = { requestType: 'vendor', recipient: 'interface', request: 1, value: 0, index: 0 } as const;
    expect(await device.controlTransferIn(setup, 8)).toMatchObject({ status: 'stall' });
    expect(await device.controlTransferOut(setup)).toMatchObject({ status: 'stall' });
    expect(await failure(device.controlTransferIn({ ...setup, index: 1 }, 8))).toMatch(/^NotFoundError/);
  });
});

describe('a unit that is unplugged in a transfer', () => {
  it('fails the transfer with NetworkError first and is gone with its event a little later', async () => {
    const desk = createDesk([UNIT], { eventDelay: 20 });
    const device = await claimed(desk);
    const order: string[] = [];
    desk.usb.addEventListener('disconnect', () => order.push('event'));
    const pending = failure(device.transferIn(1, 64)).then((text) => {
      order.push('transfer');
      return text;
    });
    desk.control.unplug(UNIT_SN);
    expect(await pending).toBe(
      "NetworkError: Failed to execute 'transferIn' on 'USBDevice': A transfer error has occurred.",
    );
    expect(await failure(device.transferOut(2, POWER_ON))).toMatch(/^NetworkError/);
    expect(device.opened).toBe(true);
    await nextEvent(desk.usb, 'disconnect');
    expect(order).toEqual(['transfer', 'event']);
    expect(device.opened).toBe(false);
    expect(await failure(device.open())).toMatch(/^NotFoundError: .*The device was disconnected\.$/);
  });

  it.each<[string, Fault]>([
    ['before it has heard everything', { fault: 'unplug', direction: 'out', after: 4 }],
    ['before it says anything', { fault: 'unplug', direction: 'in', after: 0 }],
    ['in the middle of its answer', { fault: 'unplug', direction: 'in', after: 4 }],
  ])('%s by a script', async (_when, fault) => {
    const desk = createDesk([UNIT]);
    const device = await claimed(desk);
    desk.control.fault(UNIT_SN, fault);
    const pending = failure(device.transferIn(1, 64));
    await failure(device.transferOut(2, POWER_ON));
    const text = await pending;
    // Octets that came before the plug went are still a packet.
    expect(text).toMatch(
      fault.fault === 'unplug' && fault.direction === 'in' && fault.after > 0 ? /^nothing failed/ : /^NetworkError/,
    );
    expect(desk.control.units()[0]?.plugged).toBe(false);
  });
});

describe('what an operating system refuses', () => {
  it.each(['driver missing', 'access denied'] as const)('%s: SecurityError at open', async (fault) => {
    const desk = createDesk([{ ...UNIT, faults: [{ fault }] }]);
    const device = await chosen(desk);
    expect(await failure(device.open())).toBe("SecurityError: Failed to execute 'open' on 'USBDevice': Access denied.");
    desk.control.clearFaults(UNIT_SN);
    await device.open();
  });

  it('another program holds the interface: NetworkError at the claim', async () => {
    const desk = createDesk([{ ...UNIT, faults: [{ fault: 'busy' }] }]);
    expect(await failure(claimed(desk))).toBe(
      "NetworkError: Failed to execute 'claimInterface' on 'USBDevice': Unable to claim interface.",
    );
  });

  it('a class that browsers protect: SecurityError at the claim', async () => {
    const desk = createDesk([{ ...UNIT, protectedClass: true }]);
    expect(await failure(claimed(desk))).toBe(
      "SecurityError: Failed to execute 'claimInterface' on 'USBDevice': The requested interface implements a protected class.",
    );
  });

  it('the serial interfaces of a composite unit belong to its driver', async () => {
    const device = await claimed(createDesk([{ ...UNIT, link: 'both' }]));
    expect(device.configuration?.interfaces.map(({ alternate }) => alternate.interfaceClass)).toEqual([
      0xff, 0x02, 0x0a,
    ]);
    expect(await failure(device.claimInterface(1))).toMatch(/^NetworkError: .*Unable to claim interface/);
    expect(await failure(device.claimInterface(2))).toMatch(/^NetworkError: .*Unable to claim interface/);
  });
});

describe('a halted endpoint', () => {
  it('stalls in both directions until clearHalt', async () => {
    const desk = createDesk([UNIT]);
    const device = await claimed(desk);
    desk.control.fault(UNIT_SN, { fault: 'stall', direction: 'out' });
    expect(await device.transferOut(2, POWER_ON)).toMatchObject({ status: 'stall' });
    expect(await device.transferOut(2, POWER_ON)).toMatchObject({ status: 'stall' });
    await device.clearHalt('out', 2);
    expect(await device.transferOut(2, POWER_ON)).toMatchObject({ status: 'ok' });
    desk.control.fault(UNIT_SN, { fault: 'stall', direction: 'in' });
    expect(await device.transferIn(1, 64)).toMatchObject({ status: 'stall' });
    expect(await device.transferIn(1, 64)).toMatchObject({ status: 'stall' });
    await device.clearHalt('in', 1);
    expect(octets(await device.transferIn(1, 64))).toBe(ATR_ANSWER);
  });
});
