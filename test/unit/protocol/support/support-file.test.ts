// The limits of the members that the demo reads from a support file.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { SUPPORT_FORMAT, SUPPORT_VERSION, supportFileSchema } from '#protocol/support/support-file.ts';

const EXCHANGE = { header: '80E20000', statusWord: '9000' };
const FAILURE = { code: 'unit-refused', command: 'IMPORT KEY 2', statusWord: '6982' };
const ATTEMPT = { at: '2030-01-01T12:00:00Z', link: 'usb', failure: FAILURE, exchanges: [EXCHANGE] };

const isRead = (value: unknown): boolean => v.safeParse(supportFileSchema, value).success;
const withAttempt = (change: object) => ({ version: 1, attempts: [{ ...ATTEMPT, ...change }] });
const withFailure = (change: object) => withAttempt({ failure: { ...FAILURE, ...change } });
const withExchange = (change: object) => withAttempt({ exchanges: [{ ...EXCHANGE, ...change }] });

it('the format of a support file is published', () => {
  expect([SUPPORT_FORMAT, SUPPORT_VERSION]).toEqual(['keyferry-support', 1]);
});

describe('a support file', () => {
  it.each<[object]>([
    [{ version: 1 }],
    [{ version: 1, attempts: [] }],
    [{ version: 1, attempts: new Array(1000).fill(ATTEMPT) }],
    [{ version: 1, more: 'facts', attempts: [{ ...ATTEMPT, more: 1 }] }],
    [{ version: 1, attempts: [{ at: ATTEMPT.at, link: 'serial', exchanges: [] }] }],
    [withFailure({ code: 'a'.repeat(40), command: 'A'.repeat(40) })],
    [{ version: 1, attempts: [{ ...ATTEMPT, failure: { code: 'a' } }] }],
    [withExchange({ statusWord: null })],
    [withAttempt({ exchanges: new Array(1000).fill(EXCHANGE) })],
  ])('is read: %#', (value) => {
    expect(isRead(value)).toBe(true);
  });

  it.each<[object]>([
    [{}],
    [{ version: 0 }],
    [{ version: 2 }],
    [{ version: 1, attempts: new Array(1001).fill(ATTEMPT) }],
    [withAttempt({ at: 'today' })],
    [withAttempt({ link: 'bluetooth' })],
    [withAttempt({ exchanges: new Array(1001).fill(EXCHANGE) })],
    ...['', 'A', ' a', 'a'.repeat(41), 'unit-refused.'].map((code): [object] => [withFailure({ code })]),
    ...['', 'a', 'A'.repeat(41), 'A.'].map((command): [object] => [withFailure({ command })]),
    ...['', '698', '69820', '698g', 'x6982', null].map((statusWord): [object] => [withFailure({ statusWord })]),
    ...['', '80E2000', '80E200000', '80e20000'].map((header): [object] => [withExchange({ header })]),
    ...['900', '90000', 9000].map((statusWord): [object] => [withExchange({ statusWord })]),
  ])('is refused: %#', (value) => {
    expect(isRead(value)).toBe(false);
  });
});
