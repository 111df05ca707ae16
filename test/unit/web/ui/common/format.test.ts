// Times and counts as the operator reads them: the same calendar, Latin digits and a time zone in
// every language, and no line break before AM and PM.
import { describe, expect, it } from 'vitest';
import { COUNT } from '#web/text/locale.ts';
import { isolated, momentFormatter, timeFormatter } from '#web/ui/common/format.ts';

const TIME = '2026-11-23T12:13:26.123Z';
const LOCALES = ['th-TH', 'ar-EG', 'ar-SA', 'fa-IR', 'ne-NP', 'mr-IN', 'my-MM', 'ja-JP-u-ca-japanese', 'de-DE'];

describe('a time', () => {
  it.each(LOCALES)('has a Gregorian year, Latin digits and a zone in %s', (locale) => {
    const shown = momentFormatter(locale)(TIME);
    expect(shown).toContain('2026');
    expect(shown).toMatch(/\u00a0GMT([+-]\d+(:\d\d)?)?$/);
    const clock = timeFormatter({ hour: '2-digit', minute: '2-digit', second: '2-digit' }, locale)(TIME);
    for (const each of [shown, clock]) {
      expect(each.match(/\p{Nd}/gu)?.filter((digit) => !/[0-9]/.test(digit))).toEqual([]);
    }
  });

  it('has no line break before AM or PM', () => {
    const options = { hour: '2-digit', minute: '2-digit' } as const;
    for (const format of [momentFormatter('en-US'), timeFormatter(options, 'en-US')]) {
      expect(format(TIME)).toMatch(/[\u00a0\u202f][AP]M/);
    }
  });
});

it('counts are shown in Latin digits', () => {
  for (const locale of LOCALES) expect((20_000).toLocaleString(locale, COUNT)).toMatch(/^[0-9.,\u00a0\u202f']+$/);
});

it('a text that reorders other text is isolated', () => {
  expect(isolated('JOB-\u202e1174')).toBe('\u2068JOB-\u202e1174\u2069');
  expect(isolated('JOB-4711')).toBe('JOB-4711');
});

it('a time that is not today has its day', async () => {
  const { dayAndClock } = await import('#web/ui/common/format.ts');
  const now = new Date(2026, 10, 23, 22, 0);
  expect(dayAndClock(new Date(2026, 10, 23, 23, 59).toISOString(), now)).toMatch(/^today /);
  expect(dayAndClock(new Date(2026, 10, 24, 3, 29).toISOString(), now)).toMatch(/^tomorrow /);
  expect(dayAndClock(new Date(2026, 10, 25, 0, 0).toISOString(), now)).toMatch(/^Nov 2[45] /);
});
