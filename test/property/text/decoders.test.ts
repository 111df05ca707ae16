// The number of steps of every decoder of untrusted text grows no faster than the length of the
// text.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** If the text becomes twice as long, the number of steps may grow at most by this factor. */
const MAX_RATIO = 2.2;

interface Counts {
  readonly name: string;
  readonly part: string;
  readonly steps: readonly [number, number, number];
}

it('needs at most twice the steps for twice the text', () => {
  const script = ['--import', 'tsx', 'test/support/decoder-steps.ts'];
  const counts = JSON.parse(execFileSync(process.execPath, script, { encoding: 'utf8' })) as Counts[];
  const faster = counts.filter(({ steps: [first, second, third] }) => {
    // Permits 500 more steps, because a decoder needs some steps that do not depend on the length
    // of the text.
    const isFaster = (longer: number, shorter: number) => longer > MAX_RATIO * shorter + 500;
    return isFaster(third, second) || isFaster(second, first);
  });
  expect(new Set(counts.map(({ name }) => name)).size).toBe(18);
  expect(faster.filter(({ name }) => name !== 'a quadratic loop')).toEqual([]);
  expect(faster.length).toBeGreaterThan(20);
  // Control: the steps are counted. A long text takes at least one step for each of its characters.
  for (const name of ['parseCsv', 'readText', 'decodeFile', 'fromBase64url', 'showText']) {
    const most = Math.max(...counts.filter((each) => each.name === name).map(({ steps }) => steps[2]));
    expect(most, name).toBeGreaterThan(800);
  }
}, 300_000);
