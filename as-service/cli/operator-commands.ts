// The commands for operators and their access codes.
import { readChoice, readHex, readList, readOptionalDecimal } from './arguments.ts';
import type { Commands } from './command.ts';

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
      role: readChoice('role', values.role, ['operator', 'custodian', 'auditor', 'administrator']),
      sets: readList(values.set)?.map((set) => readHex('SET', set, 8)) ?? null,
      quota: readOptionalDecimal('quota', values.quota),
      ...(values['orders-only'] === true ? { ordersOnly: true } : {}),
    }),
  },
  'operator list': { help: 'Shows the operators.', request: () => ({ command: 'operator list' }) },
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
