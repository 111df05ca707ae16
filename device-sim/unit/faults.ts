// Fault scripts: what can go wrong between a page and a unit, as data (JSON), and the script that carries them out on one link. Each
// fault happens once unless it says otherwise. Knows neither framing nor the browser.
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import type { WriteFault } from './memory.ts';

/** Seen from the page: out to the unit, in from it. */
export type Direction = 'out' | 'in';

export type LinkKind = 'usb' | 'serial';

/** Offsets and counts are in octets of that direction, from the moment the fault is armed. */
export type Fault =
  /** The plug is pulled when `after` octets have passed; an answer that the unit was working on is not lost in its memory. */
  | { readonly fault: 'unplug'; readonly direction: Direction; readonly after: number; readonly link?: LinkKind }
  /** The next answers come that much later, with no request for more time. */
  | { readonly fault: 'late answer'; readonly ms: number; readonly times?: number; readonly link?: LinkKind }
  /** One bit of the block-th transmission, 1 being the next, is turned; bits count from the first octet's highest, round and round. */
  | {
      readonly fault: 'corrupt';
      readonly direction: Direction;
      readonly block: number;
      readonly bit: number;
      readonly link?: LinkKind;
    }
  | {
      readonly fault: 'drop' | 'repeat';
      readonly direction: Direction;
      readonly offset: number;
      readonly count: number;
      readonly link?: LinkKind;
    }
  /** The next `times` commands with that INS are answered with that status word and not run. */
  | {
      readonly fault: 'refuse';
      readonly ins: number;
      readonly statusWord: number;
      readonly times?: number;
      readonly link?: LinkKind;
    }
  /** From now on, until the faults are cleared: another program holds it; no WinUSB; no rights; it hears nothing and says nothing. */
  | { readonly fault: 'busy' | 'driver missing' | 'access denied' | 'silence'; readonly link?: LinkKind }
  /** USB: the bulk endpoint of that direction halts until clearHalt. */
  | { readonly fault: 'stall'; readonly direction: Direction }
  /** Serial: the readable fails with this error; the port stays open and gives another. */
  | { readonly fault: 'line error'; readonly error: LineError }
  /** M: power fails at the n-th write from now, or the write does. */
  | ({ readonly fault: 'memory' } & WriteFault);

export type LineError = 'BufferOverrunError' | 'BreakError' | 'FramingError' | 'ParityError';

/** What a transmission became on its way. */
export interface Passed {
  readonly bytes: Bytes;
  /** The plug was pulled behind these octets. */
  readonly unplugged: boolean;
}

type Armed<K extends Fault['fault']> = Extract<Fault, { fault: K }>;

interface Lane {
  octets: number;
  blocks: number;
}

interface Entry {
  readonly fault: Exclude<Fault, { fault: 'memory' }>;
  /** Counters of its direction when it was armed. */
  readonly octets: number;
  readonly blocks: number;
  times: number;
}

/** The faults that wait on one link, in the order in which they were armed. */
export class FaultScript {
  readonly #link: LinkKind;
  readonly #lanes: Record<Direction, Lane> = { out: { octets: 0, blocks: 0 }, in: { octets: 0, blocks: 0 } };
  #entries: Entry[] = [];

  constructor(link: LinkKind) {
    this.#link = link;
  }

  /** Faults of another link, and those of the memory, are not this script's. */
  arm(fault: Fault): void {
    if (fault.fault === 'memory' || ('link' in fault && fault.link !== undefined && fault.link !== this.#link)) return;
    const lane = 'direction' in fault ? this.#lanes[fault.direction] : { octets: 0, blocks: 0 };
    const times = 'times' in fault ? (fault.times ?? 1) : 1;
    this.#entries.push({ fault, octets: lane.octets, blocks: lane.blocks, times });
  }

  clear(): void {
    this.#entries = [];
  }

  /** Why it cannot be opened, if so. */
  get openRefusal(): 'busy' | 'driver missing' | 'access denied' | undefined {
    for (const { fault } of this.#entries) {
      if (fault.fault === 'busy' || fault.fault === 'driver missing' || fault.fault === 'access denied') {
        return fault.fault;
      }
    }
    return undefined;
  }

  get isSilent(): boolean {
    return this.#entries.some(({ fault }) => fault.fault === 'silence');
  }

  /** Sends one transmission through what is wrong with the cable. */
  pass(direction: Direction, bytes: Uint8Array): Passed {
    const lane = this.#lanes[direction];
    const start = lane.octets;
    lane.octets += bytes.length;
    lane.blocks++;
    let passed = copy(bytes);
    let unplugged = false;
    for (const entry of [...this.#entries]) {
      const { fault } = entry;
      if (!('direction' in fault) || fault.direction !== direction || fault.fault === 'stall') continue;
      if (fault.fault === 'corrupt') {
        if (lane.blocks - entry.blocks !== fault.block) continue;
        passed = withBitTurned(passed, fault.bit);
      } else if (fault.fault === 'unplug') {
        if (lane.octets - entry.octets < fault.after) continue;
        passed = passed.slice(0, Math.max(0, entry.octets + fault.after - start));
        unplugged = true;
      } else {
        if (lane.octets - entry.octets <= fault.offset) continue;
        passed = edited(passed, fault, Math.max(0, entry.octets + fault.offset - start));
      }
      this.#remove(entry);
    }
    return { bytes: passed, unplugged };
  }

  /** The status word that a command is refused with instead of being run. */
  takeRefusal(ins: number | undefined): number | undefined {
    return this.#take('refuse', (fault) => fault.ins === ins)?.statusWord;
  }

  /** By how much the next answer comes later, in ms. */
  takeDelay(): number {
    return this.#take('late answer', () => true)?.ms ?? 0;
  }

  takeStall(direction: Direction): boolean {
    return this.#take('stall', (fault) => fault.direction === direction) !== undefined;
  }

  takeLineError(): LineError | undefined {
    return this.#take('line error', () => true)?.error;
  }

  #take<K extends Entry['fault']['fault']>(kind: K, fits: (fault: Armed<K>) => boolean): Armed<K> | undefined {
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (!isKind(fault, kind) || !fits(fault)) continue;
      entry.times--;
      if (entry.times <= 0) this.#remove(entry);
      return fault;
    }
    return undefined;
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }
}

function isKind<K extends Fault['fault']>(fault: Fault, kind: K): fault is Armed<K> {
  return fault.fault === kind;
}

function withBitTurned(bytes: Bytes, bit: number): Bytes {
  const turned = copy(bytes);
  const position = bit % (8 * Math.max(1, bytes.length));
  const index = position >> 3;
  if (index < turned.length) turned[index] = (turned[index] ?? 0) ^ (0x80 >> (position & 7));
  return turned;
}

function edited(bytes: Bytes, { fault, count }: Armed<'drop' | 'repeat'>, at: number): Bytes {
  const end = Math.min(bytes.length, at + count);
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  return fault === 'drop' ? concat(before, after) : concat(before, piece, piece, after);
}
