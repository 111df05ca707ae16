// Reads and shows times in the time zone of the terminal. A shown time includes the name of the
// zone.
import { UserError } from '../common/user-error.ts';

/** Whether a date without a time stands for the start or the end of its day. */
type Edge = 'start' | 'end';

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i;

/** Returns the IANA name of the time zone of this process, for example Europe/Berlin. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Reads a date or a time. `edge` says whether a date stands for the start or the end of the local
 * day. A time is local unless it contains a zone.
 * @throws UserError for a text in another form, or a time that the calendar or the local clock does
 * not have
 */
export function readTime(option: string, text: string, edge: Edge): Date {
  const parts = TIME.exec(text.trim());
  if (parts === null) {
    throw new UserError(`--${option} must be a date like 2030-12-31, or a time like 2030-12-31T18:00, not "${text}".`);
  }
  const [year = 0, month = 0, day = 0, hour, minute, second = 0] = parts.slice(1, 7).map(numberOf);
  const zone = parts[7];
  if (!isOnCalendar(year, month, day)) throw new UserError(`--${option}: there is no day ${text.trim().slice(0, 10)}.`);
  if (hour === undefined || minute === undefined) {
    return edge === 'start'
      ? new Date(year, month - 1, day)
      : new Date(new Date(year, month - 1, day + 1).getTime() - 1);
  }
  if (hour > 23 || minute > 59 || second > 59) throw new UserError(`--${option}: there is no time ${text.trim()}.`);
  if (zone === undefined) return localTime(option, [year, month, day, hour, minute, second]);
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  return new Date(utc - offsetOf(option, zone) * 60_000);
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}

function isOnCalendar(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Minutes east of UTC. */
function offsetOf(option: string, zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 14 || minutes > 59) throw new UserError(`--${option}: there is no time zone ${zone}.`);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** Returns a local time. Refuses a time that the local clock skips at the start of summer time. */
function localTime(option: string, parts: readonly [number, number, number, number, number, number]): Date {
  const [year, month, day, hour, minute, second] = parts;
  const time = new Date(year, month - 1, day, hour, minute, second);
  if (time.getHours() === hour && time.getMinutes() === minute) return time;
  throw new UserError(`--${option}: the clock here skips that time. Give an earlier or later one.`);
}

/**
 * Formats a time like "2026-12-31 23:59 GMT-08:00 (America/Los_Angeles)". `iso` is ISO 8601 in UTC,
 * and `zone` an IANA name.
 */
export function showTime(iso: string, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  }).formatToParts(new Date(iso));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((each) => each.type === type)?.value ?? '';
  const date = `${part('year')}-${part('month')}-${part('day')}`;
  // Node 20.19 writes the offset of UTC as "GMT", later versions as "GMT+00:00".
  const offset = part('timeZoneName').replace(/^GMT$/, 'GMT+00:00');
  return `${date} ${part('hour')}:${part('minute')} ${offset} (${zone})`;
}
