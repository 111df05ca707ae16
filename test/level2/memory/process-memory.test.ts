// The search itself, on a process whose memory is known: every pattern is found wherever it stands, and none that is not there.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { freeze, processTree, scanProcess } from './process-memory.ts';

const MEBIBYTE = 1024 * 1024;
const COUNT = 96;
/** More than twenty pieces of the scan, and borders of them anywhere between the patterns. */
const SIZE = COUNT * MEBIBYTE;

/** Holds each pattern once, and has been told only their complements. */
const HOLDER = `
  const held = Buffer.alloc(${SIZE}, 1);
  process.stdin.once('data', (given) => {
    const length = given.length / ${COUNT};
    for (let i = 0; i < ${COUNT}; i++)
      for (let j = 0; j < length; j++) held[i * ${MEBIBYTE} + (i * 4099) % ${MEBIBYTE - 64} + j] = 255 ^ given[i * length + j];
    globalThis.held = held;
    process.stdout.write('ready');
  });`;

describe('a process from outside (skipped where there is no /proc)', () => {
  let holder: ChildProcess | undefined;

  afterEach(() => holder?.kill('SIGKILL'));

  it.skipIf(process.platform !== 'linux')('shows every pattern in it, wherever it stands, and no other', async () => {
    const patterns = Array.from({ length: COUNT }, (_, i) => ({ name: `pattern ${i}`, octets: randomBytes(32) }));
    const child = spawn(process.execPath, ['-e', HOLDER], { stdio: ['pipe', 'pipe', 'inherit'] });
    holder = child;
    child.stdin.write(Buffer.concat(patterns.map(({ octets }) => octets.map((octet) => 255 ^ octet))));
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    expect(processTree(process.pid)).toContain(pid);

    const thaw = await freeze([pid]);
    expect(readFileSync(`/proc/${pid}/status`, 'latin1')).toMatch(/^State:\s+T/m);
    const absent = { name: 'absent', octets: randomBytes(32) };
    const { found, searched } = await scanProcess(pid, [...patterns, absent]);
    thaw();
    expect(found).toEqual(patterns.map(({ name }) => name).sort());
    expect(searched).toBeGreaterThanOrEqual(SIZE);
  });
});
