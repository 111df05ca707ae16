// The released page in each language but English: an operator loads a key with the keyboard alone, and
// every view is accessible in light and dark mode, shows every text whole, and keeps hex numbers in
// their sequence. Expected texts come from the catalogues.
import { test as base, expect, type Page } from '@playwright/test';
import { builtLanguages, directionOf, ENGLISH } from '#build/languages/languages.ts';
import { findLayoutFaults } from '../layout/layout-check.ts';
import { Driver, type StateVisitor, unit } from '../screens/driver.ts';
import { Services } from '../screens/services.ts';
import { said } from '../screens/words.ts';
import { expectAccessible } from './support/accessible.ts';
import { countLoaded, MAX_TRANSLATED_BYTES } from './support/first-key.ts';
import { FIELD_KEY, NEXT_KEY } from './support/sets.ts';

const LANGUAGES = builtLanguages(process.env).filter((language) => language !== ENGLISH);
const WINDOWS = ['320 px', '390 px', '1440 px'] as const;
const MAX_TABS = 60;

const test = base.extend<object, { readonly services: Services }>({
  services: [
    async ({ browserName: _ }, use) => {
      const services = await Services.start();
      await use(services);
      await services.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** Presses Tab until the control with this selector has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < MAX_TABS; presses++) {
    await page.keyboard.press('Tab');
    const isThere = await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector);
    if (isThere) return;
  }
  throw new Error(`no Tab leads to ${selector}`);
}

/** Checks each state of the page in one language. */
class LanguageCheck implements StateVisitor {
  /** One text per state with faults. */
  readonly reports: string[] = [];
  readonly #language: string;

  constructor(language: string) {
    this.#language = language;
  }

  async take(page: Page, state: string): Promise<void> {
    const html = page.locator('html');
    await expect(html, state).toHaveAttribute('lang', this.#language);
    await expect(html, state).toHaveCSS('direction', directionOf(this.#language));
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `${state} in ${colorScheme} mode`);
    }
    const faults = await findLayoutFaults(page, { windows: WINDOWS, variants: 'unchanged' });
    const reading = await page.evaluate(findReadingFaults);
    if (faults.length + reading.length > 0) this.reports.push([state, ...faults, ...reading].join('\n  '));
  }
}

/**
 * Runs in the page. Returns the hex numbers whose characters are not from left to right, the blocks that
 * begin at the wrong edge, and the texts
 * with digits that are not Latin.
 */
function findReadingFaults(): string[] {
  const leftOf = (node: Text, index: number): { left: number; top: number } => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + 1);
    return range.getBoundingClientRect();
  };
  const isReversed = (element: Element): boolean => {
    const nodes: Text[] = [];
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) nodes.push(walker.currentNode as Text);
    const seen = nodes.filter(({ parentElement }) => parentElement?.closest('.unseen') === null);
    const places = seen.flatMap((node) =>
      [...node.data].flatMap((character, index) => (character.trim() === '' ? [] : [leftOf(node, index)])),
    );
    return places.some(({ left, top }, index) => {
      const before = places[index - 1];
      return before !== undefined && Math.abs(before.top - top) < 4 && before.left > left;
    });
  };
  /** Whether a block begins at the opposite edge to its parent, because their directions differ. */
  const isAtOtherEdge = (element: Element): boolean => {
    const style = getComputedStyle(element);
    const outer = getComputedStyle(element.parentElement ?? element);
    const isBlock = style.display !== 'inline' && element.checkVisibility() && !element.matches('pre');
    const edge = style.textAlign === 'start' ? (style.direction === 'rtl' ? 'right' : 'left') : style.textAlign;
    return isBlock && style.direction !== outer.direction && edge === (outer.direction === 'rtl' ? 'left' : 'right');
  };
  const isHex = ({ textContent }: Element): boolean => /^[0-9A-F][0-9A-F ]{3,}$/.test(textContent?.trim() ?? '');
  const hex = [...document.querySelectorAll('main :is(.mono, code, bdi)')].filter(
    (element) => isHex(element) && element.checkVisibility(),
  );
  return [
    ...[...document.querySelectorAll('main :is(.mono, code, bdi)')]
      .filter(isAtOtherEdge)
      .map(({ textContent }) => `begins at the wrong edge: ${textContent}`),
    ...hex.filter(isReversed).map(({ textContent }) => `not from left to right: ${textContent}`),
    ...document.body.innerText
      .split('\n')
      .filter((line) => /(?![0-9])\p{Nd}/u.test(line))
      .map((line) => `digits that are not Latin: ${line}`),
  ];
}

for (const language of LANGUAGES) {
  test.describe(`in ${language}`, { tag: '@long' }, () => {
    test.use({ locale: language, serviceWorkers: 'block', timezoneId: 'UTC' });

    test('a key is loaded with the keyboard alone, and every view is whole and accessible', async ({
      page,
      services,
    }) => {
      const check = new LanguageCheck(language);
      const driver = new Driver(language, page, services, check);
      const [one, refused] = [unit(1, { permitted: false, link: 'serial' }), unit(2, { permitted: false })];
      const [lane, order] = [driver.lane(one), `${language}-1`.toUpperCase()];
      await driver.issue(order, [unit(3)]);

      const loaded = countLoaded(page, language);
      await driver.open([one, refused]);
      await expect(page).toHaveURL(new RegExp(`/index\\.${language}\\.html`));
      await expect(page.locator('nav a[href="#station"]')).toContainText(said(language, 'Station'));
      await page.locator('#code').focus();
      await page.keyboard.type(driver.service.token);
      await driver.take('first-contact', 'form:has(#code) [type=checkbox]');
      await tabTo(page, 'form:has(#code) [type=checkbox]');
      await page.keyboard.press('Space');
      await tabTo(page, 'form:has(#code) [type=submit]');
      await page.keyboard.press('Enter');
      await driver.gone('#code');
      await expect(page.getByRole('button', { name: said(language, 'Sign out') })).toBeVisible();
      await driver.take('station');

      await page.evaluate((choice) => window.keyferrySimulator?.nextChoice(choice), one.sn);
      await tabTo(page, '[aria-keyshortcuts="S"]');
      await page.keyboard.press('Enter');
      await driver.until('waiting', one);
      await tabTo(page, 'article input[name$=slot]');
      await page.keyboard.press('Space');
      await tabTo(page, 'article .chosen select');
      await page.keyboard.type(FIELD_KEY.label);
      await driver.take('chosen', '[aria-keyshortcuts="L"]');
      await tabTo(page, '[aria-keyshortcuts="L"]');
      await page.keyboard.press('Enter');
      await driver.until('done', one);
      await expect(lane.getByRole('heading', { level: 2 })).toHaveText(said(language, 'Unplug', 'ui/messages'));
      expect(loaded(), 'bytes loaded for the first key').toBeLessThanOrEqual(MAX_TRANSLATED_BYTES);
      await driver.take('loaded');

      await driver.fault(refused, { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 });
      await driver.attach(refused.sn);
      await driver.load(refused, NEXT_KEY.ref1, 2);
      await driver.until('failed', refused);
      await driver.take('failed');

      await driver.go('orders');
      await driver.take('orders', `main li:has-text("${order}") button`);
      await driver.openOrder(order);
      await driver.take('order', '[role=progressbar]');
      await driver.go('history');
      await driver.click('main li > button[aria-expanded]');
      await driver.take('history', 'main li > button[aria-expanded=true]');
      await driver.go('tokens');
      await driver.take('tokens', 'main input[value=vault]');
      await driver.go('help');
      await driver.take('help', 'main > section:first-of-type > button:enabled');
      const guide = page.locator(`main a[href="guide/${language}/engineer.html"]`);
      await expect(guide).toHaveText(said(language, 'Loading keys'));
      const inEnglish = page.locator('main a[href="guide/firmware.html"]');
      await expect(inEnglish).toHaveAttribute('hreflang', ENGLISH);
      await expect(inEnglish).not.toHaveText(said(language, 'Writing the firmware of a unit'));
      const opened = page.waitForEvent('popup');
      await guide.click();
      await expect((await opened).locator('html')).toHaveAttribute('lang', language);
      expect(check.reports.join('\n'), 'faults').toBe('');
    });
  });
}
