// The events of a testbed: every program hears each of them, though another program came and has a monitor of the same number, and though
// it was too busy to read for a while.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { closeSeat, monitorsOf, openSeat } from '#device-host/umockdev/seat.ts';
import { type SysDevice, Testbed } from '#device-host/umockdev/testbed.ts';

const DEVICE: SysDevice = { syspath: '/devices/usb1/1-2', subsystem: 'usb', kind: 'bus' };

/** As umockdev binds a monitor: removes what is there; then reads as many datagrams as it is told to, and says which. */
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
const beds: Testbed[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill();
  for (const bed of beds.splice(0)) bed.close();
});

function testbed(patience?: number): { readonly bed: Testbed; readonly failures: unknown[] } {
  const failures: unknown[] = [];
  const bed = new Testbed((error) => void failures.push(error), patience);
  beds.push(bed);
  return { bed, failures };
}

/** A program with one monitor; resolves with a function that reads so many events. */
async function program(seat: string): Promise<(count: number) => Promise<string[]>> {
  const child = spawn('perl', ['-e', MONITOR, join(seat, 'event7')], { stdio: ['pipe', 'pipe', 'inherit'] });
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
  it('reach each of two programs whose monitors have one number', async () => {
    const { bed, failures } = testbed();
    const [first, second] = [await program(openSeat(bed.directory)), await program(openSeat(bed.directory))];
    bed.tell('add', DEVICE);
    expect(await Promise.all([first(1), second(1)])).toEqual([['1'], ['1']]);
    expect(failures).toEqual([]);
  });

  it('are kept for a program that is busy, however many they are', async () => {
    const { bed, failures } = testbed();
    const read = await program(openSeat(bed.directory));
    const keptByLinux = 10;
    for (let i = 0; i <= keptByLinux; i++) bed.tell('add', DEVICE);
    // One more has no room until the program reads.
    const all = read(keptByLinux + 3);
    bed.tell('remove', DEVICE);
    bed.tell('add', DEVICE);
    expect(await all).toEqual(Array.from({ length: keptByLinux + 3 }, (_, i) => `${i + 1}`));
    expect(failures).toEqual([]);
  });

  it('that a program does not read in time are a failure', async () => {
    const { bed, failures } = testbed(50);
    await program(openSeat(bed.directory));
    for (let i = 0; i < 12; i++) bed.tell('add', DEVICE);
    expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('does not read') })]);
  });

  it('are for nobody where a program has gone', async () => {
    const { bed, failures } = testbed();
    const seat = openSeat(bed.directory);
    await program(seat);
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(running.map((child) => once(child, 'exit')));
    bed.tell('remove', DEVICE);
    expect(failures).toEqual([]);
    closeSeat(seat);
    expect(monitorsOf(bed.directory)).toEqual([]);
  });
});
