// The data of an AS token card in the non-volatile memory M: its content, the PIN with its tries,
// and every export. Each export is one atomic record, committed before DATA is sent. Every access
// reads M, so a power cut loses no state.
import type { ExportRecord } from '#protocol/as-unit/memory.ts';
import { concat, copy, equalBytes, isZero, wipe } from '#protocol/bytes/bytes.ts';
import { readU8 } from '#protocol/bytes/integers.ts';
import { RECEIPT_LENGTH } from '#protocol/tkl/receipt.ts';
import { type Memory, MemoryFailure } from '../unit/memory.ts';
import { AtomicRecord } from '../unit/record.ts';
import { type CardContent, decodeContent, encodeContent, wipeContent } from './content.ts';

/**
 * Offset of DATA in an export record, which is R(16) ‖ KCV(5) ‖ KCVALG(1) ‖ receipt(64, zeros if
 * none) ‖ DATA.
 */
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

  /** Writes the initial content, as the issuer does. @param pin the PIN block, 12 bytes */
  issue(content: CardContent, pin: Uint8Array): void {
    const bytes = encodeContent(content);
    try {
      write(this.#content, bytes);
      write(this.#pin, pin);
      this.writePinTries(content.pinTries);
    } finally {
      wipe(bytes);
    }
  }

  /**
   * Wipes a replaced or half-written PIN. Called after power-up and after a change of the PIN.
   * @throws PowerCut
   */
  recover(): void {
    try {
      this.#pin.wipeShadow();
    } catch (error) {
      if (!(error instanceof MemoryFailure)) throw error;
    }
  }

  /**
   * Calls `use` with the content, then wipes the content. `use` must copy a key that it returns.
   */
  read<T>(use: (content: CardContent) => T): T {
    const bytes = this.#content.read();
    if (bytes === undefined) throw new TypeError('the card was never issued');
    const content = decodeContent(bytes);
    try {
      return use(content);
    } finally {
      wipeContent(content);
      wipe(bytes);
    }
  }

  get pinTries(): number {
    const content = this.#tries.read();
    return content === undefined ? 0 : readU8(content, 0);
  }

  /**
   * Writes atomically, so that a power cut never restores a try.
   * @throws PowerCut
   * @throws MemoryFailure
   */
  writePinTries(left: number): void {
    write(this.#tries, Uint8Array.of(left));
  }

  /** Compares a PIN block of 12 bytes with the stored PIN in constant time. */
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

  /** Reads the export with this XC. Undefined if none was committed. */
  export(xc: number): ExportRecord | undefined {
    const bytes = this.#export(xc).read();
    if (bytes === undefined) return undefined;
    const algorithm = readU8(bytes, 21);
    const receipt = copy(bytes.subarray(22, DATA_OFFSET));
    return {
      random: copy(bytes.subarray(0, 16)),
      kcv: { value: copy(bytes.subarray(16, 21)), algorithm: algorithm === 1 || algorithm === 2 ? algorithm : 0 },
      receipt: isZero(receipt) ? undefined : receipt,
      data: copy(bytes.subarray(DATA_OFFSET)),
    };
  }

  /**
   * Commits an export. A second call with the same XC adds the receipt.
   * @throws PowerCut
   * @throws MemoryFailure
   */
  writeExport(xc: number, { random, kcv, receipt = new Uint8Array(RECEIPT_LENGTH), data }: ExportRecord): void {
    write(this.#export(xc), concat(random, kcv.value, kcv.algorithm, receipt, data));
  }

  #export(xc: number): AtomicRecord {
    return new AtomicRecord(this.#memory, `export ${xc}`);
  }
}

function write(record: AtomicRecord, content: Uint8Array): void {
  record.writeShadow(content);
  record.commit();
}
