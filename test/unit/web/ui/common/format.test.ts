// Formats times in a language that writes AM and PM.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const { DateTimeFormat } = Intl;

beforeEach(() => {
  vi.stubGlobal('Intl', {
    ...Intl,
    DateTimeFormat: function american(_: undefined, options: Intl.DateTimeFormatOptions) {
      const format = new DateTimeFormat('en-US', { ...options, timeZone: 'UTC' });
      // Before AM and PM, Chromium has a plain space and some versions of Node a narrow no-break
      // one.
      return { format: (date: Date) => format.format(date).replaceAll('\u202f', ' ') };
    },
  });
});

afterEach(() => vi.unstubAllGlobals());

it('has a no-break space before AM and PM, so that no line begins with them', async () => {
  const { clock, instant, moment } = await import('#web/ui/common/format.ts');
  for (const time of [clock, moment, instant]) expect(time('2026-11-23T22:13:26.123Z')).toMatch(/\u00a0PM$/);
});
