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

  it('is empty before the first read, and does not catch a bug', async () => {
    const history = new UnitHistory(() => Promise.reject(new TypeError('bug')));
    expect(history.attempts).toEqual([]);
    await expect(history.read('A')).rejects.toThrow(TypeError);
  });

  /** Counts the pages that a read of unit A takes. */
  async function pagesFor(all: readonly Attempt[]): Promise<{ pages: number; found: number }> {
    let pages = 0;
    const { list } = journalOf(all);
    const history = new UnitHistory(async () => ({
      list: (limit, before) => {
        pages++;
        return list(limit, before);
      },
    }));
    await history.read('A');
    return { pages, found: history.attempts.length };
  }

  it('takes at most 20 pages of 50 attempts, and ends with the oldest attempt or the fifth of the unit', async () => {
    const attempts = (count: number, sn: string) =>
      Array.from({ length: count }, (_, index) => attempt(2000 - index, sn));
    expect(await pagesFor([...attempts(999, 'B'), attempt(1, 'A')])).toEqual({ pages: 20, found: 1 });
    expect(await pagesFor([...attempts(1000, 'B'), attempt(1, 'A')])).toEqual({ pages: 20, found: 0 });
    expect(await pagesFor(attempts(49, 'B'))).toEqual({ pages: 1, found: 0 });
    expect(await pagesFor(attempts(50, 'B'))).toEqual({ pages: 2, found: 0 });
    expect(await pagesFor(attempts(200, 'A'))).toEqual({ pages: 1, found: 5 });
    expect(await pagesFor([...attempts(5, 'A'), ...attempts(100, 'B')])).toEqual({ pages: 1, found: 5 });
    expect(await pagesFor([])).toEqual({ pages: 1, found: 0 });
  });

  it('reads no further page for a read that a later one has replaced', async () => {
    const read: string[] = [];
    const all = Array.from({ length: 200 }, (_, index) => attempt(200 - index, 'C'));
    const { list } = journalOf(all);
    const journal = (sn: string) => ({
      list: (limit: number, before?: number) => {
        read.push(sn);
        return list(limit, before);
      },
    });
    const journals = [journal('A'), journal('B')];
    const history = new UnitHistory(async () => journals.shift() ?? journal('none'));
    await Promise.all([history.read('A'), history.read('B')]);
    expect(read.filter((sn) => sn === 'A').length).toBeLessThanOrEqual(1);
    expect(read.filter((sn) => sn === 'B')).toHaveLength(5);
  });
});
