// A record that is updated atomically, although a write to M can be torn (docs/protocol.md clauses
// 4 and 7). It has two copies, A and B, each with a marker. A change is written to the inactive
// copy, the shadow. Writing the marker of the shadow commits the change. The marker has a
// generation and a checksum, so a torn copy or a torn marker is invalid.
import { type Bytes, concat, equalBytes, isZero, wipe } from '#protocol/bytes/bytes.ts';
import { readU32, u32 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { type Memory, MemoryFailure } from './memory.ts';

type Copy = 'a' | 'b';

const GENERATION_LENGTH = 4;
const CHECK_LENGTH = 8;

interface CommittedCopy {
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

  /** Returns a copy, which the caller wipes if it is secret. Undefined before the first commit. */
  read(): Bytes | undefined {
    return this.#committed()?.content;
  }

  /**
   * Writes the shadow and reads it back.
   * @throws PowerCut
   * @throws MemoryFailure when the write fails or reads back different bytes
   */
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

  /** Returns a copy of the shadow. @throws MemoryFailure when the shadow was never written */
  readShadow(): Bytes {
    const content = this.#memory.read(this.#cell(this.#shadow()));
    if (content === undefined) throw new MemoryFailure('the shadow was never written');
    return content;
  }

  /**
   * Commits the shadow by writing its marker, and reads the marker back. If the marker is wrong,
   * the record keeps its old content.
   * @throws PowerCut
   * @throws MemoryFailure
   */
  commit(): void {
    const committed = this.#committed();
    wipe(committed?.content);
    const content = this.readShadow();
    try {
      const marker = encodeMarker((committed?.generation ?? 0) + 1, content);
      const cell = this.#marker(this.#shadow());
      this.#memory.write(cell, marker);
      const back = this.#memory.read(cell);
      if (back === undefined || !equalBytes(back, marker)) throw new MemoryFailure(`${cell} does not read back`);
    } finally {
      wipe(content);
    }
  }

  /**
   * Overwrites the shadow with zeros, because it may contain a replaced, erased or half-written
   * key.
   */
  wipeShadow(): void {
    const cell = this.#cell(this.#shadow());
    const content = this.#memory.read(cell);
    if (content === undefined || isZero(content)) return;
    wipe(content);
    this.#memory.write(cell, content);
  }

  #committed(): CommittedCopy | undefined {
    const [a, b] = [this.#readCopy('a'), this.#readCopy('b')];
    if (a === undefined || b === undefined) return a ?? b;
    const [newer, older] = a.generation > b.generation ? [a, b] : [b, a];
    wipe(older.content);
    return newer;
  }

  #readCopy(copy: Copy): CommittedCopy | undefined {
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
