// One link of a unit, between the simulated browser or host and the card. It drives the card's side
// of the framing (T=1 on serial, CCID on USB), runs commands one at a time, and applies the fault
// script.
import { encodeResponse } from '#protocol/apdu/response-apdu.ts';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import type { CardAction, CardFraming } from '#protocol/framing/card-framing.ts';
import type { Card } from './card.ts';
import { type Cancel, type Clock, sleep } from './clock.ts';
import type { FaultScript } from './faults.ts';
import { PowerCut } from './memory.ts';

/** Interval of time extension requests, in ms; docs/protocol.md clause 4 requires at most 500. */
const EXTENSION_INTERVAL = 400;
const CLA_CHAINING = 0x10;
const NO_DATA = new Uint8Array(0);
/** Status word of the response that noise damages. */
const NO_DIAGNOSIS = 0x6f00;

export interface UnitLinkOptions {
  readonly framing: CardFraming;
  /** One card for each CCID slot. */
  readonly cards: readonly Card[];
  readonly clock: Clock;
  readonly faults: FaultScript;
  /** Runs one command at a time over all links of the unit (docs/protocol.md clause 4.1). */
  readonly runExclusive: <T>(action: () => Promise<T>) => Promise<T>;
  /** Called when a fault unplugs the unit. */
  readonly onUnplug: () => void;
  /** Called when power is cut while a command runs. */
  readonly onPowerCut: () => void;
}

export class UnitLink {
  #onSend: ((bytes: Bytes) => void) | undefined;
  readonly #options: UnitLinkOptions;
  #cancelSilence: Cancel | undefined;
  /** Tail of the command queue. */
  #running: Promise<void> = Promise.resolve();
  #isOpen = true;

  constructor(options: UnitLinkOptions) {
    this.#options = options;
  }

  /**
   * Called with each transmission of the unit. While it is undefined, the bytes are lost, as on a
   * port that is not open. Setting a function opens the link.
   */
  set onSend(onSend: ((bytes: Bytes) => void) | undefined) {
    this.#onSend = onSend;
    if (onSend !== undefined) this.#options.faults.endOutage();
  }

  /** Receives bytes from the host, in pieces of any size. */
  receive(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    const { faults, framing } = this.#options;
    if (faults.isEchoing) this.#onSend?.(copy(bytes));
    const { bytes: passed, unplugged } = faults.pass('out', bytes);
    if (passed.length > 0 && !faults.isSilent) {
      this.#cancelSilence?.();
      this.#perform(framing.receive(passed));
    }
    if (unplugged) this.#options.onUnplug();
  }

  /**
   * Stops receiving and sending. Called when the unit is unplugged or loses power, and when the bus
   * is reset.
   */
  close(): void {
    this.#isOpen = false;
    this.#cancelSilence?.();
    this.#onSend = undefined;
  }

  #perform(actions: readonly CardAction[]): void {
    for (const action of actions) {
      if (!this.#isOpen) return;
      if (action.do === 'send') this.#send(action.bytes);
      else if (action.do === 'power') this.#options.cards[action.slot]?.reset();
      else if (action.do === 'wait') this.#awaitSilence(action.ms);
      else this.#queue(action.ticket, action.slot, action.command);
    }
  }

  /**
   * Queues a command. Starts the timer for time extensions immediately, because an earlier command
   * may still be running, although the host no longer waits for it.
   */
  #queue(ticket: number, slot: number, command: Bytes): void {
    const stopExtending = this.#extendWhile(ticket);
    this.#running = this.#running.then(() => this.#run(ticket, slot, command, stopExtending));
  }

  #send(bytes: Bytes): void {
    const { faults, onUnplug } = this.#options;
    if (faults.isSilent) return;
    const { bytes: passed, unplugged } = faults.pass('in', bytes);
    if (passed.length > 0) this.#onSend?.(passed);
    if (unplugged) onUnplug();
  }

  #awaitSilence(ms: number): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#options.clock.after(ms, () => this.#perform(this.#options.framing.silence()));
  }

  async #run(ticket: number, slot: number, command: Bytes, stopExtending: () => void): Promise<void> {
    const { framing, clock, faults, onPowerCut } = this.#options;
    let response: Bytes | undefined;
    try {
      if (!this.#isOpen) return;
      response = await this.#process(slot, command);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      onPowerCut();
      return;
    } finally {
      stopExtending();
    }
    if (response === undefined) return;
    await sleep(clock, faults.takeDelay());
    if (this.#isOpen) this.#perform(framing.answer(ticket, response));
  }

  /** Resolves to undefined if an outage prevents the response. */
  async #process(slot: number, command: Bytes): Promise<Bytes | undefined> {
    const { faults, cards, runExclusive, onUnplug } = this.#options;
    const [cla = 0, ins] = command;
    const isLast = (cla & CLA_CHAINING) === 0;
    const interruption = faults.takeInterruption(ins, isLast);
    if (interruption?.fault === 'refuse') return encodeResponse(NO_DATA, interruption.statusWord);
    if (interruption?.effect === 'noise') return encodeResponse(NO_DATA, NO_DIAGNOSIS);
    if (interruption !== undefined) {
      if (interruption.effect === 'unplug') onUnplug();
      return undefined;
    }
    const card = cards[slot];
    if (card === undefined) throw new RangeError(`no card in slot ${slot}`);
    // A part of a chain has no field Le, so it cannot get a partial answer.
    const isPartial = isLast && faults.takePartialAnswer(ins);
    const response = await runExclusive(() => card.process(isPartial ? withLeOne(command) : command));
    return isLast ? faults.alter(ins, response) : response;
  }

  #extendWhile(ticket: number): () => void {
    const { clock, framing } = this.#options;
    let cancel: Cancel = () => undefined;
    const again = (): void => {
      cancel = clock.after(EXTENSION_INTERVAL, () => {
        if (!this.#isOpen) return;
        this.#perform(framing.extend(ticket));
        again();
      });
    };
    again();
    return () => cancel();
  }
}

/** The command with Le 1. Le is its last byte, also in an extended command. */
function withLeOne(command: Bytes): Bytes {
  return concat(command.subarray(0, -1), 1);
}
