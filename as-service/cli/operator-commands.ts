// The commands for operators and their access codes.
import { readChoice, readDecimal, readHex, readJson, readList, readOptionalDecimal } from './arguments.ts';
import type { Commands } from './command.ts';
import { JSON_OPTION, type Values } from './options.ts';

const ROLES = ['operator', 'custodian', 'auditor', 'administrator'] as const;

export const OPERATOR_COMMANDS: Commands = {
  'operator add': {
    words: 'NAME',
    options: {
      role: {
        value: 'operator|custodian|auditor|administrator',
        default: 'operator',
        help: 'operator (default) loads keys; custodian issues orders and vaults; auditor reads the audit log; administrator issues orders, revokes vaults and reads the audit log',
      },
      set: { value: 'SET', multiple: true, help: 'a set that the operator may use; without it, all sets' },
      quota: { value: 'N', help: 'exports of the operator; without it, there is no limit' },
      'orders-only': { help: 'the operator may export within work orders only' },
    },
    help: 'Adds an operator. "operator code" then issues an access code.',
    request: ([name = ''], values) => ({
      command: 'operator add',
      name,
      role: readChoice('role', values.role, ROLES),
      sets: readList(values.set)?.map((set) => readHex('SET', set, 8)) ?? null,
      quota: readOptionalDecimal('quota', values.quota),
      ...(values['orders-only'] === true ? { ordersOnly: true } : {}),
    }),
  },
  'operator list': {
    options: JSON_OPTION,
    help: 'Shows the operators, their limits and their valid access codes.',
    request: (_words, { json }) => ({ command: 'operator list', ...readJson(json) }),
  },
  'operator limit': {
    words: 'NAME',
    options: {
      role: { value: 'operator|custodian|auditor|administrator', help: 'the new role' },
      set: { value: 'SET|all', multiple: true, help: 'a set that the operator may use, in place of the present ones' },
      quota: { value: 'N|none', help: 'exports of the operator, the earlier ones included' },
      'orders-only': { value: 'yes|no', help: 'whether the operator may export within work orders only' },
    },
    help: 'Changes the limits of an operator. What no option names stays.',
    request: ([name = ''], values) => ({ command: 'operator limit', name, limits: readLimits(values) }),
  },
  'operator disable': {
    words: 'NAME',
    help: 'Disables an operator: revokes every access code, and issues none.',
    request: ([name = '']) => ({ command: 'operator disable', name }),
  },
  'operator enable': {
    words: 'NAME',
    help: 'Enables a disabled operator.',
    request: ([name = '']) => ({ command: 'operator enable', name }),
  },
  'operator code': {
    words: 'NAME',
    options: { hours: { value: 'N', default: '8', help: 'how long the code is valid: at most 8 hours, the default' } },
    help: 'Issues an access code and shows it once.',
    request: ([name = ''], { hours }) => ({ command: 'operator code', name, hours: Number(hours) }),
  },
  'operator revoke': {
    words: 'NAME',
    help: 'Revokes every access code of an operator.',
    request: ([name = '']) => ({ command: 'operator revoke', name }),
  },
};

/** Returns the limits that an option names. */
function readLimits({ role, set, quota, 'orders-only': ordersOnly }: Values) {
  const sets = readList(set);
  return {
    ...(role === undefined ? {} : { role: readChoice('role', role, ROLES) }),
    ...(sets === null ? {} : { sets: sets.includes('all') ? null : sets.map((each) => readHex('SET', each, 8)) }),
    ...(quota === undefined ? {} : { quota: quota === 'none' ? null : readDecimal('quota', String(quota)) }),
    ...(ordersOnly === undefined ? {} : { ordersOnly: readChoice('orders-only', ordersOnly, ['yes', 'no']) === 'yes' }),
  };
}
