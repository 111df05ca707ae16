// Drives Firefox over WebDriver BiDi: uses the page like an operator, and answers Firefox's prompt
// for a serial port.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { expect } from 'vitest';
import type { ProgramFolder } from '#device-host/umockdev/device-process.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';

/** Maximum wait for an element of the page, in ms. */
const LIMIT = 30_000;

const WRAPPER = fileURLToPath(new URL('./firefox.sh', import.meta.url));

/**
 * Runs Firefox headless.
 * @param folder the folder with simulated devices for Firefox, if a test needs them
 */
export async function startFirefox(path: string, folder?: ProgramFolder): Promise<Browser> {
  const { LD_PRELOAD = '', UMOCKDEV_DIR = '' } = folder?.environment ?? {};
  const devices = { UMOCKDEV_DIR, KEYFERRY_PRELOAD: LD_PRELOAD, KEYFERRY_BROWSER: path };
  return await puppeteer.launch({
    browser: 'firefox',
    executablePath: folder === undefined ? path : WRAPPER,
    env: { ...process.env, ...(folder === undefined ? {} : devices) },
    // Permits BiDi commands for the browser window, outside the page.
    args: ['--remote-allow-system-access'],
    extraPrefsFirefox: {
      // Disables service workers, because a new build would reload the page during a test. Firefox
      // then has no navigator.serviceWorker.
      'dom.serviceWorkers.enabled': false,
      // By default, the prompt ignores clicks for a short time after it opens.
      'security.notification_enable_delay': 0,
    },
  });
}

export class FirefoxPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /**
   * Opens the product page with `units` on simulated serial ports. If `units` is undefined, the
   * page uses Firefox's real serial interface.
   */
  static async open(browser: Browser, url: string, units?: readonly UnitDescription[]): Promise<FirefoxPage> {
    const page = await (await browser.createBrowserContext()).newPage();
    page.setDefaultTimeout(LIMIT);
    // The window is so tall that the strip with the load button covers no slot.
    await page.setViewport({ width: 1440, height: 1600 });
    if (units !== undefined) {
      const simulator = readFileSync('dist/simulator/install.js', 'utf8');
      const configuration = JSON.stringify({ units });
      // Firefox has no WebUSB, so the page must not find the simulated one.
      await page.evaluateOnNewDocument(
        `window.keyferrySimulatorConfig = ${configuration};\n${simulator}\nObject.defineProperty(navigator, 'usb', { value: undefined });`,
      );
    }
    await page.goto(url);
    return new FirefoxPage(page);
  }

  async signIn(code: string): Promise<void> {
    await this.page.locator('::-p-xpath(//*[@id=//label[normalize-space()="Access code"]/@for])').fill(code);
    // A new browser context has not pinned a root key, so the page asks the operator to compare the
    // groups of the key.
    await this.page.locator('::-p-xpath(//label[contains(., "All eight groups are the same")])').click();
    await this.press('Trust AS and sign in');
  }

  /** Presses the button whose label begins with `label`. */
  async press(label: string): Promise<void> {
    await this.page.locator(`::-p-xpath(//button[starts-with(normalize-space(), "${label}")])`).click();
  }

  async attach(sn: string): Promise<void> {
    await this.page.evaluate((choice) => window.keyferrySimulator?.nextChoice(choice), sn);
    await this.press('Serial');
    await this.sees('Ready');
  }

  async load(key: string, slot: number): Promise<void> {
    await this.page.locator(`::-p-xpath(//label[.//input[@type="radio"]][contains(., "Slot ${slot}")])`).click();
    // If the AS has only one key for a slot, the page shows no list of keys.
    await this.page.evaluate(
      (selector, name) => {
        const select = document.querySelector<HTMLSelectElement>(selector);
        const option = [...(select?.options ?? [])].find(({ text }) => text.includes(name));
        if (!select || !option) return;
        select.value = option.value;
        select.dispatchEvent(new Event('change', { bubbles: true }));
      },
      `[data-slot="${slot}"] select`,
      key,
    );
    await this.press(`Load into slot ${slot}`);
  }

  /** Waits until the visible text of the page contains `text`. */
  async sees(text: string): Promise<void> {
    await expect
      .poll(() => this.page.evaluate(() => document.body.innerText.replaceAll(/\s+/g, ' ')), { timeout: LIMIT })
      .toContain(text);
  }
}

/**
 * Answers Firefox's prompt for a serial port. 'Allow' permits the first port in the list of the
 * prompt.
 */
export async function answerPrompt(browser: Browser, answer: 'Allow' | 'Block'): Promise<void> {
  const { connection } = browser as unknown as { readonly connection: BidiConnection };
  const { result } = await connection.send('browsingContext.getTree', { 'moz:scope': 'chrome' });
  const window = result.contexts?.find(({ url }) => url.endsWith('browser.xhtml'));
  const evaluate = async (expression: string): Promise<unknown> => {
    const target = { context: window?.context };
    return (await connection.send('script.evaluate', { target, expression, awaitPromise: true })).result.result?.value;
  };
  const prompt = 'PopupNotifications.panel.firstElementChild';
  await expect.poll(() => evaluate(`${prompt}?.id`), { timeout: LIMIT }).toBe('webSerial-choosePort-notification');
  await evaluate(`${prompt}.${answer === 'Allow' ? 'button' : 'secondaryButton'}.click()`);
}

/** Puppeteer's BiDi connection, which Puppeteer's types do not declare. */
interface BidiConnection {
  send(
    method: string,
    params: object,
  ): Promise<{
    readonly result: {
      readonly contexts?: readonly { readonly context: string; readonly url: string }[];
      readonly result?: { readonly value?: unknown };
    };
  }>;
}
