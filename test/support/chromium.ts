// Finds Chrome or Chromium on this machine, and returns the command-line switches for a quiet,
// reproducible run. Never downloads a browser.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The facts about the machine that the search uses. Tests replace them. */
export interface Machine {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  exists(path: string): boolean;
}

const THIS_MACHINE: Machine = { platform: process.platform, env: process.env, exists: existsSync };

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/**
 * Returns the path of the executable: KEYFERRY_CHROMIUM if set, else the first match in PATH, else
 * in the folders of the macOS and Windows installers. Undefined if there is no browser.
 */
export function findChromium(machine: Machine = THIS_MACHINE): string | undefined {
  const { env } = machine;
  const named = env.KEYFERRY_CHROMIUM;
  if (named !== undefined && named !== '') return machine.exists(named) ? named : undefined;
  return candidates(machine).find((path) => machine.exists(path));
}

function candidates({ platform, env }: Machine): string[] {
  if (platform === 'darwin') {
    return ['/Applications', join(env.HOME ?? '', 'Applications')].flatMap((folder) => [
      join(folder, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
      join(folder, 'Chromium.app/Contents/MacOS/Chromium'),
    ]);
  }
  if (platform === 'win32') {
    return [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
      .filter((folder) => folder !== undefined)
      .flatMap((folder) => [
        join(folder, 'Google/Chrome/Application/chrome.exe'),
        join(folder, 'Chromium/Application/chrome.exe'),
      ]);
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
}

export function chromiumSwitches(): string[] {
  const quiet = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  // Chromium refuses to start as root with its sandbox.
  return process.getuid?.() === 0 ? ['--no-sandbox', ...quiet] : quiet;
}
