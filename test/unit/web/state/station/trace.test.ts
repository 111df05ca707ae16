// The newest 200 exchanges with one unit, also after it was plugged in again.
import { expect, it } from 'vitest';
import { type Exchange, Trace } from '#web/state/station/trace.svelte.ts';

const exchange = (command: string): Exchange => ({ command, header: '', request: '', answer: '', at: '' });

const traceOf = (name: string, count: number): Trace => {
  const trace = new Trace();
  for (let i = 1; i <= count; i++) trace.add(exchange(`${name}${i}`));
  return trace;
};

const commandsOf = ({ exchanges }: Trace): readonly string[] => exchanges.map(({ command }) => command);

it('keeps the exchanges in their order', () => {
  expect(commandsOf(traceOf('A', 0))).toEqual([]);
  expect(commandsOf(traceOf('A', 3))).toEqual(['A1', 'A2', 'A3']);
});

it('keeps the newest 200 exchanges', () => {
  expect(commandsOf(traceOf('A', 200))).toHaveLength(200);
  const commands = commandsOf(traceOf('A', 203));
  expect([commands.length, commands[0], commands.at(-1)]).toEqual([200, 'A4', 'A203']);
});

it('continues the trace of the same unit before it was plugged in again, in 200 exchanges', () => {
  const short = traceOf('B', 2);
  short.continue(traceOf('A', 2));
  expect(commandsOf(short)).toEqual(['A1', 'A2', 'B1', 'B2']);
  const long = traceOf('B', 150);
  long.continue(traceOf('A', 150));
  const commands = commandsOf(long);
  expect([commands.length, commands[0], commands.at(-1)]).toEqual([200, 'A101', 'B150']);
});
