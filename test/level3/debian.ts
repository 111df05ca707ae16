// What level 3 needs of the machine: Debian's packages, installed where this user may, and Debian's kernel, fetched and unpacked
// beside the other caches, never installed.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand } from '../support/run-command.ts';
import { moduleOrder, WANTED } from './modules.ts';

/** A package, and a file of it that says that it is there. */
const PACKAGES = [
  ['qemu-system-x86', '/usr/bin/qemu-system-x86_64'],
  ['busybox-static', '/bin/busybox'],
  ['kmod', '/sbin/depmod'],
  ['udev', '/lib/systemd/systemd-udevd'],
  ['pcscd', '/usr/sbin/pcscd'],
  ['libccid', '/usr/lib/pcsc/drivers/ifd-ccid.bundle'],
  ['pcsc-tools', '/usr/bin/scriptor'],
] as const;

/** Ubuntu's usbip is for the kernel that runs, not for the guest's: there the scenario with it is not planned. */
const USBIP = ['usbip', '/usr/sbin/usbip'] as const;

/** Debian's and Ubuntu's name for "the newest kernel". */
const KERNEL_PACKAGES = ['linux-image-amd64', 'linux-image-generic'];

export interface Kernel {
  /** The path of vmlinuz. */
  readonly image: string;
  /** By file name, in the order in which they are to be loaded. */
  readonly modules: readonly { readonly name: string; readonly content: Uint8Array }[];
}

export type Provided<T> = T | { readonly missing: string };

/** The machine as the search sees it; handed in, so that the search can be tested. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  /** Undefined where the system has none. */
  readonly uid: number | undefined;
  exists(path: string): boolean;
}

const THIS_HOST: Host = {
  platform: process.platform,
  arch: process.arch,
  uid: process.getuid?.(),
  exists: existsSync,
};

/** The packages to install, or a sentence that says why there can be no level 3 here. */
export function findMissing(host: Host = THIS_HOST): Provided<{ readonly packages: readonly string[] }> {
  const { platform, arch, uid, exists } = host;
  if (platform !== 'linux' || arch !== 'x64')
    return { missing: `needs Linux on x86-64, and this is ${platform} on ${arch}` };
  const wanted = isUbuntu() ? PACKAGES : [...PACKAGES, USBIP];
  const packages = wanted.filter(([, file]) => !exists(file)).map(([name]) => name);
  if (packages.length === 0) return { packages };
  if (!exists('/usr/bin/apt-get')) return { missing: `needs Debian's or Ubuntu's packages: ${packages.join(', ')}` };
  if (uid !== 0) return { missing: `needs: sudo apt-get install --no-install-recommends ${packages.join(' ')}` };
  return { packages };
}

/** A sentence that says what this machine lacks, or undefined when nothing is missing any more. */
export async function providePackages(say: (line: string) => void): Promise<string | undefined> {
  const found = findMissing();
  if ('missing' in found) return found.missing;
  const { packages } = found;
  if (packages.length === 0) return undefined;
  say(`installing ${packages.join(', ')}`);
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', ...packages],
  ]) {
    const options = ['-o', 'DPkg::Lock::Timeout=300'];
    const { code, output } = await runCommand('apt-get', [...options, ...args], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (code !== 0) return `apt-get ${args[0]} ended with ${code}: ${output.slice(-500)}`;
  }
  return undefined;
}

function isUbuntu(): boolean {
  return existsSync('/etc/os-release') && /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** @param cache a folder that is kept from run to run */
export async function provideKernel(cache: string, say: (line: string) => void): Promise<Provided<Kernel>> {
  const packages = await kernelPackages();
  if ('missing' in packages) return packages;
  const folder = join(cache, packages.names.join('+'));
  if (!existsSync(folder)) {
    say(`fetching ${packages.names.join(', ')}`);
    const failure = await unpack(packages.names, folder);
    if (failure !== undefined) return { missing: failure };
  }
  const order = readFileSync(join(folder, 'order'), 'utf8').split('\n').filter(Boolean);
  const modules = order.map((name) => ({ name, content: readFileSync(join(folder, 'modules', name)) }));
  return { image: join(folder, 'vmlinuz'), modules };
}

/** The image, and on Ubuntu the packages with its modules. */
async function kernelPackages(): Promise<Provided<{ readonly names: readonly string[] }>> {
  for (const general of KERNEL_PACKAGES) {
    const { code, output } = await runCommand('apt-cache', ['depends', '--recurse', '--no-recommends', general]);
    if (code !== 0) continue;
    const image = /Depends: (linux-image-(?:unsigned-)?(\d\S*))/.exec(output);
    if (image?.[1] === undefined || image[2] === undefined) continue;
    const modules = ['linux-modules', 'linux-modules-extra'].map((start) => `${start}-${image[2]}`);
    return { names: [image[1], ...modules.filter((name) => output.includes(`Depends: ${name}`))] };
  }
  return { missing: 'apt knows no kernel package (linux-image-amd64): run apt-get update' };
}

async function unpack(names: readonly string[], folder: string): Promise<string | undefined> {
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'modules'), { recursive: true });
  // depmod looks at /lib: a kernel package of a merged system has it too.
  const script = `
    set -e
    cd "$1"; shift
    apt-get download "$@"
    for package in *.deb; do dpkg-deb -x "$package" unpacked; rm "$package"; done
    version=$(ls unpacked/lib/modules)
    mv "unpacked/boot/vmlinuz-$version" vmlinuz
    /sbin/depmod -b "$PWD/unpacked" "$version"
    mv "unpacked/lib/modules/$version" tree`;
  const { code, output } = await runCommand('bash', ['-c', script, 'unpack', work, ...names]);
  if (code !== 0) return `the kernel could not be had: ${output.slice(-500)}`;
  const order = moduleOrder(readFileSync(join(work, 'tree/modules.dep'), 'utf8'), WANTED);
  const failure = await copyModules(work, order);
  if (failure !== undefined) return failure;
  for (const part of ['tree', 'unpacked']) rmSync(join(work, part), { recursive: true, force: true });
  renameSync(work, folder);
  return undefined;
}

/** Newer distributions compress modules; busybox loads plain ones. */
async function copyModules(work: string, order: readonly string[]): Promise<string | undefined> {
  const names: string[] = [];
  for (const path of order) {
    const name = basename(path).replace(/\.(xz|zst)$/, '');
    const tool = path.endsWith('.xz') ? 'xz -dc' : path.endsWith('.zst') ? 'zstd -dc' : 'cat';
    const { code, output } = await runCommand('sh', [
      '-c',
      `${tool} "$1" > "$2"`,
      'copy',
      join(work, 'tree', path),
      join(work, 'modules', name),
    ]);
    if (code !== 0) return `${tool} ${path}: ${output}`;
    names.push(name);
  }
  writeFileSync(join(work, 'order'), names.join('\n'));
  return undefined;
}
