// The commands for vaults.
import { resolve } from 'node:path';
import { readText } from '#protocol/text/permitted-text.ts';
import { MAX_REASON_LENGTH } from '#protocol/vault/requests.ts';
import {
  readDecimal,
  readEntered,
  readHex,
  readInput,
  readJson,
  readList,
  readOptionalDecimal,
  required,
} from './arguments.ts';
import type { Commands } from './command.ts';
import { JSON_OPTION, type Values } from './options.ts';

export const VAULT_COMMANDS: Commands = {
  'vault issue': {
    words: 'SET FILE',
    options: {
      ref1: { value: 'REF1', required: true, multiple: true, help: 'a key of the vault' },
      exports: { value: 'N', required: true, help: 'how many exports the vault may make' },
      unit: { value: 'SN', multiple: true, help: 'a unit of the vault' },
      open: {
        value: 'SENTENCE',
        help: 'confirms a vault without --unit, which contains T; after a wrong SENTENCE, the error shows the right one',
      },
      'exports-per-unit': { value: 'N', help: 'exports per unit; without it, only --exports limits them' },
      days: { value: 'N', default: '14', help: 'how long the vault is valid, default 14 days' },
      'passphrase-file': {
        value: 'FILE|-',
        help: 'a file with the passphrase in its first line; without this option the AS generates one',
      },
    },
    help: 'Writes a vault to a new file and shows its generated passphrase once. Without --unit the vault contains T, and --open must confirm this.',
    request: ([set = '', path = ''], values) => ({
      command: 'vault issue',
      path: resolve(path),
      set: readHex('SET', set, 8),
      ref1: (readList(values.ref1) ?? []).map((each) => readHex('REF1', each, 4)),
      units: readList(values.unit),
      exports: readDecimal('exports', required('exports', values.exports)),
      exportsPerUnit: readOptionalDecimal('exports-per-unit', values['exports-per-unit']),
      days: readDecimal('days', String(values.days)),
      ...(typeof values.open === 'string' ? { confirm: values.open } : {}),
      ...readPassphrase(values['passphrase-file']),
    }),
  },
  'vault list': {
    options: JSON_OPTION,
    help: 'Shows the vaults.',
    request: (_words, { json }) => ({ command: 'vault list', ...readJson(json) }),
  },
  'vault revoke': {
    words: 'NUMBER REASON',
    help: 'Revokes a vault.',
    request: ([number = '', reason = '']) => ({
      command: 'vault revoke',
      asNumber: readHex('NUMBER', number, 4),
      reason: readEntered('reason', reason, (text) => readText(text, MAX_REASON_LENGTH)),
    }),
  },
  'vault reconcile': {
    words: 'FILE',
    options: { verdicts: { value: 'FILE', help: 'writes the signed verdicts to a new file' } },
    help: 'Reconciles the journal of a vault and shows the findings.',
    request: ([path = ''], { verdicts }) => ({
      command: 'vault reconcile',
      journal: readInput(path),
      ...(typeof verdicts === 'string' ? { verdicts: resolve(verdicts) } : {}),
    }),
  },
};

/**
 * Reads a passphrase from the first line of a file, because other users of the computer can read
 * the command line.
 */
function readPassphrase(file: Values[string]): { readonly passphrase?: string } {
  return typeof file === 'string' ? { passphrase: readInput(file).split(/\r\n|\r|\n/, 1)[0] ?? '' } : {};
}
