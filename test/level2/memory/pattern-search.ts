// Searches bytes for many patterns at once (Wu and Manber, 1994, with blocks of two bytes). Skips
// ahead by up to the length of the shortest pattern, so that a search takes about as long as
// reading the memory.

export interface Pattern {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 2;

export class PatternSearch {
  /**
   * Length of the longest pattern in bytes. If a text is searched in pieces, the pieces must
   * overlap by this length minus 1.
   */
  readonly longest: number;
  readonly #shortest: number;
  /**
   * For each value of a block, the number of bytes to skip after the block. 0 means that the block
   * ends the first `#shortest` bytes of a pattern, so the pattern must be compared.
   */
  readonly #shifts: Uint8Array;
  readonly #byLastBlock = new Map<number, Pattern[]>();

  /**
   * @throws RangeError if there are no patterns, or if a pattern has fewer than 4 bytes and so
   * would be found by chance
   */
  constructor(patterns: readonly Pattern[]) {
    const lengths = patterns.map(({ bytes }) => bytes.length);
    this.#shortest = Math.min(255, ...lengths);
    this.longest = Math.max(0, ...lengths);
    if (patterns.length === 0 || this.#shortest < 4) throw new RangeError('patterns must have 4 bytes or more');
    this.#shifts = new Uint8Array(0x10000).fill(this.#shortest - BLOCK + 1);
    for (const pattern of patterns) this.#add(pattern);
  }

  /** Returns the names of the patterns that occur in `bytes`. */
  search(bytes: Uint8Array): ReadonlySet<string> {
    const found = new Set<string>();
    const shifts = this.#shifts;
    let end = this.#shortest - 1;
    while (end < bytes.length) {
      const block = (bytes[end - 1] ?? 0) | ((bytes[end] ?? 0) << 8);
      const shift = shifts[block] ?? 1;
      if (shift === 0) this.#compare(bytes, end, block, found);
      end += shift === 0 ? 1 : shift;
    }
    return found;
  }

  #add(pattern: Pattern): void {
    const { bytes } = pattern;
    for (let end = BLOCK - 1; end < this.#shortest; end++) {
      const block = (bytes[end - 1] ?? 0) | ((bytes[end] ?? 0) << 8);
      const shift = this.#shortest - 1 - end;
      this.#shifts[block] = Math.min(this.#shifts[block] ?? 0, shift);
      if (shift === 0) this.#byLastBlock.set(block, [...(this.#byLastBlock.get(block) ?? []), pattern]);
    }
  }

  #compare(text: Uint8Array, end: number, block: number, found: Set<string>): void {
    const start = end - this.#shortest + 1;
    for (const { name, bytes } of this.#byLastBlock.get(block) ?? []) {
      if (bytes.every((byte, i) => text[start + i] === byte)) found.add(name);
    }
  }
}
