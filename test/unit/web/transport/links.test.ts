import { describe, expect, it } from 'vitest';
import { type DeviceProfile, PROFILES } from '#web/transport/device-profiles.ts';
import type { Links } from '#web/transport/links.ts';
import { FakeDevice, FakeLine, linksOver, ManualTimer, never, refusal, usbInterface } from './fakes.ts';

/** Fakes navigator.usb of a computer to which the test attaches units. */
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

/** Fakes navigator.serial of a computer to which the test attaches units. */
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

  /**
   * Dispatches an event on this object, with `port` as the target of the event. In a browser, the
   * event bubbles from the port.
   */
  dispatch(type: 'connect' | 'disconnect', port: FakeLine): void {
    port.connected = type === 'connect';
    const event = new Event(type);
    Object.defineProperty(event, 'target', { value: port });
    this.dispatchEvent(event);
  }
}

interface TestSetup {
  readonly usb: FakeUsb;
  readonly serial: FakeSerial;
  readonly timer: ManualTimer;
  readonly links: Links;
}

function setUp(): TestSetup {
  const [usb, serial, timer] = [new FakeUsb(), new FakeSerial(), new ManualTimer()];
  return { usb, serial, timer, links: linksOver({ usb, serial }, timer) };
}

function unit(serialNumber: string | null = null): FakeDevice {
  const device = new FakeDevice(usbInterface(0xff));
  device.serialNumber = serialNumber;
  return device;
}

describe('chooseUsb and chooseSerial', () => {
  it('return undefined when the operator closes the chooser', async () => {
    const { links } = setUp();
    expect(await links.chooseUsb()).toBeUndefined();
    expect(await links.chooseSerial()).toBeUndefined();
  });

  it('return a link with the name and serial number of the device', async () => {
    const { usb, links } = setUp();
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

  it('use the name of the profile if the device has no product name, and ignore an empty serial number', async () => {
    const { usb, links } = setUp();
    const device = unit();
    device.productName = '';
    usb.choice = async () => device;
    const link = await links.chooseUsb();
    expect([link?.label, link?.isForeign]).toEqual(['Keyferry unit', false]);
    expect(link?.usbSerialNumber).toBeUndefined();
  });

  it('name a port by its ids, because the unit behind it is unknown', async () => {
    const { serial, links } = setUp();
    const [adapter, bare] = [new FakeLine(), new FakeLine()];
    adapter.ids = { usbVendorId: 0x1209, usbProductId: 1 };
    serial.choice = async () => adapter;
    expect((await links.chooseSerial())?.label).toBe('Serial port, USB 1209:0001');
    serial.choice = async () => bare;
    expect(await links.chooseSerial()).toMatchObject({ label: 'Serial port', isForeign: true });
  });

  it('can show every USB device, and check the descriptors of the device when it is opened', async () => {
    const { usb, links } = setUp();
    const reader = new FakeDevice(usbInterface(0x0b));
    reader.vendorId = 0x08e6;
    usb.choice = async () => reader;
    const link = await links.chooseUsb(true);
    expect(usb.filters).toEqual([]);
    await expect(link?.open()).rejects.toMatchObject({ code: 'protected-class' });
    expect(reader.calls).toEqual([]);
  });

  it('return a serial link with the ids of its adapter, or without ids', async () => {
    const { serial, links } = setUp();
    const [adapter, builtIn] = [new FakeLine(), new FakeLine()];
    adapter.ids = { usbVendorId: 0x0403, usbProductId: 0x6001 };
    serial.choice = async () => adapter;
    expect(await links.chooseSerial()).toMatchObject({ kind: 'serial', usb: { vendorId: 0x0403, productId: 0x6001 } });
    serial.choice = async () => builtIn;
    expect((await links.chooseSerial())?.usb).toBeUndefined();
  });

  it('reject with browser-unsupported without the interface or its permission', async () => {
    const { usb, links } = setUp();
    usb.choice = refusal('SecurityError');
    await expect(links.chooseUsb()).rejects.toMatchObject({ code: 'browser-unsupported' });
    const bare = linksOver({}, new ManualTimer());
    await expect(bare.chooseUsb()).rejects.toMatchObject({ code: 'browser-unsupported' });
    await expect(bare.chooseSerial()).rejects.toMatchObject({ code: 'browser-unsupported' });
    expect(await bare.remembered()).toEqual([]);
  });

  it('reject with no-interface when no profile matches the chosen device', async () => {
    const serial = new FakeSerial();
    serial.choice = async () => new FakeLine();
    const usbOnly = PROFILES.filter((profile) => profile.usb !== undefined);
    const links = linksOver({ serial }, new ManualTimer(), () => usbOnly);
    await expect(links.chooseSerial()).rejects.toMatchObject({ code: 'no-interface' });
  });
});

describe('remembered', () => {
  it('returns the permitted units that are attached and match a profile', async () => {
    const { usb, serial, links } = setUp();
    const stranger = unit();
    stranger.productId = 0x9999;
    const gone = new FakeLine();
    gone.connected = false;
    usb.devices = [unit(), stranger];
    serial.ports = [new FakeLine(), gone];
    expect((await links.remembered()).map((link) => link.kind)).toEqual(['usb', 'serial']);
  });

  it('returns the same links each time, because a lane refers to its link', async () => {
    const { usb, links } = setUp();
    const device = unit();
    usb.devices = [device];
    usb.choice = async () => device;
    const [link] = await links.remembered();
    expect(await links.chooseUsb()).toBe(link);
    expect((await links.remembered())[0]).toBe(link);
  });

  it('rejects with browser-unsupported when a policy forbids listing units', async () => {
    const { usb, links } = setUp();
    usb.getDevices = refusal('SecurityError');
    await expect(links.remembered()).rejects.toMatchObject({ code: 'browser-unsupported' });
  });
});

describe('a link whose profile a site file replaces', () => {
  const OWN: DeviceProfile = {
    name: 'Terminal',
    ids: { vendorId: 0x2e8a, productId: 0x0005 },
    serial: { baudRate: 9600, parity: 'even', edc: 'lrc', bwtMs: 1000 },
  };

  function setUpSerial(own = OWN) {
    let profiles = PROFILES;
    const serial = new FakeSerial();
    const line = new FakeLine();
    line.ids = { usbVendorId: 0x2e8a, usbProductId: 0x0005 };
    serial.ports = [line];
    const links = linksOver({ serial }, new ManualTimer(), () => profiles);
    const accept = (): void => {
      profiles = [own, ...PROFILES];
    };
    return { links, line, accept };
  }

  it('is opened with the new settings from then on', async () => {
    const { links, line, accept } = setUpSerial();
    const [link] = await links.remembered();
    line.on.open = refusal('InvalidStateError');
    await expect(link?.open()).rejects.toThrow();
    expect([link?.isForeign, link?.isStale]).toEqual([true, false]);
    accept();
    expect([link?.isForeign, link?.isStale]).toEqual([false, true]);
    await expect(link?.open()).rejects.toThrow();
    expect(line.calls).toEqual(['open 115200 none 65536', 'open 9600 even 65536']);
    expect(link?.isStale).toBe(false);
    expect(await links.remembered()).toEqual([link]);
  });

  it('is opened a second time if its settings were replaced while it was opened', async () => {
    const { links, line, accept } = setUpSerial();
    const [link] = await links.remembered();
    line.on.open = () => {
      accept();
      return refusal('InvalidStateError')();
    };
    await expect(link?.open()).rejects.toThrow();
    expect(line.calls).toEqual(['open 115200 none 65536', 'open 9600 even 65536']);
  });

  it('is not opened as a unit any more if the device is a token', async () => {
    const { links, line, accept } = setUpSerial({ ...OWN, role: 'token' });
    const [link] = await links.remembered();
    accept();
    await expect(link?.open()).rejects.toMatchObject({ code: 'no-interface' });
    expect(line.calls).toEqual([]);
  });
});

describe('links of units that are plugged in and unplugged', () => {
  it('call the listeners until they are removed', () => {
    const { usb, serial, links } = setUp();
    let count = 0;
    const stop = links.onChange(() => count++);
    const device = unit();
    usb.plug(device);
    usb.unplug(device);
    serial.dispatch('connect', new FakeLine());
    expect(count).toBe(3);
    stop();
    usb.plug(device);
    expect(count).toBe(3);
  });

  it('replace the lost handle of a serial port that returns as the same object', async () => {
    const { serial, links } = setUp();
    const port = new FakeLine();
    serial.ports = [port];
    const [before] = await links.remembered();
    serial.dispatch('disconnect', port);
    expect(await links.remembered()).toEqual([]);
    serial.dispatch('connect', port);
    const [after] = await links.remembered();
    expect(after).not.toBe(before);
    expect(after?.id).toBeGreaterThan(before?.id ?? 0);
  });

  it('cannot be opened twice at once, but can be opened again after a failure', async () => {
    const { usb, timer, links } = setUp();
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

describe('a unit that returns after a reset', () => {
  it('gets a new link with the same ids and serial number', async () => {
    const { usb, links } = setUp();
    const device = unit('A');
    usb.devices = [device];
    const [lost] = await links.remembered();
    usb.unplug(device);
    usb.plug(unit('A'));
    const [returned] = await links.remembered();
    expect(returned).not.toBe(lost);
    expect(returned?.id).toBeGreaterThan(lost?.id ?? 0);
    expect(returned).toMatchObject({ usb: lost?.usb, usbSerialNumber: 'A' });
  });

  it('leaves its old link lost, whatever exception the old handle throws', async () => {
    const { usb, links } = setUp();
    const device = unit('A');
    usb.devices = [device];
    const [lost] = await links.remembered();
    usb.unplug(device);
    device.on.open = refusal('InvalidStateError');
    await expect(lost?.open()).rejects.toMatchObject({ code: 'device-lost' });
  });
});

describe('a unit that hangs', () => {
  it('leaves a link that can be opened again', async () => {
    const { usb, timer, links } = setUp();
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
