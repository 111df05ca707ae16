import { expect, it } from 'vitest';
import { browserOf } from '#web/state/help/browser.ts';

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36';

it.each([
  [CHROME, 'Chrome', 148],
  [CHROME.replace('Chrome', 'HeadlessChrome'), 'Chrome', 148],
  [`${CHROME} Edg/148.0.0.0`, 'Edge', 148],
  [`${CHROME} OPR/120.0.0.0`, 'Opera', 120],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'Firefox', 153],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15',
    'Safari',
    18,
  ],
  ['curl/8.0', 'other browser', undefined],
])('%s is %s %s', (userAgent, name, version) => {
  expect(browserOf(userAgent)).toEqual({ name, version });
});
