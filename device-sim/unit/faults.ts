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
   * Refuses the next `times` commands that have this INS, after `skip` others. The unit answers with
   * the status word and does not run the command.
   */
  | {
      readonly fault: 'refuse';
      readonly ins: number;
      readonly statusWord: number;
      readonly times?: number;
      readonly skip?: number;
      readonly link?: LinkKind;
    }
  /**
   * Interrupts the link at the next command that has this INS, after `skip` others. The unit does
   * not run the command. With `noise`, each transmission of the unit arrives damaged. `silence` and
   * `noise` last until the link is opened again or, with `lasting`, until the faults are cleared.
   */
  | {
      readonly fault: 'outage';
      readonly ins: number;
      readonly effect: 'unplug' | 'silence' | 'noise';
      readonly lasting?: boolean;
      readonly skip?: number;
      readonly link?: LinkKind;
    }
  /**
   * Alters the response data of the next command that has this INS, after `skip` others. The unit
   * runs the command. `last byte` flips one bit of the last byte, `shorter` omits that byte.
   */
  | {
      readonly fault: 'altered answer';
      readonly ins: number;
      readonly effect: 'last byte' | 'shorter';
      readonly skip?: number;
      readonly link?: LinkKind;
    }
  /**
   * Answers the next command that has this INS with one byte and 61xx. The unit runs the command,
   * and GET RESPONSE returns the rest. The command must have a field Le.
   */
  | { readonly fault: 'partial answer'; readonly ins: number; readonly link?: LinkKind }
  /**
   * Arms each fault when the one before has occurred. Faults that last until the faults are cleared,
   * and faults of the memory, do not belong in a sequence.
   */
  | { readonly fault: 'sequence'; readonly faults: readonly Fault[] }
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
  readonly fault: Exclude<Fault, { fault: 'memory' | 'sequence' }>;
  /** The counters of the fault's direction when the fault was armed. */
  readonly start: Counters;
  times: number;
  /** Number of commands to which the fault does not apply yet. */
  skip: number;
  /** Armed when this fault has occurred. */
  readonly next: readonly Fault[];
}

/** Bit that `noise` flips. In a CCID message it turns bStatus into that of a failed command. */
const NOISE_BIT = 57;
/** Length of SW1 SW2. */
const STATUS_LENGTH = 2;

/** The armed faults of one link, oldest first. */
export class FaultScript {
  readonly #link: LinkKind;
  readonly #counters: Record<Direction, Counters> = { out: { bytes: 0, blocks: 0 }, in: { bytes: 0, blocks: 0 } };
  #armed: ArmedFault[] = [];
  #outage: FaultOf<'outage'> | undefined;

  constructor(link: LinkKind) {
    this.#link = link;
  }

  /** Arms a fault. Ignores faults of another link and of the memory. */
  arm(fault: Fault): void {
    this.#arm(fault, []);
  }

  #arm(fault: Fault, next: readonly Fault[]): void {
    if (fault.fault === 'sequence') {
      const [first, ...rest] = fault.faults;
      if (first !== undefined) this.#arm(first, [...rest, ...next]);
      return;
    }
    if (fault.fault === 'memory' || ('link' in fault && fault.link !== undefined && fault.link !== this.#link)) return;
    const start = 'direction' in fault ? { ...this.#counters[fault.direction] } : { bytes: 0, blocks: 0 };
    const times = 'times' in fault ? (fault.times ?? 1) : 1;
    const skip = 'skip' in fault ? (fault.skip ?? 0) : 0;
    this.#armed.push({ fault, start, times, skip, next });
  }

  clear(): void {
    this.#armed = [];
    this.#outage = undefined;
  }

  /** Called when the link is opened. */
  endOutage(): void {
    if (this.#outage?.lasting !== true) this.#outage = undefined;
  }

  /** The armed fault that prevents a program from opening the link. Undefined if there is none. */
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
    return this.#outage?.effect === 'silence' || this.#armed.some(({ fault }) => fault.fault === 'silence');
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
    if (direction === 'in' && this.#outage?.effect === 'noise') passed = withBitFlipped(passed, NOISE_BIT);
    return { bytes: passed, unplugged };
  }

  /**
   * Returns the first armed `refuse` or `outage` fault for this INS; undefined if there is none.
   * Begins the outage.
   * @param isLast false for a part of a command chain that is not the last
   */
  takeInterruption(ins: number | undefined, isLast: boolean): FaultOf<'refuse' | 'outage'> | undefined {
    const taken = this.#take(['refuse', 'outage'], (fault) => fault.ins === ins, isLast);
    if (taken?.fault === 'outage' && taken.effect !== 'unplug') this.#outage = taken;
    return taken;
  }

  /** Applies an `altered answer` fault for this INS to the response APDU of a complete command. */
  alter(ins: number | undefined, response: Bytes): Bytes {
    if (response.length <= STATUS_LENGTH) return response;
    const fault = this.#take(['altered answer'], (each) => each.ins === ins);
    const end = response.length - STATUS_LENGTH;
    if (fault?.effect === 'last byte') return withBitFlipped(response, end * 8 - 1);
    if (fault?.effect === 'shorter') return concat(response.subarray(0, end - 1), response.subarray(end));
    return response;
  }

  /** Whether a `partial answer` fault is armed for this INS. */
  takePartialAnswer(ins: number | undefined): boolean {
    return this.#take(['partial answer'], (fault) => fault.ins === ins) !== undefined;
  }

  /** Returns the delay of the next response, in ms. */
  takeDelay(): number {
    return this.#take(['late answer'], () => true)?.ms ?? 0;
  }

  takeStall(direction: Direction): boolean {
    return this.#take(['stall'], (fault) => fault.direction === direction) !== undefined;
  }

  takeLineError(): LineError | undefined {
    return this.#take(['line error'], () => true)?.error;
  }

  #take<K extends ArmedFault['fault']['fault']>(
    kinds: readonly K[],
    matches: (fault: FaultOf<K>) => boolean,
    isLast = true,
  ): FaultOf<K> | undefined {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (!isKind(fault, kinds) || !matches(fault)) continue;
      if (armed.skip > 0) {
        if (isLast) armed.skip--;
        continue;
      }
      armed.times--;
      if (armed.times <= 0) this.#remove(armed);
      return fault;
    }
    return undefined;
  }

  #remove(armed: ArmedFault): void {
    this.#armed = this.#armed.filter((other) => other !== armed);
    this.#arm({ fault: 'sequence', faults: armed.next }, []);
  }
}

function isKind<K extends Fault['fault']>(fault: Fault, kinds: readonly K[]): fault is FaultOf<K> {
  return kinds.some((kind) => kind === fault.fault);
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
