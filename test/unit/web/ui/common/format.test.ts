// Times as the operator reads them, where the language of the machine writes AM and PM.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const { DateTimeFormat } = Intl;

beforeEach(() => {
  vi.stubGlobal('Intl', {
    ...Intl,
    DateTimeFormat: function american(_: undefined, options: Intl.DateTimeFormatOptions) {
      const format = new DateTimeFormat('en-US', { ...options, timeZone: 'UTC' });
      // Chromium puts a plain blank where Node may put a narrow one that does not break.
      return { format: (date: Date) => format.format(date).replaceAll('\u202f', ' ') };
    },
  });
});

afterEach(() => vi.unstubAllGlobals());

it('never lets AM or PM stand on a line of its own', async () => {
  const { clock, instant, moment } = await import('#web/ui/common/format.ts');
  for (const time of [clock, moment, instant]) expect(time('2026-11-23T22:13:26.123Z')).toMatch(/\u00a0PM$/);
});
