// A testbed of umockdev. Its folder replaces /sys, /dev and /proc for programs with the preload
// library. The testbed sends device events to these programs. program-folder.ts creates their
// folders.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { monitorSockets } from './program-folder.ts';
import { encodeUevent, type UeventAction } from './uevent.ts';

/** Name of the preload library. The package umockdev installs it. */
export const PRELOAD_LIBRARY = 'libumockdev-preload.so.0';

export interface SysDevice {
  /** Path below /sys, which begins with /devices/. Its last part is the name of the device. */
  readonly syspath: string;
  readonly subsystem: string;
  /** Where the subsystem lists the device: /sys/bus/…/devices or /sys/class/…. */
  readonly kind: 'bus' | 'class';
  readonly attributes?: Readonly<Record<string, string | Uint8Array>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly node?: DeviceNumber;
}

export interface DeviceNumber {
  /** Path below /dev. */
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

/** A line of /proc/tty/drivers. Chromium reads from it which ports are hardware. */
const TTY_DRIVERS = 'acm                  /dev/ttyACM    166 0-255 serial\n';

/**
 * Perl script that sends an event to all monitors, because Node has no AF_UNIX SOCK_DGRAM. Linux
 * queues ten datagrams for a busy program. While a queue is full, the script retries. After the
 * timeout it exits with 1, which fails the test, because a lost event is never sent again. The
 * script skips a monitor whose program has ended.
 */
const SEND_DATAGRAM = `
  local $/; my $datagram = <STDIN>; my $unread = 0; my $timeout = shift;
  for (@ARGV) {
    socket(my $socket, AF_UNIX, SOCK_DGRAM, 0);
    my $tries = $timeout / 10;
    while (!send($socket, $datagram, MSG_DONTWAIT, sockaddr_un($_)) && $!{EAGAIN}) {
      if (--$tries < 0) { $unread = 1; last }
      select(undef, undef, undef, 0.01);
    }
  }
  exit $unread;`;

export class Testbed {
  readonly directory: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #timeout: number;
  #sequence = 0;

  /**
   * @param onFailure called when a program does not read its events in time
   * @param timeout maximum time to wait for a busy program, in ms
   */
  constructor(onFailure: (error: unknown) => void, timeout = 5000) {
    this.#onFailure = onFailure;
    this.#timeout = timeout;
    // The name is short because the path of a Unix socket has at most 108 bytes.
    this.directory = mkdtempSync(join(tmpdir(), 'u.'));
    for (const folder of ['sys/bus', 'sys/class', 'sys/devices', 'sys/dev/char', 'dev/.node', 'proc/tty', 'ioctl']) {
      mkdirSync(this.path(folder), { recursive: true });
    }
    // The folder proc replaces all of /proc. A browser's first process reads its own entries there,
    // so the testbed links to the real ones.
    for (const own of ['self', 'thread-self']) symlinkSync(`/proc/${own}`, this.path('proc', own));
    symlinkSync('/sys/devices/system', this.path('sys/devices/system'));
    writeFileSync(this.path('proc/tty/drivers'), TTY_DRIVERS);
  }

  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }

  /** Adds a device without sending an event. A program that starts now finds the device. */
  add(device: SysDevice): void {
    const { syspath, subsystem, kind, attributes = {}, node } = device;
    const folder = this.path('sys', syspath);
    mkdirSync(folder, { recursive: true });
    const lines = Object.entries(propertiesOf(device)).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(folder, 'uevent'), lines.join(''));
    for (const [name, value] of Object.entries(attributes)) {
      writeFileSync(join(folder, name), typeof value === 'string' ? `${value}\n` : value);
    }
    this.#link(join(folder, 'subsystem'), this.path('sys', kind, subsystem));
    this.#link(this.#listing(device), folder);
    if (node !== undefined) this.#link(this.path('sys/dev/char', `${node.major}:${node.minor}`), folder);
  }

  /** Removes a device without sending an event. */
  remove(device: SysDevice): void {
    rmSync(this.path('sys', device.syspath), { recursive: true, force: true });
    rmSync(this.#listing(device), { force: true });
    if (device.node !== undefined) {
      rmSync(this.path('sys/dev/char', `${device.node.major}:${device.node.minor}`), { force: true });
    }
  }

  /** Sends a device event to every monitor of every program. */
  sendEvent(action: UeventAction, device: SysDevice): void {
    const { syspath, subsystem } = device;
    const properties = propertiesOf(device);
    const datagram = encodeUevent({ action, syspath, subsystem, sequence: ++this.#sequence, properties });
    const monitors = monitorSockets(this.directory);
    if (monitors.length === 0) return;
    try {
      execFileSync('perl', ['-MSocket', '-e', SEND_DATAGRAM, `${this.#timeout}`, ...monitors], {
        input: datagram,
        stdio: 'pipe',
      });
    } catch (cause) {
      this.#onFailure(new Error(`${action} ${syspath}: a program does not read its events`, { cause }));
    }
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #listing({ kind, subsystem, syspath }: SysDevice): string {
    return this.path('sys', kind, subsystem, kind === 'bus' ? 'devices' : '', basename(syspath));
  }

  #link(path: string, target: string): void {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    symlinkSync(relative(dirname(path), target), path);
  }
}

function propertiesOf({ properties = {}, node }: SysDevice): Record<string, string> {
  if (node === undefined) return properties;
  return { MAJOR: `${node.major}`, MINOR: `${node.minor}`, DEVNAME: `/dev/${node.name}`, ...properties };
}
