// The AS was set up anew: its root key is another one. Nothing is loaded until an operator has compared it with its administrator.
import { rm } from 'node:fs/promises';
import { Service } from './support/service.ts';
import { expect, test } from './support/test.ts';

test('a service that was set up anew is trusted only by two deliberate acts', async ({ open, page }) => {
  const own = await Service.start({ bare: true });
  try {
    const station = await open([], own);
    await station.signIn(own.token);
    await page.getByRole('button', { name: 'Sign out' }).click();

    await own.halt();
    await rm(own.folder, { recursive: true });
    const token = await own.resume();
    const printed = await own.cli('trust');
    const [fingerprint = ''] = /(?:[0-9A-F]{4} ?){4}/.exec(printed) ?? [];

    await station.token.fill(token);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByText('Stop here and call the administrator of the AS')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Was it set up anew?' })).toBeVisible();
    const shown = page.getByRole('definition').last();
    await expect(shown).toHaveText(fingerprint.replaceAll(' ', ''));
    const trust = page.getByRole('button', { name: 'Trust this service instead' });
    await expect(trust).toBeDisabled();
    await page.getByRole('checkbox', { name: /read out this very root key/ }).check();
    await trust.click();
    await expect(trust).toHaveCount(0);
    await expect(station.token).toBeFocused();
    await station.signIn(token);
  } finally {
    await own.stop();
  }
});
