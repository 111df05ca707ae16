// The repetition of a transaction that the browser aborts, for any database.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { isSameRecord, repeatAborted, translateErrors } from '#web/journal/indexed-db.ts';

/** What happens to one try: it fails before or after the data is on disk, or not at all. */
interface Try {
  readonly isWritten: boolean;
  readonly error?: unknown;
}

const aborted = (name = 'AbortError'): DOMException => new DOMException('aborted', name);
const LOST: Try = { isWritten: false, error: aborted() };
const UNREPORTED: Try = { isWritten: true, error: aborted() };
const DONE: Try = { isWritten: true };

/** Runs a write whose tries end as `tries` says. `writes` counts what the database has. */
async function repeat(tries: readonly Try[], isRepeated?: (error: unknown) => boolean) {
  const disk: number[] = [];
  let [runs, made] = [0, 0];
  const run = async (body: (staged: number[]) => Promise<number>): Promise<number> => {
    const end = tries[runs++] ?? DONE;
    const staged = [...disk];
    const result = await body(staged);
    if (end.isWritten) disk.splice(0, disk.length, ...staged);
    if (end.error !== undefined) throw end.error;
    return result;
  };
  const write = async (staged: number[]): Promise<number> => {
    staged.push(++made);
    return made;
  };
  const result = await repeatAborted<number[], number>({
    run: (body) => translateErrors(run(body)),
    write,
    isOnDisk: async (staged, written) => staged.includes(written),
    ...(isRepeated && { isRepeated }),
  }).catch((error: unknown) => error);
  return { result, disk, runs };
}

describe('a write', () => {
  it('without a failure runs once', async () => {
    expect(await repeat([])).toEqual({ result: 1, disk: [1], runs: 1 });
  });

  it.each(['AbortError', 'InvalidStateError', 'UnknownError'])('is repeated after %s', async (name) => {
    expect(await repeat([{ isWritten: false, error: aborted(name) }])).toEqual({ result: 2, disk: [2], runs: 2 });
  });

  it.each([
    [[LOST, LOST], 3],
    [[LOST, LOST, UNREPORTED], 3],
    [[UNREPORTED], 1],
    [[LOST, UNREPORTED, UNREPORTED, UNREPORTED], 2],
    [[UNREPORTED, LOST], 1],
  ])('is on disk once after %j', async (tries, written) => {
    expect(await repeat(tries)).toMatchObject({ result: written, disk: [written] });
  });

  it('fails after three tries that are lost, and is looked for once more', async () => {
    const { result, disk, runs } = await repeat([LOST, LOST, LOST]);
    expect(result).toMatchObject({ code: 'journal-failed', cause: LOST.error });
    expect({ disk, runs }).toEqual({ disk: [], runs: 4 });
  });

  it.each([
    aborted('QuotaExceededError'),
    aborted('ConstraintError'),
    new ProtocolError('vault-lost', ''),
    new TypeError(),
  ])('is not repeated after %s', async (error) => {
    const { result, runs } = await repeat([{ isWritten: false, error }]);
    expect(runs).toBe(1);
    expect(result === error || (result as Error).cause === error).toBe(true);
  });

  it('is repeated after other failures if the caller permits it, which do not count', async () => {
    const taken: Try = { isWritten: false, error: aborted('ConstraintError') };
    const seen: unknown[] = [];
    const permit = (error: unknown): boolean => {
      seen.push((error as Error).cause);
      return (error as Error).cause === taken.error;
    };
    const tries = [taken, taken, LOST, taken, LOST, taken];
    expect(await repeat(tries, permit)).toEqual({ result: 7, disk: [7], runs: 7 });
    expect(seen).toEqual(tries.map(({ error }) => error));
  });
});

it('two records are the same if their members are, in the same sequence', () => {
  expect(isSameRecord({ a: 1, b: [{ c: 'd' }] }, { a: 1, b: [{ c: 'd' }] })).toBe(true);
  expect(isSameRecord(undefined, undefined)).toBe(true);
  for (const other of [undefined, {}, { a: 2 }, { a: 1, b: 1 }]) expect(isSameRecord({ a: 1 }, other)).toBe(false);
  expect(isSameRecord({ a: Uint8Array.of(1) }, { a: Uint8Array.of(2) })).toBe(false);
});
