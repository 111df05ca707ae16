// Installs the Chromium package of Debian or Ubuntu when the machine has no browser and the user
// may install packages. If the user may not, returns the command that installs a browser.
import { existsSync } from 'node:fs';
import { findChromium, findHeadlessChromium, HEADLESS_SHELL } from './chromium.ts';
import { runCommand } from './run-command.ts';

export type Found = { readonly path: string } | { readonly missing: string };

/**
 * Installs a browser if the machine has none. Returns its path, or a sentence with the command that
 * installs a browser.
 */
export async function provideChromium(say: (line: string) => void): Promise<Found> {
  const named = process.env.KEYFERRY_CHROMIUM;
  const path = findChromium();
  if (path !== undefined) return { path };
  if (named !== undefined && named !== '')
    return { missing: `KEYFERRY_CHROMIUM names ${named}, which does not exist.` };

  const prefix = await aptPrefix();
  if (prefix === undefined) return { missing: `No Chrome or Chromium was found. ${oneCommand()}` };
  say('This machine has no Chrome or Chromium: installing the chromium package.');
  const failure = await installPackages(prefix, ['chromium']);
  if (failure !== undefined) return { missing: failure };
  const installed = findChromium();
  return installed === undefined ? { missing: 'The chromium package contains no browser.' } : { path: installed };
}

/**
 * Returns the command prefix for apt-get; undefined if the user cannot install packages without a
 * password.
 */
export async function aptPrefix(): Promise<string[] | undefined> {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  if (process.getuid?.() === 0) return [];
  return (await runCommand('sudo', ['-n', 'true'])).code === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * Installs packages with apt-get. Returns undefined on success, otherwise a sentence with the end
 * of the output.
 * @param prefix the result of aptPrefix()
 */
export async function installPackages(
  prefix: readonly string[],
  packages: readonly string[],
): Promise<string | undefined> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['apt-get', 'update', '-q'],
    ['apt-get', 'install', '-q', '-y', '--no-install-recommends', ...packages],
  ]) {
    const [command = '', ...rest] = [...prefix, ...args];
    const { code, output } = await runCommand(command, rest, { env });
    if (code !== 0) return `${[command, ...rest].join(' ')} ended with ${code}:\n${output.slice(-2000)}`;
  }
  return undefined;
}

/**
 * Installs Debian's chromium-headless-shell next to Debian's Chromium. The tests run without it, but
 * take longer, so a failure is only reported.
 */
export async function provideHeadlessShell(chromium: string, say: (line: string) => void): Promise<void> {
  if (chromium !== '/usr/bin/chromium' || findHeadlessChromium()?.endsWith(HEADLESS_SHELL)) return;
  const prefix = await aptPrefix();
  if (prefix === undefined) return;
  say(`Installing ${HEADLESS_SHELL}, in which most end-to-end tests run.`);
  const failure = await installPackages(prefix, [HEADLESS_SHELL]);
  if (failure !== undefined) say(`The end-to-end tests run in ${chromium}. ${failure}`);
}

function oneCommand(): string {
  const commands: Partial<Record<NodeJS.Platform, string>> = {
    darwin: 'Install one with: brew install --cask google-chrome',
    win32: 'Install one with: winget install Google.Chrome',
  };
  return (
    commands[process.platform] ?? 'Install one with: sudo apt-get install chromium, or your distribution’s command.'
  );
}
