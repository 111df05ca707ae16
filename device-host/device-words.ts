// The device's side as a person reads it: plug, line, commands and status words, and what is in its slots. Never an octet of a key: of a
// command only its name and length, of a slot only its KCV. Pure.

import type { MemoryDigest } from '#device-sim/setup/control.ts';
import type { UnitEvent } from '#device-sim/unit/unit.ts';
import { findStatusWord, formatStatusWord } from '#protocol/apdu/status-word.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { GadgetEvent } from './gadget/gadget.ts';
import type { CardEvent } from './gadget/unit-framing.ts';
import type { ServerEvent } from './usbip/server.ts';

const INSTRUCTIONS: Readonly<Record<number, string>> = {
  0xa4: 'SELECT',
  0xc0: 'GET RESPONSE',
  0xca: 'GET IDENTITY',
  0xcb: 'GET RECEIPT',
  0xce: 'IDENTIFY',
  0x84: 'GET CHALLENGE',
  0xd8: 'IMPORTKEY',
};

const hex = (value: number, digits: number): string => hexNumber(value, digits);

const USUAL_PORT = 3240;
export const KEYS = 'keys: u unplugs it, p plugs it in, c clears its faults, q ends';

/** Where it is to be had, and the command that does. */
export function offerWords(host: string, port: number, busId: string): string[] {
  const elsewhere = port === USUAL_PORT ? '' : ` --tcp-port ${port}`;
  return [
    `USB/IP on ${host}:${port}, bus id ${busId}`,
    `attach it: sudo modprobe vhci-hcd && sudo usbip${elsewhere} attach -r ${host} -b ${busId}`,
  ];
}

export function unitWords(event: UnitEvent): string {
  const words = { plugged: 'plugged in, power on', unplugged: 'unplugged', identify: 'blinks: it was asked who it is' };
  return words[event];
}

export function serverWords(event: ServerEvent): string {
  switch (event.event) {
    case 'imported':
      return `a host has attached it as ${event.busId}`;
    case 'released':
      return 'the host has let it go';
    case 'refused':
      return `a request was refused: ${event.reason}`;
  }
}

export function gadgetWords(event: GadgetEvent): string {
  switch (event.event) {
    case 'configured':
      return 'the host has configured it';
    case 'reset':
      return 'the host has reset it';
    case 'line coding': {
      const { baudRate, dataBits, parity, stopBits } = event.coding;
      return `serial line: ${baudRate} baud, ${dataBits} bits, parity ${parity}, ${stopBits} stop`;
    }
    case 'signals':
      return `serial line: DTR ${Number(event.signals.dataTerminalReady)}, RTS ${Number(event.signals.requestToSend)}`;
    case 'break':
      return event.duration === 0 ? 'serial line: break ends' : 'serial line: break';
    case 'stall':
      return `endpoint ${hex(event.endpoint, 2)} halts`;
    case 'halt cleared':
      return `endpoint ${hex(event.endpoint, 2)} goes on`;
  }
}

export function cardWords(event: CardEvent): string {
  if (event.event === 'power') return `${event.link}: the card ${event.on ? 'gets power' : 'loses its power'}`;
  const { apdu, link } = event;
  if (event.event === 'command') {
    const [cla = 0, ins = 0] = apdu;
    const part = (cla & 0x10) !== 0 && (cla & 0x80) !== 0 ? ', a part of it' : '';
    return `${link}: ${INSTRUCTIONS[ins] ?? `INS ${hex(ins, 2)}`} (${apdu.length} octets${part})`;
  }
  const [sw1 = 0, sw2 = 0] = apdu.slice(-2);
  const statusWord = (sw1 << 8) | sw2;
  const meaning = findStatusWord(statusWord)?.meaning ?? 'unknown';
  return `${link}:   ${formatStatusWord(statusWord)} ${meaning} (${apdu.length - 2} octets)`;
}

/** Which slots hold what; one line each. */
export function slotWords({ slots, tries, importCounter }: MemoryDigest): string[] {
  return [
    ...slots.map(({ ref2, holdsKey, akv, attributes, kcv }) =>
      holdsKey ? `slot ${ref2}: ${attributes}, version ${akv}, KCV ${kcv}` : `slot ${ref2}: empty`,
    ),
    `${importCounter} imports so far, ${tries} tries left`,
  ];
}
