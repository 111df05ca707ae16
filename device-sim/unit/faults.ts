// Faults between a page and a unit as data (JSON), and the class that applies them to one link. A
// fault occurs `times` times, once by default.
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import type { WriteFault } from './memory.ts';

/**
 * Direction of a transmission: `out` is from the page to the unit, `in` from the unit to the page.
 */
export type Direction = 'out' | 'in';

export type LinkKind = 'usb' | 'serial';

/**
 * `after` and `offset` count the bytes in `direction` since the fault was armed. `count` is a
 * number of bytes.
 */
export type Fault =
  /**
   * Unplugs the unit when `after` bytes have passed. A running command still completes in the unit.
   */
  | { readonly fault: 'unplug'; readonly direction: Direction; readonly after: number; readonly link?: LinkKind }
  /** Delays the next `times` responses by `ms`, without a request for a time extension. */
  | { readonly fault: 'late answer'; readonly ms: number; readonly times?: number; readonly link?: LinkKind }
  /**
   * Flips one bit of a transmission. `block` 1 is the next transmission. `bit` 0 is the highest bit
   * of the first byte; a number beyond the last bit wraps around.
   */
  | {
      readonly fault: 'corrupt';
      readonly direction: Direction;
      readonly block: number;
      readonly bit: number;
      readonly link?: LinkKind;
    }
  /** Drops or repeats `count` bytes from `offset` on. */
  | {
      readonly fault: 'drop' | 'repeat';
      readonly direction: Direction;
      readonly offset: number;
      readonly count: number;
      readonly link?: LinkKind;
    }
  /**
   * Refuses the next `times` commands that have this INS. The unit answers with the status word and
   * does not run the command.
   */
  | {
      readonly fault: 'refuse';
      readonly ins: number;
      readonly statusWord: number;
      readonly times?: number;
      readonly link?: LinkKind;
    }
  /**
   * Answers the next command that has this INS with one byte and 61xx. The unit runs the command,
   * and GET RESPONSE returns the rest. The command must have a field Le.
   */
  | { readonly fault: 'partial answer'; readonly ins: number; readonly link?: LinkKind }
  /**
   * Faults that last until the faults are cleared. `busy`: another program uses the unit. `driver
   * missing`: WinUSB is missing. `access denied`: the operating system denies access. `silence`:
   * the unit neither receives nor sends. `echo`: the adapter returns every byte that it receives.
   */
  | { readonly fault: 'busy' | 'driver missing' | 'access denied' | 'silence' | 'echo'; readonly link?: LinkKind }
  /** USB only: halts the bulk endpoint of that direction until clearHalt. */
  | { readonly fault: 'stall'; readonly direction: Direction }
  /**
   * Serial only: puts the readable stream into its error state. The port stays open and creates a
   * new stream.
   */
  | { readonly fault: 'line error'; readonly error: LineError }
  /**
   * Memory M: cuts the power at the n-th write from now, makes that write fail, or stores other
   * content.
   */
  | ({ readonly fault: 'memory' } & WriteFault);

export type LineError = 'BufferOverrunError' | 'BreakError' | 'FramingError' | 'ParityError';

export interface PassResult {
  /** The bytes that arrive. */
  readonly bytes: Bytes;
  /** Whether the unit is unplugged after these bytes. */
  readonly unplugged: boolean;
}

type FaultOf<K extends Fault['fault']> = Extract<Fault, { fault: K }>;

interface Counters {
  bytes: number;
  blocks: number;
}

interface ArmedFault {
  readonly fault: Exclude<Fault, { fault: 'memory' }>;
  /** The counters of the fault's direction when the fault was armed. */
  readonly start: Counters;
  times: number;
}

/** The armed faults of one link, oldest first. */
export class FaultScript {
  readonly #link: LinkKind;
  readonly #counters: Record<Direction, Counters> = { out: { bytes: 0, blocks: 0 }, in: { bytes: 0, blocks: 0 } };
  #armed: ArmedFault[] = [];

  constructor(link: LinkKind) {
    this.#link = link;
  }

  /** Arms a fault. Ignores faults of another link and of the memory. */
  arm(fault: Fault): void {
    if (fault.fault === 'memory' || ('link' in fault && fault.link !== undefined && fault.link !== this.#link)) return;
    const start = 'direction' in fault ? { ...this.#counters[fault.direction] } : { bytes: 0, blocks: 0 };
    const times = 'times' in fault ? (fault.times ?? 1) : 1;
    this.#armed.push({ fault, start, times });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The armed fault that prevents opening the link. Undefined if there is none. */
  get openRefusal(): 'busy' | 'driver missing' | 'access denied' | undefined {
    for (const { fault } of this.#armed) {
      if (fault.fault === 'busy' || fault.fault === 'driver missing' || fault.fault === 'access denied') {
        return fault.fault;
      }
    }
    return undefined;
  }

  get isEchoing(): boolean {
    return this.#armed.some(({ fault }) => fault.fault === 'echo');
  }

  get isSilent(): boolean {
    return this.#armed.some(({ fault }) => fault.fault === 'silence');
  }

  /** Applies the armed faults to one transmission. */
  pass(direction: Direction, bytes: Uint8Array): PassResult {
    const counters = this.#counters[direction];
    const offset = counters.bytes;
    counters.bytes += bytes.length;
    counters.blocks++;
    let passed = copy(bytes);
    let unplugged = false;
    for (const armed of [...this.#armed]) {
      const { fault, start } = armed;
      if (!('direction' in fault) || fault.direction !== direction || fault.fault === 'stall') continue;
      if (fault.fault === 'corrupt') {
        if (counters.blocks - start.blocks !== fault.block) continue;
        passed = withBitFlipped(passed, fault.bit);
      } else if (fault.fault === 'unplug') {
        if (counters.bytes - start.bytes < fault.after) continue;
        passed = passed.slice(0, Math.max(0, start.bytes + fault.after - offset));
        unplugged = true;
      } else {
        if (counters.bytes - start.bytes <= fault.offset) continue;
        passed = edited(passed, fault, Math.max(0, start.bytes + fault.offset - offset));
      }
      this.#remove(armed);
    }
    return { bytes: passed, unplugged };
  }

  /**
   * Returns the status word of an armed `refuse` fault for this INS. Undefined if there is none.
   */
  takeRefusal(ins: number | undefined): number | undefined {
    return this.#take('refuse', (fault) => fault.ins === ins)?.statusWord;
  }

  /** Whether a `partial answer` fault is armed for this INS. */
  takePartialAnswer(ins: number | undefined): boolean {
    return this.#take('partial answer', (fault) => fault.ins === ins) !== undefined;
  }

  /** Returns the delay of the next response, in ms. */
  takeDelay(): number {
    return this.#take('late answer', () => true)?.ms ?? 0;
  }

  takeStall(direction: Direction): boolean {
    return this.#take('stall', (fault) => fault.direction === direction) !== undefined;
  }

  takeLineError(): LineError | undefined {
    return this.#take('line error', () => true)?.error;
  }

  #take<K extends ArmedFault['fault']['fault']>(
    kind: K,
    matches: (fault: FaultOf<K>) => boolean,
  ): FaultOf<K> | undefined {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (!isKind(fault, kind) || !matches(fault)) continue;
      armed.times--;
      if (armed.times <= 0) this.#remove(armed);
      return fault;
    }
    return undefined;
  }

  #remove(armed: ArmedFault): void {
    this.#armed = this.#armed.filter((other) => other !== armed);
  }
}

function isKind<K extends Fault['fault']>(fault: Fault, kind: K): fault is FaultOf<K> {
  return fault.fault === kind;
}

function withBitFlipped(bytes: Bytes, bit: number): Bytes {
  const flipped = copy(bytes);
  const position = bit % (8 * Math.max(1, bytes.length));
  const index = position >> 3;
  if (index < flipped.length) flipped[index] = (flipped[index] ?? 0) ^ (0x80 >> (position & 7));
  return flipped;
}

function edited(bytes: Bytes, { fault, count }: FaultOf<'drop' | 'repeat'>, at: number): Bytes {
  const end = Math.min(bytes.length, at + count);
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  return fault === 'drop' ? concat(before, after) : concat(before, piece, piece, after);
}
