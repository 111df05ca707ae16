// The steps of one attempt reach the journal in sequence. After a failed write, no further step is
// written.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { ATTEMPT, STEPS } from '#test/unit/web/journal/records.ts';
import { AttemptLog } from '#web/state/station/attempt-log.ts';

function setUp(failing = 0) {
  const calls: unknown[][] = [];
  let count = 0;
  const write = async (...call: unknown[]): Promise<number> => {
    calls.push(call);
    if (++count === failing) throw new ProtocolError('journal-full', 'no room');
    return 7;
  };
  const journal = {
    begin: (...given: unknown[]) => write('begin', ...given),
    append: async (...given: unknown[]) => void (await write('append', ...given)),
    flush: () => void calls.push(['flush']),
  };
  return { journal, calls };
}

const [first, second, third] = [STEPS.slice(0, 1), STEPS.slice(1, 3), STEPS.slice(3)];

describe('a new attempt', () => {
  it('is begun by the first write, and each later write states the number of earlier steps', async () => {
    const { journal, calls } = setUp();
    const log = new AttemptLog(journal, ATTEMPT);
    expect(await log.id()).toBeUndefined();
    log.write(first, { urgency: 'soon' });
    log.write(second);
    log.write(third, { auditHead: '{}' });
    expect(log.steps).toEqual(STEPS);
    await log.settled();
    expect(await log.id()).toBe(7);
    expect(calls.filter(([name]) => name !== 'flush')).toEqual([
      ['begin', ATTEMPT, first, { urgency: 'soon' }],
      ['append', 7, second, {}, 1],
      ['append', 7, third, { auditHead: '{}' }, 3],
    ]);
    expect(calls).toContainEqual(['flush']);
  });

  it('has no id and is refused if the first write failed', async () => {
    const { journal, calls } = setUp(1);
    const log = new AttemptLog(journal, ATTEMPT);
    log.write(first);
    log.write(second);
    await expect(log.settled()).rejects.toMatchObject({ code: 'journal-full' });
    expect(await log.id()).toBeUndefined();
    expect(calls.filter(([name]) => name === 'append')).toEqual([]);
  });
});

describe('an attempt of the journal', () => {
  it('is continued after its steps', async () => {
    const { journal, calls } = setUp();
    const log = new AttemptLog(journal, 3, first);
    expect(await log.id()).toBe(3);
    log.write(second);
    await log.settled();
    expect(log.steps).toEqual([...first, ...second]);
    expect(calls).toContainEqual(['append', 3, second, {}, 1]);
  });

  it('reports a failed write also after a later one', async () => {
    const { journal } = setUp(1);
    const log = new AttemptLog(journal, 3, first);
    log.write(second);
    log.write(third);
    await expect(log.settled()).rejects.toMatchObject({ code: 'journal-full' });
    await expect(log.settled()).rejects.toMatchObject({ code: 'journal-full' });
  });
});
