// A unit's serial link as Linux shows it: a tty of the driver cdc_acm. One per plugging in.

import { VENDOR_ID } from '#device-sim/browser/usb-descriptors.ts';
import type { Unit } from '#device-sim/unit/unit.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { CDC_CONTROL_INTERFACE } from '../gadget/descriptors.ts';
import type { SerialFunction } from '../gadget/serial-function.ts';
import type { Attachment, Slot } from './attachment.ts';
import { DeviceNode } from './device-node.ts';
import type { SysDevice } from './testbed.ts';
import { Tty } from './tty.ts';

const MAJOR = 166;

export async function attachTty(unit: Unit, line: SerialFunction, slot: Slot): Promise<Attachment> {
  const { testbed, address, onFailure } = slot;
  let node: DeviceNode | undefined;
  const port = new Tty({
    line,
    isBusy: () => unit.faults('serial').openRefusal !== undefined,
    onReadiness: (readable) => node?.setReady(readable),
  });
  const number = { name: `ttyACM${address}`, major: MAJOR, minor: address };
  node = await DeviceNode.create(testbed, number, { readiness: 'readable', open: () => port.open(), onFailure });
  const file = node;
  const entries = ttyEntries(unit, slot);
  for (const entry of entries) testbed.add(entry);
  for (const entry of entries) testbed.tell('add', entry);
  return {
    refresh: () => undefined,
    // A tty notices nothing by itself: what was written is lost, and nothing comes.
    unplug: () => undefined,
    get isBehind() {
      return port.isBehind;
    },
    hangUp: () => port.hangUp(),
    vanish() {
      for (const entry of [...entries].reverse()) testbed.remove(entry);
      file.remove();
      for (const entry of [...entries].reverse()) testbed.tell('remove', entry);
    },
  };
}

/** The interface with its driver, and the tty below it. */
function ttyEntries(unit: Unit, { syspath, address }: Slot): readonly SysDevice[] {
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
