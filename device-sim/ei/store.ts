// The data of an EI in the non-volatile memory M (docs/protocol.md clauses 3, 4 and 8): the
// transport key, the slots, the tries and, with capability b0, the challenges. Every access reads
// M, so a power cut loses no state.
import { type Bytes, concat, isZero, wipe } from '#protocol/bytes/bytes.ts';
import { readU8 } from '#protocol/bytes/integers.ts';
import { isSuiteId, type SuiteId } from '#protocol/tkl/suites.ts';
import { type Memory, MemoryFailure } from '../unit/memory.ts';
import { AtomicRecord } from '../unit/record.ts';
import {
  decodeSlot,
  decodeTransport,
  encodeSlot,
  encodeTransport,
  NO_IMPORT,
  type SlotContent,
  type StoredImport,
  type StoredKey,
  type TransportKey,
} from './store-codec.ts';

export interface PendingChallenge {
  readonly suite: SuiteId;
  /** R, 16 bytes. */
  readonly random: Bytes;
}

export const FULL_TRIES = 64;

export interface Tries {
  /** How many more imports may fail before the unit delays imports. */
  readonly left: number;
  /** Number of imports since `left` reached 0. Determines the delay. */
  readonly waits: number;
}

export class EiStore {
  readonly #memory: Memory;
  readonly #transport: AtomicRecord;
  readonly #tries: AtomicRecord;
  readonly #slots: ReadonlyMap<number, AtomicRecord>;

  /** @param slots REF2 of the slots, without the transport-key slot */
  constructor(memory: Memory, slots: readonly number[]) {
    this.#memory = memory;
    this.#transport = new AtomicRecord(memory, 'transport');
    this.#tries = new AtomicRecord(memory, 'tries');
    this.#slots = new Map(slots.map((ref2) => [ref2, new AtomicRecord(memory, `slot ${ref2}`)]));
  }

  /**
   * Wipes replaced, erased and half-written keys. Called after power-up and after a commit. If a
   * wipe fails, the next power-up repeats it.
   * @throws PowerCut
   */
  recover(): void {
    for (const record of [this.#transport, ...this.#slots.values()]) {
      try {
        record.wipeShadow();
      } catch (error) {
        if (!(error instanceof MemoryFailure)) throw error;
      }
    }
  }

  /** Reads T or K_D. Undefined in a blank unit. The caller wipes the key. */
  transportKey(): TransportKey | undefined {
    const content = this.#transport.read();
    if (content === undefined) return undefined;
    const { set, tkv, key } = decodeTransport(content);
    wipe(content);
    return { set, tkv, key };
  }

  /** Reads a slot. Undefined before its first import. The caller wipes the key. */
  slot(ref2: number): SlotContent | undefined {
    const content = this.#slots.get(ref2)?.read();
    if (content === undefined) return undefined;
    const slot = decodeSlot(content);
    wipe(content);
    return slot;
  }

  hasSlot(ref2: number): boolean {
    return this.#slots.has(ref2);
  }

  /** Number of slots with a key. */
  get keysHeld(): number {
    let count = 0;
    for (const ref2 of this.#slots.keys()) {
      const slot = this.slot(ref2);
      if (slot !== undefined && slot.key.length > 0) count++;
      wipe(slot?.key);
    }
    return count;
  }

  /**
   * Number of committed imports, including those of T. Computed as the maximum over all records.
   */
  get importCounter(): number {
    let counter = this.transportImport()?.importCounter ?? 0;
    for (const ref2 of this.#slots.keys()) {
      const slot = this.slot(ref2);
      counter = Math.max(counter, slot?.importCounter ?? 0);
      wipe(slot?.key);
    }
    return counter;
  }

  /** Returns the import that wrote T or K_D. Undefined if the maker stored the key. */
  transportImport(): StoredImport | undefined {
    const content = this.#transport.read();
    if (content === undefined) return undefined;
    const { key, importCounter, kcv, receipt } = decodeTransport(content);
    wipe(content, key);
    return importCounter === 0 ? undefined : { importCounter, kcv, receipt };
  }

  /**
   * Writes T or K_D into the shadow.
   * @param from the import of the key; omitted for the key of the maker, and before the receipt is
   *   computed
   */
  writeTransportKey(transport: TransportKey, from: StoredImport = NO_IMPORT): void {
    writeShadow(this.#transport, encodeTransport(transport, from));
  }

  writeSlot(ref2: number, stored: StoredKey, from: StoredImport = NO_IMPORT): void {
    writeShadow(this.#slotRecord(ref2), encodeSlot(stored, from));
  }

  /** Reads the key back from the shadow. The caller wipes the key. */
  readBackTransportKey(): Bytes {
    const content = this.#transport.readShadow();
    const { key } = decodeTransport(content);
    wipe(content);
    return key;
  }

  readBackSlotKey(ref2: number): Bytes {
    const content = this.#slotRecord(ref2).readShadow();
    const { key } = decodeSlot(content);
    wipe(content);
    return key;
  }

  commitTransportKey(): void {
    this.#transport.commit();
  }

  commitSlot(ref2: number): void {
    this.#slotRecord(ref2).commit();
  }

  get tries(): Tries {
    const content = this.#tries.read();
    return content === undefined
      ? { left: FULL_TRIES, waits: 0 }
      : { left: readU8(content, 0), waits: readU8(content, 1) };
  }

  /**
   * Writes atomically, so that a power cut never restores a try.
   * @throws PowerCut
   * @throws MemoryFailure
   */
  writeTries({ left, waits }: Tries): void {
    this.#tries.writeShadow(Uint8Array.of(left, waits));
    this.#tries.commit();
  }

  /** Reads the persistent challenge of a link (capability b0). */
  challenge(link: string): PendingChallenge | undefined {
    const content = this.#memory.read(challengeCell(link));
    if (content === undefined || isZero(content)) return undefined;
    const suite = readU8(content, 0);
    // R is followed by its complement, so that a torn write is detected.
    const complement = content.subarray(17).every((byte, i) => byte === (0xff ^ (content[1 + i] ?? 0)));
    if (content.length !== 33 || !complement || !isSuiteId(suite)) return undefined;
    return { suite, random: content.slice(1, 17) };
  }

  writeChallenge(link: string, challenge: PendingChallenge | undefined): void {
    if (challenge === undefined && this.#memory.read(challengeCell(link)) === undefined) return;
    const content =
      challenge === undefined
        ? new Uint8Array(33)
        : concat(
            challenge.suite,
            challenge.random,
            challenge.random.map((byte) => byte ^ 0xff),
          );
    this.#memory.write(challengeCell(link), content);
  }

  #slotRecord(ref2: number): AtomicRecord {
    const record = this.#slots.get(ref2);
    if (record === undefined) throw new RangeError(`the unit has no slot ${ref2}`);
    return record;
  }
}

function challengeCell(link: string): string {
  return `challenge ${link}`;
}

function writeShadow(record: AtomicRecord, content: Bytes): void {
  try {
    record.writeShadow(content);
  } finally {
    wipe(content);
  }
}
