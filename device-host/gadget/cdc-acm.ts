// Codes and byte formats of the requests and the notification of a CDC-ACM interface (PSTN 1.2
// clauses 6.3 and 6.5). gadget.ts handles the requests.
import { CDC_CONTROL_INTERFACE } from '#device-sim/browser/usb-descriptors.ts';
import type { LineError } from '#device-sim/unit/faults.ts';
import type { Signals } from '#device-sim/unit/serial-line.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { le16, le32 } from './little-endian.ts';
import type { LineCoding } from './serial-function.ts';

export const CdcRequest = {
  setLineCoding: 0x20,
  getLineCoding: 0x21,
  setControlLineState: 0x22,
  sendBreak: 0x23,
} as const;

const STOP_BITS = [1, 1.5, 2] as const;
const PARITIES = ['none', 'odd', 'even', 'mark', 'space'] as const;
const LINE_CODING_LENGTH = 7;
const SERIAL_STATE = 0x20;
/** Bits bTxCarrier (DSR) and bRxCarrier (DCD), both set. */
const CARRIERS = 0x03;
const STATE_BIT: Record<LineError, number> = {
  BreakError: 0x04,
  FramingError: 0x10,
  ParityError: 0x20,
  BufferOverrunError: 0x40,
};

/** Decodes the 7 bytes of a line coding. Returns undefined if they are invalid. */
export function decodeLineCoding(bytes: Uint8Array): LineCoding | undefined {
  const [r0 = 0, r1 = 0, r2 = 0, r3 = 0, stop = 0, par = 0, dataBits = 0] = bytes;
  const [stopBits, parity] = [STOP_BITS[stop], PARITIES[par]];
  if (bytes.length !== LINE_CODING_LENGTH || stopBits === undefined || parity === undefined) return undefined;
  return { baudRate: r0 + r1 * 0x100 + r2 * 0x1_0000 + r3 * 0x100_0000, stopBits, parity, dataBits };
}

export function encodeLineCoding({ baudRate, stopBits, parity, dataBits }: LineCoding): Bytes {
  return Uint8Array.of(...le32(baudRate), STOP_BITS.indexOf(stopBits), PARITIES.indexOf(parity), dataBits);
}

/** @param value wValue of SET_CONTROL_LINE_STATE */
export function decodeSignals(value: number): Signals {
  return { dataTerminalReady: (value & 0x01) !== 0, requestToSend: (value & 0x02) !== 0 };
}

/** Encodes the notification SERIAL_STATE with both carriers set and one error bit. */
export function encodeSerialState(error: LineError): Bytes {
  const head = Uint8Array.of(0xa1, SERIAL_STATE, ...le16(0), ...le16(CDC_CONTROL_INTERFACE), ...le16(2));
  return concat(head, Uint8Array.of(...le16(CARRIERS | STATE_BIT[error])));
}
