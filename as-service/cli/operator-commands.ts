// The commands for operators and their access codes.
import { readChoice, readHex, readList, readOptionalDecimal } from './arguments.ts';
import type { Commands } from './command.ts';

export const OPERATOR_COMMANDS: Commands = {
  'operator add': {
    words: 'NAME',
    options: {
      role: { value: 'operator|custodian|auditor|administrator', default: 'operator' },
      set: { value: 'SET', multiple: true },
      quota: { value: 'N' },
      'orders-only': {},
    },
    help: 'Adds an operator, for all sets without --set. With --orders-only the operator may export within work orders only.',
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
    options: { hours: { value: 'N', default: '8' } },
    help: 'Issues an access code, valid for 8 hours or --hours, and shows it once.',
    request: ([name = ''], { hours }) => ({ command: 'operator code', name, hours: Number(hours) }),
  },
  'operator revoke': {
    words: 'NAME',
    help: 'Revokes every access code of an operator.',
    request: ([name = '']) => ({ command: 'operator revoke', name }),
  },
};
