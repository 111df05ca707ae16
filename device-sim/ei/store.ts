// What an EI keeps in M (docs/protocol.md clauses 3, 4 and 8): T or K_D, the slots, the tries and, in two-pass units, the challenge.
// Everything is read from the memory each time, so a unit rebuilt after a cut is the same unit. Knows no command.
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

/** Attempts left, and how many were made since none was left: each of those waits. */
export interface Tries {
  readonly left: number;
  readonly waits: number;
}

export class EiStore {
  readonly #memory: Memory;
  readonly #transport: AtomicRecord;
  readonly #tries: AtomicRecord;
  readonly #slots: ReadonlyMap<number, AtomicRecord>;

  /** `slots` are the REF2 that the unit has, without the transport-key slot. */
  constructor(memory: Memory, slots: readonly number[]) {
    this.#memory = memory;
    this.#transport = new AtomicRecord(memory, 'transport');
    this.#tries = new AtomicRecord(memory, 'tries');
    this.#slots = new Map(slots.map((ref2) => [ref2, new AtomicRecord(memory, `slot ${ref2}`)]));
  }

  /**
   * After power-up and after a commit: no key that was replaced, erased or only half written stays behind. What cannot be wiped now
   * is wiped at the next power-up.
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

  /** Undefined in a blank unit. The caller wipes the key. */
  transportKey(): TransportKey | undefined {
    const content = this.#transport.read();
    if (content === undefined) return undefined;
    const { set, tkv, key } = decodeTransport(content);
    wipe(content);
    return { set, tkv, key };
  }

  /** Undefined where nothing was ever imported. The caller wipes the key. */
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

  /** Slots that hold a key. */
  get keysHeld(): number {
    let held = 0;
    for (const ref2 of this.#slots.keys()) {
      const slot = this.slot(ref2);
      if (slot !== undefined && slot.key.length > 0) held++;
      wipe(slot?.key);
    }
    return held;
  }

  /** Imports that were ever committed, T's own included: each record says how many there were with it. */
  get importCounter(): number {
    let counter = this.transportImport()?.importCounter ?? 0;
    for (const ref2 of this.#slots.keys()) {
      const slot = this.slot(ref2);
      counter = Math.max(counter, slot?.importCounter ?? 0);
      wipe(slot?.key);
    }
    return counter;
  }

  /** The import by which T or K_D came in; undefined where it was given to the unit when it was made. */
  transportImport(): StoredImport | undefined {
    const content = this.#transport.read();
    if (content === undefined) return undefined;
    const { key, importCounter, kcv, receipt } = decodeTransport(content);
    wipe(content, key);
    return importCounter === 0 ? undefined : { importCounter, kcv, receipt };
  }

  /** Puts T or K_D into a unit that is being made, or a new one into the shadow. `from` is the import that brings it. */
  writeTransportKey(transport: TransportKey, from: StoredImport = NO_IMPORT): void {
    writeShadow(this.#transport, encodeTransport(transport, from));
  }

  writeSlot(ref2: number, stored: StoredKey, from: StoredImport = NO_IMPORT): void {
    writeShadow(this.#slotRecord(ref2), encodeSlot(stored, from));
  }

  /** The key as it stands in the shadow, read back from M. The caller wipes it. */
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

  /** All or nothing, so that a cut never gives an attempt back. @throws PowerCut @throws MemoryFailure */
  writeTries({ left, waits }: Tries): void {
    this.#tries.writeShadow(Uint8Array.of(left, waits));
    this.#tries.commit();
  }

  /** The challenge that a two-pass unit keeps for this link over a loss of power. */
  challenge(link: string): PendingChallenge | undefined {
    const content = this.#memory.read(challengeCell(link));
    if (content === undefined || isZero(content)) return undefined;
    const suite = readU8(content, 0);
    // Torn content is no challenge: the complement at its end does not fit.
    const complement = content.subarray(17).every((octet, i) => octet === (0xff ^ (content[1 + i] ?? 0)));
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
            challenge.random.map((octet) => octet ^ 0xff),
          );
    this.#memory.write(challengeCell(link), content);
  }

  #slotRecord(ref2: number): AtomicRecord {
    const record = this.#slots.get(ref2);
    if (record === undefined) throw new RangeError(`there is no slot ${ref2}`);
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
