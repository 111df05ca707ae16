// Starts the installed browser. Its real Web Serial and WebUSB find the simulated units. Each
// started browser has separate managed policies.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from '@playwright/test';
import type { DeviceProcess } from '#device-host/umockdev/device-process.ts';
import { PRODUCT_ID, VENDOR_ID } from '#device-sim/browser/usb-descriptors.ts';
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
  const { machine, devices, permitted, display } = options;
  const folder = mkdtempSync(join(tmpdir(), 'kf-policy-'));
  const policyFile = join(folder, 'policies.json');
  writeFileSync(policyFile, JSON.stringify(permitted === undefined ? {} : policies(permitted)));
  const programFolder = devices.createFolder();
  const { LD_PRELOAD, UMOCKDEV_DIR } = programFolder.environment;
  const viewsPort = display === undefined ? 0 : await freePort();
  const headed = display === undefined ? [] : [`--enable-ui-devtools=${viewsPort}`];
  const browser = await chromium.launch({
    executablePath: WRAPPER,
    headless: display === undefined,
    args: [...chromiumSwitches(), NETWORK_IN_PROCESS, ...headed],
    env: {
      ...process.env,
      ...(display === undefined ? {} : { DISPLAY: display }),
      UMOCKDEV_DIR,
      KEYFERRY_PRELOAD: LD_PRELOAD,
      KEYFERRY_BROWSER: machine.browser,
      KEYFERRY_POLICIES: machine.policies,
      KEYFERRY_POLICY_FILE: policyFile,
    },
  });
  return {
    browser,
    viewsPort,
    async close() {
      await browser.close();
      programFolder.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
  const grant = [{ devices: [{ vendor_id: VENDOR_ID, product_id: PRODUCT_ID }], urls: [origin] }];
  return { SerialAllowUsbDevicesForUrls: grant, WebUsbAllowDevicesForUrls: grant };
}
