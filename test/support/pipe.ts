// A cable in memory with a virtual clock: two ends of a pipe, with scripted faults in each
// direction. drive() runs a card's framing at the unit's end.
import { type Cancel, sleep, VirtualClock } from '#device-sim/unit/clock.ts';
import { KeyedMutex } from '#protocol/async/mutex.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { CardAction, CardFraming } from '#protocol/framing/card-framing.ts';
import type { Port } from '#protocol/framing/port.ts';

/** A virtual clock that advances only when every promise waits for a timer. */
export class PipeClock {
  readonly #clock = new VirtualClock();

  readonly now = (): number => this.#clock.now();

  /** Calls `callback` after `ms`. The returned function cancels the call. */
  after(ms: number, callback: () => void): Cancel {
    return this.#clock.after(ms, callback);
  }

  sleep(ms: number): Promise<void> {
    return sleep(this.#clock, ms);
  }

  /**
   * Advances the time until `promise` settles.
   * @throws Error if `promise` is pending and no timer is left
   */
  async run<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const markSettled = () => {
      isSettled = true;
    };
    promise.then(markSettled, markSettled);
    for (;;) {
      // One turn of the event loop runs all callbacks of settled promises.
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return promise;
      if (!this.#clock.runNext()) throw new Error('the promise is pending, and no timer is left');
    }
  }
}

/**
 * Returns the pieces in which the other end receives a write. `index` is the number of the write in
 * its direction, from 0.
 */
export type Fault = (bytes: Bytes, index: number) => readonly Uint8Array[];

const NO_FAULT: Fault = (bytes) => [bytes];

/** One end of the pipe. Data that the other end writes arrives here at once and in order. */
export class PipeEnd implements Port {
  readonly #clock: PipeClock;
  readonly #fault: Fault;
  readonly written: Bytes[] = [];
  #peer: PipeEnd | undefined;
  #arrived: Bytes[] = [];
  #pending:
    | { readonly resolve: (bytes: Bytes | undefined) => void; readonly reject: (error: Error) => void }
    | undefined;
  #listener: ((bytes: Bytes) => void) | undefined;
  #isClosed = false;

  constructor(clock: PipeClock, fault: Fault) {
    this.#clock = clock;
    this.#fault = fault;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  join(peer: PipeEnd): void {
    this.#peer = peer;
  }

  /** Passes each piece to `listener` when the piece arrives, instead of keeping it for read(). */
  listen(listener: (bytes: Bytes) => void): void {
    this.#listener = listener;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed) throw deviceLost();
    const whole = Uint8Array.from(bytes);
    const index = this.written.push(whole) - 1;
    for (const piece of this.#fault(whole, index)) this.#peer?.arrive(piece);
  }

  arrive(piece: Uint8Array): void {
    if (this.#isClosed || piece.length === 0) return;
    const bytes = Uint8Array.from(piece);
    if (this.#listener !== undefined) this.#listener(bytes);
    else if (this.#pending !== undefined) this.#pending.resolve(bytes);
    else this.#arrived.push(bytes);
  }

  read(timeoutMs: number): Promise<Bytes | undefined> {
    if (this.#pending !== undefined) throw new RangeError('a read is pending');
    if (this.#isClosed) return Promise.reject(deviceLost());
    const bytes = this.#arrived.shift();
    if (bytes !== undefined) return Promise.resolve(bytes);
    return new Promise<Bytes | undefined>((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => this.#pending?.resolve(undefined));
      const end = () => {
        cancel();
        this.#pending = undefined;
      };
      this.#pending = {
        resolve: (result) => {
          end();
          resolve(result);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pending?.reject(deviceLost());
  }
}

export interface Faults {
  readonly toUnit?: Fault;
  readonly toHost?: Fault;
}

/** Creates both ends of a pipe. `toUnit` and `toHost` are the faults of the two directions. */
export function pipe(
  clock: PipeClock,
  { toUnit = NO_FAULT, toHost = NO_FAULT }: Faults = {},
): {
  readonly host: PipeEnd;
  readonly unit: PipeEnd;
} {
  const host = new PipeEnd(clock, toUnit);
  const unit = new PipeEnd(clock, toHost);
  host.join(unit);
  unit.join(host);
  return { host, unit };
}

/** Executes a command APDU on the card in a slot and resolves with its response APDU. */
export type RunCommand = (command: Bytes, slot: number) => Promise<Bytes>;

const EXTEND_INTERVAL_MS = 500;

/**
 * Performs the actions of a card's framing at the unit's end: sends, waits, and runs one command at
 * a time per slot.
 */
export function drive(clock: PipeClock, end: PipeEnd, framing: CardFraming, run: RunCommand): void {
  const mutex = new KeyedMutex();
  let cancelWait = (): void => undefined;

  const perform = (actions: readonly CardAction[]): void => {
    for (const action of actions) {
      switch (action.do) {
        case 'send':
          void end.write(action.bytes);
          break;
        case 'wait':
          cancelWait();
          cancelWait = clock.after(action.ms, () => perform(framing.silence()));
          break;
        case 'run':
          void mutex.run(String(action.slot), () => runOne(action.ticket, action.slot, action.command));
          break;
        case 'power':
          break;
      }
    }
  };

  const runOne = async (ticket: number, slot: number, command: Bytes): Promise<void> => {
    let cancelExtend = (): void => undefined;
    const keepExtending = (): void => {
      cancelExtend = clock.after(EXTEND_INTERVAL_MS, () => {
        perform(framing.extend(ticket));
        keepExtending();
      });
    };
    keepExtending();
    const response = await run(command, slot);
    cancelExtend();
    perform(framing.answer(ticket, response));
  };

  end.listen((bytes) => {
    cancelWait();
    cancelWait = () => undefined;
    perform(framing.receive(bytes));
  });
}

function deviceLost(): ProtocolError {
  return new ProtocolError('device-lost', 'the pipe is closed');
}
