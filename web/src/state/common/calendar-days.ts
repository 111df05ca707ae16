/** Calendar days of this computer from `now` to a time: 0 today, 1 tomorrow, -1 yesterday. */
export function calendarDays(time: Date, now: Date): number {
  return Math.round((midnight(time) - midnight(now)) / 86_400_000);
}

const midnight = (date: Date): number => new Date(date).setHours(0, 0, 0, 0);
