import { describe, expect, it } from 'vitest';
import { Links } from '#web/transport/links.ts';
import { PROFILES } from '#web/transport/profiles.ts';
import { FakeDevice, FakeLine, ManualTimer, never, refusal, usbInterface } from './fakes.ts';

/** navigator.usb and navigator.serial of a desk on which things are plugged and unplugged. */
class FakeUsb extends EventTarget {
  onconnect = null;
  ondisconnect = null;
  devices: FakeDevice[] = [];
  choice: () => Promise<USBDevice> = refusal('NotFoundError');
  filters: USBDeviceFilter[] = [];

  getDevices = async (): Promise<USBDevice[]> => this.devices;
  requestDevice = (options?: USBDeviceRequestOptions): Promise<USBDevice> => {
    this.filters = options?.filters ?? [];
    return this.choice();
  };

  plug(device: FakeDevice): void {
    this.devices = [...this.devices, device];
    this.dispatchEvent(Object.assign(new Event('connect'), { device }));
  }

  unplug(device: FakeDevice): void {
    this.devices = this.devices.filter((other) => other !== device);
    this.dispatchEvent(Object.assign(new Event('disconnect'), { device }));
  }
}

class FakeSerial extends EventTarget {
  onconnect = null;
  ondisconnect = null;
  ports: FakeLine[] = [];
  choice: () => Promise<SerialPort> = refusal('NotFoundError');
  filters: SerialPortFilter[] = [];

  getPorts = async (): Promise<SerialPort[]> => this.ports;
  requestPort = (options?: SerialPortRequestOptions): Promise<SerialPort> => {
    this.filters = options?.filters ?? [];
    return this.choice();
  };

  /** As in a browser the event is fired at the port and seen here with the port as its target. */
  tell(type: 'connect' | 'disconnect', port: FakeLine): void {
    port.connected = type === 'connect';
    const event = new Event(type);
    Object.defineProperty(event, 'target', { value: port });
    this.dispatchEvent(event);
  }
}

interface Bench {
  readonly usb: FakeUsb;
  readonly serial: FakeSerial;
  readonly timer: ManualTimer;
  readonly links: Links;
}

function bench(): Bench {
  const [usb, serial, timer] = [new FakeUsb(), new FakeSerial(), new ManualTimer()];
  const links = new Links({
    usb: usb as EventTarget as USB,
    serial: serial as EventTarget as Serial,
    platform: 'linux',
    profiles: PROFILES,
    timer: timer.after,
    now: () => 0,
  });
  return { usb, serial, timer, links };
}

function unit(serialNumber: string | null = null): FakeDevice {
  const device = new FakeDevice(usbInterface(0xff));
  device.serialNumber = serialNumber;
  return device;
}

describe('choosing a unit', () => {
  it('is no error when the operator closes the chooser', async () => {
    const { links } = bench();
    expect(await links.chooseUsb()).toBeUndefined();
    expect(await links.chooseSerial()).toBeUndefined();
  });

  it('gives a link that says what the device says of itself', async () => {
    const { usb, links } = bench();
    const device = unit('00112233445566778899AABBCCDDEEFF');
    usb.choice = async () => device;
    expect(await links.chooseUsb()).toMatchObject({
      kind: 'usb',
      label: 'Unit',
      usb: { vendorId: 0x1209, productId: 0x0001 },
      usbSerialNumber: '00112233445566778899AABBCCDDEEFF',
    });
    expect(usb.filters).toEqual([{ vendorId: 0x1209, productId: 0x0001 }]);
  });

  it('names a unit without a product name by its profile, and has no serial number where it has none', async () => {
    const { usb, links } = bench();
    const device = unit();
    device.productName = '';
    usb.choice = async () => device;
    const link = await links.chooseUsb();
    expect(link?.label).toBe('Keyferry unit');
    expect(link?.usbSerialNumber).toBeUndefined();
  });

  it('names a port by what it is, since nothing is known yet of what is behind it', async () => {
    const { serial, links } = bench();
    const [known, bare] = [new FakeLine(), new FakeLine()];
    known.ids = { usbVendorId: 0x1209, usbProductId: 1 };
    serial.choice = async () => known;
    expect((await links.chooseSerial())?.label).toBe('Serial port, USB 1209:0001');
    serial.choice = async () => bare;
    expect((await links.chooseSerial())?.label).toBe('Serial port');
  });

  it('shows every USB device where that is wanted, and judges one by its descriptors when it is opened', async () => {
    const { usb, links } = bench();
    const reader = new FakeDevice(usbInterface(0x0b));
    reader.vendorId = 0x08e6;
    usb.choice = async () => reader;
    const link = await links.chooseUsb(true);
    expect(usb.filters).toEqual([]);
    await expect(link?.open()).rejects.toMatchObject({ code: 'protected-class' });
    expect(reader.calls).toEqual([]);
  });

  it('gives a serial link with the ids of its adapter, and one without', async () => {
    const { serial, links } = bench();
    const [adapter, builtIn] = [new FakeLine(), new FakeLine()];
    adapter.ids = { usbVendorId: 0x0403, usbProductId: 0x6001 };
    serial.choice = async () => adapter;
    expect(await links.chooseSerial()).toMatchObject({ kind: 'serial', usb: { vendorId: 0x0403, productId: 0x6001 } });
    serial.choice = async () => builtIn;
    expect((await links.chooseSerial())?.usb).toBeUndefined();
  });

  it('says that the browser cannot where it has no such interface or forbids it', async () => {
    const { usb, links } = bench();
    usb.choice = refusal('SecurityError');
    await expect(links.chooseUsb()).rejects.toMatchObject({ code: 'browser-unsupported' });
    const timer = new ManualTimer().after;
    const bare = new Links({
      usb: undefined,
      serial: undefined,
      platform: 'other',
      profiles: PROFILES,
      timer,
      now: () => 0,
    });
    await expect(bare.chooseUsb()).rejects.toMatchObject({ code: 'browser-unsupported' });
    await expect(bare.chooseSerial()).rejects.toMatchObject({ code: 'browser-unsupported' });
    expect(await bare.remembered()).toEqual([]);
  });

  it('says that no profile fits what was chosen', async () => {
    const serial = new FakeSerial();
    serial.choice = async () => new FakeLine();
    const usbOnly = PROFILES.filter((profile) => profile.usb !== undefined);
    const timer = new ManualTimer().after;
    const links = new Links({
      usb: undefined,
      serial: serial as EventTarget as Serial,
      platform: 'linux',
      profiles: usbOnly,
      timer,
      now: () => 0,
    });
    await expect(links.chooseSerial()).rejects.toMatchObject({ code: 'no-interface' });
  });
});

describe('remembered units', () => {
  it('are those that were permitted, are attached and fit a profile', async () => {
    const { usb, serial, links } = bench();
    const stranger = unit();
    stranger.productId = 0x9999;
    const gone = new FakeLine();
    gone.connected = false;
    usb.devices = [unit(), stranger];
    serial.ports = [new FakeLine(), gone];
    expect((await links.remembered()).map((link) => link.kind)).toEqual(['usb', 'serial']);
  });

  it('are the same links each time, so that a lane can be known by its link', async () => {
    const { usb, links } = bench();
    const device = unit();
    usb.devices = [device];
    usb.choice = async () => device;
    const [remembered] = await links.remembered();
    expect(await links.chooseUsb()).toBe(remembered);
    expect((await links.remembered())[0]).toBe(remembered);
  });
});

describe('a page that may not ask for units', () => {
  it('is told so', async () => {
    const { usb, links } = bench();
    usb.getDevices = refusal('SecurityError');
    await expect(links.remembered()).rejects.toMatchObject({ code: 'browser-unsupported' });
  });
});

describe('units that come and go', () => {
  it('are told to whoever listens, until he stops', () => {
    const { usb, serial, links } = bench();
    let count = 0;
    const stop = links.onChange(() => count++);
    const device = unit();
    usb.plug(device);
    usb.unplug(device);
    serial.tell('connect', new FakeLine());
    expect(count).toBe(3);
    stop();
    usb.plug(device);
    expect(count).toBe(3);
  });

  it('drops the dead handle of a serial port that comes back as the same object', async () => {
    const { serial, links } = bench();
    const port = new FakeLine();
    serial.ports = [port];
    const [before] = await links.remembered();
    serial.tell('disconnect', port);
    expect(await links.remembered()).toEqual([]);
    serial.tell('connect', port);
    const [after] = await links.remembered();
    expect(after).not.toBe(before);
    expect(after?.id).toBeGreaterThan(before?.id ?? 0);
  });

  it('refuses to open a link twice at once, but not again after a failure', async () => {
    const { usb, timer, links } = bench();
    const device = unit();
    device.on.claimInterface = refusal('InvalidStateError');
    usb.devices = [device];
    const [link] = await links.remembered();
    const opening = link?.open();
    await expect(link?.open()).rejects.toThrow(RangeError);
    await expect(opening).rejects.toMatchObject({ code: 'device-busy' });
    await timer.advance(0);
    await expect(link?.open()).rejects.toMatchObject({ code: 'device-busy' });
  });
});

describe('a unit that comes back after a reset', () => {
  it('is another link with the same ids and serial number', async () => {
    const { usb, links } = bench();
    const device = unit('A');
    usb.devices = [device];
    const [dead] = await links.remembered();
    usb.unplug(device);
    usb.plug(unit('A'));
    const [back] = await links.remembered();
    expect(back).not.toBe(dead);
    expect(back?.id).toBeGreaterThan(dead?.id ?? 0);
    expect(back).toMatchObject({ usb: dead?.usb, usbSerialNumber: 'A' });
  });

  it('leaves its old link dead, whatever the browser says of the old handle', async () => {
    const { usb, links } = bench();
    const device = unit('A');
    usb.devices = [device];
    const [dead] = await links.remembered();
    usb.unplug(device);
    device.on.open = refusal('InvalidStateError');
    await expect(dead?.open()).rejects.toMatchObject({ code: 'device-lost' });
  });
});

describe('a unit that hangs', () => {
  it('does not keep its link from being opened again', async () => {
    const { usb, timer, links } = bench();
    const device = unit();
    device.on.open = never;
    usb.devices = [device];
    const [link] = await links.remembered();
    const opening = expect(link?.open()).rejects.toMatchObject({ code: 'link-timeout' });
    await timer.advance(5000);
    await opening;
    delete device.on.open;
    device.on.claimInterface = refusal('SecurityError');
    await expect(link?.open()).rejects.toMatchObject({ code: 'protected-class' });
  });
});
