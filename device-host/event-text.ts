// The texts that `npm run device` shows for events of the unit, the server, the USB device and the
// card, and for the slots. They contain no key bytes: a command appears as name and length, a key
// as its KCV.
import type { MemoryDigest } from '#device-sim/setup/control.ts';
import type { UnitEvent } from '#device-sim/unit/unit.ts';
import { formatStatusWord } from '#protocol/apdu/status-word.ts';
import { findStatusWord } from '#protocol/apdu/status-words.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { GadgetEvent } from './gadget/gadget.ts';
import type { CardEvent } from './gadget/unit-framing.ts';
import type { ServerEvent } from './usbip/server.ts';

/** Names of the commands by INS. */
const INSTRUCTIONS = new Map([
  [0xa4, 'SELECT'],
  [0xc0, 'GET RESPONSE'],
  [0xca, 'GET IDENTITY'],
  [0xcb, 'GET RECEIPT'],
  [0xce, 'IDENTIFY'],
  [0x84, 'GET CHALLENGE'],
  [0xd8, 'IMPORTKEY'],
]);

const DEFAULT_PORT = 3240;
export const KEY_HELP = 'keys: u unplug, p plug in, c clear faults, q quit';

/** Returns the address of the server and the command that attaches the unit. */
export function attachLines(host: string, port: number, busId: string): string[] {
  const portOption = port === DEFAULT_PORT ? '' : ` --tcp-port ${port}`;
  return [
    `USB/IP on ${host}:${port}, bus id ${busId}`,
    `attach: sudo modprobe vhci-hcd && sudo usbip${portOption} attach -r ${host} -b ${busId}`,
  ];
}

export function unitEventText(event: UnitEvent): string {
  const texts = { plugged: 'plugged in, power on', unplugged: 'unplugged', identify: 'blinks (IDENTIFY)' };
  return texts[event];
}

export function serverEventText(event: ServerEvent): string {
  switch (event.event) {
    case 'imported':
      return `a host attached the unit as ${event.busId}`;
    case 'released':
      return 'the host detached the unit';
    case 'refused':
      return `request refused: ${event.reason}`;
  }
}

export function gadgetEventText(event: GadgetEvent): string {
  switch (event.event) {
    case 'configured':
      return 'the host configured the unit';
    case 'reset':
      return 'the host reset the unit';
    case 'line coding': {
      const { baudRate, dataBits, parity, stopBits } = event.coding;
      return `serial line: ${baudRate} baud, ${dataBits} bits, parity ${parity}, ${stopBits} stop`;
    }
    case 'signals':
      return `serial line: DTR ${Number(event.signals.dataTerminalReady)}, RTS ${Number(event.signals.requestToSend)}`;
    case 'break':
      return event.duration === 0 ? 'serial line: break ends' : 'serial line: break';
    case 'stall':
      return `endpoint ${hexNumber(event.endpoint, 2)} halted`;
    case 'halt cleared':
      return `endpoint ${hexNumber(event.endpoint, 2)} no longer halted`;
  }
}

export function cardEventText(event: CardEvent): string {
  if (event.event === 'power') return `${event.link}: card power ${event.on ? 'on' : 'off'}`;
  const { apdu, link } = event;
  if (event.event === 'command') {
    const [cla = 0, ins = 0] = apdu;
    const chained = (cla & 0x10) !== 0 && (cla & 0x80) !== 0 ? ', chained' : '';
    return `${link}: ${INSTRUCTIONS.get(ins) ?? `INS ${hexNumber(ins, 2)}`} (${apdu.length} bytes${chained})`;
  }
  const [sw1 = 0, sw2 = 0] = apdu.slice(-2);
  const statusWord = (sw1 << 8) | sw2;
  const meaning = findStatusWord(statusWord)?.meaning ?? 'unknown';
  return `${link}:   ${formatStatusWord(statusWord)} ${meaning} (${apdu.length - 2} bytes)`;
}

/** Returns one line for each slot and one for the counters. */
export function slotLines({ slots, tries, importCounter }: MemoryDigest): string[] {
  return [
    ...slots.map(({ ref2, holdsKey, akv, attributes, kcv }) =>
      holdsKey
        ? `slot ${hexNumber(ref2, 4)}: ${attributes}, version ${akv}, KCV ${kcv}`
        : `slot ${hexNumber(ref2, 4)}: empty`,
    ),
    `imports: ${importCounter}, tries left: ${tries}`,
  ];
}
