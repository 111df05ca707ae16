// What an EI keeps in M (docs/protocol.md clauses 3, 4 and 8): T or K_D, the slots, the tries and, in two-pass units, the challenge.
// Everything is read from the memory each time, so a unit rebuilt after a cut is the same unit. Knows no command.
import { type Bytes, concat, copy, isZero, wipe } from '#protocol/bytes/bytes.ts';
import { readU8, readU16, readU32, u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii, fromAscii } from '#protocol/bytes/text.ts';
import type { Kcv } from '#protocol/tkl/body.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { RECEIPT_LENGTH } from '#protocol/tkl/receipt.ts';
import { isSuiteId, type SuiteId } from '#protocol/tkl/suites.ts';
import type { Memory } from './memory.ts';
import { AtomicRecord } from './record.ts';

/** T (shared) or K_D (diversified), and the set and version that it belongs to. */
export interface TransportKey {
  readonly set: number;
  readonly tkv: number;
  /** 32 bytes. Whoever read it wipes it. */
  readonly key: Bytes;
}

/** One slot as it was last committed; `key` is empty where the slot is. */
export interface StoredKey {
  readonly key: Bytes;
  readonly akv: number;
  readonly attributes: string;
  readonly ref1: number;
}

export interface StoredImport {
  /** Counts the unit's committed imports. */
  readonly importCounter: number;
  readonly kcv: Kcv;
  /** 64 bytes. */
  readonly receipt: Bytes;
}

export interface SlotContent extends StoredKey, StoredImport {}

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

const NO_IMPORT: StoredImport = {
  importCounter: 0,
  kcv: { value: new Uint8Array(5), algorithm: 0x00 },
  receipt: new Uint8Array(RECEIPT_LENGTH),
};
const LONGEST_KEY = 32;

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

  /** After power-up: no key that was replaced, erased or only half written stays behind. @throws PowerCut @throws MemoryFailure */
  recover(): void {
    for (const record of [this.#transport, ...this.#slots.values()]) record.wipeShadow();
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

/** Import counter(4) ‖ KCV(5) ‖ KCVALG(1) ‖ receipt(64). */
const IMPORT_LENGTH = 4 + 5 + 1 + RECEIPT_LENGTH;

function encodeImport({ importCounter, kcv, receipt }: StoredImport): Bytes {
  return concat(u32(importCounter), kcv.value, kcv.algorithm, receipt);
}

function decodeImport(bytes: Uint8Array): StoredImport {
  const algorithm = readU8(bytes, 9);
  return {
    importCounter: readU32(bytes, 0),
    kcv: { value: copy(bytes.subarray(4, 9)), algorithm: algorithm === 0x01 || algorithm === 0x02 ? algorithm : 0x00 },
    receipt: copy(bytes.subarray(10, IMPORT_LENGTH)),
  };
}

function encodeTransport({ set, tkv, key }: TransportKey, from: StoredImport): Bytes {
  return concat(encodeImport(from), u32(set), tkv, key);
}

function decodeTransport(bytes: Uint8Array): TransportKey & StoredImport {
  const rest = bytes.subarray(IMPORT_LENGTH);
  return { ...decodeImport(bytes), set: readU32(rest, 0), tkv: readU8(rest, 4), key: copy(rest.subarray(5)) };
}

function encodeSlot({ key, akv, attributes, ref1 }: StoredKey, from: StoredImport): Bytes {
  const padding = new Uint8Array(LONGEST_KEY - key.length);
  return concat(encodeImport(from), u32(akv), ascii(attributes), u16(ref1), key.length, key, padding);
}

function decodeSlot(bytes: Uint8Array): SlotContent {
  const rest = bytes.subarray(IMPORT_LENGTH);
  const length = readU8(rest, 13);
  return {
    ...decodeImport(bytes),
    akv: readU32(rest, 0),
    attributes: length === 0 ? NO_ATTRIBUTES : fromAscii(rest.subarray(4, 11)),
    ref1: readU16(rest, 11),
    key: copy(rest.subarray(14, 14 + length)),
  };
}
