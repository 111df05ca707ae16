// The CLI's words for work orders as requests. Units come from words, and from files that people and their systems made. Knows nothing of
// how a request is run.
import { resolve } from 'node:path';
import type { NewOrderJson } from '#protocol/orders/messages.ts';
import { readUnitCsv, readUnitJson } from '#protocol/orders/unit-list.ts';
import { readSerialNumber, type UnitRange } from '#protocol/orders/units.ts';
import { isSuiteId } from '#protocol/tkl/suites.ts';
import { UserError } from '../common/user-error.ts';
import { decimal, hexNumber, list, optionalDecimal, readInput, required, type Values } from './arguments.ts';
import type { Command } from './command.ts';
import { inWords } from './refusal-words.ts';

const DAY_MS = 86_400_000;
const DAYS = '30';

export const ORDER_COMMANDS: Readonly<Record<string, Command>> = {
  'order add': {
    options: {
      set: { type: 'string' },
      line: { type: 'string', multiple: true },
      units: { type: 'string' },
      unit: { type: 'string', multiple: true },
      range: { type: 'string', multiple: true },
      suite: { type: 'string' },
      from: { type: 'string' },
      until: { type: 'string' },
      days: { type: 'string' },
      'dry-run': { type: 'boolean' },
      'halt-after': { type: 'string' },
      'label-scan': { type: 'boolean' },
    },
    words: [2, 2],
    request: ([id = '', title = ''], values) => ({
      command: 'order add',
      id,
      title,
      set: hexNumber('SET', required('set', values.set), 8),
      suite: readSuite(values.suite),
      units: readUnits(values),
      lines: readLines(values),
      options: {
        dryRun: values['dry-run'] === true,
        haltAfter: optionalDecimal('halt-after', values['halt-after']),
        requireLabelScan: values['label-scan'] === true,
      },
      ...readTimes(values),
    }),
  },
  'order list': { options: {}, words: [0, 0], request: () => ({ command: 'order list' }) },
  'order show': {
    options: { file: { type: 'string' } },
    words: [1, 1],
    request: ([id = ''], { file }) => ({ command: 'order show', id, path: pathOf(file) }),
  },
  'order revoke': {
    options: {},
    words: [2, 2],
    request: ([id = '', reason = '']) => ({ command: 'order revoke', id, reason }),
  },
  'order close': {
    options: { absent: { type: 'string' }, file: { type: 'string' } },
    words: [1, 1],
    request: ([id = ''], { absent, file }) => ({
      command: 'order close',
      id,
      absentReason: typeof absent === 'string' ? absent : null,
      path: pathOf(file),
    }),
  },
};

function pathOf(file: Values[string]): string | null {
  return typeof file === 'string' ? resolve(file) : null;
}

function readSuite(value: Values[string]): NewOrderJson['suite'] {
  if (typeof value !== 'string') return null;
  const suite = decimal('suite', value);
  if (!isSuiteId(suite)) throw new UserError('--suite must be 1, 2 or 4.');
  return suite;
}

function readLines({ line }: Values): NewOrderJson['lines'] {
  const lines = list(line);
  if (lines === null) throw new UserError('--line is missing: which key goes into which slot, as REF1:REF2.');
  return lines.map((text) => {
    const [ref1, ref2, ...more] = text.split(':');
    if (ref1 === undefined || ref2 === undefined || more.length > 0) {
      throw new UserError(`--line must be REF1:REF2, not "${text}".`);
    }
    return { ref1: hexNumber('REF1', ref1, 4), ref2: hexNumber('REF2', ref2, 4) };
  });
}

function readUnits({ units, unit, range }: Values): NewOrderJson['units'] {
  const ranges: UnitRange[] = [];
  for (const text of list(unit) ?? []) ranges.push([readUnit(text), readUnit(text)]);
  for (const text of list(range) ?? []) {
    const [from, to, ...more] = text.split('-');
    if (from === undefined || to === undefined || more.length > 0) {
      throw new UserError(`--range must be FROM-TO, not "${text}".`);
    }
    ranges.push([readUnit(from), readUnit(to)]);
  }
  if (typeof units === 'string') ranges.push(...readUnitFile(units));
  if (ranges.length === 0) throw new UserError('Name the units: --units FILE, --unit SN or --range FROM-TO.');
  return ranges;
}

function readUnit(text: string): string {
  const sn = readSerialNumber(text);
  if (sn === undefined) throw new UserError(`"${text}" is no serial number: 1 to 32 hex digits, not all zero.`);
  return sn;
}

function readUnitFile(file: string): UnitRange[] {
  const text = readInput(file, 'utf8');
  return inWords(() => (/^\s*\[/.test(text) ? readUnitJson(text) : readUnitCsv(text)), `${file} cannot be taken.\n`);
}

function readTimes({ from, until, days }: Values): { notBefore: string; until: string } {
  if (until !== undefined && days !== undefined) throw new UserError('Choose --until or --days, not both.');
  const begin = typeof from === 'string' ? readTime('from', from) : new Date();
  const length = decimal('days', typeof days === 'string' ? days : DAYS) * DAY_MS;
  const end = typeof until === 'string' ? readTime('until', until) : new Date(begin.getTime() + length);
  if (Number.isNaN(end.getTime())) throw new UserError('--days is too long.');
  return { notBefore: begin.toISOString(), until: end.toISOString() };
}

function readTime(what: string, text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time.getTime())) {
    throw new UserError(`--${what} must be a time like 2030-12-31 or 2030-12-31T18:00Z, not "${text}".`);
  }
  return time;
}
