// The CLI's words about vaults as requests: see command-line.ts.
import { resolve } from 'node:path';
import { decimal, hexNumber, list, optionalDecimal, readInput, required, type Values } from './arguments.ts';
import type { Command } from './command.ts';

export const VAULT_COMMANDS: Readonly<Record<string, Command>> = {
  'vault issue': {
    options: {
      ref1: { type: 'string', multiple: true },
      unit: { type: 'string', multiple: true },
      open: { type: 'string' },
      exports: { type: 'string' },
      'exports-per-unit': { type: 'string' },
      days: { type: 'string', default: '14' },
      'passphrase-file': { type: 'string' },
    },
    words: [2, 2],
    request: ([set = '', path = ''], values) => ({
      command: 'vault issue',
      path: resolve(path),
      set: hexNumber('SET', set, 8),
      ref1: (list(values.ref1) ?? []).map((each) => hexNumber('REF1', each, 4)),
      units: list(values.unit),
      exports: decimal('exports', required('exports', values.exports)),
      exportsPerUnit: optionalDecimal('exports-per-unit', values['exports-per-unit']),
      days: decimal('days', String(values.days)),
      ...(typeof values.open === 'string' ? { confirm: values.open } : {}),
      ...readPassphrase(values['passphrase-file']),
    }),
  },
  'vault list': { options: {}, words: [0, 0], request: () => ({ command: 'vault list' }) },
  'vault revoke': {
    options: {},
    words: [2, 2],
    request: ([number = '', reason = '']) => ({
      command: 'vault revoke',
      asNumber: hexNumber('NUMBER', number, 4),
      reason,
    }),
  },
  'vault reconcile': {
    options: { verdicts: { type: 'string' } },
    words: [1, 1],
    request: ([path = ''], { verdicts }) => ({
      command: 'vault reconcile',
      journal: readInput(path, 'utf8'),
      ...(typeof verdicts === 'string' ? { verdicts: resolve(verdicts) } : {}),
    }),
  },
};

/** The first line: on a command line others on the machine could read it. */
function readPassphrase(file: Values[string]): { readonly passphrase?: string } {
  return typeof file === 'string' ? { passphrase: readInput(file, 'utf8').split(/\r?\n/, 1)[0] ?? '' } : {};
}
