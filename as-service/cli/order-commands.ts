// The commands for work orders. Units come from options and from lists in files.
import { resolve } from 'node:path';
import type { NewOrderJson } from '#protocol/orders/requests.ts';
import { readUnitList } from '#protocol/orders/unit-list.ts';
import type { UnitRange } from '#protocol/orders/units.ts';
import { readOrderId } from '#protocol/text/order-id.ts';
import { readText } from '#protocol/text/permitted-text.ts';
import { plainSigns } from '#protocol/text/typed-code.ts';
import { isSuiteId } from '#protocol/tkl/suites.ts';
import { requireSerialNumber } from '../common/checks.ts';
import { toUserError } from '../common/to-user-error.ts';
import { UserError } from '../common/user-error.ts';
import {
  readDecimal,
  readEntered,
  readHex,
  readInput,
  readJson,
  readList,
  readOptionalDecimal,
  readReason,
  required,
} from './arguments.ts';
import type { Commands } from './command.ts';
import { JSON_OPTION, type Values } from './options.ts';
import { readTime } from './times.ts';

const DAY_MS = 86_400_000;
/** Default validity of a work order, in days. */
const DEFAULT_DAYS = '30';
const MAX_TITLE_LENGTH = 200;

export const ORDER_COMMANDS: Commands = {
  'order add': {
    words: 'ID TITLE',
    options: {
      set: { value: 'SET', required: true, help: 'the set of the units' },
      line: {
        value: 'REF1:REF2',
        required: true,
        multiple: true,
        help: 'the key REF1 goes into the slot REF2 of each unit',
      },
      units: { value: 'FILE', help: 'a CSV or JSON file with the units' },
      unit: { value: 'SN', multiple: true, help: 'one unit' },
      range: { value: 'FROM-TO', multiple: true, help: 'the units from one SN to another, both included' },
      suite: { value: 'N', help: 'the only suite to use: 1, 2 or 4; without it, any suite of the unit' },
      from: { value: 'TIME', help: 'the start, default now; a date without a time means the start of that day here' },
      until: { value: 'TIME', help: 'the end; a date without a time means the end of that day here' },
      days: { value: 'N', help: 'the end, in days after the start; default 30' },
      'dry-run': {
        help: 'the AS issues the order, but exports no key for it; stations check each unit against the order and request its challenge, and load nothing',
      },
      'halt-after': { value: 'N', help: 'stations halt after N failures in a row; without it, they continue' },
      'label-scan': { help: 'the operator scans or types the SN on the label before each unit is loaded' },
    },
    help: 'Issues a work order for the units that --units, --unit and --range name.',
    request: ([id = '', title = ''], values) => ({
      command: 'order add',
      id: readEntered('ID', id, readOrderId),
      title: readEntered('TITLE', title, (text) => readText(text, MAX_TITLE_LENGTH)),
      set: readHex('SET', required('set', values.set), 8),
      suite: readSuite(values.suite),
      units: readUnits(values),
      lines: readLines(values),
      options: {
        dryRun: values['dry-run'] === true,
        haltAfter: readOptionalDecimal('halt-after', values['halt-after']),
        requireLabelScan: values['label-scan'] === true,
      },
      ...readTimes(values),
    }),
  },
  'order list': {
    options: JSON_OPTION,
    help: 'Shows the work orders.',
    request: (_words, { json }) => ({ command: 'order list', ...readJson(json) }),
  },
  'order show': {
    words: 'ID',
    options: { file: { value: 'FILE', help: 'writes the signed order to a new file' } },
    help: 'Shows a work order.',
    request: ([id = ''], { file }) => ({ command: 'order show', id, path: pathOf(file) }),
  },
  'order revoke': {
    words: 'ID REASON',
    help: 'Revokes a work order. The AS exports nothing for it any more.',
    request: ([id = '', reason = '']) => ({ command: 'order revoke', id, reason: readReason(reason) }),
  },
  'order close': {
    words: 'ID',
    options: {
      absent: { value: 'REASON', help: 'the reason for all absent units' },
      file: { value: 'FILE', help: 'writes the signed report to a new file' },
    },
    help: 'Closes a work order that balances: each unit is done or has a reason.',
    request: ([id = ''], { absent, file }) => ({
      command: 'order close',
      id,
      absentReason: typeof absent === 'string' ? readReason(absent) : null,
      path: pathOf(file),
    }),
  },
};

function pathOf(file: Values[string]): string | null {
  return typeof file === 'string' ? resolve(file) : null;
}

function readSuite(value: Values[string]): NewOrderJson['suite'] {
  if (typeof value !== 'string') return null;
  const suite = readDecimal('suite', value);
  if (!isSuiteId(suite)) throw new UserError('--suite must be 1, 2 or 4.');
  return suite;
}

function readLines({ line }: Values): NewOrderJson['lines'] {
  const lines = readList(line);
  if (lines === null) throw new UserError('--line is missing: which key goes into which slot, as REF1:REF2.');
  return lines.map((text) => {
    const [ref1, ref2, ...more] = text.split(':');
    if (ref1 === undefined || ref2 === undefined || more.length > 0) {
      throw new UserError(`--line must be REF1:REF2, not "${text}".`);
    }
    return { ref1: readHex('REF1', ref1, 4), ref2: readHex('REF2', ref2, 4) };
  });
}

function readUnits({ units, unit, range }: Values): NewOrderJson['units'] {
  const ranges: UnitRange[] = [];
  for (const text of readList(unit) ?? []) ranges.push([requireSerialNumber(text), requireSerialNumber(text)]);
  for (const text of readList(range) ?? []) {
    const [from, to, ...more] = plainSigns(text).split('-');
    if (from === undefined || to === undefined || more.length > 0) {
      throw new UserError(`--range must be FROM-TO, not "${text}".`);
    }
    ranges.push([requireSerialNumber(from), requireSerialNumber(to)]);
  }
  if (typeof units === 'string') ranges.push(...readUnitFile(units));
  if (ranges.length === 0) throw new UserError('Name the units: --units FILE, --unit SN or --range FROM-TO.');
  return ranges;
}

function readUnitFile(file: string): UnitRange[] {
  const text = readInput(file);
  try {
    return readUnitList(text);
  } catch (cause) {
    throw toUserError(cause, `${file} has errors.\n`);
  }
}

function readTimes({ from, until, days }: Values): { notBefore: string; until: string } {
  if (until !== undefined && days !== undefined) throw new UserError('Choose --until or --days, not both.');
  const begin = typeof from === 'string' ? readTime('from', from, 'start') : new Date();
  const length = readDecimal('days', typeof days === 'string' ? days : DEFAULT_DAYS) * DAY_MS;
  const end = typeof until === 'string' ? readTime('until', until, 'end') : new Date(begin.getTime() + length);
  if (Number.isNaN(end.getTime())) throw new UserError('--days is too long.');
  return { notBefore: begin.toISOString(), until: end.toISOString() };
}
