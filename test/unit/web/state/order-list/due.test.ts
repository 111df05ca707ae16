// The day on which a work order ends, and the time until or since its end.
import { describe, expect, it } from 'vitest';
import { dueOf } from '#web/state/order-list/due.ts';
import { dueMessage } from '#web/ui/orders/due-message.ts';

/** Returns a local time, because a day begins at midnight in the time zone of the computer. */
const at = (day: number, hour: number, minute = 0): Date => new Date(2026, 10, day, hour, minute);
const NOW = at(29, 15, 10);
const due = (end: Date) => dueOf(end.toISOString(), NOW);
const said = (end: Date) => dueMessage(end.toISOString(), NOW).text;

describe('the end of an order', () => {
  it.each([
    [at(29, 18), { isOver: false, day: 0, distance: { hours: 2, minutes: 50 } }],
    [at(30, 12), { isOver: false, day: 1, distance: { hours: 20, minutes: 50 } }],
    [at(30, 23), { isOver: false, day: 1, distance: { days: 1 } }],
    [at(34, 0), { isOver: false, day: 5, distance: { days: 5 } }],
    [at(29, 15, 10), { isOver: true, day: 0, distance: { hours: 0, minutes: 0 } }],
    [at(28, 12), { isOver: true, day: -1, distance: { days: 1 } }],
  ])('on %s is counted in hours below a day, then in calendar days', (end, expected) => {
    expect(due(end)).toEqual(expected);
  });

  it('is named as a day and as a distance', () => {
    expect(said(at(29, 18))).toMatch(/^Due today .*, in 2 h 50 min$/);
    expect(said(at(29, 15, 52))).toMatch(/, in 42 min$/);
    expect(said(at(30, 12))).toMatch(/^Due tomorrow .*, in 20 h$/);
    expect(said(at(30, 23))).toMatch(/, in 1 day$/);
    expect(said(at(34, 0))).toMatch(/^Due Fri, (Dec 4|4 Dec), in 5 days$/);
    expect(said(new Date(2028, 0, 3))).toMatch(/2028, in 400 days$/);
  });

  it('in the past is expired', () => {
    expect(said(at(28, 12))).toMatch(/^Expired yesterday /);
    expect(said(at(20, 12))).toMatch(/^Expired Fri, (Nov 20|20 Nov)$/);
    expect(said(at(29, 15, 9))).toMatch(/^Expired today /);
  });
});
