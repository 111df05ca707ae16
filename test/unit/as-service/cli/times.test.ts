// Times on the command line. Dates are read, and times are shown, in the time zone of the
// custodian.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localZone, readTime, showTime } from '#as-service/cli/times.ts';

let zone: string | undefined;
beforeEach(() => {
  zone = process.env.TZ;
});
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

function read(tz: string, text: string, edge: 'start' | 'end' = 'end'): string {
  process.env.TZ = tz;
  return readTime('until', text, edge).toISOString();
}

describe('a date', () => {
  it.each([
    ['America/Los_Angeles', '2026-12-31', '2027-01-01T07:59:59.999Z'],
    ['Asia/Tokyo', '2026-12-31', '2026-12-31T14:59:59.999Z'],
    ['Asia/Kathmandu', '2026-12-31', '2026-12-31T18:14:59.999Z'],
    ['UTC', '2028-02-29', '2028-02-29T23:59:59.999Z'],
    ['Europe/Berlin', '2026-03-29', '2026-03-29T21:59:59.999Z'],
    ['Europe/Berlin', '2026-10-25', '2026-10-25T22:59:59.999Z'],
    ['America/Santiago', '2026-09-05', '2026-09-06T03:59:59.999Z'],
  ])('ends in %s with the day %s', (tz, text, utc) => {
    expect(read(tz, text)).toBe(utc);
  });

  it('begins with the day', () => {
    expect(read('America/Los_Angeles', '2026-12-31', 'start')).toBe('2026-12-31T08:00:00.000Z');
    expect(read('Asia/Tokyo', '2026-12-31', 'start')).toBe('2026-12-30T15:00:00.000Z');
    // On this day in Chile, the clock goes from 23:59 to 01:00, so the day does not begin at 00:00.
    expect(read('America/Santiago', '2026-09-06', 'start')).toBe('2026-09-06T04:00:00.000Z');
  });

  it.each(['2026-02-30', '2026-02-29', '2026-04-31', '2026-13-01', '2026-00-10', '2026-01-00', '0001-01-01'])(
    'that the calendar does not have is refused: %s',
    (text) => {
      expect(() => read('UTC', text)).toThrow(`--until: there is no day ${text}.`);
    },
  );

  it.each([
    '31.12.2026',
    '12/31/2026',
    '2026-1-2',
    '20261231',
    'tomorrow',
    '',
    '2026-12-31T',
    '2026-12-31T18',
    '12026-12-31',
    '2026-12-311',
  ])('in another form is refused: %j', (text) => {
    expect(() => read('UTC', text)).toThrow('--until must be a date like 2030-12-31');
  });
});

describe('a time', () => {
  it.each([
    ['2026-12-31T18:00', '2027-01-01T02:00:00.000Z'],
    ['2026-12-31 18:00:30', '2027-01-01T02:00:30.000Z'],
    ['2026-12-31T18:00Z', '2026-12-31T18:00:00.000Z'],
    ['2026-12-31T18:00:00.5z', '2026-12-31T18:00:00.000Z'],
    ['2026-12-31T18:00+02:00', '2026-12-31T16:00:00.000Z'],
    ['2026-12-31T18:00-0330', '2026-12-31T21:30:00.000Z'],
  ])('is local unless it has a zone: %s', (text, utc) => {
    expect(read('America/Los_Angeles', text)).toBe(utc);
  });

  it('that a clock skips is refused', () => {
    for (const text of ['2026-12-31T24:00', '2026-12-31T18:60', '2026-12-31T18:00:60']) {
      expect(() => read('UTC', text)).toThrow(`--until: there is no time ${text}.`);
    }
    expect(() => read('UTC', '2026-12-31T18:00+15:00')).toThrow('--until: there is no time zone +15:00.');
    expect(() => read('Europe/Berlin', '2026-03-29T02:30')).toThrow('--until: the clock here skips that time.');
  });

  it('is shown with the zone of the terminal and its name', () => {
    for (const zone of ['Asia/Tokyo', 'Europe/Berlin']) {
      process.env.TZ = zone;
      expect(localZone()).toBe(zone);
    }
    const utc = '2027-01-01T07:59:59.999Z';
    expect(showTime(utc, 'America/Los_Angeles')).toBe('2026-12-31 23:59 GMT-08:00 (America/Los_Angeles)');
    expect(showTime(utc, 'Asia/Kathmandu')).toBe('2027-01-01 13:44 GMT+05:45 (Asia/Kathmandu)');
    expect(showTime(utc, 'UTC')).toBe('2027-01-01 07:59 GMT+00:00 (UTC)');
    expect(showTime('2026-07-01T22:00:00Z', 'Europe/Berlin')).toBe('2026-07-02 00:00 GMT+02:00 (Europe/Berlin)');
  });
});
