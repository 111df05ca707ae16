// The fields of an answer, read one after the other. Knows no answer.
import { type Bytes, copy } from '../bytes/bytes.ts';
import { readU8, readU16, readU32 } from '../bytes/integers.ts';
import { nonsense } from './command.ts';

/** Knows where the octets end. Each method throws ProtocolError unit-nonsense where they end too soon. */
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

  /** One octet that stands for one of a few words. */
  choice<Word extends string>(field: string, words: Readonly<Record<number, Word>>): Word {
    const octet = this.u8();
    const word = words[octet];
    if (word === undefined) throw nonsense(this.#command, `${field} ${octet} is not defined`);
    return word;
  }

  /** `what` is the whole, for the message. */
  end(what: string): void {
    const left = this.#data.length - this.#offset;
    if (left !== 0) throw nonsense(this.#command, `${left} bytes follow the ${what}`);
  }

  #advance(length: number): number {
    const offset = this.#offset;
    if (offset + length > this.#data.length) throw nonsense(this.#command, `${this.#data.length} bytes are too few`);
    this.#offset = offset + length;
    return offset;
  }
}
