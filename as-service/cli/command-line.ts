// The CLI's words as requests. Knows nothing of how they are run.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../common/user-error.ts';
import type { AdminRequest } from './admin-requests.ts';
import { decimal, hexNumber, list, oneOf, optionalDecimal, readKey, required, type Values } from './arguments.ts';
import { CLI_COMMAND } from './cli-command.ts';
import type { Command } from './command.ts';
import type { LogRequest } from './log-requests.ts';
import { ORDER_COMMANDS } from './order-commands.ts';
import { VAULT_COMMANDS } from './vault-commands.ts';

export const USAGE = `keyferry-as (${CLI_COMMAND}): manages the AS of a data folder, also while its service is running

  keyferry-as set add SET NAME [--profile diversified|shared] [--family cmac|hmac] [--tkv N]
                               [--t-file FILE|-] [--unit SN]… [--quota-per-unit N]
  keyferry-as set rotate SET REF1 LABEL [--t-file FILE|-]
  keyferry-as set list
  keyferry-as set allow SET SN… | --any
  keyferry-as key add SET REF1 LABEL --attributes D0AB00N [--slot REF2] [--length 16|24|32] [--file FILE|-]
  keyferry-as key add SET REF1 LABEL --erase --slot REF2
  keyferry-as operator add NAME [--role operator|custodian|auditor|administrator] [--set SET]… [--quota N] [--orders-only]
  keyferry-as operator list
  keyferry-as operator code NAME [--hours N]
  keyferry-as operator revoke NAME
  keyferry-as order add ID TITLE --set SET --line REF1:REF2… [--units FILE] [--unit SN]… [--range FROM-TO]… [--suite N]
                               [--from TIME] [--until TIME | --days N] [--dry-run] [--halt-after N] [--label-scan]
  keyferry-as order list
  keyferry-as order show ID [--file FILE]
  keyferry-as order revoke ID REASON
  keyferry-as order close ID [--absent REASON] [--file FILE]
  keyferry-as vault issue SET FILE --ref1 REF1… --unit SN… --exports N [--exports-per-unit N] [--days N]
                               [--passphrase-file FILE|-] [--open SENTENCE]
  keyferry-as vault list
  keyferry-as vault revoke NUMBER REASON
  keyferry-as vault reconcile FILE [--verdicts FILE]
  keyferry-as device-key SET SN FILE
  keyferry-as trust
  keyferry-as log show [--last N]
  keyferry-as log verify

  An option with … behind it is given again for each: --line 0103:0002 --line 0104:0001.
  SET, REF1, REF2, SN and the keys in files are hex digits; - is standard input. Without a file a key is made at random.
  set rotate makes the next T of a set, and the REF1 that replaces T in its units.
  order add takes units from a CSV or JSON file, too; --orders-only holds an operator to work orders.
  order show --file writes the signed order, order close --file the signed report, each to a new file.
  vault issue writes a vault to a new file and shows its passphrase once; without --unit it holds T, and --open confirms that.
  vault reconcile takes the journal of a vault back and says what it shows; its signed verdicts go to a new file.
  device-key writes the secret that a unit must hold (K_D; T for a set of the shared profile) to a new file.

  --data FOLDER     KEYFERRY_DATA      default ./keyferry-as
  --key-file FILE   KEYFERRY_KEY_FILE  default sealing.key in the data folder, or KEYFERRY_SEALING_KEY
  --demo            KEYFERRY_DEMO=1    demo sets are allowed`;

const COMMANDS: Readonly<Record<string, Command>> = {
  'set add': {
    options: {
      profile: { type: 'string', default: 'diversified' },
      family: { type: 'string', default: 'cmac' },
      tkv: { type: 'string', default: '1' },
      't-file': { type: 'string' },
      unit: { type: 'string', multiple: true },
      'quota-per-unit': { type: 'string' },
    },
    words: [2, 2],
    request: ([set = '', name = ''], values) => ({
      command: 'set add',
      set: hexNumber('SET', set, 8),
      name,
      profile: oneOf('profile', values.profile, ['diversified', 'shared']),
      family: oneOf('family', values.family, ['cmac', 'hmac']),
      tkv: decimal('tkv', String(values.tkv)),
      ...readKey('transportKey', values['t-file']),
      units: list(values.unit),
      quotaPerUnit: optionalDecimal('quota-per-unit', values['quota-per-unit']),
    }),
  },
  'set rotate': {
    options: { 't-file': { type: 'string' } },
    words: [3, 3],
    request: ([set = '', ref1 = '', label = ''], values) => ({
      command: 'set rotate',
      set: hexNumber('SET', set, 8),
      ref1: hexNumber('REF1', ref1, 4),
      label,
      ...readKey('transportKey', values['t-file']),
    }),
  },
  'set list': { options: {}, words: [0, 0], request: () => ({ command: 'set list' }) },
  'set allow': {
    options: { any: { type: 'boolean' } },
    words: [1, 1000],
    request: ([set = '', ...units], { any }) => {
      if ((units.length === 0) !== (any === true)) throw new UserError('Name the units by their SN, or say --any.');
      return { command: 'set allow', set: hexNumber('SET', set, 8), units: any === true ? null : units };
    },
  },
  'key add': {
    options: {
      attributes: { type: 'string' },
      erase: { type: 'boolean' },
      slot: { type: 'string', default: 'FFFF' },
      length: { type: 'string', default: '32' },
      file: { type: 'string' },
    },
    words: [3, 3],
    request: ([setText = '', ref1Text = '', label = ''], values) => {
      const set = hexNumber('SET', setText, 8);
      const ref1 = hexNumber('REF1', ref1Text, 4);
      const slot = hexNumber('slot', String(values.slot), 4);
      if (values.erase === true) return { command: 'key erase', set, ref1, label, slot };
      return {
        command: 'key add',
        set,
        ref1,
        label,
        attributes: required('attributes', values.attributes),
        slot,
        length: decimal('length', String(values.length)),
        ...readKey('key', values.file),
      };
    },
  },
  'operator add': {
    options: {
      role: { type: 'string', default: 'operator' },
      set: { type: 'string', multiple: true },
      quota: { type: 'string' },
      'orders-only': { type: 'boolean' },
    },
    words: [1, 1],
    request: ([name = ''], values) => ({
      command: 'operator add',
      name,
      role: oneOf('role', values.role, ['operator', 'custodian', 'auditor', 'administrator']),
      sets: list(values.set)?.map((set) => hexNumber('SET', set, 8)) ?? null,
      quota: optionalDecimal('quota', values.quota),
      ...(values['orders-only'] === true ? { ordersOnly: true } : {}),
    }),
  },
  'operator list': { options: {}, words: [0, 0], request: () => ({ command: 'operator list' }) },
  'operator code': {
    options: { hours: { type: 'string', default: '8' } },
    words: [1, 1],
    request: ([name = ''], { hours }) => ({ command: 'operator code', name, hours: Number(hours) }),
  },
  'operator revoke': {
    options: {},
    words: [1, 1],
    request: ([name = '']) => ({ command: 'operator revoke', name }),
  },
  ...ORDER_COMMANDS,
  ...VAULT_COMMANDS,
  'device-key': {
    options: {},
    words: [3, 3],
    request: ([set = '', sn = '', path = '']) => ({
      command: 'device-key',
      set: hexNumber('SET', set, 8),
      sn,
      path: resolve(path),
    }),
  },
  trust: { options: {}, words: [0, 0], request: () => ({ command: 'trust' }) },
  'log show': {
    options: { last: { type: 'string', default: '20' } },
    words: [0, 0],
    request: (_words, { last }) => ({ command: 'log show', last: decimal('last', String(last)) }),
  },
  'log verify': { options: {}, words: [0, 0], request: () => ({ command: 'log verify' }) },
};

export interface CommandLine {
  readonly request: AdminRequest | LogRequest;
  readonly values: { readonly data?: string; readonly 'key-file'?: string; readonly demo?: boolean };
}

/** @throws UserError with what is wrong and the usage */
export function readCommandLine(args: readonly string[]): CommandLine | 'help' {
  if (args.length === 0 || args.includes('--help')) return 'help';
  const words = args.findIndex((arg) => arg.startsWith('-'));
  const leading = args.slice(0, words < 0 ? args.length : words);
  const name = [leading.slice(0, 2).join(' '), leading[0] ?? ''].find((each) => Object.hasOwn(COMMANDS, each));
  const command = name === undefined ? undefined : COMMANDS[name];
  if (name === undefined || command === undefined) {
    throw new UserError(`There is no command "${leading.slice(0, 2).join(' ')}".\n\n${USAGE}`);
  }
  const { values, positionals } = parse(args.slice(name.split(' ').length), command);
  const [least, most] = command.words;
  if (positionals.length < least || positionals.length > most) {
    const usage = USAGE.split('\n').find((line) => line.includes(`keyferry-as ${name}`));
    throw new UserError(`"${name}" takes ${least === most ? least : `${least} or more`} word(s):\n\n${usage ?? USAGE}`);
  }
  const { data, 'key-file': keyFile, demo } = values;
  return {
    request: command.request(positionals, values),
    values: {
      ...(typeof data === 'string' ? { data } : {}),
      ...(typeof keyFile === 'string' ? { 'key-file': keyFile } : {}),
      ...(demo === true ? { demo } : {}),
    },
  };
}

function parse(args: string[], { options }: Command): { values: Values; positionals: string[] } {
  const common = { data: { type: 'string' }, 'key-file': { type: 'string' }, demo: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args, options: { ...options, ...common }, allowPositionals: true });
  } catch (cause) {
    throw new UserError(`${cause instanceof Error ? cause.message : String(cause)}\n\n${USAGE}`);
  }
}
