// The page as an operator uses it: reads text and presses buttons by role and name.
import { expect, type Locator, type Page } from '@playwright/test';
import type { SimulatorControl } from '#device-sim/setup/control.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';

declare global {
  interface Window {
    keyferrySimulator?: SimulatorControl;
  }
}

export class StationPage {
  readonly page: Page;
  readonly token: Locator;
  readonly lanes: Locator;
  readonly #expect: typeof expect;

  /** @param patient an `expect` with a longer time limit, for a slow machine */
  constructor(page: Page, patient: typeof expect = expect) {
    this.page = page;
    this.#expect = patient;
    this.token = page.getByLabel('Access code');
    this.lanes = page.getByRole('article');
  }

  async signIn(token: string): Promise<void> {
    await this.token.fill(token);
    await this.submitCode();
    await this.#expect(this.page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  }

  /**
   * Submits the access code. At the first contact with an AS, also ticks the confirmation of its
   * root key. Other tests compare the groups of the root key.
   */
  async submitCode(): Promise<void> {
    const box = this.page.getByRole('checkbox', { name: 'All eight groups are the same' });
    const button = this.page.getByRole('button', { name: /^(Sign in|Trust AS and sign in)$/ });
    const signOut = this.page.getByRole('button', { name: 'Sign out' });
    await this.#expect(async () => {
      // On a busy machine the request of an earlier click can be late.
      if (await signOut.isVisible()) return;
      if (await box.isVisible()) await box.check({ timeout: 2_000 });
      const isSent = this.page.waitForRequest('**/v1/whoami', { timeout: 3_000 });
      await Promise.all([isSent, button.click({ timeout: 2_000 })]);
    }).toPass();
  }

  /** Presses the button of the link. The simulated chooser then chooses the unit. */
  async attach(kind: 'USB' | 'Serial', sn: string): Promise<LanePage> {
    await this.page.evaluate((choice) => window.keyferrySimulator?.nextChoice(choice), sn);
    await this.page.getByRole('button', { name: kind, exact: true }).click();
    return this.lane(sn);
  }

  lane(sn: string): LanePage {
    return new LanePage(this.lanes.filter({ hasText: sn.toUpperCase().padStart(32, '0') }), this.#expect);
  }

  /** Attaches the first unit in the chooser of the demo. */
  async attachFirst(kind: 'USB' | 'Serial'): Promise<LanePage> {
    await this.page.getByRole('button', { name: kind, exact: true }).click();
    const chooser = this.page.getByRole('dialog');
    await chooser.getByRole('radio').or(chooser.getByRole('option')).first().click();
    await chooser.getByRole('button', { name: 'Connect' }).click();
    const lane = this.onlyLane();
    await lane.expectWord('Ready');
    return lane;
  }

  /** Returns the only lane of the page. Used for a device without an SN. */
  onlyLane(): LanePage {
    return new LanePage(this.lanes, this.#expect);
  }

  async openHistory(): Promise<Locator> {
    await this.page.getByRole('link', { name: 'History' }).click();
    await this.#expect(this.page.getByRole('heading', { level: 1, name: 'History' })).toBeVisible();
    const opener = this.page.locator('button[aria-expanded]');
    return this.page.getByRole('main').getByRole('listitem').filter({ has: opener });
  }

  async openStation(): Promise<void> {
    await this.page.getByRole('link', { name: 'Station', exact: true }).click();
  }

  async fault(sn: string, fault: Fault): Promise<void> {
    await this.page.evaluate(([unit, what]) => window.keyferrySimulator?.fault(unit, what), [sn, fault] as const);
  }

  async plug(sn: string): Promise<void> {
    await this.page.evaluate((unit) => window.keyferrySimulator?.plug(unit), sn);
  }

  async unplug(sn: string): Promise<void> {
    await this.page.evaluate((unit) => window.keyferrySimulator?.unplug(unit), sn);
  }

  async addUnit(description: UnitDescription): Promise<void> {
    await this.page.evaluate((unit) => window.keyferrySimulator?.add(unit), description);
  }
}

export class LanePage {
  readonly root: Locator;
  /** The heading of the lane, which shows its state. */
  readonly word: Locator;
  readonly conversation: Locator;
  readonly #expect: typeof expect;

  constructor(root: Locator, patient: typeof expect) {
    this.root = root;
    this.#expect = patient;
    this.word = root.getByRole('heading', { level: 2 });
    this.conversation = root.getByText('Conversation');
  }

  async expectWord(word: string): Promise<void> {
    await this.#expect(this.word).toHaveText(word);
  }

  /** Records each state that the lane shows from now on. Returns a function that reads them. */
  async recordWords(): Promise<() => Promise<readonly string[]>> {
    const words = await this.root.evaluateHandle((lane) => {
      const seen: string[] = [];
      const read = (): void => {
        const word = lane.querySelector('h2')?.textContent ?? '';
        if (word !== seen.at(-1)) seen.push(word);
      };
      new MutationObserver(read).observe(lane, { subtree: true, childList: true, characterData: true });
      read();
      return seen;
    });
    return () => words.jsonValue();
  }

  /** Checks that the text of the lane contains `words`. */
  async expectSaid(words: string | RegExp): Promise<void> {
    await this.#expect(this.root).toContainText(words);
  }

  /** Returns the radio button of a slot that can take a key. */
  slot(slot: number): Locator {
    return this.root.getByRole('radio', { name: new RegExp(`^Slot ${slot}\\b`) });
  }

  /** Returns the list from which the operator chooses the key for the slot. */
  keys(slot: number): Locator {
    return this.root.getByRole('combobox', { name: `Key for slot ${slot}` });
  }

  async choose(key: string, slot: number): Promise<void> {
    const another = this.root.getByRole('button', { name: `Choose another key for slot ${slot}` });
    await this.#expect(this.slot(slot).or(another)).toBeVisible();
    if (await another.isVisible()) await another.click();
    else await this.slot(slot).check();
    const keys = this.keys(slot);
    if (await keys.isVisible()) {
      const option = keys.locator('option', { hasText: key });
      await keys.selectOption((await option.getAttribute('value')) ?? '');
    }
    await this.#expect(this.root.locator('.chosen')).toContainText(key);
  }

  /**
   * Chooses the key and the slot, confirms the replacement of a stored key if the page asks for it,
   * and starts the load.
   */
  async load(key: string, slot: number): Promise<void> {
    await this.choose(key, slot);
    await this.confirm();
    await this.press(`Load into slot ${slot}`);
  }

  /** Ticks the confirmation, if the page shows one. */
  async confirm(): Promise<void> {
    const box = this.root.getByRole('checkbox');
    if (await box.isVisible()) await box.check();
  }

  async press(name: string): Promise<void> {
    await this.root.getByRole('button', { name, exact: true }).click();
  }

  /** Returns the number of exchanges in the conversation, from its heading. */
  async exchanges(): Promise<number> {
    const text = await this.conversation.textContent();
    return Number(/(\d+)/.exec(text ?? '')?.[1]);
  }

  async openConversation(): Promise<Locator> {
    await this.conversation.click();
    const exchanges = this.root.getByRole('listitem').filter({ hasText: 'sent' });
    await this.#expect(exchanges.first()).toBeVisible(); // the code is loaded on first use
    return exchanges;
  }
}
