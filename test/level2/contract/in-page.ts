// Checks clauses of the port contract in an otherwise empty page, with the product's ports over the
// browser's real interfaces. contract.spec.ts calls the check of a clause by the name of the
// clause.
import { fromHex } from '#protocol/bytes/hex.ts';
import { type Pair, PORT_CONTRACT } from '#test/contract/transport/port.contract.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import { openSerialPort } from '#web/transport/serial-port.ts';
import { NATIVE, timeouts } from '#web/transport/timer.ts';
import { UnplugSignal } from '#web/transport/unplug-signal.ts';
import { openUsbPort } from '#web/transport/usb-port.ts';

export interface ContractInPage {
  check(clause: string, link: 'usb' | 'serial'): Promise<void>;
}

declare global {
  interface Window {
    portContract: ContractInPage;
    /** Unplugs the unit under test. */
    unplugUnit: () => Promise<void>;
  }
}

const soon = <T>(promise: Promise<T>): Promise<T> => promise;
const unplug = (): Promise<void> => window.unplugUnit();

function usbPair(): Pair {
  const unplugSignal = new UnplugSignal();
  navigator.usb.addEventListener('disconnect', () => unplugSignal.markUnplugged());
  return {
    async open() {
      const [device] = await navigator.usb.getDevices();
      if (device === undefined) throw new Error('no USB device is permitted');
      return await openUsbPort(device, { platform: 'linux', unplugSignal, timer: timeouts(NATIVE) });
    },
    // PC_to_RDR_GetSlotStatus and RDR_to_PC_SlotStatus (CCID 1.1 clauses 6.1.3 and 6.2.2), as sent
    // before power-on.
    ask: fromHex('65 00000000 00 00 000000'),
    answer: fromHex('81 00000000 00 00 01 00 00'),
    unplug,
    soon,
  };
}

function serialPair(): Pair {
  const unplugSignal = new UnplugSignal();
  navigator.serial.addEventListener('disconnect', () => unplugSignal.markUnplugged());
  const settings = PROFILES[0]?.serial;
  if (settings === undefined) throw new Error('the first profile has no serial line');
  return {
    async open() {
      const [port] = await navigator.serial.getPorts();
      if (port === undefined) throw new Error('no serial port is permitted');
      return await openSerialPort(port, settings, { platform: 'linux', unplugSignal, timer: timeouts(NATIVE) });
    },
    // S(RESYNCH request) and its response (ISO/IEC 7816-3 clause 11.6.3.2), with the EDC of
    // docs/protocol.md clause 5.
    ask: fromHex('00 C0 00 0C66'),
    answer: fromHex('00 E0 00 2F55'),
    unplug,
    soon,
  };
}

window.portContract = {
  async check(name, link) {
    const clause = PORT_CONTRACT.find((candidate) => candidate.name === name);
    if (clause === undefined) throw new Error(`unknown clause ${name}`);
    await clause.check(link === 'usb' ? usbPair() : serialPair());
  },
};
