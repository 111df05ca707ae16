// Assigns the addresses of one USB bus in rotation, as Linux does. An address has seven bits (USB
// 2.0 clause 9.4.6). Address 1 is the root hub.
const FIRST = 2;
const LAST = 127;

export class UsbAddresses {
  readonly #inUse = new Set<number>();
  #last = FIRST - 1;

  /** @throws RangeError when every address is in use */
  take(): number {
    for (let tried = FIRST; tried <= LAST; tried++) {
      this.#last = this.#last === LAST ? FIRST : this.#last + 1;
      if (this.#inUse.has(this.#last)) continue;
      this.#inUse.add(this.#last);
      return this.#last;
    }
    throw new RangeError('the bus has no address left');
  }

  release(address: number): void {
    this.#inUse.delete(address);
  }
}
