// All cases by name, for the screenshots and the layout check.
import type { BrowserContextOptions } from '@playwright/test';
import { ENGLISH } from '#build/languages/languages.ts';
import type { ScreenCase } from './driver.ts';
import { ORDER_CASES } from './order-cases.ts';
import { PAGE_CASES } from './page-cases.ts';
import { STATION_CASES } from './station-cases.ts';
import { TOKEN_CASES } from './token-cases.ts';

export const CASES: Readonly<Record<string, ScreenCase>> = {
  ...STATION_CASES,
  ...ORDER_CASES,
  ...TOKEN_CASES,
  ...PAGE_CASES,
};

/**
 * The options of the browser context of a case. Only one case has a service worker, because the
 * worker would answer requests that other cases delay.
 */
export function contextOptions(name: string, language = ENGLISH): BrowserContextOptions {
  return {
    serviceWorkers: name === 'station-offline' ? 'allow' : 'block',
    locale: language === ENGLISH ? 'en-GB' : language,
    timezoneId: 'UTC',
  };
}
