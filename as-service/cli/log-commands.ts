// The commands that show the root key and the audit log.
import { readDecimal } from './arguments.ts';
import type { Commands } from './command.ts';

export const LOG_COMMANDS: Commands = {
  trust: { help: 'Shows the root key of the service.', request: () => ({ command: 'trust' }) },
  'log show': {
    options: { last: { value: 'N', default: '20', help: 'how many entries, default 20' } },
    help: 'Shows the newest entries of the audit log.',
    request: (_words, { last }) => ({ command: 'log show', last: readDecimal('last', String(last)) }),
  },
  'log verify': { help: 'Verifies the hash chain of the audit log.', request: () => ({ command: 'log verify' }) },
};
