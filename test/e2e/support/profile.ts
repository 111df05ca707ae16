// Starts a browser with a profile on disk, which a later browser can open again.
import { type BrowserContext, chromium } from '@playwright/test';
import { chromiumSwitches, findChromium } from '#test/support/chromium.ts';
import { armKill } from '#test/support/kill-browser.ts';

export interface ProfileBrowser {
  readonly context: BrowserContext;
  /** Kills the browser with SIGKILL. */
  readonly kill: () => Promise<void>;
}

export async function launchProfile(
  folder: string,
  { serviceWorkers }: { readonly serviceWorkers: 'allow' | 'block' },
): Promise<ProfileBrowser> {
  const executablePath = findChromium();
  const context = await chromium.launchPersistentContext(folder, {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: chromiumSwitches(),
    serviceWorkers,
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  return { context, kill: await armKill(context) };
}
