// Runs the guest: Debian's kernel under QEMU without KVM, with the machine's / as a read-only file
// system. Passes each line that the guest prints to the caller.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { encodeCpio } from './cpio.ts';
import type { Kernel } from './debian.ts';

export interface Guest {
  readonly kernel: Kernel;
  /** Folder for the RAM disk and the log of the console. */
  readonly folder: string;
  /** Path on this machine of the program that Node runs in the guest. */
  readonly main: string;
  readonly limitMs: number;
  readonly onLine: (line: string) => void;
}

export interface GuestEnd {
  /** How the guest ended, with the last lines of the console. */
  readonly how: string;
  /** Whether the time limit was reached. */
  readonly isLate: boolean;
}

export async function runGuest(guest: Guest): Promise<GuestEnd> {
  const { kernel, folder, limitMs, onLine } = guest;
  const initrd = join(folder, 'initrd');
  const console = join(folder, 'console.log');
  writeFileSync(initrd, encodeCpio(ramDisk(kernel)));
  const child = spawn('qemu-system-x86_64', machine(guest, initrd, console), { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => onLine(line.trim()));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitMs);
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      errors += error.message;
      resolve(null);
    });
    child.on('close', resolve);
  });
  clearTimeout(timer);
  const how = isLate ? `not completed within ${limitMs / 1000} s` : `QEMU ended with ${code}`;
  const last = readFileSync(console, 'utf8').split('\n').slice(-15).join('\n');
  return { how: `${how}\n${errors}${last}`, isLate };
}

function ramDisk({ modules }: Kernel) {
  const init = readFileSync(new URL('init.sh', import.meta.url));
  const busybox = readFileSync('/bin/busybox');
  return [
    ...['bin', 'proc', 'sys', 'dev', 'host', 'new', 'layer', 'modules'].map((path) => ({ path })),
    { path: 'bin/busybox', content: busybox, isExecutable: true },
    { path: 'init', content: init, isExecutable: true },
    { path: 'modules/order', content: Buffer.from(modules.map(({ name }) => `${name}\n`).join('')) },
    ...modules.map(({ name, content }) => ({ path: `modules/${name}`, content })),
  ];
}

function machine({ kernel, main }: Guest, initrd: string, console: string): string[] {
  // The kernel passes unknown parameters to init as environment variables.
  const parameters = [`KF_NODE=${process.execPath}`, `KF_FOLDER=${process.cwd()}`, `KF_MAIN=${main}`];
  if (parameters.some((parameter) => /\s/.test(parameter))) {
    throw new RangeError(`a kernel command line cannot contain a path with a space: ${parameters}`);
  }
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'Westmere', '-smp', '2', '-m', '4096'],
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-monitor', 'none', '-nic', 'none'],
    ...['-serial', `file:${console}`, '-serial', 'stdio'],
    ...['-kernel', kernel.image, '-initrd', initrd],
    ...['-append', ['console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off', ...parameters].join(' ')],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host', '-device', 'virtio-rng-pci'],
  ];
}
