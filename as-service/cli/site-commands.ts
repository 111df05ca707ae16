// The commands for site files. They read the settings in this process, because the AS may run as a
// user who cannot read the files of the administrator.
import { resolve } from 'node:path';
import { fromHex } from '#protocol/bytes/hex.ts';
import { readSiteDraft, type SiteDraft } from '#protocol/site/draft.ts';
import { toUserError } from '../common/to-user-error.ts';
import { UserError } from '../common/user-error.ts';
import { readDecimal, readInput, required } from './arguments.ts';
import type { Commands } from './command.ts';
import type { Values } from './options.ts';

export const SITE_COMMANDS: Commands = {
  'site pack': {
    options: {
      config: { value: 'FILE', required: true, help: 'the settings of the site, a JSON file (docs/site-file.md)' },
      out: { value: 'FOLDER', required: true, help: 'a new folder, for the page, the site file and the headers' },
      web: { value: 'FOLDER', help: 'the folder of the build, default the one above cli.js' },
      after: {
        value: 'N',
        default: '0',
        help: 'gives the file a number above N; needed after the AS was restored from an older backup',
      },
    },
    help: 'Signs the settings of a site, and writes a folder that any web server can serve.',
    request: (_words, { config, out, web, after }) => ({
      command: 'site pack',
      draft: readDraft(required('config', config)),
      out: resolve(required('out', out)),
      web: web === undefined ? null : resolve(required('web', web)),
      after: readDecimal('after', String(after)),
    }),
  },
  'site check': {
    words: 'FILE',
    options: {
      root: { value: 'HEX', help: 'the root key in full, as "trust" prints it; no data folder is needed then' },
    },
    help: 'Verifies the signature of a site file and shows its settings.',
    request: ([file = ''], { root }) => ({
      command: 'site check',
      file: readInput(file),
      root: readRoot(root),
    }),
  },
};

function readDraft(file: string): SiteDraft {
  const text = readInput(file);
  try {
    return readSiteDraft(text);
  } catch (cause) {
    throw toUserError(cause, `${file}: `);
  }
}

function readRoot(value: Values[string]): Uint8Array | null {
  if (typeof value !== 'string') return null;
  if (!/^[0-9A-Fa-f]{64}$/.test(value)) throw new UserError('--root must be 64 hex digits, as "trust" prints them.');
  return fromHex(value);
}
