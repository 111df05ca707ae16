// The machine's own browser with its own Web Serial and WebUSB, in front of units that a process of ours imitates. Each browser has
// managed policies of its own.
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
/** With a network process of its own about one start in twenty hangs: it is forked while the preload library holds a lock. */
const NETWORK_INSIDE = '--enable-features=NetworkServiceInProcess2';

export interface BrowserOptions {
  readonly machine: Machine;
  readonly devices: DeviceProcess;
  /** The units are permitted to this origin by policy, without a chooser; to none where it is left out. */
  readonly permitted?: string;
  /** DISPLAY of an X server; without one the browser is headless. */
  readonly display?: string;
}

export interface StartedBrowser {
  readonly browser: Browser;
  /** Where it tells of what it draws outside pages; a headed browser only. */
  readonly viewsPort: number;
  close(): Promise<void>;
}

export async function startBrowser(options: BrowserOptions): Promise<StartedBrowser> {
  const { machine, devices, permitted, display } = options;
  const folder = mkdtempSync(join(tmpdir(), 'kf-policy-'));
  const policyFile = join(folder, 'policies.json');
  writeFileSync(policyFile, JSON.stringify(permitted === undefined ? {} : policies(permitted)));
  const seat = devices.enter();
  const { LD_PRELOAD, UMOCKDEV_DIR } = seat.environment;
  const viewsPort = display === undefined ? 0 : await freePort();
  const headed = display === undefined ? [] : [`--enable-ui-devtools=${viewsPort}`];
  const browser = await chromium.launch({
    executablePath: WRAPPER,
    headless: display === undefined,
    args: [...chromiumSwitches(), NETWORK_INSIDE, ...headed],
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
      seat.leave();
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

/** docs/stations.md: what an administrator sets so that a station needs no chooser. */
function policies(origin: string): object {
  const grant = [{ devices: [{ vendor_id: VENDOR_ID, product_id: PRODUCT_ID }], urls: [origin] }];
  return { SerialAllowUsbDevicesForUrls: grant, WebUsbAllowDevicesForUrls: grant };
}
