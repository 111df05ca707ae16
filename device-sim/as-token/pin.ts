// The PIN of an AS token card on one link (ISO/IEC 7816-4 clauses 11.5.6 and 11.5.7,
// docs/protocol.md clause 4). The tries in M are decremented before the PIN is compared, so that a
// power cut never restores a try.
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

  /** Called when the application is selected, and when the card is reset or powered up. */
  lock(): void {
    this.#unlocked = false;
  }

  /**
   * Runs VERIFY, which unlocks the card.
   * @param field the PIN block, 12 bytes; an empty field queries the state
   * @throws Refusal 63Cx, 6983, 6700, 6A80
   */
  verify(field: Uint8Array): void {
    if (field.length > 0) {
      if (field.length !== BLOCK_LENGTH) throw new Refusal(0x6700);
      requireBlock(field);
      this.#compare(field);
    } else if (!this.#unlocked) {
      throw refusal(this.#store.pinTries);
    }
  }

  /**
   * Runs CHANGE REFERENCE DATA, which replaces the PIN.
   * @param field old PIN block ‖ new PIN block
   * @throws Refusal with the status words of verify()
   */
  change(field: Uint8Array): void {
    if (field.length !== 2 * BLOCK_LENGTH) throw new Refusal(0x6700);
    const [oldBlock, newBlock] = [field.subarray(0, BLOCK_LENGTH), field.subarray(BLOCK_LENGTH)];
    requireBlock(oldBlock);
    requireBlock(newBlock);
    this.#compare(oldBlock, () => this.#store.writePin(newBlock));
    this.#store.recover();
  }

  /**
   * Compares a PIN block with the stored PIN and unlocks the card if they are equal.
   * @param onMatch called if they are equal, before the tries are restored
   */
  #compare(block: Uint8Array, onMatch: () => void = () => undefined): void {
    const store = this.#store;
    this.#unlocked = false;
    const left = store.pinTries;
    if (left === 0) throw new Refusal(BLOCKED);
    store.writePinTries(left - 1);
    if (!store.isPin(block)) throw new Refusal(TRIES_LEFT + left - 1);
    onMatch();
    store.writePinTries(store.read(({ pinTries }) => pinTries));
    this.#unlocked = true;
  }
}

function refusal(left: number): Refusal {
  return new Refusal(left === 0 ? BLOCKED : TRIES_LEFT + left);
}

/** Requires 4 to 12 ASCII digits, padded with FF. @throws Refusal 6A80 */
function requireBlock(block: Uint8Array): void {
  const padding = block.indexOf(PADDING);
  const length = padding < 0 ? block.length : padding;
  const isBlock =
    length >= MIN_DIGITS &&
    block.subarray(0, length).every((byte) => byte >= 0x30 && byte <= 0x39) &&
    block.subarray(length).every((byte) => byte === PADDING);
  if (!isBlock) throw new Refusal(0x6a80);
}
