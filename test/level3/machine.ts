// One run of the guest: Debian's kernel under QEMU without KVM, the machine's own / read-only as its file system, and the lines that
// it reports. Knows nothing of the tests.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { encodeCpio } from './cpio.ts';
import type { Kernel } from './debian.ts';

export interface Guest {
  readonly kernel: Kernel;
  /** Where the RAM disk and the console's log are written. */
  readonly folder: string;
  /** The program that Node runs in the guest, by its path on this machine. */
  readonly main: string;
  readonly limitMs: number;
  readonly onLine: (line: string) => void;
}

export interface GuestEnd {
  /** In words, with the console's last lines. */
  readonly how: string;
  /** Its time was up. */
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
  const how = isLate ? `nothing more within ${limitMs / 1000} s` : `QEMU ended with ${code}`;
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
  // What the kernel does not know of its command line becomes the environment of init.
  const words = [`KF_NODE=${process.execPath}`, `KF_FOLDER=${process.cwd()}`, `KF_MAIN=${main}`];
  const hasBlank = words.some((word) => /\s/.test(word));
  if (hasBlank) throw new RangeError(`a path has a blank in it, which a kernel's command line cannot hold: ${words}`);
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'Westmere', '-smp', '2', '-m', '4096'],
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-monitor', 'none', '-nic', 'none'],
    ...['-serial', `file:${console}`, '-serial', 'stdio'],
    ...['-kernel', kernel.image, '-initrd', initrd],
    ...['-append', ['console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off', ...words].join(' ')],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host', '-device', 'virtio-rng-pci'],
  ];
}
