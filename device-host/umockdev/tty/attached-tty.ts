// A unit's serial link on the simulated machine: a tty of the driver cdc_acm. Each plug-in creates
// a new one.
import { CDC_CONTROL_INTERFACE, VENDOR_ID } from '#device-sim/browser/usb-descriptors.ts';
import type { Unit } from '#device-sim/unit/unit.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { SerialFunction } from '../../gadget/serial-function.ts';
import type { Attachment, AttachmentOptions } from '../testbed/attachment.ts';
import { DeviceNode } from '../testbed/device-node.ts';
import type { SysDevice } from '../testbed/testbed.ts';
import { Tty } from './tty.ts';

const MAJOR = 166;

export async function attachTty(unit: Unit, line: SerialFunction, options: AttachmentOptions): Promise<Attachment> {
  const { testbed, address, readsFile, onFailure } = options;
  let node: DeviceNode | undefined;
  const port = new Tty({
    line,
    isBusy: () => unit.faults('serial').openRefusal !== undefined,
    onReadiness: (readable) => {
      if (!readsFile) node?.setReady(readable);
    },
    sink: readsFile ? { feed: (bytes) => node?.feed(bytes), drain: () => node?.drain() } : undefined,
  });
  const number = { name: `ttyACM${address}`, major: MAJOR, minor: address };
  node = await DeviceNode.create(testbed, number, { readiness: 'readable', open: () => port.open(), onFailure });
  const file = node;
  const entries = ttyEntries(unit, options);
  for (const entry of entries) testbed.add(entry);
  for (const entry of entries) testbed.sendEvent('add', entry);
  return {
    refresh: () => undefined,
    // A tty detects an unplug only when the kernel does. Until then, writes are lost and reads
    // wait.
    unplug: () => undefined,
    get hasUnreadErrors() {
      return port.hasUnreadEnd;
    },
    hangUp: () => port.hangUp(),
    remove() {
      for (const entry of [...entries].reverse()) testbed.remove(entry);
      file.remove();
      for (const entry of [...entries].reverse()) testbed.sendEvent('remove', entry);
    },
  };
}

/** Returns the entries in sysfs: the USB interface with its driver, and the tty below it. */
function ttyEntries(unit: Unit, { syspath, address }: AttachmentOptions): readonly SysDevice[] {
  const { usb, name } = unit.options;
  const driver = `${syspath}/${syspath.split('/').at(-1)}:1.${CDC_CONTROL_INTERFACE}`;
  return [
    {
      syspath: driver,
      subsystem: 'usb',
      kind: 'bus',
      properties: { DEVTYPE: 'usb_interface', DRIVER: 'cdc_acm' },
    },
    {
      syspath: `${driver}/tty/ttyACM${address}`,
      subsystem: 'tty',
      kind: 'class',
      properties: {
        ID_BUS: 'usb',
        ID_VENDOR_ID: hexNumber(VENDOR_ID, 4).toLowerCase(),
        ID_MODEL_ID: hexNumber(usb.productId, 4).toLowerCase(),
        ID_MODEL_ENC: name.replaceAll(' ', '\\x20'),
        ID_USB_DRIVER: 'cdc_acm',
        ...(usb.hasSerialNumber ? { ID_SERIAL_SHORT: unit.sn } : {}),
      },
      node: { name: `ttyACM${address}`, major: MAJOR, minor: address },
    },
  ];
}
