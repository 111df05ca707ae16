// The host's end of a unit's serial line. gadget.ts uses it for CDC-ACM, and umockdev/tty/tty.ts
// for the tty of a simulated kernel. The unit receives only with matching line settings
// (docs/protocol.md clause 5).
import type { LineError } from '#device-sim/unit/faults.ts';
import { isReceiving, type LineSettings, type Signals } from '#device-sim/unit/serial-line.ts';
import type { Unit } from '#device-sim/unit/unit.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';

export interface LineCoding extends LineSettings {
  readonly dataBits: number;
  readonly stopBits: 1 | 1.5 | 2;
}

export class SerialFunction {
  /** Called with each transmission of the unit. */
  onSend: ((bytes: Bytes) => void) | undefined;
  /** Called instead of onSend when a fault corrupts the transmission. */
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

  /** Receives bytes from the host, in pieces of any size. */
  receive(bytes: Uint8Array): void {
    const { serial } = this.#unit.options;
    if (isReceiving(serial, this.#coding, this.#signals)) this.#unit.link('serial')?.receive(bytes);
  }

  /**
   * Connects to the current link, which a reset may have replaced. Clears DTR and RTS.
   * @throws RangeError when the unit has no serial link now
   */
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
}
