// The requirements of level 2, and a sentence that says what the machine lacks.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findChromium } from '#test/support/chromium.ts';

/** The Debian and Ubuntu package of each required program. */
export const PACKAGES: Readonly<Record<string, string>> = {
  'umockdev-run': 'umockdev',
  unshare: 'util-linux',
  perl: 'perl-base',
  Xvfb: 'xvfb',
  xdotool: 'xdotool',
};

/** The folder for managed policies of each browser. */
const POLICY_FOLDERS: readonly (readonly [executable: RegExp, folder: string])[] = [
  [/chromium[^/]*$/, '/etc/chromium'],
  [/google-chrome[^/]*$/, '/etc/opt/chrome'],
];

export interface Machine {
  readonly browser: string;
  readonly policies: string;
}

/** The properties of a machine that the search reads. Tests replace them. */
export interface Host {
  readonly platform: string;
  /** Undefined on a system without user ids. */
  readonly uid: number | undefined;
  readonly path: string;
}

const THIS_HOST: Host = { platform: process.platform, uid: process.getuid?.(), path: process.env.PATH ?? '' };

/** Returns the programs of PACKAGES that are not installed. */
export function missingPrograms({ path }: Host = THIS_HOST): string[] {
  const folders = [...path.split(delimiter), '/usr/sbin', '/sbin'];
  return Object.keys(PACKAGES).filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
}

/** Returns the installed browser, or a sentence that says why level 2 cannot run. */
export function findMachine(host: Host = THIS_HOST): Machine | { readonly missing: string } {
  if (host.platform !== 'linux') return { missing: `umockdev needs Linux, and this is ${host.platform}` };
  if (host.uid !== 0) return { missing: 'a mount namespace needs root' };
  const missing = missingPrograms(host);
  if (missing.length > 0) {
    const packages = missing.map((program) => PACKAGES[program] ?? program);
    return { missing: `missing: ${missing.join(', ')} (apt-get install ${packages.join(' ')})` };
  }
  const browser = findChromium();
  if (browser === undefined) return { missing: 'Chrome or Chromium is not installed' };
  const policies = POLICY_FOLDERS.find(([executable]) => executable.test(browser))?.[1];
  if (policies === undefined || !existsSync(policies)) {
    return { missing: `${browser} has no known folder of managed policies (a snap has none)` };
  }
  return { browser, policies };
}
