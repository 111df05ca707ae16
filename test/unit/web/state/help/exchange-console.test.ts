// The console: which exchanges it lists, their sequence and their filter.
import { describe, expect, it } from 'vitest';
import type { Entry } from '#web/state/help/exchange-console.svelte.ts';
import { ExchangeConsole } from '#web/state/help/exchange-console.svelte.ts';
import type { TracedLane } from '#web/state/help/past-attempts.ts';
import { type Exchange, Trace } from '#web/state/station/trace.svelte.ts';
import type { UnitFacts } from '#web/state/station/unit-facts.ts';
import { textOf } from '#web/ui/console/exchange-words.ts';
import { SN } from './facts-fixture.ts';

const OTHER = SN.replace('4F47', '0001');
const exchange = (second: number, command: string, statusWord?: number): Exchange => ({
  command,
  header: '80840001',
  request: '',
  answer: '',
  at: `2026-11-30T10:00:0${second}.000Z`,
  ...(statusWord === undefined ? {} : { statusWord }),
});

function lane(sn: string | undefined, ...exchanges: readonly Exchange[]): TracedLane & { readonly trace: Trace } {
  const trace = new Trace();
  exchanges.forEach(trace.add);
  return { facts: sn === undefined ? undefined : ({ sn } as UnitFacts), trace };
}

const commands = (entries: readonly Entry[]): string => entries.map(({ exchange: { command } }) => command).join();

describe('the console', () => {
  const first = exchange(1, 'SELECT', 0x9000);
  const refused = exchange(3, 'IMPORTKEY', 0x6988);
  const stored = exchange(2, 'GET CHALLENGE', 0x9000);
  const past = { at: '', link: 'usb', sn: OTHER, outcome: 'failed', exchanges: [stored] } as const;

  it('lists the exchanges of lanes and of stored attempts, newest first, each once', () => {
    const again = { ...past, sn: SN, exchanges: [{ ...refused }] };
    const list = new ExchangeConsole({
      lanes: () => [lane(SN, first, refused)],
      attempts: () => [past, again],
      textOf,
    });
    expect(commands(list.found)).toBe('IMPORTKEY,GET CHALLENGE,SELECT');
    expect(list.units).toEqual([OTHER, SN]);
    expect(list.total).toBe(3);
  });

  it('grows during a load', () => {
    const live = lane(SN, first);
    const list = new ExchangeConsole({ lanes: () => [live], attempts: () => [], textOf });
    expect(list.total).toBe(1);
    live.trace.add(refused);
    expect(commands(list.found)).toBe('IMPORTKEY,SELECT');
  });

  it('finds a text, a unit and the failures', () => {
    const silent = exchange(4, 'GET RECEIPT');
    const list = new ExchangeConsole({
      lanes: () => [lane(SN, first, refused), lane(undefined, silent)],
      attempts: () => [past],
      textOf,
    });
    list.searchFor('import key');
    expect(commands(list.found)).toBe('IMPORTKEY');
    list.searchFor('authentication failed');
    expect(commands(list.found)).toBe('IMPORTKEY');
    list.searchFor('4F47');
    expect(commands(list.found)).toBe('IMPORTKEY,SELECT');
    list.searchFor('');
    list.chooseUnit(OTHER);
    expect(commands(list.found)).toBe('GET CHALLENGE');
    list.chooseUnit('');
    list.showOnlyFailed(true);
    expect(commands(list.found)).toBe('GET RECEIPT,IMPORTKEY');
    expect([list.search, list.unit, list.isOnlyFailed]).toEqual(['', '', true]);
  });

  it('keeps the sequence of exchanges of the same time', () => {
    const parts = [exchange(1, 'FIRST', 0x9000), exchange(1, 'SECOND', 0x9000)];
    const list = new ExchangeConsole({ lanes: () => [lane(SN, ...parts)], attempts: () => [], textOf });
    expect(commands(list.found)).toBe('SECOND,FIRST');
  });
});

describe('the text of an exchange', () => {
  it('has command, unit, time, fields, status word and its causes', () => {
    const text = textOf({
      sn: SN,
      exchange: { ...exchange(1, 'IMPORTKEY', 0x6988), header: '80D80000', request: '(9 bytes)' },
    });
    expect(text.split('\n')).toEqual([
      `2026-11-30T10:00:01.000Z unit ${SN} IMPORTKEY 80D80000`,
      '  Sends the sealed key to the unit',
      '  => Data: (9 bytes)',
      '  <= 6988 authentication failed: a check that depends on a key',
      '  The unit could not verify the sealed key. Nothing was changed, and the unit is not locked.',
      ...[
        'The sealed key was damaged between the AS and the unit',
        'The unit and the AS have different transport keys for this set',
        'The transport key was replaced, but its version was not raised',
        'The unit requires the signature of another AS',
      ].map((cause) => `  Possible cause: ${cause}`),
    ]);
  });

  it('says that a command was sent by hand, so that the search finds it', () => {
    const one = lane(SN, exchange(1, 'SELECT', 0x9000), { ...exchange(2, 'GET IDENTITY', 0x9000), isByHand: true });
    const list = new ExchangeConsole({ lanes: () => [one], attempts: () => [], textOf });
    list.searchFor('sent by hand');
    expect(commands(list.found)).toBe('GET IDENTITY');
  });

  it('says that no answer came', () => {
    expect(textOf({ sn: undefined, exchange: exchange(1, 'INS 77') }).split('\n')).toEqual([
      '2026-11-30T10:00:01.000Z unit not read INS 77 80840001',
      '  A command that this page does not know',
      '  <= No answer',
    ]);
  });
});
