// A unit's USB link as Linux shows it: a device in sysfs and its file in usbfs. One per plugging in.

import { CCID_INTERFACE } from '#device-sim/browser/usb-descriptors.ts';
import type { Unit } from '#device-sim/unit/unit.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Gadget } from '../gadget/gadget.ts';
import type { Attachment, Slot } from './attachment.ts';
import { DeviceNode } from './device-node.ts';
import type { SysDevice } from './testbed.ts';
import { UsbDevice } from './usbfs.ts';

const BUS = 1;
const MAJOR = 189;

export async function attachUsb(unit: Unit, gadget: Gadget, slot: Slot): Promise<Attachment> {
  const { testbed, address, syspath, onFailure } = slot;
  let node: DeviceNode | undefined;
  const device = new UsbDevice({
    gadget,
    // The interfaces of CDC-ACM belong to the kernel's own driver.
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
  testbed.tell('add', entry);
  return {
    refresh() {
      const refusal = unit.faults('usb').openRefusal;
      file.setOpenable(refusal !== 'access denied' && refusal !== 'driver missing');
    },
    unplug: () => device.unplug(),
    get isBehind() {
      return device.hasEnded;
    },
    hangUp: () => device.vanish(),
    vanish() {
      testbed.remove(entry);
      testbed.tell('remove', entry);
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
      BUSNUM: three(BUS),
      DEVNUM: three(address),
      ID_BUS: 'usb',
    },
    node,
  };
}

function usbNumber(address: number) {
  return { name: `bus/usb/${three(BUS)}/${three(address)}`, major: MAJOR, minor: (BUS - 1) * 128 + address - 1 };
}

const three = (value: number): string => `${value}`.padStart(3, '0');
const hex4 = (value: number): string => hexNumber(value, 4).toLowerCase();

/** Of a string descriptor. */
const text = (descriptor: Uint8Array): string => Buffer.from(descriptor.subarray(2)).toString('utf16le');
