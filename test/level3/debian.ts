// Provides the requirements of level 3. Installs Debian's packages if the user is root. Downloads
// Debian's kernel and unpacks it into a cache, without installing it.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand } from '../support/run-command.ts';
import { moduleSequence, REQUIRED_MODULES } from './modules.ts';

/** The required packages, each with a file that exists if the package is installed. */
const PACKAGES = [
  ['qemu-system-x86', '/usr/bin/qemu-system-x86_64'],
  ['busybox-static', '/bin/busybox'],
  ['kmod', '/sbin/depmod'],
  ['udev', '/lib/systemd/systemd-udevd'],
  ['pcscd', '/usr/sbin/pcscd'],
  ['libccid', '/usr/lib/pcsc/drivers/ifd-ccid.bundle'],
  ['pcsc-tools', '/usr/bin/scriptor'],
] as const;

/**
 * The package with usbip. It is not required on Ubuntu, where usbip works only with the running
 * kernel and not with the kernel of the guest.
 */
const USBIP = ['usbip', '/usr/sbin/usbip'] as const;

/** Metapackages of Debian and of Ubuntu that depend on the newest kernel. */
const KERNEL_PACKAGES = ['linux-image-amd64', 'linux-image-generic'];

export interface Kernel {
  /** Path of vmlinuz. */
  readonly image: string;
  /** The kernel modules, in the order in which they must be loaded. */
  readonly modules: readonly { readonly name: string; readonly content: Uint8Array }[];
}

/** A value, or a sentence that says what is missing on this machine. */
export type OrMissing<T> = T | { readonly missing: string };

/** The properties of a machine that findMissing reads. Tests replace them. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  /** Undefined on a system without user ids. */
  readonly uid: number | undefined;
  exists(path: string): boolean;
}

const THIS_HOST: Host = {
  platform: process.platform,
  arch: process.arch,
  uid: process.getuid?.(),
  exists: existsSync,
};

/** Returns the packages to install, or a sentence that says why level 3 cannot run. */
export function findMissing(host: Host = THIS_HOST): OrMissing<{ readonly packages: readonly string[] }> {
  const { platform, arch, uid, exists } = host;
  if (platform !== 'linux' || arch !== 'x64')
    return { missing: `needs Linux on x86-64, and this is ${platform} on ${arch}` };
  const required = isUbuntu() ? PACKAGES : [...PACKAGES, USBIP];
  const packages = required.filter(([, file]) => !exists(file)).map(([name]) => name);
  if (packages.length === 0) return { packages };
  if (!exists('/usr/bin/apt-get')) return { missing: `needs Debian's or Ubuntu's packages: ${packages.join(', ')}` };
  if (uid !== 0) return { missing: `needs: sudo apt-get install --no-install-recommends ${packages.join(' ')}` };
  return { packages };
}

/**
 * Installs the missing packages.
 * @returns a sentence that says what is still missing; undefined if nothing is missing
 */
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
    if (code !== 0) return `apt-get ${args[0]} failed with ${code}: ${output.slice(-500)}`;
  }
  return undefined;
}

function isUbuntu(): boolean {
  return existsSync('/etc/os-release') && /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/**
 * Downloads the kernel if it is not in the cache.
 * @param cache a folder that persists between runs
 */
export async function provideKernel(cache: string, say: (line: string) => void): Promise<OrMissing<Kernel>> {
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

/** Returns the package of the kernel image and, on Ubuntu, the packages of its modules. */
async function kernelPackages(): Promise<OrMissing<{ readonly names: readonly string[] }>> {
  for (const metapackage of KERNEL_PACKAGES) {
    const { code, output } = await runCommand('apt-cache', ['depends', '--recurse', '--no-recommends', metapackage]);
    if (code !== 0) continue;
    const image = /Depends: (linux-image-(?:unsigned-)?(\d\S*))/.exec(output);
    if (image?.[1] === undefined || image[2] === undefined) continue;
    const modules = ['linux-modules', 'linux-modules-extra'].map((start) => `${start}-${image[2]}`);
    return { names: [image[1], ...modules.filter((name) => output.includes(`Depends: ${name}`))] };
  }
  return { missing: 'apt has no kernel package (linux-image-amd64): run apt-get update' };
}

async function unpack(names: readonly string[], folder: string): Promise<string | undefined> {
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'modules'), { recursive: true });
  // depmod reads lib/modules below the unpacked folder. A kernel package has this folder even for a
  // system with merged /usr.
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
  if (code !== 0) return `the kernel cannot be downloaded: ${output.slice(-500)}`;
  const sequence = moduleSequence(readFileSync(join(work, 'tree/modules.dep'), 'utf8'), REQUIRED_MODULES);
  const failure = await copyModules(work, sequence);
  if (failure !== undefined) return failure;
  for (const part of ['tree', 'unpacked']) rmSync(join(work, part), { recursive: true, force: true });
  renameSync(work, folder);
  return undefined;
}

/** Decompresses the modules, because busybox loads only uncompressed modules. */
async function copyModules(work: string, paths: readonly string[]): Promise<string | undefined> {
  const names: string[] = [];
  for (const path of paths) {
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
