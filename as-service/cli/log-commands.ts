// The commands that show the root key and the audit log.
import { resolve } from 'node:path';
import { readDecimal, readInput, readPublicKey } from './arguments.ts';
import type { Commands } from './command.ts';

export const LOG_COMMANDS: Commands = {
  trust: { help: 'Shows the root key of the service.', request: () => ({ command: 'trust' }) },
  'log show': {
    options: { last: { value: 'N', default: '20', help: 'how many entries, default 20' } },
    help: 'Shows the newest entries of the audit log.',
    request: (_words, { last }) => ({ command: 'log show', last: readDecimal('last', String(last)) }),
  },
  'log export': {
    words: 'FOLDER',
    help: 'Writes checkpoint and tiles of the audit log to a new folder, for auditors.',
    request: ([folder = '']) => ({ command: 'log export', path: resolve(folder) }),
  },
  'log verify': {
    options: {
      tiles: { value: 'FOLDER', help: 'a folder that "log export" wrote, in place of the log in the data folder' },
      root: { value: 'HEX', help: 'the root key in full, as "trust" prints it; required with --tiles and --seen' },
      seen: { value: 'FILE', help: 'a checkpoint that was kept; the log must begin with its entries' },
      trust: { value: 'FILE', help: 'the trust.json that was kept with it; required with --seen without --tiles' },
    },
    help: 'Verifies the hash chain of the audit log. With --tiles, also the signature and the tree.',
    request: (_words, { tiles, root, seen, trust }) => ({
      command: 'log verify',
      root: readPublicKey('root', root, '"trust" prints them'),
      ...(typeof tiles === 'string' ? { tiles: resolve(tiles) } : {}),
      ...(typeof seen === 'string' ? { seen: readInput(seen) } : {}),
      ...(typeof trust === 'string' ? { trust: readInput(trust) } : {}),
    }),
  },
};
