// Reads the fields of a response in order, for the decoders of this folder.
import { type Bytes, copy } from '../bytes/bytes.ts';
import { readU8, readU16, readU32 } from '../bytes/integers.ts';
import { nonsense } from './command.ts';

/**
 * Reads from the start of `data`. Each method throws ProtocolError unit-nonsense beyond the end.
 */
export class Fields {
  readonly #command: string;
  readonly #data: Uint8Array;
  #offset = 0;

  constructor(command: string, data: Uint8Array) {
    this.#command = command;
    this.#data = data;
  }

  u8(): number {
    return readU8(this.#data, this.#advance(1));
  }

  u16(): number {
    return readU16(this.#data, this.#advance(2));
  }

  u32(): number {
    return readU32(this.#data, this.#advance(4));
  }

  bytes(length: number): Bytes {
    const offset = this.#advance(length);
    return copy(this.#data.subarray(offset, offset + length));
  }

  /**
   * One byte as the word of the table.
   * @throws ProtocolError unit-nonsense for a byte without a word
   */
  choice<Word extends string>(field: string, words: Readonly<Record<number, Word>>): Word {
    const byte = this.u8();
    const word = words[byte];
    if (word === undefined) throw nonsense(this.#command, `${field} ${byte} is not defined`);
    return word;
  }

  /**
   * @throws ProtocolError unit-nonsense when bytes are left; `whole` names the structure in the
   * message
   */
  end(whole: string): void {
    const left = this.#data.length - this.#offset;
    if (left !== 0) throw nonsense(this.#command, `${left} bytes follow the ${whole}`);
  }

  #advance(length: number): number {
    const offset = this.#offset;
    if (offset + length > this.#data.length) throw nonsense(this.#command, `${this.#data.length} bytes are too few`);
    this.#offset = offset + length;
    return offset;
  }
}
