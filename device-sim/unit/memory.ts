// M, the non-volatile memory of a unit (docs/protocol.md clause 7). A test can make the n-th write
// fail, or cut power before, during or after that write. M keeps its content without power, and the
// program then starts anew.
import { type Bytes, concat, copy, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';

/** Thrown when power is cut. The command ends without a response, and the link closes. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/** Thrown when a write fails. The cell keeps its content, and the unit answers 6581. */
export class MemoryFailure extends Error {
  override readonly name = 'MemoryFailure';
}

/**
 * A fault of one write. `write` counts from now, and 1 is the next write. `other content` changes
 * the last byte and reports success, so that only reading back reveals the fault.
 */
export interface WriteFault {
  readonly write: number;
  readonly effect: 'cut before' | 'cut during' | 'cut after' | 'failure' | 'other content';
}

/** The content of all cells by name, as upper-case hex. Suitable for JSON. */
export type MemoryImage = Readonly<Record<string, string>>;

export class Memory {
  readonly #cells = new Map<string, Bytes>();
  readonly #faults = new Map<number, WriteFault['effect']>();
  #writes = 0;
  /**
   * Called after each write that changed a cell. The demo stores the image, so that a reload
   * restores it.
   */
  onWrite: (() => void) | undefined;

  constructor(image: MemoryImage = {}) {
    for (const [name, hex] of Object.entries(image)) this.#cells.set(name, fromHex(hex));
  }

  /** Number of writes since construction, including failed ones. */
  get writes(): number {
    return this.#writes;
  }

  /**
   * Returns a copy, which the caller wipes if it is secret. Undefined if the cell was never
   * written.
   */
  read(name: string): Bytes | undefined {
    const cell = this.#cells.get(name);
    return cell === undefined ? undefined : copy(cell);
  }

  /**
   * Replaces the content of a cell. The write is not atomic.
   * @throws PowerCut
   * @throws MemoryFailure
   */
  write(name: string, content: Uint8Array): void {
    this.#writes++;
    const effect = this.#faults.get(this.#writes);
    this.#faults.delete(this.#writes);
    if (effect === 'failure') throw new MemoryFailure(`write to ${name} failed`);
    if (effect === 'other content') {
      this.#store(name, withOtherEnd(content));
      return;
    }
    if (effect !== 'cut before') this.#store(name, effect === 'cut during' ? this.#torn(name, content) : copy(content));
    if (effect !== undefined) throw new PowerCut(`power was ${effect} write ${this.#writes}, to ${name}`);
  }

  /**
   * Arms a fault. Faults armed earlier stay armed.
   * @throws RangeError if `write` is not an integer of 1 or more
   */
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

  /**
   * Returns the content after a torn write. The first half is new, the next byte is corrupt, and
   * the rest is old, or FF if the cell was never written.
   */
  #torn(name: string, content: Uint8Array): Bytes {
    const middle = Math.floor(content.length / 2);
    const old = this.#cells.get(name) ?? new Uint8Array(content.length).fill(0xff);
    const corrupt = (content[middle] ?? 0) ^ 0xa5;
    return concat(content.subarray(0, middle), corrupt, old.subarray(middle + 1, content.length));
  }
}

function withOtherEnd(content: Uint8Array): Bytes {
  const other = copy(content);
  const last = other.length - 1;
  if (last >= 0) other[last] = (other[last] ?? 0) ^ 0x01;
  return other;
}
