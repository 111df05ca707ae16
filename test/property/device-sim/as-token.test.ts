// A token card through any life: right and wrong PINs, exports old and new, receipts, resets, and power that fails at any write. What was
// counted stays counted, what left the card is on file, and nobody has more guesses than the card has tries.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WriteFault } from '#device-sim/unit/memory.ts';
import { toHex } from '#protocol/bytes/hex.ts';
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

type KeyAction =
  | { readonly does: 'right PIN' | 'wrong PIN' | 'loses power' }
  /** One of a few challenges, so that some come again. */
  | { readonly does: 'export' | 'receipt'; readonly challenge: number }
  | { readonly does: 'arms'; readonly fault: WriteFault };

const challenge = fc.integer({ min: 0, max: 5 });
const acts: fc.Arbitrary<KeyAction[]> = fc.array(
  fc.oneof(
    fc.record({ does: fc.constantFrom('right PIN', 'right PIN', 'right PIN', 'wrong PIN', 'loses power') }),
    fc.record({ does: fc.constantFrom('export', 'export', 'receipt'), challenge }),
    fc.record({
      does: fc.constant('arms' as const),
      fault: fc.record({
        write: fc.integer({ min: 1, max: 5 }),
        effect: fc.constantFrom('cut before', 'cut during', 'cut after', 'failure'),
      }),
    }),
  ) as fc.Arbitrary<KeyAction>,
  { minLength: 1, maxLength: 40 },
);

const randomOf = (index: number) => sha256(Uint8Array.of(index)).slice(0, 16);

class Life {
  #card = new TestAsCard(cardContent({ quota: QUOTA }));
  /** DATA that left the card, by challenge. */
  readonly #left = new Map<number, string>();
  #lastXc = 0;
  /** Wrong PINs that were answered since a right one was. */
  #guesses = 0;

  async begin(): Promise<void> {
    await this.#card.selected();
  }

  async do(act: KeyAction): Promise<void> {
    switch (act.does) {
      case 'right PIN':
        await this.#send(verifyCommand(PIN));
        // The answer may be lost behind the write that makes the tries full again.
        if (this.#card.store.pinTries === TRIES) this.#guesses = 0;
        break;
      case 'wrong PIN': {
        const answer = await this.#send(verifyCommand('0000'));
        if (answer !== undefined && answer.sw >> 4 === 0x63c) this.#guesses++;
        break;
      }
      case 'export': {
        const answer = await this.#send(exportCommand({ random: randomOf(act.challenge) }));
        if (answer?.sw === 0x9000) this.#keep(act.challenge, toHex(answer.data));
        break;
      }
      case 'receipt': {
        const data = this.#left.get(act.challenge);
        if (data === undefined) return;
        await this.#send(receiptCommand(receiptFor(Buffer.from(data, 'hex'), randomOf(act.challenge))));
        break;
      }
      case 'arms':
        this.#card.memory.arm(act.fault);
        break;
      case 'loses power':
        this.#card = await this.#card.powerCycle().selected();
    }
    await this.#check();
  }

  /** Undefined when power failed; the card is then back, selected and locked. */
  async #send(command: Uint8Array) {
    try {
      return await this.#card.send(command);
    } catch (error) {
      expect(error).toMatchObject({ name: 'PowerCut' });
      this.#card = await this.#card.powerCycle().selected();
      return undefined;
    }
  }

  #keep(index: number, data: string): void {
    expect(this.#left.get(index) ?? data).toBe(data);
    this.#left.set(index, data);
  }

  async #check(): Promise<void> {
    const { data } = await this.#card.send('80CA0001 00');
    const xc = readU32(data, 8);
    expect(xc + readU32(data, 12)).toBe(QUOTA);
    expect(xc).toBeGreaterThanOrEqual(this.#lastXc);
    this.#lastXc = xc;
    expect(this.#left.size).toBeLessThanOrEqual(xc);
    for (const octets of this.#left.values()) {
      const { xc: number } = decodeHeader(Buffer.from(octets, 'hex'));
      expect(toHex(this.#card.store.export(number)?.data ?? new Uint8Array())).toBe(octets);
    }
    expect(this.#guesses).toBeLessThanOrEqual(TRIES);
    expect(this.#card.store.pinTries).toBeLessThanOrEqual(TRIES - this.#guesses);
  }
}

describe('a token card', () => {
  it('keeps its counters, its exports and its tries through any life', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (life) => {
        const card = new Life();
        await card.begin();
        for (const act of life) await card.do(act);
      }),
      { numRuns: 300 },
    );
  });
});
