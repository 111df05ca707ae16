// Sends a token card random sequences of correct and wrong PINs, new and repeated exports, and
// receipts, with power cuts and failures at any write. Counted exports stay counted, the card
// stores every DATA that it has sent, and an attacker has at most as many guesses as the card has
// tries.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WriteFault } from '#device-sim/unit/memory.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { readU32 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import {
  cardContent,
  exportCommand,
  PIN,
  receiptCommand,
  receiptFor,
  TestAsCard,
  verifyCommand,
} from '#test/support/as-card.ts';

const QUOTA = 4;
const TRIES = 3;

type Action =
  | { readonly kind: 'correct PIN' | 'wrong PIN' | 'power cycle' }
  /**
   * Number of the challenge. There are only six challenges, so that exports and receipts are
   * repeated.
   */
  | { readonly kind: 'export' | 'receipt'; readonly challenge: number }
  | { readonly kind: 'arm'; readonly fault: WriteFault };

const challenge = fc.integer({ min: 0, max: 5 });
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('correct PIN', 'correct PIN', 'correct PIN', 'wrong PIN', 'power cycle') }),
    fc.record({ kind: fc.constantFrom('export', 'export', 'receipt'), challenge }),
    fc.record({
      kind: fc.constant('arm' as const),
      fault: fc.record({
        write: fc.integer({ min: 1, max: 5 }),
        effect: fc.constantFrom('cut before', 'cut during', 'cut after', 'failure'),
      }),
    }),
  ) as fc.Arbitrary<Action>,
  { minLength: 1, maxLength: 40 },
);

const randomOf = (index: number) => sha256(Uint8Array.of(index)).slice(0, 16);

class Model {
  #card = new TestAsCard(cardContent({ quota: QUOTA }));
  /** The DATA that the card has sent for each challenge. */
  readonly #sent = new Map<number, string>();
  #lastXc = 0;
  /** Number of wrong PINs to which the card has responded since the last correct PIN. */
  #guesses = 0;

  async begin(): Promise<void> {
    await this.#card.selected();
  }

  async do(action: Action): Promise<void> {
    switch (action.kind) {
      case 'correct PIN':
        await this.#send(verifyCommand(PIN));
        // After a power cut, only the number of tries shows whether the card accepted the PIN.
        if (this.#card.store.pinTries === TRIES) this.#guesses = 0;
        break;
      case 'wrong PIN': {
        const response = await this.#send(verifyCommand('0000'));
        if (response !== undefined && response.sw >> 4 === 0x63c) this.#guesses++;
        break;
      }
      case 'export': {
        const response = await this.#send(exportCommand({ random: randomOf(action.challenge) }));
        if (response?.sw === 0x9000) this.#store(action.challenge, toHex(response.data));
        break;
      }
      case 'receipt': {
        const data = this.#sent.get(action.challenge);
        if (data === undefined) return;
        await this.#send(receiptCommand(receiptFor(fromHex(data), randomOf(action.challenge))));
        break;
      }
      case 'arm':
        this.#card.memory.arm(action.fault);
        break;
      case 'power cycle':
        this.#card = await this.#card.powerCycle().selected();
    }
    await this.#check();
  }

  /** Returns undefined after a power cut. The card is then restarted, selected and locked. */
  async #send(command: Uint8Array) {
    try {
      return await this.#card.send(command);
    } catch (error) {
      expect(error).toMatchObject({ name: 'PowerCut' });
      this.#card = await this.#card.powerCycle().selected();
      return undefined;
    }
  }

  #store(index: number, data: string): void {
    expect(this.#sent.get(index) ?? data).toBe(data);
    this.#sent.set(index, data);
  }

  async #check(): Promise<void> {
    const { data } = await this.#card.send('80CA0001 00');
    const xc = readU32(data, 8);
    expect(xc + readU32(data, 12)).toBe(QUOTA);
    expect(xc).toBeGreaterThanOrEqual(this.#lastXc);
    this.#lastXc = xc;
    expect(this.#sent.size).toBeLessThanOrEqual(xc);
    for (const hex of this.#sent.values()) {
      const { xc: number } = decodeHeader(fromHex(hex));
      expect(toHex(this.#card.store.export(number)?.data ?? new Uint8Array())).toBe(hex);
    }
    expect(this.#guesses).toBeLessThanOrEqual(TRIES);
    expect(this.#card.store.pinTries).toBeLessThanOrEqual(TRIES - this.#guesses);
  }
}

describe('a token card', () => {
  it('keeps its counters, exports and tries in any sequence of actions', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (sequence) => {
        const model = new Model();
        await model.begin();
        for (const action of sequence) await model.do(action);
      }),
      { numRuns: 300 },
    );
  });
});
