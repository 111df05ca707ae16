// The settings of a unit's serial line, and the conditions under which the unit receives data.
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

/** Byte that a host reads in place of a byte with a parity or framing error. */
export const CORRUPT_BYTE = 0x55;

/**
 * Whether the unit receives data. The host's line settings must match. If the unit waits for
 * signals, the host must also have set DTR and RTS.
 */
export function isReceiving(line: SerialLine, { baudRate, parity }: LineSettings, signals: Signals): boolean {
  if (baudRate !== line.baudRate || parity !== line.parity) return false;
  return !line.waitsForSignals || (signals.dataTerminalReady && signals.requestToSend);
}
