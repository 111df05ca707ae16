// Accessibility of the page: checks every state with axe in light and dark mode, at 320 px and at
// 200 % zoom, and loads a key with the keyboard alone.
import type { Page } from '@playwright/test';
import { expectAccessible } from './support/accessible.ts';
import { FIELD_KEY, NEXT_KEY } from './support/sets.ts';
import type { StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';

async function expectReadable(page: Page, state: string): Promise<void> {
  await expectAccessible(page, state);
  expect(await page.evaluate(tornOctets), `${state}: breaks elsewhere than in its middle, or a KCV`).toEqual([]);
}

/**
 * Runs in the page. Returns the hex texts that are broken into two lines where this is not allowed.
 */
function tornOctets(): string[] {
  const height = (node: Node): number => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const tops = [...range.getClientRects()].map(({ top }) => top);
    return tops.length === 0 ? 0 : Math.max(...tops) - Math.min(...tops);
  };
  const isTorn = (digits: Element): boolean => {
    const groups = [...digits.querySelectorAll('.group')];
    if (groups.length < 4) return height(digits) > 8;
    // A text of four or more groups may have one line break, after half of its groups.
    const tops = groups.map((group) => group.getBoundingClientRect().top);
    const isEven = (half: number[]): boolean => Math.max(...half) - Math.min(...half) <= 8;
    const middle = tops.length / 2;
    return groups.some((group) => height(group) > 8) || !isEven(tops.slice(0, middle)) || !isEven(tops.slice(middle));
  };
  const all = [...document.querySelectorAll('.mono:has(> .group)')];
  return all.filter(isTorn).map(({ textContent }) => textContent ?? '');
}

/** Brings the page into each of its states and checks each state. */
async function visitEveryState(station: StationPage, token: string, sns: { good: string; bad: string; cut: string }) {
  const { page } = station;
  const look = (state: string): Promise<void> => expectReadable(page, state);
  await expect(page.getByRole('heading', { name: 'Three steps to a loaded key' })).toBeVisible();
  await look('signed out');
  await station.token.fill('KF-00000-00000-00000-00000-00000-00000');
  await expect(page.getByRole('checkbox', { name: 'All eight groups are the same' })).toBeVisible();
  await look('first contact');
  await station.submitCode();
  await expect(page.getByText('access-code-refused')).toBeVisible();
  await look('sign-in refused');
  await station.signIn(token);
  await look('signed in');

  const good = await station.attach('USB', sns.good);
  await good.expectWord('Ready');
  await look('ready');
  await good.choose(FIELD_KEY.label, 1);
  await look('chosen');
  await good.press('Load into slot 1');
  await good.expectWord('Loading');
  await look('loading');
  await good.expectWord('Unplug');
  await look('done');
  await good.openConversation();
  await look('conversation');
  await good.press('Load another key');
  await good.choose(NEXT_KEY.label, 1);
  await good.expectSaid(/This replaces version \d+ in slot 1/);
  await look('replacing');

  await station.fault(sns.bad, { fault: 'refuse', ins: 0xd8, statusWord: 0x6988 });
  const bad = await station.attach('USB', sns.bad);
  await bad.load(FIELD_KEY.label, 1);
  await bad.expectWord('Not loaded');
  await look('failed');

  const cut = await station.attach('USB', sns.cut);
  await cut.expectWord('Ready');
  await station.fault(sns.cut, { fault: 'unplug', direction: 'in', after: 60 });
  await cut.load(FIELD_KEY.label, 1);
  await cut.expectWord('Plug in again');
  await look('unknown');

  const rows = await station.openHistory();
  await expect(rows.first()).toBeVisible();
  await look('history');
  await rows.last().getByRole('button').first().click();
  await expect(rows.last()).toContainText('Receipt');
  await look('history, one attempt');
}

/** Runs only in `npm run test:long`. */
const LONG = { tag: '@long' };

const VIEWS = [
  { name: 'in light mode', details: {}, use: { colorScheme: 'light' } },
  { name: 'in dark mode', details: LONG, use: { colorScheme: 'dark' } },
  // The window is so tall that the bar at the bottom covers no control, which axe would report.
  { name: 'at 320 px', details: LONG, use: { viewport: { width: 320, height: 9000 } } },
  {
    name: 'at 200 % zoom, reduced motion',
    details: LONG,
    use: { viewport: { width: 640, height: 9000 }, deviceScaleFactor: 2, reducedMotion: 'reduce' },
  },
  { name: 'in forced colours', details: LONG, use: { forcedColors: 'active' } },
] as const;

for (const { name, details, use } of VIEWS) {
  test.describe(name, details, () => {
    test.use({ contextOptions: use });
    test('every state is accessible', async ({ open, service }) => {
      test.slow();
      const slowly = { latency: { identity: 0, challenge: 0, importKey: 2500 } };
      const [good, bad, cut] = [unit(undefined, slowly), unit(), unit()];
      const station = await open([good, bad, cut]);
      await visitEveryState(station, service.token, { good: good.sn, bad: bad.sn, cut: cut.sn });
    });
  });
}

test('an operator can load a key with the keyboard alone', async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  /** Presses Tab until a control with this name has the focus. */
  const tabTo = async (name: string | RegExp): Promise<void> => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      const label = await page.evaluate(() => {
        const focused = document.activeElement;
        const labels =
          focused instanceof HTMLInputElement ||
          focused instanceof HTMLTextAreaElement ||
          focused instanceof HTMLSelectElement
            ? [...(focused.labels ?? [])]
            : [];
        return (labels[0] ?? focused)?.textContent?.trim() ?? '';
      });
      if (typeof name === 'string' ? label.startsWith(name) : name.test(label)) return;
    }
    throw new Error(`no Tab leads to ${name}`);
  };
  await expect(station.token).toBeFocused();
  await page.keyboard.type(service.token);
  await tabTo('All eight groups are the same');
  await page.keyboard.press('Space');
  await tabTo('Trust AS and sign in');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();

  await page.evaluate((sn) => window.keyferrySimulator?.nextChoice(sn), one.sn);
  await tabTo(/^USB/);
  await page.keyboard.press('Enter');
  const lane = station.lane(one.sn);
  await lane.expectWord('Ready');

  await tabTo(/^Slot 1/);
  await page.keyboard.press('Space');
  await expect(lane.slot(1)).toBeChecked();
  await tabTo('Key for slot 1');
  await page.keyboard.type(FIELD_KEY.label);
  await expect(lane.root.locator('.chosen')).toContainText(FIELD_KEY.label);
  await tabTo(/^Load into slot 1/);
  const outline = await page.locator(':focus').evaluate((element) => getComputedStyle(element).outlineStyle);
  expect(outline, 'the focus can be seen').not.toBe('none');
  await page.keyboard.press('Enter');
  await lane.expectWord('Unplug');
});

test('a half-typed access code keeps its text and the focus when the first unit is plugged in', async ({
  open,
  page,
}) => {
  const one = unit(undefined, { plugged: false });
  const station = await open([one]);
  await station.plug(one.sn);
  await station.attach('USB', one.sn);
  await station.lane(one.sn).expectWord('Attached');
  await station.unplug(one.sn);
  await expect(station.lanes).toHaveCount(0);
  await station.token.pressSequentially('kf-half');
  await station.plug(one.sn);
  await station.lane(one.sn).expectWord('Attached');
  await expect(station.token).toHaveValue('HALF');
  await expect(station.token).toBeFocused();
  await page.keyboard.type('-and-more');
  await expect(station.token).toHaveValue('HALFA-NDMOR-E');
});

test('single-key shortcuts work, and can be turned off', async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  await page.evaluate((sn) => window.keyferrySimulator?.nextChoice(sn), one.sn);
  await page.keyboard.press('u');
  const lane = station.lane(one.sn);
  await lane.expectWord('Ready');
  await lane.choose(FIELD_KEY.label, 1);
  const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await page.keyboard.press('?');
  await expect(list).toContainText('Load the chosen key');
  await expectAccessible(page, 'shortcuts');
  await list.getByRole('checkbox', { name: 'Use single-key shortcuts' }).uncheck();
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await page.keyboard.press('l');
  await page.keyboard.press('?');
  await lane.expectWord('Ready');
  await expect(list).toBeHidden();
  await page.getByRole('button', { name: /^Shortcuts/ }).click();
  await list.getByRole('checkbox', { name: 'Use single-key shortcuts' }).check();
  await list.getByRole('button', { name: 'Close' }).click();
  await page.keyboard.press('l');
  await lane.expectWord('Unplug');
});

test('the shortcuts dialog lists every shortcut', { tag: '@long' }, async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  await station.attach('USB', one.sn);
  await station.lane(one.sn).expectWord('Ready');
  const acting = await page
    .locator('[aria-keyshortcuts]')
    .evaluateAll((controls) => controls.map((control) => control.getAttribute('aria-keyshortcuts') ?? ''));
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  const listed = await page.getByRole('dialog').locator('kbd').allTextContents();
  expect(acting.length).toBeGreaterThan(7);
  expect(listed).toEqual(expect.arrayContaining(acting.filter((key) => key !== '?')));
});

test('the skip link moves the focus to the content, and signing in moves it to the next step', async ({
  open,
  service,
  page,
}) => {
  const station = await open([]);
  await expect(page.getByLabel('Access code')).toBeFocused();
  // The focus is already in the content, so the test first moves it to the skip link.
  const skip = page.getByRole('button', { name: 'Skip to the content' });
  await skip.focus();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Access code')).toBeFocused();
  await page.keyboard.type(service.token);
  await station.submitCode();
  await expect(page.getByRole('heading', { name: 'Attach a unit' })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'USB', exact: true })).toBeFocused();
});

test('a partly typed access code remains after a change of view, and is not stored', { tag: '@long' }, async ({
  open,
  page,
}) => {
  const station = await open([]);
  await station.token.fill('KF-half');
  await page.getByRole('link', { name: 'History' }).click();
  await expect(page.getByText('No attempts yet')).toBeVisible();
  await station.openStation();
  await expect(station.token).toHaveValue('HALF');
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]));
  expect(stored).not.toContain('KF-half');
  await page.reload();
  await expect(station.token).toHaveValue('');
});

test('an access code is shown in groups, stays in the field when refused, and is accepted with the changes that mail programs make', async ({
  open,
  service,
  page,
}) => {
  const station = await open([]);
  const groups = service.token.slice(3);
  await expect(station.token).toBeFocused();
  await page.keyboard.type(groups.replaceAll('-', '').toLowerCase());
  await expect(station.token).toHaveValue(groups);
  await expect(page.getByText('Complete.')).toBeVisible();
  await page.keyboard.type('7');
  await page.keyboard.press('Enter');
  await expect(page.getByText('An access code has 30 characters after KF. This one has 31.')).toBeVisible();
  await station.token.fill('KF-00000-00000-00000-00000-00000-00000');
  await station.submitCode();
  await expect(page.getByText('Check the access code.')).toBeVisible();
  await expect(page.getByText('Sign in again')).toHaveCount(0);
  await expect(station.token).toHaveAttribute('aria-invalid', 'true');
  await expect(station.token).toHaveValue('00000-00000-00000-00000-00000-00000');
  await expect(station.token).toBeFocused();
  const input = await station.token.elementHandle();
  await station.signIn(` ${service.token.replaceAll('-', '\u2011')}\u200b `);
  expect(await input?.inputValue(), 'the code is gone once it was taken').toBe('');
});

for (const width of [320, 390, 1440]) {
  test(`the whole access code fits its field at ${width} px`, async ({ open, page, service }) => {
    await page.setViewportSize({ width, height: 800 });
    const station = await open([]);
    await station.token.fill(service.token);
    const { scroll, client, right } = await station.token.evaluate((field) => ({
      scroll: field.scrollHeight,
      client: field.clientHeight,
      right: field.getBoundingClientRect().right,
    }));
    expect(scroll).toBeLessThanOrEqual(client);
    expect(right).toBeLessThanOrEqual(width);
  });
}

test('the root key is shown at the first contact as the service prints it, and must be confirmed', async ({
  open,
  page,
  service,
}) => {
  const station = await open([]);
  const [groups = ''] = /(?:[0-9A-F]{4} ?){8}/.exec(await service.cli('trust')) ?? [];
  await expect(page.locator('.groups')).toHaveText(groups.trim());
  await page.getByRole('button', { name: 'Show QR code' }).press('Enter');
  await expect(page.getByRole('heading', { name: 'Compare the root key' })).toBeFocused();
  await expect(page.getByRole('img', { name: 'The same eight groups as a QR code' })).toBeVisible();
  await station.token.fill(service.token);
  await expect(page.getByRole('button', { name: 'Trust AS and sign in' })).toBeDisabled();
  await page.getByRole('button', { name: 'The groups differ' }).press('Enter');
  await expect(page.getByRole('button', { name: 'Compare again' })).toBeFocused();
  await expect(page.getByText('Stop here and call your administrator.')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: 'All eight groups are the same' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Trust AS and sign in' })).toBeDisabled();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'The groups differ' })).toBeFocused();
  await station.submitCode();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(page.locator('.groups')).toHaveCount(0);
});

test('no access code is in the field after signing out, even if the view changed during the sign-in', {
  tag: '@long',
}, async ({ open, service, page }) => {
  const station = await open([]);
  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/v1/whoami', async (route) => {
    await held;
    await route.continue();
  });
  await station.token.fill(service.token);
  await station.submitCode();
  await page.getByRole('link', { name: 'History' }).click();
  await expect(page.getByText('No attempts yet')).toBeVisible();
  answer();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await station.openStation();
  await expect(station.token).toHaveValue('');
});
