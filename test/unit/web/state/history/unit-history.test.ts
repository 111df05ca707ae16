// The newest attempts on one unit, which are shown beside its lane.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { Attempt } from '#web/journal/attempt.ts';
import { UnitHistory } from '#web/state/history/unit-history.svelte.ts';

const attempt = (id: number, sn: string, outcome = 'done'): Attempt => ({ id, sn, outcome }) as Attempt;

/** Returns a journal with these attempts, newest first. */
const journalOf = (all: readonly Attempt[]) => ({
  list: async (limit: number, before = Number.POSITIVE_INFINITY) => all.filter(({ id }) => id < before).slice(0, limit),
});

describe('the history of a unit', () => {
  it('finds the newest five attempts that have ended, behind attempts on other units', async () => {
    const others = Array.from({ length: 120 }, (_, index) => attempt(200 - index, 'B'));
    const own = Array.from({ length: 6 }, (_, index) => attempt(50 - index, 'A'));
    const journal = journalOf([attempt(300, 'A', 'running'), ...others, ...own]);
    const history = new UnitHistory(async () => journal);
    await history.read('A');
    expect(history.attempts.map(({ id }) => id)).toEqual([50, 49, 48, 47, 46]);
  });

  it('ignores the answer to an older read', async () => {
    let answer: (journal: ReturnType<typeof journalOf>) => void = () => undefined;
    const old = new Promise<ReturnType<typeof journalOf>>((resolve) => {
      answer = resolve;
    });
    const journals = [old, Promise.resolve(journalOf([attempt(2, 'B')]))];
    const history = new UnitHistory(() => journals.shift() ?? old);
    const first = history.read('A');
    await history.read('B');
    answer(journalOf([attempt(1, 'A')]));
    await first;
    expect(history.attempts.map(({ id }) => id)).toEqual([2]);
  });

  it('is empty if the journal cannot be read', async () => {
    const history = new UnitHistory(() => Promise.reject(new ProtocolError('journal-failed', 'private browsing')));
    await history.read('A');
    expect(history.attempts).toEqual([]);
  });
});
