// The log of the process: one line per event, as text or as JSON.
import { expect, it } from 'vitest';
import { EventLog, type LogFormat } from '#as-service/bin/event-log.ts';
import { UserError } from '#as-service/common/user-error.ts';

function linesOf(format: LogFormat): string[] {
  const lines: string[] = [];
  const now = () => new Date('2026-11-23T12:00:00.000Z');
  const log = new EventLog({ format, now, write: (line) => lines.push(line) });
  log.info('started', { port: 8787, demo: false });
  log.error('request-failed', new UserError('The disk is full.\nMake room.'));
  log.error('request-failed', new TypeError('a bug'));
  log.error('request-failed', 'a text');
  return lines;
}

it('writes one line of JSON per event, with the stack of a bug alone', () => {
  const lines = linesOf('json');
  for (const line of lines) expect(line).toMatch(/^[^\n]*\n$/);
  const time = '2026-11-23T12:00:00.000Z';
  const failed = { time, level: 'error', event: 'request-failed' };
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time, level: 'info', event: 'started', port: 8787, demo: false },
    { ...failed, message: 'The disk is full.\nMake room.' },
    { ...failed, message: expect.stringMatching(/TypeError: a bug\n +at /) },
    { ...failed, message: 'a text' },
  ]);
});

it('writes the same as text', () => {
  const [started, failed] = linesOf('text');
  expect(started).toBe('2026-11-23T12:00:00.000Z started port=8787 demo=false\n');
  expect(failed).toBe('2026-11-23T12:00:00.000Z request-failed The disk is full.\nMake room.\n');
});
