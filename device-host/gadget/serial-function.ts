// The unit as a serial line, whatever carries it: CDC-ACM on a bus, or a tty of a simulated kernel. What it hears depends on how the
// line is set (docs/protocol.md clause 5). Knows neither descriptors nor tty calls.
import type { LineError } from '#device-sim/unit/faults.ts';
import type { Unit } from '#device-sim/unit/unit.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';

export interface LineCoding {
  readonly baudRate: number;
  readonly dataBits: number;
  readonly parity: ParityType | 'mark' | 'space';
  readonly stopBits: 1 | 1.5 | 2;
}

/** What stands in the place of an octet that the line spoilt. */
export const SPOILT_OCTET = 0x55;

export interface Signals {
  /** DTR. */
  readonly dataTerminalReady: boolean;
  /** RTS. */
  readonly requestToSend: boolean;
}

export class SerialFunction {
  /** What the unit writes, one transmission at a time. */
  onSend: ((bytes: Bytes) => void) | undefined;
  /** Instead of a transmission: the line carried it badly. */
  onLineError: ((error: LineError) => void) | undefined;
  readonly #unit: Unit;
  #coding: LineCoding = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 };
  #signals: Signals = { dataTerminalReady: false, requestToSend: false };

  /** @throws RangeError for a unit that is unplugged or has no serial link */
  constructor(unit: Unit) {
    this.#unit = unit;
    this.restart();
  }

  get coding(): LineCoding {
    return this.#coding;
  }

  get signals(): Signals {
    return this.#signals;
  }

  setCoding(coding: LineCoding): void {
    this.#coding = coding;
  }

  setSignals(signals: Signals): void {
    const rises = signals.dataTerminalReady && !this.#signals.dataTerminalReady;
    this.#signals = signals;
    const { bootText } = this.#unit.options.serial;
    if (rises && bootText.length > 0) this.onSend?.(ascii(bootText));
  }

  /** Octets from the host, split or joined in any way; a line that is set otherwise than the unit's carries nothing. */
  receive(bytes: Uint8Array): void {
    if (this.#isHeard()) this.#unit.link('serial')?.receive(bytes);
  }

  /** Listens to the link anew: the one before was cut by a reset. The line is as after power-up. */
  restart(): void {
    const link = this.#unit.link('serial');
    if (link === undefined) throw new RangeError('the unit has no serial link now');
    this.#signals = { dataTerminalReady: false, requestToSend: false };
    link.onSend = (bytes) => this.#send(bytes);
  }

  #send(bytes: Bytes): void {
    const error = this.#unit.faults('serial').takeLineError();
    if (error === undefined) this.onSend?.(bytes);
    else this.onLineError?.(error);
  }

  #isHeard(): boolean {
    const { baudRate, parity, waitsForSignals } = this.#unit.options.serial;
    if (this.#coding.baudRate !== baudRate || this.#coding.parity !== parity) return false;
    return !waitsForSignals || (this.#signals.dataTerminalReady && this.#signals.requestToSend);
  }
}
