// Says when a work order ends: the day, and the time until then.
import { type Due, dueOf } from '../../state/order-list/due.ts';
import { plural, t } from '../../text/t.ts';
import { dayAndClock, grouped, timeFormatter } from '../common/format.ts';

export interface DueMessage {
  readonly isOver: boolean;
  /**
   * For example "Due today 18:00, in 2 h 50 min", "Due Fri 4 Dec, in 5 days" or "Expired yesterday
   * 12:00".
   */
  readonly text: string;
}

const DAY = { weekday: 'short', day: 'numeric', month: 'short' } as const;
const dayOfYear = timeFormatter(DAY);
const dayWithYear = timeFormatter({ ...DAY, year: 'numeric' });

/** `until` is in ISO 8601. */
export function dueMessage(until: string, now: Date): DueMessage {
  const { isOver, day: days, distance } = dueOf(until, now);
  const isNear = Math.abs(days) <= 1;
  const isThisYear = new Date(until).getFullYear() === now.getFullYear();
  const day = isNear ? dayAndClock(until, now) : (isThisYear ? dayOfYear : dayWithYear)(until);
  if (isOver) return { isOver, text: t`Expired ${day}` };
  const duration = inWords(distance);
  return { isOver, text: t`Due ${day}, in ${duration}` };
}

function inWords(distance: Due['distance']): string {
  if ('days' in distance) {
    const days = grouped(distance.days);
    return plural(distance.days, { one: t`${days} day`, other: t`${days} days` });
  }
  const { hours, minutes } = distance;
  if (hours === 0) return t`${minutes} min`;
  // For ten hours or more, minutes do not matter.
  return hours >= 10 || minutes === 0 ? t`${hours} h` : t`${hours} h ${minutes} min`;
}
