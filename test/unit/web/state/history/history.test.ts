// The history view: its search, and how it reads the journal page by page.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { type Attempt, History, isMatch } from '#web/state/history/history.svelte.ts';

describe('the search', () => {
  const attempt = { sn: '00000000000000004549000000000007', keyLabel: 'PIN encryption key', workOrder: 'JOB-4711' };
  it.each(['', ' ', '4549 0000 0000 0007', '0007', 'pin', 'PIN encryption', 'job-47'])('“%s” matches', (search) => {
    expect(isMatch(attempt, search)).toBe(true);
  });
  it.each(['0008', 'master key', 'JOB-5', '0007PIN'])('“%s” does not match', (search) => {
    expect(isMatch(attempt, search)).toBe(false);
  });
  it.each([
    ['Kälte', 'Ka\u0308lte-7'],
    ['Ka\u0308lte', 'Kälte-7'],
  ])('“%s” matches the work order %j in another Unicode form', (search, workOrder) => {
    expect(isMatch({ ...attempt, workOrder }, search)).toBe(true);
  });
  it('does not match a work order that the attempt does not have', () => {
    expect(isMatch({ sn: attempt.sn, keyLabel: attempt.keyLabel }, 'undefined')).toBe(false);
  });
});

describe('the history', () => {
  const attempt = (id: number): Attempt => ({ id }) as Attempt;

  it('reads one page at a time, newest first, until there are no more attempts', async () => {
    const all = Array.from({ length: 30 }, (_, index) => attempt(30 - index));
    const history = new History(async () => ({
      lostAt: async () => '2026-11-23T12:00:00.000Z',
      list: async (limit, before = Number.POSITIVE_INFINITY) => all.filter(({ id }) => id < before).slice(0, limit),
    }));
    expect(history).toMatchObject({ attempts: [], hasMore: false, lostAt: undefined, failure: undefined });
    await history.open();
    expect(history.attempts).toHaveLength(25);
    expect(history.lostAt).toBe('2026-11-23T12:00:00.000Z');
    expect(history.hasMore).toBe(true);
    await history.loadMore();
    expect(history.attempts.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    expect(history.hasMore).toBe(false);
  });

  it('shows the failure when the journal cannot be read', async () => {
    const history = new History(async () => ({
      lostAt: async () => undefined,
      list: () => Promise.reject(new ProtocolError('journal-failed', 'private browsing')),
    }));
    await history.open();
    expect(history.failure).toEqual({ code: 'journal-failed' });
  });

  it('does not catch a bug', async () => {
    const history = new History(async () => ({
      list: () => Promise.reject(new TypeError('bug')),
      lostAt: async () => undefined,
    }));
    await expect(history.open()).rejects.toThrow(TypeError);
  });
});
