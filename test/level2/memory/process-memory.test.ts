// Scans a process with known memory content: the scan finds every pattern that is there, and no
// other.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { freeze, processTree, scanProcess } from './process-memory.ts';

const MEBIBYTE = 1024 * 1024;
/**
 * Number of values that are planted throughout the memory of a process, to prove that the search
 * skips no page.
 */
const COUNT = 96;
/**
 * Size of the memory in bytes. A scan reads it in more than twenty pieces, whose borders are at
 * different distances from the patterns.
 */
const SIZE = COUNT * MEBIBYTE;

/** A program that receives the patterns with all bits inverted, and stores each pattern once. */
const PROGRAM = `
  const memory = Buffer.alloc(${SIZE}, 1);
  process.stdin.once('data', (input) => {
    const length = input.length / ${COUNT};
    for (let i = 0; i < ${COUNT}; i++)
      for (let j = 0; j < length; j++) memory[i * ${MEBIBYTE} + (i * 4099) % ${MEBIBYTE - 64} + j] = 255 ^ input[i * length + j];
    globalThis.memory = memory;
    process.stdout.write('ready');
  });`;

describe('a scan of another process (skipped where there is no /proc)', () => {
  let running: ChildProcess | undefined;

  afterEach(() => running?.kill('SIGKILL'));

  it.skipIf(process.platform !== 'linux')('finds every pattern, anywhere in the memory, and no other', async () => {
    const patterns = Array.from({ length: COUNT }, (_, i) => ({ name: `pattern ${i}`, bytes: randomBytes(32) }));
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
    running = child;
    child.stdin.write(Buffer.concat(patterns.map(({ bytes }) => bytes.map((byte) => 255 ^ byte))));
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    expect(processTree(process.pid)).toContain(pid);

    const resume = await freeze([pid]);
    expect(readFileSync(`/proc/${pid}/status`, 'latin1')).toMatch(/^State:\s+T/m);
    const absent = { name: 'absent', bytes: randomBytes(32) };
    const { found, searched } = await scanProcess(pid, [...patterns, absent]);
    resume();
    expect(found).toEqual(patterns.map(({ name }) => name).sort());
    expect(searched).toBeGreaterThanOrEqual(SIZE);
  });
});
