// The serial line of a unit: its settings, and when the unit receives what a host sends.
import type { Edc } from '#protocol/framing/edc.ts';

export interface SerialLine {
  readonly edc: Edc;
  readonly baudRate: number;
  readonly parity: ParityType;
  /** Whether the unit ignores input while DTR or RTS is 0. */
  readonly waitsForSignals: boolean;
  /** Text that a boot loader sends when DTR rises. */
  readonly bootText: string;
}

export interface Signals {
  /** DTR. */
  readonly dataTerminalReady: boolean;
  /** RTS. */
  readonly requestToSend: boolean;
}

/** The host's settings of the line. */
export interface LineSettings {
  readonly baudRate: number;
  readonly parity: ParityType | 'mark' | 'space';
}

/** What a host reads instead of a byte with a parity or framing error. */
export const CORRUPT_BYTE = 0x55;

/** Whether the unit can receive data: the host's line settings match, and the host has set its control signals if the unit requires them. */
export function isReceiving(line: SerialLine, { baudRate, parity }: LineSettings, signals: Signals): boolean {
  if (baudRate !== line.baudRate || parity !== line.parity) return false;
  return !line.waitsForSignals || (signals.dataTerminalReady && signals.requestToSend);
}
