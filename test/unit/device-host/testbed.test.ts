// The events of a testbed reach every program. This holds even if two programs have monitors with
// the same number, or if a program is too busy to read for a while.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createProgramFolder,
  monitorSockets,
  removeProgramFolder,
} from '#device-host/umockdev/testbed/program-folder.ts';
import { type SysDevice, Testbed } from '#device-host/umockdev/testbed/testbed.ts';

const DEVICE: SysDevice = { syspath: '/devices/usb1/1-2', subsystem: 'usb', kind: 'bus' };

/**
 * A Perl program that binds a monitor as umockdev does: it first removes an existing socket. For
 * each number N on its standard input, the program reads N events and prints their sequence
 * numbers.
 */
const MONITOR = `
  use Socket; $| = 1;
  unlink $ARGV[0];
  socket(my $socket, AF_UNIX, SOCK_DGRAM, 0);
  bind($socket, sockaddr_un($ARGV[0])) or die;
  print "bound\\n";
  while (my $count = <STDIN>) {
    for (1 .. $count) { recv($socket, my $datagram, 65536, 0); print $datagram =~ /SEQNUM=(\\d+)/, "\\n" }
  }`;

const running: ChildProcessByStdio<Writable, Readable, null>[] = [];
const testbeds: Testbed[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill();
  for (const testbed of testbeds.splice(0)) testbed.close();
});

function createTestbed(timeout?: number): { readonly testbed: Testbed; readonly failures: unknown[] } {
  const failures: unknown[] = [];
  const testbed = new Testbed((error) => void failures.push(error), timeout);
  testbeds.push(testbed);
  return { testbed, failures };
}

/** Starts a program with one monitor. Resolves with a function that reads `count` events. */
async function startProgram(folder: string): Promise<(count: number) => Promise<string[]>> {
  const child = spawn('perl', ['-e', MONITOR, join(folder, 'event7')], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const lines = async (count: number): Promise<string[]> => {
    while (text.split('\n').length <= count) await once(child.stdout, 'data');
    const all = text.split('\n');
    text = all.slice(count).join('\n');
    return all.slice(0, count);
  };
  await lines(1);
  return (count) => {
    child.stdin.write(`${count}\n`);
    return lines(count);
  };
}

describe.skipIf(!existsSync('/usr/bin/perl'))('the events of a testbed', () => {
  const startIn = ({ directory }: Testbed) => startProgram(createProgramFolder(directory));

  it('reach two programs whose monitors have the same number', async () => {
    const { testbed, failures } = createTestbed();
    const [first, second] = [await startIn(testbed), await startIn(testbed)];
    testbed.sendEvent('add', DEVICE);
    expect(await Promise.all([first(1), second(1)])).toEqual([['1'], ['1']]);
    expect(failures).toEqual([]);
  });

  it('wait for a busy program, even if there are more events than Linux queues', async () => {
    const { testbed, failures } = createTestbed();
    const read = await startIn(testbed);
    const queuedByLinux = 10;
    for (let i = 0; i <= queuedByLinux; i++) testbed.sendEvent('add', DEVICE);
    // The queue is full now. The program reads only after the next events are sent.
    const all = read(queuedByLinux + 3);
    testbed.sendEvent('remove', DEVICE);
    testbed.sendEvent('add', DEVICE);
    expect(await all).toEqual(Array.from({ length: queuedByLinux + 3 }, (_, i) => `${i + 1}`));
    expect(failures).toEqual([]);
  });

  it('are reported if a program does not read them in time', async () => {
    const { testbed, failures } = createTestbed(50);
    await startIn(testbed);
    for (let i = 0; i < 12; i++) testbed.sendEvent('add', DEVICE);
    expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('does not read') })]);
  });

  it('skip a program that has ended', async () => {
    const { testbed, failures } = createTestbed();
    const folder = createProgramFolder(testbed.directory);
    await startProgram(folder);
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(running.map((child) => once(child, 'exit')));
    testbed.sendEvent('remove', DEVICE);
    expect(failures).toEqual([]);
    removeProgramFolder(folder);
    expect(monitorSockets(testbed.directory)).toEqual([]);
  });
});
