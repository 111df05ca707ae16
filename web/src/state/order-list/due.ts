// Computes the time until or since the end of a work order, in hours and minutes or in days.
import { calendarDays } from '../common/calendar-days.ts';

export interface Due {
  /** True if the end is in the past. */
  readonly isOver: boolean;
  /** Calendar days from today to the end: 0 today, 1 tomorrow, -1 yesterday. */
  readonly day: number;
  readonly distance: Distance;
}

/** Hours and minutes if the end is less than 24 hours away, otherwise calendar days. */
type Distance = { readonly days: number } | { readonly hours: number; readonly minutes: number };

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];

/** `until` is the end of the order, ISO 8601. Days begin in the time zone of this computer. */
export function dueOf(until: string, now: Date): Due {
  const end = new Date(until);
  const apart = Math.abs(end.getTime() - now.getTime());
  const day = calendarDays(end, now);
  const minutes = Math.floor(apart / MINUTE_MS);
  const distance =
    apart < DAY_MS ? { hours: Math.floor(minutes / 60), minutes: minutes % 60 } : { days: Math.abs(day) };
  return { isOver: end.getTime() <= now.getTime(), day, distance };
}
