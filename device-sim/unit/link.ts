// A card behind one link: drives the card's side of the framing (T=1 on serial, CCID on USB) with a clock, runs the commands one after
// the other, asks for more time while one is long, and lets the fault script have its way. Knows nothing of the browser.

import { encodeResponse } from '#protocol/apdu/response-apdu.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { CardAction, CardFraming } from '#protocol/framing/card-framing.ts';
import type { Card } from './card.ts';
import { type Cancel, type Clock, sleep } from './clock.ts';
import type { FaultScript } from './faults.ts';
import { PowerCut } from './memory.ts';

/** docs/protocol.md clause 4: more time is asked for at least every 500 ms. */
const EXTENSION_INTERVAL = 400;
const NO_DATA = new Uint8Array(0);

export interface UnitLinkOptions {
  readonly framing: CardFraming;
  /** One per slot. */
  readonly cards: readonly Card[];
  readonly clock: Clock;
  readonly faults: FaultScript;
  /** Waits for its turn: a unit with two links runs one command at a time (docs/protocol.md clause 4.1). */
  readonly inTurn: <T>(action: () => Promise<T>) => Promise<T>;
  /** The script pulled the plug. */
  readonly onUnplug: () => void;
  /** Power failed while a command ran. */
  readonly onPowerCut: () => void;
}

export class UnitLink {
  /** Takes what the unit sends, one transmission at a time; nobody there means that it is lost, as on a port that is not open. */
  onSend: ((bytes: Bytes) => void) | undefined;
  readonly #options: UnitLinkOptions;
  #cancelSilence: Cancel | undefined;
  /** Commands are run in the order in which they came. */
  #running: Promise<void> = Promise.resolve();
  #alive = true;

  constructor(options: UnitLinkOptions) {
    this.#options = options;
  }

  /** Octets from the host, split or joined in any way. */
  receive(bytes: Uint8Array): void {
    if (!this.#alive) return;
    const { faults, framing } = this.#options;
    const { bytes: passed, unplugged } = faults.pass('out', bytes);
    if (passed.length > 0 && !faults.isSilent) {
      this.#cancelSilence?.();
      this.#perform(framing.receive(passed));
    }
    if (unplugged) this.#options.onUnplug();
  }

  /** The cable is out or the power is gone: nothing is heard or said any more. */
  cut(): void {
    this.#alive = false;
    this.#cancelSilence?.();
    this.onSend = undefined;
  }

  #perform(actions: readonly CardAction[]): void {
    for (const action of actions) {
      if (!this.#alive) return;
      if (action.do === 'send') this.#send(action.bytes);
      else if (action.do === 'power') this.#options.cards[action.slot]?.reset();
      else if (action.do === 'wait') this.#awaitSilence(action.ms);
      else this.#queue(action.ticket, action.slot, action.command);
    }
  }

  /** While it waits for a command that the host has given up, more time is asked for too. */
  #queue(ticket: number, slot: number, command: Bytes): void {
    const stopExtending = this.#extendWhile(ticket);
    this.#running = this.#running.then(() => this.#run(ticket, slot, command, stopExtending));
  }

  #send(bytes: Bytes): void {
    const { faults, onUnplug } = this.#options;
    if (faults.isSilent) return;
    const { bytes: passed, unplugged } = faults.pass('in', bytes);
    if (passed.length > 0) this.onSend?.(passed);
    if (unplugged) onUnplug();
  }

  #awaitSilence(ms: number): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#options.clock.after(ms, () => this.#perform(this.#options.framing.silence()));
  }

  async #run(ticket: number, slot: number, command: Bytes, stopExtending: () => void): Promise<void> {
    const { framing, clock, faults, onPowerCut } = this.#options;
    let response: Bytes;
    try {
      if (!this.#alive) return;
      response = await this.#process(slot, command);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      onPowerCut();
      return;
    } finally {
      stopExtending();
    }
    await sleep(clock, faults.takeDelay());
    if (this.#alive) this.#perform(framing.answer(ticket, response));
  }

  async #process(slot: number, command: Bytes): Promise<Bytes> {
    const refusal = this.#options.faults.takeRefusal(command[1]);
    if (refusal !== undefined) return encodeResponse(NO_DATA, refusal);
    const card = this.#options.cards[slot];
    if (card === undefined) throw new RangeError(`there is no card in slot ${slot}`);
    return await this.#options.inTurn(() => card.process(command));
  }

  #extendWhile(ticket: number): () => void {
    const { clock, framing } = this.#options;
    let cancel: Cancel = () => undefined;
    const again = (): void => {
      cancel = clock.after(EXTENSION_INTERVAL, () => {
        if (!this.#alive) return;
        this.#perform(framing.extend(ticket));
        again();
      });
    };
    again();
    return () => cancel();
  }
}
