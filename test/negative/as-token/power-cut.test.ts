// Cuts power before, during and after every memory write of an AS token card, and makes writes fail
// (docs/protocol.md clauses 3, 4 and 7). A cut never gives back a used try or a counted export, and
// never leaves the card without a PIN. Repeating a request returns the export that was counted.
import { describe, expect, it } from 'vitest';
import type { WriteFault } from '#device-sim/unit/memory.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { readU32 } from '#protocol/bytes/integers.ts';
import {
  changeCommand,
  exportCommand,
  newRandom,
  PIN,
  receiptCommand,
  receiptFor,
  TestAsCard,
  verifyCommand,
} from '#test/support/as-card.ts';

const CUTS = ['cut before', 'cut during', 'cut after'] as const;
/**
 * Upper limit of the loop over the writes of a command. No command makes that many writes: the loop
 * ends when the command completes without a cut.
 */
const MAX_WRITES = 20;
const NEW_PIN = '87654321';

interface CutCard {
  readonly fault: WriteFault;
  /**
   * `before` is the card before the cut. `after` is the card after the cut, selected and locked.
   */
  readonly before: TestAsCard;
  readonly after: TestAsCard;
}

/** Yields one card for each combination of a write of the command and a kind of cut. */
async function* cutAtEachWrite(
  make: () => Promise<TestAsCard>,
  command: (card: TestAsCard) => Bytes,
): AsyncGenerator<CutCard> {
  for (const effect of CUTS) {
    for (let write = 1; write < MAX_WRITES; write++) {
      const before = await make();
      const bytes = command(before);
      const fault: WriteFault = { write, effect };
      before.memory.arm(fault);
      const outcome = await before.send(bytes).catch((error: unknown) => error);
      before.memory.disarm();
      if (!(outcome instanceof Error)) {
        expect(write, 'the command writes at least twice').toBeGreaterThan(2);
        break;
      }
      expect(outcome).toMatchObject({ name: 'PowerCut' });
      yield { fault, before, after: await before.powerCycle().selected() };
    }
  }
}

const tries = ({ store }: TestAsCard): number => store.pinTries;

/** Returns XC and the number of exports left, which the card reports in GET DATA. */
async function counters(card: TestAsCard): Promise<readonly [number, number]> {
  const { data } = await card.send('80CA0001 00');
  return [readU32(data, 8), readU32(data, 12)];
}

describe('a cut at any write', () => {
  it('of VERIFY with a wrong PIN never restores a try', async () => {
    const seen = new Set<number>();
    for await (const { after, fault } of cutAtEachWrite(
      () => new TestAsCard().selected(),
      () => verifyCommand('000000'),
    )) {
      seen.add(tries(after));
      expect([2, 3], JSON.stringify(fault)).toContain(tries(after));
      expect(await after.word(verifyCommand('000000'))).toBe(`63C${tries(after)}`);
    }
    expect([...seen].sort()).toEqual([2, 3]);
  });

  it('of VERIFY with the correct PIN leaves the try used until the card has restored it', async () => {
    for await (const { after, fault } of cutAtEachWrite(
      () => new TestAsCard().selected(),
      () => verifyCommand(PIN),
    )) {
      // Writes 1 and 2 use a try, writes 3 and 4 restore the tries.
      const isUsed =
        fault.write === 2 ? fault.effect === 'cut after' : fault.write === 3 || fault.effect !== 'cut after';
      expect(tries(after), JSON.stringify(fault)).toBe(fault.write > 1 && isUsed ? 2 : 3);
      expect(await after.word('00200081')).toBe(`63C${tries(after)}`);
      expect(await after.word(verifyCommand(PIN))).toBe('9000');
    }
  });

  it('of a VERIFY that uses the last try leaves the card blocked or the try unused', async () => {
    const nearlyBlocked = async () => {
      const card = await new TestAsCard().selected();
      await card.send(verifyCommand('000000'));
      await card.send(verifyCommand('000000'));
      return card;
    };
    for await (const { after } of cutAtEachWrite(nearlyBlocked, () => verifyCommand('000000'))) {
      const left = tries(after);
      expect(await after.word(verifyCommand(PIN))).toBe(left === 1 ? '9000' : '6983');
    }
  });

  it('of CHANGE REFERENCE DATA leaves either the old PIN or the new PIN valid', async () => {
    const seen = new Set<string>();
    const change = () => changeCommand(PIN, NEW_PIN);
    for await (const { after, fault } of cutAtEachWrite(() => new TestAsCard().selected(), change)) {
      const works: string[] = [];
      for (const pin of [PIN, NEW_PIN]) if ((await after.word(verifyCommand(pin))) === '9000') works.push(pin);
      expect(works, JSON.stringify(fault)).toHaveLength(1);
      seen.add(works.join());
      expect(await after.word(changeCommand(works.join(), '11112222'))).toBe('9000');
    }
    expect(seen.size).toBe(2);
  });

  it('of EXPORTKEY counts the export once or not at all, and a repeated request returns it', async () => {
    const seen = new Set<number>();
    const random = newRandom();
    const command = () => exportCommand({ random });
    for await (const { after, fault } of cutAtEachWrite(() => new TestAsCard().ready(), command)) {
      const [xc, left] = await counters(after);
      expect(xc + left, JSON.stringify(fault)).toBe(100);
      seen.add(xc);
      const stored = after.store.export(1)?.data;
      expect(stored === undefined).toBe(xc === 0);
      await after.ready();
      const { data, sw } = await after.send(command());
      expect(sw).toBe(0x9000);
      if (stored !== undefined) expect(data).toEqual(stored);
      expect(await counters(after)).toEqual([1, 99]);
      expect(await after.word(exportCommand())).toBe('9000');
      expect(await counters(after)).toEqual([2, 98]);
    }
    expect([...seen].sort()).toEqual([0, 1]);
  });

  it('of VERIFYRECEIPT keeps the export, and the receipt can be sent again', async () => {
    const random = newRandom();
    const exported = async () => {
      const card = await new TestAsCard().ready();
      await card.send(exportCommand({ random }));
      return card;
    };
    const command = (card: TestAsCard) =>
      receiptCommand(receiptFor(card.store.export(1)?.data ?? new Uint8Array(), random));
    for await (const { before, after } of cutAtEachWrite(exported, command)) {
      await after.ready();
      expect(after.store.export(1)?.data).toEqual(before.store.export(1)?.data);
      expect(await after.word(command(after))).toBe('9000');
      expect(await counters(after)).toEqual([1, 99]);
    }
  });
});

describe('a write that fails', () => {
  const COMMANDS = [
    ['VERIFY', () => verifyCommand(PIN)],
    ['CHANGE REFERENCE DATA', () => changeCommand(PIN, NEW_PIN)],
    ['EXPORTKEY', () => exportCommand()],
  ] as const;

  it.each(COMMANDS)('is answered with 6581 for %s, and the card continues to work', async (_name, command) => {
    for (let write = 1; write <= 2; write++) {
      const card = await new TestAsCard().ready();
      card.memory.arm({ write, effect: 'failure' });
      expect(await card.word(command())).toBe('6581');
      await card.ready();
      expect(await card.word(exportCommand())).toBe('9000');
      expect(await counters(card)).toEqual([1, 99]);
    }
  });
});

it('a command that power interrupts does not write to memory after the restart', async () => {
  const card = await new TestAsCard().ready();
  const response = card.send(exportCommand()).catch((error: unknown) => error);
  const after = await card.powerCycle().ready();
  expect(await response).toMatchObject({ name: 'PowerCut' });
  expect(await counters(after)).toEqual([0, 100]);
});
