// What an AS token card keeps in M: its content, the PIN and its tries, and every export. An export is one record, written before DATA
// leaves: its commit is the one write that makes the export, XC and the quota true. Everything is read from the memory, so a card rebuilt
// after a cut is the same card. Knows no command.
import type { ExportRecord } from '#protocol/as-unit/memory.ts';
import { concat, copy, equalBytes, isZero, wipe } from '#protocol/bytes/bytes.ts';
import { readU8 } from '#protocol/bytes/integers.ts';
import { RECEIPT_LENGTH } from '#protocol/tkl/receipt.ts';
import { type Memory, MemoryFailure } from '../unit/memory.ts';
import { AtomicRecord } from '../unit/record.ts';
import { type CardContent, decodeContent, encodeContent, wipeContent } from './content.ts';

/** R(16) ‖ KCV(5) ‖ KCVALG(1) ‖ receipt(64, or zero) ‖ DATA. */
const DATA_OFFSET = 16 + 5 + 1 + RECEIPT_LENGTH;

export class AsStore {
  readonly #memory: Memory;
  readonly #content: AtomicRecord;
  readonly #pin: AtomicRecord;
  readonly #tries: AtomicRecord;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#content = new AtomicRecord(memory, 'content');
    this.#pin = new AtomicRecord(memory, 'pin');
    this.#tries = new AtomicRecord(memory, 'tries');
  }

  /** At the issuer's: `pin` is the block of 12 bytes. */
  issue(content: CardContent, pin: Uint8Array): void {
    const octets = encodeContent(content);
    try {
      write(this.#content, octets);
      write(this.#pin, pin);
      this.writePinTries(content.pinTries);
    } finally {
      wipe(octets);
    }
  }

  /** After power-up and after a change: no PIN that was replaced or only half written stays behind. @throws PowerCut */
  recover(): void {
    try {
      this.#pin.wipeShadow();
    } catch (error) {
      if (!(error instanceof MemoryFailure)) throw error;
    }
  }

  /** What `use` makes of the content, which is wiped afterwards: it copies what is to stay. */
  read<T>(use: (content: CardContent) => T): T {
    const octets = this.#content.read();
    if (octets === undefined) throw new TypeError('the card was never issued');
    const content = decodeContent(octets);
    try {
      return use(content);
    } finally {
      wipeContent(content);
      wipe(octets);
    }
  }

  get pinTries(): number {
    const content = this.#tries.read();
    return content === undefined ? 0 : readU8(content, 0);
  }

  /** All or nothing, so that a cut never gives a try back. @throws PowerCut @throws MemoryFailure */
  writePinTries(left: number): void {
    write(this.#tries, Uint8Array.of(left));
  }

  /** Compares 12 bytes in constant time. */
  isPin(block: Uint8Array): boolean {
    const stored = this.#pin.read();
    try {
      return stored !== undefined && equalBytes(stored, block);
    } finally {
      wipe(stored);
    }
  }

  writePin(block: Uint8Array): void {
    write(this.#pin, block);
  }

  /** Undefined where none was committed under that XC. */
  export(xc: number): ExportRecord | undefined {
    const octets = this.#export(xc).read();
    if (octets === undefined) return undefined;
    const algorithm = readU8(octets, 21);
    const receipt = copy(octets.subarray(22, DATA_OFFSET));
    return {
      random: copy(octets.subarray(0, 16)),
      kcv: { value: copy(octets.subarray(16, 21)), algorithm: algorithm === 1 || algorithm === 2 ? algorithm : 0 },
      receipt: isZero(receipt) ? undefined : receipt,
      data: copy(octets.subarray(DATA_OFFSET)),
    };
  }

  /** The one commit of an export, and of its receipt later. @throws PowerCut @throws MemoryFailure */
  writeExport(xc: number, { random, kcv, receipt, data }: ExportRecord): void {
    const kept = receipt ?? new Uint8Array(RECEIPT_LENGTH);
    write(this.#export(xc), concat(random, kcv.value, kcv.algorithm, kept, data));
  }

  #export(xc: number): AtomicRecord {
    return new AtomicRecord(this.#memory, `export ${xc}`);
  }
}

function write(record: AtomicRecord, content: Uint8Array): void {
  record.writeShadow(content);
  record.commit();
}
