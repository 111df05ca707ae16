// What level 2 needs of the machine, and the sentence that says what is missing. Installs nothing.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findChromium } from '#test/support/chromium.ts';

/** Of Debian and Ubuntu; each program, and the package that has it. */
export const PACKAGES: Readonly<Record<string, string>> = {
  'umockdev-run': 'umockdev',
  unshare: 'util-linux',
  perl: 'perl-base',
  Xvfb: 'xvfb',
  xdotool: 'xdotool',
};

/** Where the packages of a browser keep its policies. */
const POLICY_FOLDERS: readonly (readonly [executable: RegExp, folder: string])[] = [
  [/chromium[^/]*$/, '/etc/chromium'],
  [/google-chrome[^/]*$/, '/etc/opt/chrome'],
];

export interface Machine {
  readonly browser: string;
  readonly policies: string;
}

/** The host as the search sees it; handed in, so that the search can be tested. */
export interface Host {
  readonly platform: string;
  /** Undefined where the system has none. */
  readonly uid: number | undefined;
  readonly path: string;
}

const THIS_HOST: Host = { platform: process.platform, uid: process.getuid?.(), path: process.env.PATH ?? '' };

/** Programs of PACKAGES that are not there. */
export function missingPrograms({ path }: Host = THIS_HOST): string[] {
  const folders = [...path.split(delimiter), '/usr/sbin', '/sbin'];
  return Object.keys(PACKAGES).filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
}

/** The machine's browser, or why there can be no level 2 here. */
export function findMachine(host: Host = THIS_HOST): Machine | { readonly lacks: string } {
  if (host.platform !== 'linux') return { lacks: `umockdev is for Linux, and this is ${host.platform}` };
  if (host.uid !== 0) return { lacks: 'a mount namespace of its own needs root' };
  const missing = missingPrograms(host);
  if (missing.length > 0) {
    const packages = missing.map((program) => PACKAGES[program] ?? program);
    return { lacks: `missing: ${missing.join(', ')} (apt-get install ${packages.join(' ')})` };
  }
  const browser = findChromium();
  if (browser === undefined) return { lacks: 'there is no Chrome or Chromium' };
  const policies = POLICY_FOLDERS.find(([executable]) => executable.test(browser))?.[1];
  if (policies === undefined || !existsSync(policies)) {
    return { lacks: `the folder of managed policies of ${browser} is not known (a browser in a snap has none)` };
  }
  return { browser, policies };
}
