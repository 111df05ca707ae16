// Starts the installed browser. Its real Web Serial and WebUSB find the simulated units. Each
// started browser has separate managed policies.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from '@playwright/test';
import type { DeviceProcess } from '#device-host/umockdev/device-process.ts';
import { PRODUCT_ID, VENDOR_ID } from '#device-sim/browser/usb-descriptors.ts';
import { devicePolicies } from '#protocol/site/device-policies.ts';
import { chromiumSwitches } from '#test/support/chromium.ts';
import type { Machine } from './requirements.ts';

const WRAPPER = fileURLToPath(new URL('./browser.sh', import.meta.url));
/**
 * Runs the network service in the browser process. Otherwise one start in twenty hangs: the browser
 * forks while a thread holds a lock of the preload library, and in the child process nothing
 * releases this lock.
 */
const NETWORK_IN_PROCESS = '--enable-features=NetworkServiceInProcess2';

export interface BrowserOptions {
  readonly machine: Machine;
  readonly devices: DeviceProcess;
  /** Origin that a policy permits to use the units without a chooser. By default none. */
  readonly permitted?: string;
  /** DISPLAY of an X server. By default the browser is headless. */
  readonly display?: string;
}

export interface StartedBrowser {
  readonly browser: Browser;
  /** Port of the UI DevTools, which native-views.ts uses; 0 if headless. */
  readonly viewsPort: number;
  close(): Promise<void>;
}

export async function startBrowser(options: BrowserOptions): Promise<StartedBrowser> {
  const { permitted, display } = options;
  const folder = mkdtempSync(join(tmpdir(), 'kf-policy-'));
  const policyFile = join(folder, 'policies.json');
  writeFileSync(policyFile, JSON.stringify(permitted === undefined ? {} : policies(permitted)));
  const { launch, removeFolder } = prepare({ ...options, policyFile });
  const viewsPort = display === undefined ? 0 : await freePort();
  const headed = display === undefined ? [] : [`--enable-ui-devtools=${viewsPort}`];
  const browser = await chromium.launch({ ...launch, args: [...launch.args, ...headed] });
  return {
    browser,
    viewsPort,
    async close() {
      await browser.close();
      removeFolder();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface KioskOptions extends Omit<BrowserOptions, 'permitted'> {
  readonly display: string;
  /** A policy file that `site policies` wrote. */
  readonly policyFile: string;
}

export interface StartedKiosk {
  /** The page that the browser opened when it started. */
  readonly page: Page;
  close(): Promise<void>;
}

/** Starts the browser as a station does: in kiosk mode, with the policies of a file, and no address. */
export async function startKiosk(options: KioskOptions): Promise<StartedKiosk> {
  const profile = mkdtempSync(join(tmpdir(), 'kf-kiosk-'));
  const { launch, removeFolder } = prepare(options);
  const context = await chromium.launchPersistentContext(profile, {
    ...launch,
    args: [...launch.args, '--kiosk'],
    // With an address on its command line, the browser would not open the address in the policy.
    ignoreDefaultArgs: ['about:blank'],
    viewport: null,
  });
  const [page = await context.waitForEvent('page')] = context.pages();
  return {
    page,
    async close() {
      await context.close();
      removeFolder();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Returns how to launch the browser, and a function to call when it has ended. */
function prepare({ machine, devices, display, policyFile }: BrowserOptions & { readonly policyFile: string }) {
  const programFolder = devices.createFolder();
  const { LD_PRELOAD, UMOCKDEV_DIR } = programFolder.environment;
  const launch = {
    executablePath: WRAPPER,
    headless: display === undefined,
    args: [...chromiumSwitches(), NETWORK_IN_PROCESS],
    env: {
      ...process.env,
      ...(display === undefined ? {} : { DISPLAY: display }),
      UMOCKDEV_DIR,
      KEYFERRY_PRELOAD: LD_PRELOAD,
      KEYFERRY_BROWSER: machine.browser,
      KEYFERRY_POLICIES: machine.policies,
      KEYFERRY_POLICY_FILE: policyFile,
    },
  };
  return { launch, removeFolder: () => programFolder.remove() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Returns the managed policies that let `origin` use the units without a chooser
 * (docs/stations.md).
 */
function policies(origin: string): object {
  const ids = [{ vendorId: VENDOR_ID, productId: PRODUCT_ID }];
  return devicePolicies(ids, ids, origin);
}
