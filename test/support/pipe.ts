// A cable in memory, for tests that must not sleep: two ends of a pipe, a fault script on each direction, and a virtual clock that
// jumps to the next thing that is to happen. drive() stands at the unit's end and moves a card's framing.
import { type Cancel, sleep, VirtualClock } from '#device-sim/unit/clock.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { CardAction, CardFraming } from '#protocol/framing/card-framing.ts';
import type { Port } from '#protocol/framing/port.ts';

/** Time that passes only while everybody waits. */
export class PipeClock {
  readonly #clock = new VirtualClock();

  readonly now = (): number => this.#clock.now();

  /** Calls `ring` in `ms`; the function that it returns calls that off. */
  after(ms: number, ring: () => void): Cancel {
    return this.#clock.after(ms, ring);
  }

  sleep(ms: number): Promise<void> {
    return sleep(this.#clock, ms);
  }

  /** Lets time pass until `work` is settled. @throws when nothing is left that could ever settle it */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    work.then(settled, settled);
    for (;;) {
      // One turn of the event loop: every promise that can go on has gone on.
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return work;
      if (!this.#clock.ringNext()) throw new Error('everybody waits, and nothing is left that could happen');
    }
  }
}

/** What arrives of the `index`-th write (from 0) in one direction: nothing, the same, less, more, in any number of pieces. */
export type Fault = (bytes: Bytes, index: number) => readonly Uint8Array[];

const NO_FAULT: Fault = (bytes) => [bytes];

/** One end. What the other end writes arrives at once, in the order of writing. */
export class PipeEnd implements Port {
  readonly #clock: PipeClock;
  readonly #fault: Fault;
  readonly written: Bytes[] = [];
  #peer: PipeEnd | undefined;
  #arrived: Bytes[] = [];
  #waiting:
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

  /** Instead of read(): each piece as it arrives. */
  listen(listener: (bytes: Bytes) => void): void {
    this.#listener = listener;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed) throw lost();
    const whole = Uint8Array.from(bytes);
    const index = this.written.push(whole) - 1;
    for (const piece of this.#fault(whole, index)) this.#peer?.arrive(piece);
  }

  arrive(piece: Uint8Array): void {
    if (this.#isClosed || piece.length === 0) return;
    const bytes = Uint8Array.from(piece);
    if (this.#listener !== undefined) this.#listener(bytes);
    else if (this.#waiting !== undefined) this.#waiting.resolve(bytes);
    else this.#arrived.push(bytes);
  }

  read(timeoutMs: number): Promise<Bytes | undefined> {
    if (this.#waiting !== undefined) throw new RangeError('a read is open');
    if (this.#isClosed) return Promise.reject(lost());
    const bytes = this.#arrived.shift();
    if (bytes !== undefined) return Promise.resolve(bytes);
    return new Promise<Bytes | undefined>((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => this.#waiting?.resolve(undefined));
      const end = () => {
        cancel();
        this.#waiting = undefined;
      };
      this.#waiting = {
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
    this.#waiting?.reject(lost());
  }
}

export interface Faults {
  readonly toUnit?: Fault;
  readonly toHost?: Fault;
}

/** Both ends of a cable; the faults are done to what is on its way to the named end. */
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

/** Runs one command APDU on the card in a slot and gives its response APDU. */
export type RunCommand = (command: Bytes, slot: number) => Promise<Bytes>;

const EXTEND_EVERY_MS = 500;

/** Moves a card's framing at the unit's end of the pipe: writes, keeps the timer, runs one command after the other per slot. */
export function drive(clock: PipeClock, end: PipeEnd, framing: CardFraming, run: RunCommand): void {
  const queues = new Map<number, Promise<void>>();
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
        case 'run': {
          const before = queues.get(action.slot) ?? Promise.resolve();
          queues.set(
            action.slot,
            before.then(() => runOne(action.ticket, action.slot, action.command)),
          );
          break;
        }
        case 'power':
          break;
      }
    }
  };

  const runOne = async (ticket: number, slot: number, command: Bytes): Promise<void> => {
    let cancelExtend = (): void => undefined;
    const keepExtending = (): void => {
      cancelExtend = clock.after(EXTEND_EVERY_MS, () => {
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

function lost(): ProtocolError {
  return new ProtocolError('device-lost', 'the pipe is closed');
}
