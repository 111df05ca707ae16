// `npm run mutate -- --sample`: which mutants are drawn, which results are stored, and how precise
// the score is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FolderMemory } from '#test/mutate/folder-memory.ts';
import { reportOf } from '#test/mutate/folder-report.ts';
import { mutantsOf } from '#test/mutate/mutants.ts';
import { drawSample, wilsonInterval } from '#test/mutate/sample.ts';

describe('a sample of mutants', () => {
  it('is the same for the same seed, and another for another', () => {
    const sample = drawSample(500, 40, 7);
    expect(new Set(sample).size).toBe(40);
    expect(sample).toEqual([...sample].sort((a, b) => a - b));
    expect(sample.every((id) => id >= 0 && id < 500)).toBe(true);
    expect(drawSample(500, 40, 7)).toEqual(sample);
    expect(drawSample(500, 40, 8)).not.toEqual(sample);
  });

  it('contains the smaller sample of its seed', () => {
    const larger = new Set(drawSample(500, 80, 7));
    expect(drawSample(500, 40, 7).filter((id) => !larger.has(id))).toEqual([]);
  });

  it('draws every mutant about equally often', () => {
    const times = Array.from({ length: 20 }, () => 0);
    for (let seed = 1; seed <= 400; seed++) for (const id of drawSample(20, 5, seed)) times[id] = (times[id] ?? 0) + 1;
    expect(Math.min(...times)).toBeGreaterThan(60);
    expect(Math.max(...times)).toBeLessThan(140);
  });

  it('is all mutants of a folder that has fewer', () => {
    expect(drawSample(3, 40, 7)).toEqual([0, 1, 2]);
    expect(drawSample(3, Number.POSITIVE_INFINITY, 7)).toEqual([0, 1, 2]);
    expect(drawSample(0, 40, 7)).toEqual([]);
  });
});

describe('the interval of a score', () => {
  it('is that of Wilson', () => {
    // Values of R: prop.test(x, n, correct = FALSE).
    const [low, high] = wilsonInterval(81, 100);
    expect(low).toBeCloseTo(72.22, 1);
    expect(high).toBeCloseTo(87.49, 1);
    const [lowOfAll, highOfAll] = wilsonInterval(40, 40);
    expect(lowOfAll).toBeCloseTo(91.24, 1);
    expect(highOfAll).toBe(100);
    expect(wilsonInterval(0, 40)[0]).toBe(0);
  });
});

describe('the memory of a folder', () => {
  const path = 'folder/source.ts';
  const text = 'const a = 1 + 2;';
  const mutants = mutantsOf(path, text);
  const sources = [{ path, text, mutants, firstId: 0 }];
  const survived = { verdict: 'survived', test: '' } as const;

  it('keeps the verdicts of a sample, and reports the others as not measured', () => {
    const cache = mkdtempSync(`${tmpdir()}/keyferry-mutate-`);
    onTestFinished(() => rmSync(cache, { recursive: true }));
    expect(mutants).toHaveLength(3);
    new FolderMemory('folder', sources, [], cache).remember([null, survived, null]);
    expect(new FolderMemory('folder', sources, [], cache).recall()).toEqual([null, survived, null]);
  });

  it('counts only the sample in the score', () => {
    const killed = { verdict: 'killed', test: 'a.test.ts › a' } as const;
    const output = mkdtempSync(`${tmpdir()}/keyferry-mutate-`);
    onTestFinished(() => rmSync(output, { recursive: true }));
    const report = reportOf('folder', sources, [killed, null, survived], output);
    expect(report).toMatchObject({ mutants: 3, measured: 2, killed: 1, survived: 1, score: 50 });
    expect(report.interval).toEqual(wilsonInterval(1, 2));
    expect(report.survivors).toHaveLength(1);
    expect(reportOf('folder', sources, [killed, killed, survived], output).interval).toBeNull();
  });
});
