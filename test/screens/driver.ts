// Brings the page of the production build into one state after another, with simulated units and a
// real AS. Finds most controls by id, shortcut, link or value, because these do not change with the
// texts and the language of the page.
import type { Locator, Page } from '@playwright/test';
import { ENGLISH, pageName } from '#build/languages/languages.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';
import { injectSimulator } from '../e2e/support/inject.ts';
import type { Service } from '../e2e/support/service.ts';
import { DIVERSIFIED, FIELD_KEY, type TestSet } from '../e2e/support/sets.ts';
import type { IssuedVault } from '../e2e/support/vaults.ts';
import { hex, type Services } from './services.ts';
import type { Texts } from './texts.ts';
import { said } from './words.ts';

/** A case brings one page into several states in turn. Each state is named `case-state`. */
export type ScreenCase = (driver: Driver) => Promise<void>;

/** What is done with each state: its screenshots are taken, or its layout is checked. */
export interface StateVisitor {
  /** @param state for example `station-load-ready` */
  take(page: Page, state: string, media: 'screen' | 'print'): Promise<void>;
}

/** The CSS class of a lane, which determines its colour and shape. */
type LaneKind = 'waiting' | 'working' | 'done' | 'failed' | 'unknown' | 'aside';
type OpenOptions = Parameters<typeof injectSimulator>[2] & { readonly path?: string };

/** Maximum time between the click and the first sign of a sign-in. */
const ANSWER_MS = 10_000;
const MAX_ROUNDS = 60;
const SOON = { timeout: 1_000 };
const INSTANT = { identity: 0, challenge: 0, importKey: 0 };

/**
 * Describes a simulated unit whose SN ends with `number`. The page may use the unit without the
 * chooser. Different cases may use the same numbers.
 */
export function unit(number: number, more: Partial<UnitDescription> = {}, set: TestSet = DIVERSIFIED): UnitDescription {
  const { profile, transportKey, family } = set;
  const sn = `E2E0${String(number).padStart(12, '0')}`;
  const suites = family === 'hmac' ? [4] : [1, 2];
  return { sn, set: set.set, profile, transportKey, suites, latency: INSTANT, permitted: true, ...more };
}

export class Driver {
  readonly page: Page;
  readonly services: Services;
  /** The AS that open() loads the page from. */
  service: Service;
  readonly #name: string;
  readonly #visitor: StateVisitor;
  readonly #language: string;

  /** @param language the language in which the browser opens the page */
  constructor(name: string, page: Page, services: Services, visitor: StateVisitor, language = ENGLISH) {
    this.page = page;
    this.services = services;
    this.service = services.main;
    this.#name = name;
    this.#visitor = visitor;
    this.#language = language;
  }

  /** Returns a driver for another tab. The states of both drivers belong to the same case. */
  on(page: Page): Driver {
    return new Driver(this.#name, page, this.services, this.#visitor, this.#language);
  }

  /** The texts that people enter in this run. */
  get texts(): Texts {
    return this.services.texts;
  }

  /**
   * Hands a state to the visitor.
   * @param awaited selector of an element that exists as soon as the page has reached the state
   */
  async take(state = '', awaited = 'main', media: 'screen' | 'print' = 'screen'): Promise<void> {
    await this.find(awaited).waitFor();
    await this.#visitor.take(this.page, state === '' ? this.#name : `${this.#name}-${state}`, media);
  }

  find(selector: string): Locator {
    return this.page.locator(selector).first();
  }

  /**
   * Returns the button with an English text, by its translation. If `of` is given, returns the button in
   * the lane of this unit.
   */
  button(text: string, of?: UnitDescription): Locator {
    const place = of ? this.lane(of) : this.page;
    return place.getByRole('button', { name: said(this.#language, text), exact: true });
  }

  /** Returns the address of a page of the AS in the language of this driver. */
  addressOf(page: string): string {
    return `${this.service.url}/${pageName(page, this.#language)}`;
  }

  async click(selector: string): Promise<void> {
    await this.find(selector).click();
  }

  async gone(selector: string): Promise<void> {
    await this.find(selector).waitFor({ state: 'detached' });
  }

  /** Fills in the first field of a form and submits the form. */
  async send(form: Locator, text: string): Promise<void> {
    await form.locator('input').first().fill(text);
    await form.locator('[type=submit]').click();
  }

  async open(units: readonly UnitDescription[], { path = '/', ...options }: OpenOptions = {}): Promise<void> {
    await injectSimulator(this.page, units, options);
    await this.page.goto(this.service.url + path);
    await this.find('main h1, main h2').waitFor();
  }

  /** Opens the page, signs in and waits until the page has read every unit. */
  async start(units: readonly UnitDescription[], options?: OpenOptions): Promise<void> {
    await this.open(units, options);
    await this.signIn();
    await this.page.waitForFunction(() => document.querySelector('article.working') === null);
  }

  async enterCode(code: string): Promise<void> {
    const form = this.find('form:has(#code)');
    await form.locator('#code').fill(code);
    const [box, submit] = [form.locator('[type=checkbox]'), form.locator('[type=submit]')];
    const isOver = this.find('main:not(:has(#code))');
    const answered = box.or(isOver).or(this.find('#code[aria-invalid=true]'));
    // The page offers to sign in before it has fetched the root key. After that the box appears,
    // and the button is disabled until the box is ticked. A click that timed out may have worked.
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const isAsked = await box.isVisible();
      const isSent = await (isAsked ? box.check(SOON) : Promise.resolve())
        .then(() => submit.click(SOON))
        .then(
          () => true,
          () => false,
        );
      if (isSent && isAsked) return;
      if (isSent)
        await answered
          .first()
          .waitFor({ timeout: ANSWER_MS })
          .catch(() => undefined);
      if ((await isOver.isVisible()) || (isSent && !(await box.isVisible()))) return;
    }
  }

  async signIn(): Promise<void> {
    await this.enterCode(this.service.token);
    await this.gone('#code');
  }

  async signOut(): Promise<void> {
    await this.click('header [role=status] button');
  }

  async go(view: 'station' | 'orders' | 'history' | 'tokens' | 'help'): Promise<void> {
    await this.click(`nav a[href="#${view}"]`);
    await this.find(`nav a[href="#${view}"][aria-current=page]`).waitFor();
  }

  /**
   * Clicks the control with the shortcut `key`. If `of` is given, clicks the control in the lane of
   * this unit, otherwise the first one on the page.
   */
  async press(key: string, of?: UnitDescription): Promise<void> {
    const place = of ? this.lane(of) : this.page.locator('body');
    await place.locator(`[aria-keyshortcuts="${key}"]`).first().click();
  }

  /** Opens the chooser by its shortcut. `choice` is the SN of the device to choose, or 'cancel'. */
  async attach(choice: string, key: 'U' | 'S' = 'U'): Promise<void> {
    await this.page.evaluate((each) => window.keyferrySimulator?.nextChoice(each), choice);
    await this.press(key);
  }

  async fault({ sn }: UnitDescription, fault: Fault): Promise<void> {
    await this.page.evaluate(([unit, what]) => window.keyferrySimulator?.fault(unit, what), [sn, fault] as const);
  }

  async plug({ sn }: UnitDescription, act: 'plug' | 'unplug' = 'plug'): Promise<void> {
    await this.page.evaluate(([unit, what]) => window.keyferrySimulator?.[what](unit), [sn, act] as const);
  }

  lane({ sn }: UnitDescription): Locator {
    return this.page.locator('article').filter({ hasText: sn.padStart(32, '0') });
  }

  async until(kind: LaneKind, ...units: readonly UnitDescription[]): Promise<void> {
    for (const each of units)
      await this.lane(each)
        .and(this.page.locator(`.${kind}`))
        .waitFor();
  }

  /** @param sure true to tick the confirmation, which appears if the slot holds a key */
  async choose(of: UnitDescription, ref1 = FIELD_KEY.ref1, slot = 1, sure = false): Promise<void> {
    const lane = this.lane(of);
    const radio = lane.locator(`input[name$=slot][value="${slot}"]`);
    if (await radio.isVisible()) await radio.check();
    else await lane.locator(`[data-slot="${slot}"] button`).click();
    const keys = lane.locator('.chosen select');
    if (await keys.isVisible()) await keys.selectOption(String(ref1));
    const box = lane.locator('[type=checkbox]');
    if (sure && (await box.isVisible())) await box.check();
  }

  async load(of: UnitDescription, ref1 = FIELD_KEY.ref1, slot = 1): Promise<void> {
    await this.choose(of, ref1, slot, true);
    await this.press('L', of);
  }

  /** Delays the requests to `url` until the returned function is called. */
  async hold(url: string): Promise<() => void> {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await this.page.route(url, async (route) => {
      await released;
      await route.continue();
    });
    return () => release();
  }

  /** Issues an order that loads the field key of the set DIVERSIFIED into slot 2 of the units. */
  async issue(id: string, units: readonly UnitDescription[], ...options: readonly string[]): Promise<void> {
    const [set, line] = [hex(DIVERSIFIED.set), `${FIELD_KEY.ref1.toString(16)}:2`];
    const sns = units.flatMap(({ sn }) => ['--unit', sn]);
    const title = this.texts.title('Meters of the north');
    const words = ['order', 'add', this.texts.orderId(id), title, '--set', set, '--line', line];
    await this.service.cli(...words, ...sns, ...options);
  }

  /** Opens an order by the button in the list of orders. */
  async openOrder(id: string): Promise<void> {
    await this.go('orders');
    await this.page.locator('main li').filter({ hasText: id }).getByRole('button').first().click();
  }

  /**
   * Issues and opens an order for these units. `options` are options of `keyferry-as order add`.
   */
  async startOrder(id: string, units: readonly UnitDescription[], ...options: readonly string[]): Promise<void> {
    await this.issue(id, units, ...options);
    await this.start(units);
    await this.openOrder(id);
    await this.find('[role=progressbar]').waitFor();
  }

  async showSource(source: 'remote' | 'vault' | 'card'): Promise<void> {
    await this.go('tokens');
    await this.find(`main input[value=${source}]`).check();
  }

  /** Imports and unlocks a vault. */
  async openVault({ text, passphrase }: IssuedVault): Promise<void> {
    await this.showSource('vault');
    await this.giveFile('vault.json', text);
    await this.send(this.find('article form'), passphrase);
    await this.find('article a[href="#station"]').waitFor();
  }

  /** @param index position of the file field among the file fields of the view, from 0 */
  async giveFile(name: string, text: string, index = 0): Promise<void> {
    const file = { name: this.texts.fileName(name), mimeType: 'application/json', buffer: Buffer.from(text) };
    await this.page.locator('main input[type=file]').nth(index).setInputFiles(file);
  }
}
