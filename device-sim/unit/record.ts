// An atomic record over a memory that tears: two copies, A and B, each with a marker (docs/protocol.md clauses 4 and 7). A record is
// written into the copy that does not count, and the marker is the one commit; it holds a generation and a check over the content, so
// a torn copy or a torn marker counts for nothing. Knows nothing of what a record means.
import { type Bytes, concat, equalBytes, isZero, wipe } from '#protocol/bytes/bytes.ts';
import { readU32, u32 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { type Memory, MemoryFailure } from './memory.ts';

type Copy = 'a' | 'b';

const GENERATION_LENGTH = 4;
const CHECK_LENGTH = 8;

interface Committed {
  readonly copy: Copy;
  readonly generation: number;
  readonly content: Bytes;
}

export class AtomicRecord {
  readonly #memory: Memory;
  readonly #name: string;

  constructor(memory: Memory, name: string) {
    this.#memory = memory;
    this.#name = name;
  }

  /** The committed content, a copy that the caller wipes where it holds a secret, or undefined. */
  read(): Bytes | undefined {
    return this.#committed()?.content;
  }

  /** Writes the copy that does not count yet. @throws PowerCut @throws MemoryFailure also when it does not read back the same */
  writeShadow(content: Uint8Array): void {
    const cell = this.#cell(this.#shadow());
    this.#memory.write(cell, content);
    const back = this.#memory.read(cell);
    try {
      if (back === undefined || !equalBytes(back, content)) throw new MemoryFailure(`${cell} does not read back`);
    } finally {
      wipe(back);
    }
  }

  /** What the shadow holds now. @throws MemoryFailure when nothing was written */
  readShadow(): Bytes {
    const content = this.#memory.read(this.#cell(this.#shadow()));
    if (content === undefined) throw new MemoryFailure('no shadow was written');
    return content;
  }

  /** Makes the shadow the record: one write, all or nothing. @throws PowerCut @throws MemoryFailure */
  commit(): void {
    const committed = this.#committed();
    wipe(committed?.content);
    const content = this.readShadow();
    try {
      const marker = encodeMarker((committed?.generation ?? 0) + 1, content);
      this.#memory.write(this.#marker(this.#shadow()), marker);
    } finally {
      wipe(content);
    }
  }

  /** Overwrites the copy that does not count, so that a replaced, erased or half-written key is not left behind. */
  wipeShadow(): void {
    const cell = this.#cell(this.#shadow());
    const left = this.#memory.read(cell);
    if (left === undefined || isZero(left)) return;
    wipe(left);
    this.#memory.write(cell, left);
  }

  #committed(): Committed | undefined {
    const [a, b] = [this.#readCopy('a'), this.#readCopy('b')];
    if (a === undefined || b === undefined) return a ?? b;
    const [newer, older] = a.generation > b.generation ? [a, b] : [b, a];
    wipe(older.content);
    return newer;
  }

  #readCopy(copy: Copy): Committed | undefined {
    const content = this.#memory.read(this.#cell(copy));
    const marker = this.#memory.read(this.#marker(copy));
    if (content === undefined || marker?.length !== GENERATION_LENGTH + CHECK_LENGTH) return undefined;
    const generation = readU32(marker, 0);
    if (equalBytes(marker, encodeMarker(generation, content))) return { copy, generation, content };
    wipe(content);
    return undefined;
  }

  #shadow(): Copy {
    const committed = this.#committed();
    wipe(committed?.content);
    return committed?.copy === 'a' ? 'b' : 'a';
  }

  #cell(copy: Copy): string {
    return `${this.#name}.${copy}`;
  }

  #marker(copy: Copy): string {
    return `${this.#name}.${copy}.marker`;
  }
}

function encodeMarker(generation: number, content: Uint8Array): Bytes {
  const number = u32(generation);
  const message = concat(number, content);
  try {
    return concat(number, sha256(message).subarray(0, CHECK_LENGTH));
  } finally {
    wipe(message);
  }
}
