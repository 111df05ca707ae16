// Reads the fields of a response in order, for the decoders of this folder.
import { type Bytes, copy } from '../bytes/bytes.ts';
import { readU8, readU16, readU32 } from '../bytes/integers.ts';
import type { ProtocolError } from '../errors.ts';

/** Each method reads the next field of `data` and throws if the data ends too early. */
export class Fields {
  readonly #fault: (fault: string) => ProtocolError;
  readonly #data: Uint8Array;
  #offset = 0;

  /** `fault` creates the error that the methods throw. */
  constructor(data: Uint8Array, fault: (fault: string) => ProtocolError) {
    this.#fault = fault;
    this.#data = data;
  }

  u8(field?: string): number {
    return readU8(this.#data, this.#advance(1, field));
  }

  u16(field?: string): number {
    return readU16(this.#data, this.#advance(2, field));
  }

  u32(field?: string): number {
    return readU32(this.#data, this.#advance(4, field));
  }

  bytes(length: number, field?: string): Bytes {
    const offset = this.#advance(length, field);
    return copy(this.#data.subarray(offset, offset + length));
  }

  /**
   * Reads one byte and returns its word in `words`.
   * @throws ProtocolError for a byte without a word
   */
  choice<Word extends string>(field: string, words: Readonly<Record<number, Word>>): Word {
    const byte = this.u8(field);
    const word = words[byte];
    if (word === undefined) throw this.#fault(`${field} ${byte} is not defined`);
    return word;
  }

  /** @throws ProtocolError when bytes are left; `whole` names the structure in the message */
  end(whole: string): void {
    const left = this.#data.length - this.#offset;
    if (left !== 0) throw this.#fault(`${left} bytes follow the ${whole}`);
  }

  #advance(length: number, field?: string): number {
    const offset = this.#offset;
    if (offset + length > this.#data.length) {
      const missing = field === undefined ? '' : `, ${field} is missing`;
      throw this.#fault(`${this.#data.length} bytes are too few${missing}`);
    }
    this.#offset = offset + length;
    return offset;
  }
}
