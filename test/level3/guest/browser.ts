// A real Chromium in the guest, which its policy lets use the units: the page of one origin over USB, of another over serial, so that
// each link is tried by itself; an AS token card both may use over either. The guest is thrown away, so its policy folder is its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, expect, type Page } from '@playwright/test';
import { PRODUCT_ID, TOKEN_PRODUCT_ID, VENDOR_ID } from '#device-sim/browser/usb-descriptors.ts';
import { chromiumSwitches } from '../../support/chromium.ts';

/** Everything takes ten times as long here as on the machine itself, which may have other things to do. */
export const PATIENCE_MS = 300_000;
export const patient = expect.configure({ timeout: PATIENCE_MS });

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
  // Without the feature one launch in twenty hangs on a lock that was held while the browser forked.
  const args = [...chromiumSwitches(), '--enable-features=NetworkServiceInProcess2', '--no-zygote'];
  return await chromium.launch({ executablePath, args, timeout: PATIENCE_MS });
}

export async function openPage(
  browser: Browser,
  url: string,
  prepare: (page: Page) => Promise<void> = async () => undefined,
): Promise<Page> {
  // Pixels are what an emulated processor is slowest at, and nobody looks.
  const page = await browser.newPage({ reducedMotion: 'reduce', deviceScaleFactor: 0.25 });
  page.setDefaultTimeout(PATIENCE_MS);
  await prepare(page);
  await page.goto(url);
  return page;
}

/** Nobody can answer a chooser here (level 2 has the real one): it gives what a policy permits and the page's filters name. */
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

/** An origin whose page is empty. */
export async function serveEmptyPage(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Keyferry bench</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}`, close: () => server.close() };
}
