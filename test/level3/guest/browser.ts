// Starts a real Chromium in the guest. Managed policies let one origin use units over USB, and
// another origin use units over serial, so that each link is tested separately. Both origins may
// use an AS token card over both links.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, expect, type Page } from '@playwright/test';
import { PRODUCT_ID, TOKEN_PRODUCT_ID, VENDOR_ID } from '#device-sim/browser/usb-descriptors.ts';
import { chromiumSwitches } from '../../support/chromium.ts';

/**
 * Time limit of an expectation, in ms. The guest is ten times slower than the machine, and the
 * machine may be busy.
 */
export const TIMEOUT_MS = 300_000;
export const slowExpect = expect.configure({ timeout: TIMEOUT_MS });

const POLICIES = ['/etc/chromium/policies/managed', '/etc/opt/chrome/policies/managed'];

export interface Origins {
  readonly usb: readonly string[];
  readonly serial: readonly string[];
}

export async function launch(executablePath: string, { usb, serial }: Origins): Promise<Browser> {
  const unit = { devices: [{ vendor_id: VENDOR_ID, product_id: PRODUCT_ID }] };
  const card = { devices: [{ vendor_id: VENDOR_ID, product_id: TOKEN_PRODUCT_ID }], urls: [...usb, ...serial] };
  const policy = {
    WebUsbAllowDevicesForUrls: [{ ...unit, urls: usb }, card],
    SerialAllowUsbDevicesForUrls: [{ ...unit, urls: serial }, card],
  };
  for (const folder of POLICIES) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/keyferry.json`, JSON.stringify(policy));
  }
  // Without this feature, one launch in twenty hangs: the browser forks while a thread holds a
  // lock, and in the child process nothing releases this lock.
  const args = [...chromiumSwitches(), '--enable-features=NetworkServiceInProcess2', '--no-zygote'];
  return await chromium.launch({ executablePath, args, timeout: TIMEOUT_MS });
}

export async function openPage(
  browser: Browser,
  url: string,
  prepare: (page: Page) => Promise<void> = async () => undefined,
): Promise<Page> {
  // Renders few pixels, because rendering is slow on an emulated processor.
  const page = await browser.newPage({ reducedMotion: 'reduce', deviceScaleFactor: 0.25 });
  page.setDefaultTimeout(TIMEOUT_MS);
  await prepare(page);
  await page.goto(url);
  return page;
}

/**
 * Replaces the choosers, which a test in the guest cannot answer. Each replacement returns a
 * permitted device that matches the filters.
 */
export async function answerChoosers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    navigator.usb.requestDevice = async (options) => {
      const filters = options?.filters ?? [];
      const devices = await navigator.usb.getDevices();
      const found = devices.find(({ productId }) => filters.some((filter) => filter.productId === productId));
      if (found === undefined) throw new DOMException('No device selected.', 'NotFoundError');
      return found;
    };
    navigator.serial.requestPort = async (options) => {
      const filters = options?.filters ?? [];
      const ports = await navigator.serial.getPorts();
      const found = ports.find((port) =>
        filters.some(({ usbProductId }) => usbProductId === port.getInfo().usbProductId),
      );
      if (found === undefined) throw new DOMException('No port selected.', 'NotFoundError');
      return found;
    };
  });
}

/** Serves an empty page. */
export async function serveEmptyPage(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Keyferry test</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}`, close: () => server.close() };
}
