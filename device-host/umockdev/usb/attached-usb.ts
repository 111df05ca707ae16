// A unit's USB link on the simulated machine: a device in sysfs and its file in usbfs. Each plug-in
// creates a new one.
import { CCID_INTERFACE } from '#device-sim/browser/usb-descriptors.ts';
import type { Unit } from '#device-sim/unit/unit.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Gadget } from '../../gadget/gadget.ts';
import type { Attachment, AttachmentOptions } from '../testbed/attachment.ts';
import { DeviceNode } from '../testbed/device-node.ts';
import type { SysDevice } from '../testbed/testbed.ts';
import { UsbfsDevice } from './usbfs.ts';

const BUS = 1;
const MAJOR = 189;

export async function attachUsb(unit: Unit, gadget: Gadget, options: AttachmentOptions): Promise<Attachment> {
  const { testbed, address, syspath, onFailure } = options;
  let node: DeviceNode | undefined;
  const device = new UsbfsDevice({
    gadget,
    // The CDC-ACM interfaces are always busy, because the kernel's driver has claimed them.
    isBusy: (interfaceNumber) => interfaceNumber !== CCID_INTERFACE || unit.faults('usb').openRefusal === 'busy',
    onReadiness: (reapable) => node?.setReady(reapable),
  });
  const entry = usbEntry(gadget, syspath, address);
  node = await DeviceNode.create(testbed, usbNumber(address), {
    readiness: 'writable',
    open: () => device.open(),
    onFailure,
  });
  const file = node;
  testbed.add(entry);
  testbed.sendEvent('add', entry);
  return {
    refresh() {
      const refusal = unit.faults('usb').openRefusal;
      file.setOpenable(refusal !== 'access denied' && refusal !== 'driver missing');
    },
    unplug: () => device.unplug(),
    get hasUnreadErrors() {
      return device.hasCompleted;
    },
    hangUp: () => device.disconnect(),
    remove() {
      testbed.remove(entry);
      testbed.sendEvent('remove', entry);
      file.remove();
    },
  };
}

function usbEntry(gadget: Gadget, syspath: string, address: number): SysDevice {
  const { device, configuration, strings, vendorId, productId } = gadget.descriptors;
  const [, manufacturer, product, serial] = strings.map(text);
  const node = usbNumber(address);
  return {
    syspath,
    subsystem: 'usb',
    kind: 'bus',
    attributes: {
      descriptors: concat(device, configuration),
      busnum: `${BUS}`,
      devnum: `${address}`,
      bConfigurationValue: '1',
      idVendor: hex4(vendorId),
      idProduct: hex4(productId),
      manufacturer: manufacturer ?? '',
      product: product ?? '',
      ...(serial === undefined ? {} : { serial }),
    },
    properties: {
      DEVTYPE: 'usb_device',
      DRIVER: 'usb',
      BUSNUM: threeDigits(BUS),
      DEVNUM: threeDigits(address),
      ID_BUS: 'usb',
    },
    node,
  };
}

function usbNumber(address: number) {
  const name = `bus/usb/${threeDigits(BUS)}/${threeDigits(address)}`;
  return { name, major: MAJOR, minor: (BUS - 1) * 128 + address - 1 };
}

const threeDigits = (value: number): string => `${value}`.padStart(3, '0');
const hex4 = (value: number): string => hexNumber(value, 4).toLowerCase();

/** Decodes the text of a string descriptor. */
const text = (descriptor: Uint8Array): string => Buffer.from(descriptor.subarray(2)).toString('utf16le');
