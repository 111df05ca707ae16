// M, a unit's non-volatile memory, as unkind as the real one (docs/protocol.md clause 7): power may fail before, in the middle of or
// after any write, and a write may fail by itself. A write is counted, so that a test can do that at each of them. It outlives the
// unit's program, which is rebuilt over it. Knows nothing of what is stored.
import { type Bytes, concat, copy, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';

/** Power was cut: whatever the unit was doing ends here. Never an answer; the link goes dead. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/** A write did not take: the cell holds what it held. The unit lives on and says 6581. */
export class MemoryFailure extends Error {
  override readonly name = 'MemoryFailure';
}

/** What befalls the n-th write from now, 1 being the next one. */
export interface WriteFault {
  readonly write: number;
  readonly effect: 'cut before' | 'cut during' | 'cut after' | 'failure';
}

/** Every cell by its name, as upper-case hex: JSON. */
export type MemoryImage = Readonly<Record<string, string>>;

export class Memory {
  readonly #cells = new Map<string, Bytes>();
  readonly #faults = new Map<number, WriteFault['effect']>();
  #writes = 0;
  /** Called after each write that changed a cell; a station that keeps its simulated units over a reload stores the image here. */
  onWrite: (() => void) | undefined;

  constructor(image: MemoryImage = {}) {
    for (const [name, hex] of Object.entries(image)) this.#cells.set(name, fromHex(hex));
  }

  /** Writes since this object was made, those that failed included. */
  get writes(): number {
    return this.#writes;
  }

  /** A copy, which the caller wipes where it is a secret; undefined for a cell that was never written. */
  read(name: string): Bytes | undefined {
    const cell = this.#cells.get(name);
    return cell === undefined ? undefined : copy(cell);
  }

  /**
   * Replaces the content of a cell. Not atomic.
   * @throws PowerCut @throws MemoryFailure
   */
  write(name: string, content: Uint8Array): void {
    this.#writes++;
    const effect = this.#faults.get(this.#writes);
    this.#faults.delete(this.#writes);
    if (effect === 'failure') throw new MemoryFailure(`write to ${name} failed`);
    if (effect !== 'cut before') this.#store(name, effect === 'cut during' ? this.#torn(name, content) : copy(content));
    if (effect !== undefined) throw new PowerCut(`power was ${effect} write ${this.#writes}, to ${name}`);
  }

  /** Arms a fault; several may wait. @throws RangeError when `write` is no positive whole number */
  arm({ write, effect }: WriteFault): void {
    if (!Number.isInteger(write) || write < 1) throw new RangeError('write must be 1 or more');
    this.#faults.set(this.#writes + write, effect);
  }

  disarm(): void {
    this.#faults.clear();
  }

  image(): MemoryImage {
    return Object.fromEntries([...this.#cells].map(([name, content]) => [name, toHex(content)]));
  }

  #store(name: string, content: Bytes): void {
    wipe(this.#cells.get(name));
    this.#cells.set(name, content);
    this.onWrite?.();
  }

  /** The front is new, the octet that was being programmed is neither, the back is old (or FF where nothing was). */
  #torn(name: string, content: Uint8Array): Bytes {
    const middle = Math.floor(content.length / 2);
    const old = this.#cells.get(name) ?? new Uint8Array(content.length).fill(0xff);
    const between = (content[middle] ?? 0) ^ 0xa5;
    return concat(content.subarray(0, middle), between, old.subarray(middle + 1, content.length));
  }
}
