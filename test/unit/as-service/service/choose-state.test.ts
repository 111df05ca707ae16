// Which state a start takes, from the newest change in the log and the files beside it.
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry } from '#as-service/audit-log/audit-line.ts';
import { UserError } from '#as-service/common/user-error.ts';
import { chooseState, NewestChange } from '#as-service/service/choose-state.ts';
import type { LogPosition, State } from '#as-service/storage/state.ts';
import { certifiedState } from '#test/support/service-state.ts';

const NO_ENTRIES = { sequence: 0, hash: 'none' };

let state: State;
let foreign: State;
beforeAll(async () => {
  state = await certifiedState();
  foreign = await certifiedState();
});

const entry = (details: AuditEntry['details'], event = 'key-added') => ({ event, details }) as AuditEntry;

function newestOf(...entries: readonly AuditEntry[]): NewestChange {
  const newest = new NewestChange();
  for (const each of entries) newest.add(each);
  return newest;
}

interface Files {
  readonly logged?: AuditEntry['details'];
  readonly stored?: readonly [revision: number, hash: string];
  readonly next?: readonly [revision: number, hash: string];
  readonly nextOf?: 'another service';
  /** The last entry without a MAC: in the log, and according to the stored state. */
  readonly found?: LogPosition;
  readonly expected?: LogPosition;
}

function choose({ logged, stored, next, nextOf, found = NO_ENTRIES, expected }: Files) {
  const file = (of: State, [revision, hash]: readonly [number, string]) => ({
    state: { ...of, revision, ...(expected === undefined ? {} : { unauthenticated: expected }) },
    hash,
  });
  const files = {
    stored: stored && file(state, stored),
    next: next && file(nextOf === undefined ? state : foreign, next),
  };
  const newest = newestOf(...(logged === undefined ? [] : [entry(logged)]));
  const choice = chooseState(newest, { unauthenticated: found }, files.stored, files.next);
  const taken = choice.state === undefined ? 'none' : choice.state === files.stored?.state ? 'stored' : 'next';
  return { taken, finish: choice.finish, lost: choice.lost };
}

describe('the newest change in the log', () => {
  it('is the last entry with a revision', () => {
    expect(newestOf()).toMatchObject({ revision: 0, hash: undefined });
    const change = entry({ revision: 3, state: 'c' });
    expect(newestOf(entry({ revision: 2, state: 'b' }), change, entry({ xc: 1 }, 'export'))).toMatchObject({
      revision: 3,
      hash: 'c',
    });
  });

  it('of version 0.1.0 has no hash', () => {
    expect(newestOf(entry({ revision: 2, state: 'b' }), entry({ revision: 3 }))).toMatchObject({
      revision: 3,
      hash: undefined,
    });
  });

  it('that was lost does not count', () => {
    expect(newestOf(entry({ revision: 3 }), entry({ revision: 3 }, 'change-lost'))).toMatchObject({ revision: 2 });
  });
});

describe('a start takes', () => {
  const taken = (name: 'stored' | 'next' | 'none', changes = {}) => ({
    ...{ taken: name, finish: false, lost: false },
    ...changes,
  });

  it('no state if there is neither a log nor a state', () => {
    expect(choose({})).toEqual(taken('none'));
  });

  it('the stored state that the log names', () => {
    expect(choose({ logged: { revision: 2, state: 'b' }, stored: [2, 'b'] })).toEqual(taken('stored'));
    expect(choose({ logged: { revision: 2, state: 'b' }, stored: [2, 'b'], next: [3, 'c'] })).toEqual(taken('stored'));
    expect(choose({ logged: { revision: 2 }, stored: [2, 'b'] })).toEqual(taken('stored'));
  });

  it('the prepared state that the log names, and finishes the change', () => {
    const finish = taken('next', { finish: true });
    expect(choose({ logged: { revision: 3, state: 'c' }, stored: [2, 'b'], next: [3, 'c'] })).toEqual(finish);
    expect(choose({ logged: { revision: 1, state: 'a' }, next: [1, 'a'] })).toEqual(finish);
  });

  it('the state before a change of version 0.1.0 that was lost', () => {
    expect(choose({ logged: { revision: 3 }, stored: [2, 'b'] })).toEqual(taken('stored', { lost: true }));
  });

  it('no state if the creation of the service was lost', () => {
    expect(choose({ logged: { revision: 1, state: 'a' } })).toEqual(taken('none', { lost: true }));
    expect(choose({ logged: { revision: 1 } })).toEqual(taken('none', { lost: true }));
  });
});

describe('a start refuses', () => {
  const next = [3, 'c'] as const;
  it.each<[string, Files, string]>([
    ['a log without a state', { logged: { revision: 2, state: 'b' } }, 'no state.sealed: the keys'],
    ['a log without a state, from version 0.1.0', { logged: { revision: 2 } }, 'no state.sealed: the keys'],
    [
      'an older state',
      { logged: { revision: 3, state: 'c' }, stored: [2, 'b'] },
      'state.sealed is older than the audit log (revision 2, not 3)',
    ],
    ['an older log', { logged: { revision: 2, state: 'b' }, stored: [3, 'c'] }, 'it ends at revision 2, not 3'],
    ['an older log of version 0.1.0', { logged: { revision: 2 }, stored: [3, 'c'] }, 'it ends at revision 2, not 3'],
    ['a log that is two changes ahead', { logged: { revision: 4 }, stored: [2, 'b'] }, '(revision 2, not 4)'],
    ['no log', { stored: [1, 'a'] }, 'it ends at revision 0, not 1'],
    [
      'another state of the same revision',
      { logged: { revision: 3, state: 'c' }, stored: [3, 'x'] },
      'is not the one that the audit log names for revision 3',
    ],
    [
      'a prepared change of another service',
      { logged: { revision: 3, state: 'c' }, stored: [2, 'b'], next, nextOf: 'another service' },
      '(revision 2, not 3)',
    ],
    [
      'a prepared change of another revision',
      { logged: { revision: 3, state: 'c' }, stored: [1, 'a'], next },
      '(revision 1, not 3)',
    ],
    [
      'entries without a MAC after the last known one',
      {
        logged: { revision: 1, state: 'a' },
        stored: [1, 'a'],
        expected: NO_ENTRIES,
        found: { sequence: 1, hash: 'h' },
      },
      'broken at entry 1: its authentication code is missing',
    ],
    [
      'another last entry without a MAC',
      {
        ...{ logged: { revision: 1, state: 'a' }, stored: [1, 'a'] },
        ...{ expected: { sequence: 5, hash: 'h' }, found: { sequence: 5, hash: 'x' } },
      },
      'broken at entry 5: it is not the entry',
    ],
  ])('%s', (_name, files, message) => {
    expect(() => choose(files)).toThrow(UserError);
    expect(() => choose(files)).toThrow(message);
  });

  it('no entry without a MAC that the state knows, or if an earlier version wrote the state', () => {
    const files = { logged: { revision: 1, state: 'a' }, stored: [1, 'a'] } as const;
    const found = { sequence: 5, hash: 'h' };
    expect(choose({ ...files, found, expected: found }).taken).toBe('stored');
    expect(choose({ ...files, found }).taken).toBe('stored');
  });
});
