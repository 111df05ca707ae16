// A folder with what umockdev's preload library puts in the place of /sys, /dev and /proc for the programs that have a seat in it, and
// the events that tell them of devices that come and go. Knows files and links, no device.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { monitorsOf } from './seat.ts';
import { encodeUevent, type UeventAction } from './uevent.ts';

/** Of the package umockdev. */
export const PRELOAD = 'libumockdev-preload.so.0';

export interface SysDevice {
  /** From /sys on, /devices/…; its last part is the device's name. */
  readonly syspath: string;
  readonly subsystem: string;
  /** Where the subsystem keeps its devices: /sys/bus/…/devices or /sys/class/…. */
  readonly kind: 'bus' | 'class';
  readonly attributes?: Readonly<Record<string, string | Uint8Array>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly node?: DeviceNumber;
}

export interface DeviceNumber {
  /** Below /dev. */
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

/** A line of /proc/tty/drivers: the ports that are real hardware are found by it. */
const TTY_DRIVERS = 'acm                  /dev/ttyACM    166 0-255 serial\n';

/**
 * Node has no sockets of kind AF_UNIX SOCK_DGRAM. One that has no room (Linux keeps ten datagrams for a program that is busy) is tried
 * again for a while; a program that has ended is none to be told.
 */
const SEND_DATAGRAM = `
  local $/; my $datagram = <STDIN>; my $unheard = 0; my $patience = shift;
  for (@ARGV) {
    socket(my $socket, AF_UNIX, SOCK_DGRAM, 0);
    my $tries = $patience / 10;
    while (!send($socket, $datagram, MSG_DONTWAIT, sockaddr_un($_)) && $!{EAGAIN}) {
      if (--$tries < 0) { $unheard = 1; last }
      select(undef, undef, undef, 0.01);
    }
  }
  exit $unheard;`;

export class Testbed {
  readonly directory: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #patience: number;
  #sequence = 0;

  /**
   * @param onFailure takes that a program does not read its events
   * @param patience how long it may be too busy for that, in ms
   */
  constructor(onFailure: (error: unknown) => void, patience = 5000) {
    this.#onFailure = onFailure;
    this.#patience = patience;
    // Short, since the path of a socket in it may have 108 bytes.
    this.directory = mkdtempSync(join(tmpdir(), 'u.'));
    for (const folder of ['sys/bus', 'sys/class', 'sys/devices', 'sys/dev/char', 'dev/.node', 'proc/tty', 'ioctl']) {
      mkdirSync(this.path(folder), { recursive: true });
    }
    // All of /proc is replaced as soon as there is one, and a browser's first process looks into its own.
    for (const own of ['self', 'thread-self']) symlinkSync(`/proc/${own}`, this.path('proc', own));
    symlinkSync('/sys/devices/system', this.path('sys/devices/system'));
    writeFileSync(this.path('proc/tty/drivers'), TTY_DRIVERS);
  }

  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }

  /** Without an event: what a program finds that starts now. */
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

  remove(device: SysDevice): void {
    rmSync(this.path('sys', device.syspath), { recursive: true, force: true });
    rmSync(this.#listing(device), { force: true });
    if (device.node !== undefined) {
      rmSync(this.path('sys/dev/char', `${device.node.major}:${device.node.minor}`), { force: true });
    }
  }

  /** Tells every monitor of every program. */
  tell(action: UeventAction, device: SysDevice): void {
    const { syspath, subsystem } = device;
    const properties = propertiesOf(device);
    const datagram = encodeUevent({ action, syspath, subsystem, sequence: ++this.#sequence, properties });
    const monitors = monitorsOf(this.directory);
    if (monitors.length === 0) return;
    try {
      execFileSync('perl', ['-MSocket', '-e', SEND_DATAGRAM, `${this.#patience}`, ...monitors], {
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
