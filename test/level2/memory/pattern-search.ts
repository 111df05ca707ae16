// Searches octets for many patterns at once (Wu and Manber, 1994, with blocks of two octets): it skips as far as the shortest pattern
// allows, so that the whole memory of a process is searched in about the time it takes to read it. Pure.

export interface Pattern {
  readonly name: string;
  readonly octets: Uint8Array;
}

const BLOCK = 2;

export class PatternSearch {
  /** Of the longest pattern: pieces of a text must overlap by one octet less. */
  readonly longest: number;
  readonly #shortest: number;
  /** How far one may go on from a block that ends here; 0: a pattern may end its front part here. */
  readonly #shifts: Uint8Array;
  readonly #byLastBlock = new Map<number, Pattern[]>();

  /** @throws RangeError for no pattern, or one shorter than four octets, which would be found by chance */
  constructor(patterns: readonly Pattern[]) {
    const lengths = patterns.map(({ octets }) => octets.length);
    this.#shortest = Math.min(255, ...lengths);
    this.longest = Math.max(0, ...lengths);
    if (patterns.length === 0 || this.#shortest < 4) throw new RangeError('patterns must have four octets or more');
    this.#shifts = new Uint8Array(0x10000).fill(this.#shortest - BLOCK + 1);
    for (const pattern of patterns) this.#learn(pattern);
  }

  /** The names of the patterns that stand in these octets, each once. */
  search(octets: Uint8Array): ReadonlySet<string> {
    const found = new Set<string>();
    const shifts = this.#shifts;
    let end = this.#shortest - 1;
    while (end < octets.length) {
      const block = (octets[end - 1] ?? 0) | ((octets[end] ?? 0) << 8);
      const shift = shifts[block] ?? 1;
      if (shift === 0) this.#compare(octets, end, block, found);
      end += shift === 0 ? 1 : shift;
    }
    return found;
  }

  #learn(pattern: Pattern): void {
    const { octets } = pattern;
    for (let end = BLOCK - 1; end < this.#shortest; end++) {
      const block = (octets[end - 1] ?? 0) | ((octets[end] ?? 0) << 8);
      const shift = this.#shortest - 1 - end;
      this.#shifts[block] = Math.min(this.#shifts[block] ?? 0, shift);
      if (shift === 0) this.#byLastBlock.set(block, [...(this.#byLastBlock.get(block) ?? []), pattern]);
    }
  }

  #compare(text: Uint8Array, end: number, block: number, found: Set<string>): void {
    const start = end - this.#shortest + 1;
    for (const { name, octets } of this.#byLastBlock.get(block) ?? []) {
      if (octets.every((octet, i) => text[start + i] === octet)) found.add(name);
    }
  }
}
