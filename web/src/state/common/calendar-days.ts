/**
 * Returns the number of calendar days from `now` to `time`: 0 today, 1 tomorrow, -1 yesterday. A
 * day begins at midnight in the time zone of this computer.
 */
export function calendarDays(time: Date, now: Date): number {
  return Math.round((midnight(time) - midnight(now)) / 86_400_000);
}

const midnight = (date: Date): number => new Date(date).setHours(0, 0, 0, 0);
