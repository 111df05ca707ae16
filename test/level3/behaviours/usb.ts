// Observations of WebUSB. The message is CCID's GetSlotStatus of slot 0, whose answer has ten octets; endpoints are the unit's.
import { type Behaviour, logOf, pulled, SETTLED_MS, seen } from './bench.ts';

export const USB_BEHAVIOURS: readonly Behaviour[] = [
  seen('usb: what the device says of itself', async () => {
    const device = await window.tools.usb();
    const classes = [device.deviceClass, device.deviceSubclass, device.deviceProtocol].join('/');
    const version = [device.usbVersionMajor, device.usbVersionMinor, device.usbVersionSubminor].join('.');
    return `USB ${version}, class ${classes}, ${device.manufacturerName}, ${device.productName}, ${device.serialNumber}`;
  }),
  seen('usb: interfaces and endpoints', async () => {
    const device = await window.tools.usb();
    const interfaces = device.configurations[0]?.interfaces ?? [];
    return interfaces
      .map(({ interfaceNumber, alternate }) => {
        const ends = alternate.endpoints.map((e) => `${e.type} ${e.direction} ${e.endpointNumber} of ${e.packetSize}`);
        return `${interfaceNumber}: class ${alternate.interfaceClass}, ${ends.join(', ')}`;
      })
      .join('; ');
  }),
  seen('usb: the configuration before open', async () => {
    const device = await window.tools.usb();
    return device.configuration === null ? 'null' : String(device.configuration.configurationValue);
  }),
  seen('usb: transferIn before open', async () => {
    const device = await window.tools.usb();
    return window.tools.see(device.transferIn(1, 64));
  }),
  seen('usb: claimInterface before open', async () => {
    const device = await window.tools.usb();
    return window.tools.see(device.claimInterface(0));
  }),
  seen('usb: open twice', async () => {
    const device = await window.tools.usb();
    await device.open();
    return window.tools.see(device.open());
  }),
  seen('usb: open twice at once', async () => {
    const device = await window.tools.usb();
    const [first, second] = await Promise.all([window.tools.see(device.open()), window.tools.see(device.open())]);
    return `${first}; ${second}`;
  }),
  seen('usb: transferIn before the interface is claimed', async () => {
    const device = await window.tools.usb();
    await device.open();
    if (device.configuration === null) await device.selectConfiguration(1);
    return window.tools.see(device.transferIn(1, 64));
  }),
  seen('usb: claim of an interface that is not there', async () => {
    const device = await window.tools.claimedUsb();
    return window.tools.see(device.claimInterface(7));
  }),
  seen('usb: claim of the interface that the serial driver holds', async () => {
    const device = await window.tools.claimedUsb();
    return window.tools.see(device.claimInterface(1));
  }),
  seen('usb: selectConfiguration of the one that is selected', async () => {
    const device = await window.tools.claimedUsb();
    return window.tools.see(device.selectConfiguration(1));
  }),
  seen('usb: selectConfiguration of one that is not there', async () => {
    const device = await window.tools.claimedUsb();
    return window.tools.see(device.selectConfiguration(2));
  }),
  seen('usb: a control request that the device does not know', async () => {
    const device = await window.tools.claimedUsb();
    const setup = { requestType: 'vendor', recipient: 'device', request: 0x7f, value: 0, index: 0 } as const;
    return window.tools.see(device.controlTransferIn(setup, 16));
  }),
  seen('usb: a message and its answer', async () => {
    const device = await window.tools.claimedUsb();
    const out = await device.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    return `${out.status}, ${out.bytesWritten} written; ${await window.tools.see(device.transferIn(1, 1344))}`;
  }),
  seen('usb: a read that is shorter than the packet', async () => {
    const device = await window.tools.claimedUsb();
    await device.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    return window.tools.see(device.transferIn(1, 4));
  }),
  seen('usb: an endpoint that is not there', async () => {
    const device = await window.tools.claimedUsb();
    return window.tools.see(device.transferOut(9, Uint8Array.of(1)));
  }),
  {
    name: 'usb: a stall of the IN endpoint, and clearHalt',
    async observe({ page, arm }) {
      arm({ fault: 'stall', direction: 'in' });
      return String(
        await page.evaluate(async () => {
          const device = await window.tools.claimedUsb();
          await device.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0));
          const first = await window.tools.see(device.transferIn(1, 1344));
          const second = await window.tools.see(device.transferIn(1, 1344));
          const cleared = await window.tools.see(device.clearHalt('in', 1));
          return `${first}; again ${second}; clearHalt ${cleared}; ${await window.tools.see(device.transferIn(1, 1344))}`;
        }),
      );
    },
  },
  {
    name: 'usb: a stall of the OUT endpoint, and clearHalt',
    async observe({ page, arm }) {
      arm({ fault: 'stall', direction: 'out' });
      return String(
        await page.evaluate(async () => {
          const device = await window.tools.claimedUsb();
          const message = Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0);
          const first = await window.tools.see(device.transferOut(2, message));
          const cleared = await window.tools.see(device.clearHalt('out', 2));
          return `${first}; clearHalt ${cleared}; ${await window.tools.see(device.transferOut(2, message))}`;
        }),
      );
    },
  },
  seen('usb: close while a read waits', async () => {
    const device = await window.tools.claimedUsb();
    const read = window.tools.note('read')(device.transferIn(1, 1344));
    await window.tools.note('close')(device.close());
    await read;
    return window.tools.log.splice(0).join('; ');
  }),
  seen('usb: releaseInterface while a read waits', async () => {
    const device = await window.tools.claimedUsb();
    const read = window.tools.note('read')(device.transferIn(1, 1344));
    await window.tools.note('release')(device.releaseInterface(0));
    await Promise.race([read, new Promise((resolve) => setTimeout(resolve, 1000))]);
    const order = window.tools.log.splice(0).join('; ');
    await device.close();
    await read;
    window.tools.log.splice(0);
    return order;
  }),
  {
    name: 'usb: claim of the vendor interface that another page holds',
    async observe({ page, occupy }) {
      const release = await occupy('usb');
      const words = await page.evaluate(async () => {
        const device = await window.tools.usb();
        const opened = await window.tools.see(device.open());
        if (device.opened && device.configuration === null) await device.selectConfiguration(1);
        return `open ${opened}; claim ${device.opened ? await window.tools.see(device.claimInterface(0)) : 'not tried'}`;
      });
      await release();
      return words;
    },
  },
  pulled('usb: pulled while a read waits', async () => {
    const device = await window.tools.claimedUsb();
    window.started = window.tools.note('read')(device.transferIn(1, 1344));
  }),
  pulled('usb: pulled while it is open and nothing is asked', async () => {
    await window.tools.claimedUsb();
  }),
  {
    name: 'usb: pulled by the first octets of a write',
    async observe(bench) {
      const { page } = bench;
      await page.evaluate(async () => {
        const device = await window.tools.claimedUsb();
        window.started = Promise.resolve(device);
      });
      await logOf(page);
      bench.arm({ fault: 'unplug', direction: 'out', after: 4, link: 'usb' });
      await page.evaluate(async () => {
        const device = (await window.started) as USBDevice;
        const message = Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        window.started = Promise.all([
          window.tools.note('write')(device.transferOut(2, message)),
          window.tools.note('read')(device.transferIn(1, 1344)),
        ]);
      });
      await page.waitForTimeout(SETTLED_MS);
      const order = await logOf(page);
      await bench.unplug();
      await bench.plug();
      return order;
    },
  },
  {
    name: 'usb: the old device after it was pulled, and the new one',
    async observe(bench) {
      const { page } = bench;
      await page.evaluate(async () => {
        window.started = window.tools.claimedUsb();
        await window.started;
      });
      await bench.unplug();
      await page.waitForTimeout(SETTLED_MS);
      const gone = await page.evaluate(async () => {
        const device = (await window.started) as USBDevice;
        const opened = `opened ${device.opened}`;
        const open = await window.tools.see(device.open());
        const write = await window.tools.see(device.transferOut(2, Uint8Array.of(1)));
        const { length } = await navigator.usb.getDevices();
        return `${opened}; open ${open}; write ${write}; ${length} permitted`;
      });
      await bench.plug();
      const back = await page.evaluate(async () => {
        const old = (await window.started) as USBDevice;
        const now = await window.tools.usb();
        return `then ${(await navigator.usb.getDevices()).length} permitted, ${now === old ? 'the same object' : 'another object'}`;
      });
      await logOf(page);
      return `${gone}; ${back}`;
    },
  },
];
