import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import { openSerialPort } from '#web/transport/serial-port.ts';
import { UnplugSignal } from '#web/transport/unplug-signal.ts';
import { openUsbPort } from '#web/transport/usb-port.ts';
import { quickUnit, setUp } from './fixture.ts';
import { type Pair, PORT_CONTRACT } from './port.contract.ts';

function describePort(name: string, makePair: () => Pair): void {
  describe(`the port contract: ${name}`, () => {
    it.each(PORT_CONTRACT)('$name', async ({ check }) => {
      await expect(check(makePair())).resolves.toBeUndefined();
    });
  });
}

function usbPair(packetSize: number): Pair {
  const { usb, control, timer, soon } = setUp([quickUnit('usb', { packetSize })]);
  const unplugSignal = new UnplugSignal();
  usb.addEventListener('disconnect', () => unplugSignal.markUnplugged());
  return {
    open: async () => {
      control.nextChoice('0007');
      const device = await usb.requestDevice({ filters: [] });
      return await openUsbPort(device, { platform: 'linux', unplugSignal, timer });
    },
    // PC_to_RDR_GetSlotStatus and RDR_to_PC_SlotStatus (CCID 1.1 clauses 6.1.3 and 6.2.2), as sent
    // before power-on.
    ask: fromHex('65 00000000 00 00 000000'),
    answer: fromHex('81 00000000 00 00 01 00 00'),
    unplug: () => control.unplug('0007'),
    soon,
  };
}

function serialPair(): Pair {
  const { serial, control, timer, soon } = setUp([quickUnit('serial')]);
  const unplugSignal = new UnplugSignal();
  serial.addEventListener('disconnect', () => unplugSignal.markUnplugged());
  const settings = PROFILES[0]?.serial;
  if (settings === undefined) throw new Error('the first profile has no serial line');
  return {
    open: async () => {
      control.nextChoice('0007');
      const port = await serial.requestPort();
      return await openSerialPort(port, settings, { platform: 'linux', unplugSignal, timer });
    },
    // S(RESYNCH request) and its response (ISO/IEC 7816-3 clause 11.6.3.2), with the EDC of
    // docs/protocol.md clause 5.
    ask: fromHex('00 C0 00 0C66'),
    answer: fromHex('00 E0 00 2F55'),
    unplug: () => control.unplug('0007'),
    soon,
  };
}

describePort('WebUSB, packets of 64 bytes', () => usbPair(64));
describePort('WebUSB, packets of 512 bytes', () => usbPair(512));
// The answer of ten bytes fills five packets of 2 bytes, so that a zero-length packet follows. No
// real endpoint has packets of 2 bytes.
describePort('WebUSB, an answer that fills its last packet', () => usbPair(2));
describePort('Web Serial', serialPair);
