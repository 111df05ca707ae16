// Formats numbers, bytes and times for the operator.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { calendarDays } from '../../state/common/calendar-days.ts';
import { formatNumber, pageLocale } from '../../text/locale.ts';
import { t } from '../../text/t.ts';

/** Splits hex digits into groups of four, for example "45490007" → ["4549", "0007"]. */
export function inFours(hex: string): readonly string[] {
  return hex.match(/.{1,4}/g) ?? [];
}

/** The number of a set or of a firmware, as eight hex digits in two groups. */
export function groupedHex(number: number): string {
  return inFours(hexNumber(number, 8)).join(' ');
}

/**
 * Times serve as evidence, so every station shows them in the Gregorian calendar and with Latin
 * digits. The language is that of the page, or `locale`.
 */
const EVIDENCE = { calendar: 'gregory', numberingSystem: 'latn' } as const;

/**
 * Returns a function that formats a time, given in ISO 8601. That function creates its
 * Intl.DateTimeFormat at the first call, because creating one takes as long as drawing the whole
 * first screen.
 */
export function timeFormatter(options: Intl.DateTimeFormatOptions, locale?: string): (iso: string) => string {
  let format: Intl.DateTimeFormat | undefined;
  return (iso) => {
    format ??= new Intl.DateTimeFormat(locale ?? pageLocale(), { ...options, ...EVIDENCE });
    // A no-break space keeps AM and PM on the line of their time.
    return format.format(new Date(iso)).replace(/ (?=[AP]M\b)/i, '\u00A0');
  };
}

const clock = timeFormatter({ hour: '2-digit', minute: '2-digit' });

const day = timeFormatter({ day: 'numeric', month: 'short' });

/** The time with its day: "today 17:30", "tomorrow 03:29" or "2 Dec 03:29". */
export function dayAndClock(iso: string, now: Date): string {
  const time = clock(iso);
  switch (calendarDays(new Date(iso), now)) {
    case -1:
      return t`yesterday ${time}`;
    case 0:
      return t`today ${time}`;
    case 1:
      return t`tomorrow ${time}`;
    default: {
      const date = day(iso);
      return t`${date} ${time}`;
    }
  }
}

const zoneOf = timeFormatter({ timeZoneName: 'shortOffset' }, 'en');

/**
 * Returns a function that formats an ISO 8601 time as day, time and time zone: "29 Nov 2026,
 * 10:14:03 GMT+1".
 */
export function momentFormatter(locale?: string): (iso: string) => string {
  const format = timeFormatter({ dateStyle: 'medium', timeStyle: 'medium' }, locale);
  // zoneOf() returns a text like "11/29/2026, GMT+1".
  return (iso) => `${format(iso)}\u00A0${zoneOf(iso).split(' ').at(-1) ?? ''}`;
}

export const moment = momentFormatter();

/** Formats the time of day with milliseconds, without the date. */
export const instant = timeFormatter({
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/**
 * Isolates a text that contains bidirectional controls, because they would reorder the text around
 * it. Earlier versions permitted such texts. Returns other texts unchanged.
 */
export function isolated(text: string): string {
  return /\p{Bidi_Control}/u.test(text) ? `\u2068${text}\u2069` : text;
}

/** Formats a count with separators, for example "20,000". */
export function grouped(value: number): string {
  return formatNumber(value);
}

export function seconds(ms: number): string {
  const digits = ms < 10_000 ? 1 : 0;
  const count = formatNumber(ms / 1000, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return t`${count} s`;
}
