// Where the machine's Chrome or Chromium is, and the switches that a quiet, reproducible run needs. Nothing is downloaded: a
// browser is the machine's own.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The machine as the search sees it; handed in, so that the search can be tested. */
export interface Machine {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  exists(path: string): boolean;
}

export const THIS_MACHINE: Machine = { platform: process.platform, env: process.env, exists: existsSync };

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/** KEYFERRY_CHROMIUM, then PATH, then where the installers of macOS and Windows put it; undefined when there is none. */
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
  // Chromium refuses its sandbox to root.
  return process.getuid?.() === 0 ? ['--no-sandbox', ...quiet] : quiet;
}
