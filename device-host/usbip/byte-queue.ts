// A queue of bytes from which a stream reader takes whole messages.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';

export class ByteQueue {
  #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Returns the first `length` bytes without removing them. Undefined if the queue has fewer. */
  peek(length: number): Bytes | undefined {
    if (this.#length < length) return undefined;
    const [first] = this.#pieces;
    if (first === undefined || first.length < length) this.#pieces = [concat(...this.#pieces)];
    return concat(this.#pieces[0]?.subarray(0, length) ?? new Uint8Array(0));
  }

  /** Returns the first `length` bytes and removes them. Undefined if the queue has fewer. */
  take(length: number): Bytes | undefined {
    const taken = this.peek(length);
    if (taken === undefined) return undefined;
    this.#length -= length;
    const [first, ...rest] = this.#pieces;
    const left = first?.subarray(length) ?? new Uint8Array(0);
    this.#pieces = left.length > 0 ? [left, ...rest] : rest;
    return taken;
  }
}
