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
/** Debian's package of Chromium without windows, and its command. */
export const HEADLESS_SHELL = 'chromium-headless-shell';

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

/**
 * Returns the path of the browser for pages that need no window. Prefers Debian's
 * chromium-headless-shell, which starts a page with half of the CPU time. Otherwise returns the
 * result of findChromium().
 */
export function findHeadlessChromium(machine: Machine = THIS_MACHINE): string | undefined {
  const { env } = machine;
  const isNamed = env.KEYFERRY_CHROMIUM !== undefined && env.KEYFERRY_CHROMIUM !== '';
  const shell = isNamed ? undefined : inPath(machine, [HEADLESS_SHELL]).find((path) => machine.exists(path));
  return shell ?? findChromium(machine);
}

function candidates(machine: Machine): string[] {
  const { platform, env } = machine;
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
  return inPath(machine, NAMES);
}

function inPath({ env }: Machine, names: readonly string[]): string[] {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

/**
 * The features that Playwright disables. Chromium uses only the last of several --disable-features,
 * so the list of this file must contain them.
 */
export const PLAYWRIGHT_DISABLES = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
];

/**
 * The popups of the address bar. Chromium loads both as pages for each window, which costs a test
 * 0.8 s of CPU time.
 */
const ADDRESS_BAR_POPUPS = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'];

export function chromiumSwitches(): string[] {
  const quiet = [
    `--disable-features=${[...PLAYWRIGHT_DISABLES, ...ADDRESS_BAR_POPUPS].join()}`,
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
