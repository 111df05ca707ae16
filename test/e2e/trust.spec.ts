// The AS was installed again and has another root key. No key is loaded before the operator accepts
// the new root key.
import { rm } from 'node:fs/promises';
import { Service } from './support/service.ts';
import { expect, test } from './support/test.ts';

test('the root key of a new installation is pinned only after a confirmation and a click', async ({ open, page }) => {
  const own = await Service.start({ bare: true });
  try {
    const station = await open([], own);
    await station.signIn(own.token);
    await page.getByRole('button', { name: 'Sign out' }).click();

    await own.halt();
    await rm(own.folder, { recursive: true });
    const token = await own.resume();
    const printed = await own.cli('trust');
    const [fingerprint = ''] = /(?:[0-9A-F]{4} ?){8}/.exec(printed) ?? [];

    await station.token.fill(token);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByText('Stop here and call your administrator')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Was the AS set up again?' })).toBeVisible();
    const shown = page.getByRole('definition').last();
    await expect(shown).toContainText(fingerprint.trim());
    const trust = page.getByRole('button', { name: 'Trust AS' });
    await expect(trust).toBeDisabled();
    await expect(page.getByRole('main').locator('button.primary')).toHaveCount(0);
    await page.getByRole('checkbox', { name: /read out this root key/ }).check();
    await trust.click();
    await expect(trust).toHaveCount(0);
    await expect(station.token).toBeFocused();
    await expect(page.getByRole('main').locator('button.primary')).toHaveText('Sign in');
    await station.signIn(token);
  } finally {
    await own.stop();
  }
});
