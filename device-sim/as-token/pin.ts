// The PIN of an AS token card as one link sees it (ISO/IEC 7816-4 clauses 11.5.6 and 11.5.7, docs/protocol.md clause 4). A try is gone,
// in M, before the PIN is compared, so that a cut never gives it back. Knows no APDU but the data fields.

import { Refusal } from '../unit/card.ts';
import type { AsStore } from './store.ts';

const BLOCK_LENGTH = 12;
const MIN_DIGITS = 4;
const PADDING = 0xff;
const BLOCKED = 0x6983;
const TRIES_LEFT = 0x63c0;

export class CardPin {
  readonly #store: AsStore;
  #unlocked = false;

  constructor(store: AsStore) {
    this.#store = store;
  }

  get isUnlocked(): boolean {
    return this.#unlocked;
  }

  /** SELECT, reset, IccPowerOn. */
  lock(): void {
    this.#unlocked = false;
  }

  /** VERIFY: a PIN of 12 bytes, or nothing, which asks for the state. @throws Refusal 63Cx, 6983, 6700, 6A80 */
  verify(field: Uint8Array): void {
    if (field.length > 0) {
      if (field.length !== BLOCK_LENGTH) throw new Refusal(0x6700);
      requireBlock(field);
      this.#compare(field);
    } else if (!this.#unlocked) {
      throw refusal(this.#store.pinTries);
    }
  }

  /** CHANGE REFERENCE DATA: old ‖ new. @throws Refusal as verify() */
  change(field: Uint8Array): void {
    if (field.length !== 2 * BLOCK_LENGTH) throw new Refusal(0x6700);
    const [old, next] = [field.subarray(0, BLOCK_LENGTH), field.subarray(BLOCK_LENGTH)];
    requireBlock(old);
    requireBlock(next);
    this.#compare(old, () => this.#store.writePin(next));
    this.#store.recover();
  }

  /** `onRight` is done before the tries are full again. */
  #compare(block: Uint8Array, onRight: () => void = () => undefined): void {
    const store = this.#store;
    this.#unlocked = false;
    const left = store.pinTries;
    if (left === 0) throw new Refusal(BLOCKED);
    store.writePinTries(left - 1);
    if (!store.isPin(block)) throw new Refusal(TRIES_LEFT + left - 1);
    onRight();
    store.writePinTries(store.read(({ pinTries }) => pinTries));
    this.#unlocked = true;
  }
}

function refusal(left: number): Refusal {
  return new Refusal(left === 0 ? BLOCKED : TRIES_LEFT + left);
}

/** 4 to 12 ASCII digits, padded with FF. */
function requireBlock(block: Uint8Array): void {
  const padding = block.indexOf(PADDING);
  const length = padding < 0 ? block.length : padding;
  const isBlock =
    length >= MIN_DIGITS &&
    block.subarray(0, length).every((octet) => octet >= 0x30 && octet <= 0x39) &&
    block.subarray(length).every((octet) => octet === PADDING);
  if (!isBlock) throw new Refusal(0x6a80);
}
