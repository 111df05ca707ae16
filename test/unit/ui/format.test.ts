// Times as the operator reads them, in the language of the machine that runs the test.
import { expect, it } from 'vitest';
import { clock, instant, moment } from '#web/ui/format.ts';

it('never lets AM or PM stand on a line of its own', () => {
  for (const time of [clock, moment, instant]) expect(time('2026-11-23T22:13:26.123Z')).not.toMatch(/ [AP]M/i);
});
