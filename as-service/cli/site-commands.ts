// The commands for site files and served pages. They read files in this process, because the AS may
// run as a user who cannot read the files of the administrator.
import { dirname, join, resolve } from 'node:path';
import { readSiteDraft, type SiteDraft } from '#protocol/site/draft.ts';
import { toUserError } from '../common/to-user-error.ts';
import { UserError } from '../common/user-error.ts';
import { readContent, readDecimal, readInput, readPublicKey, required } from './arguments.ts';
import type { Commands } from './command.ts';

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
      root: readPublicKey('root', root, '"trust" prints them'),
    }),
  },
  'site policies': {
    words: 'FILE',
    options: {
      page: { value: 'URL', required: true, help: 'the address of the page, as the stations open it' },
      out: { value: 'FOLDER', required: true, help: 'a new folder for the policy files' },
      kiosk: { help: 'also opens the page when the browser starts, and permits no other page' },
      root: { value: 'HEX', help: 'the root key in full, as "trust" prints it; no data folder is needed then' },
    },
    help: 'Writes the browser policies with which stations use the units of a site file without a chooser.',
    request: ([file = ''], { page, out, kiosk, root }) => ({
      command: 'site policies',
      file: readInput(file),
      page: readUrl(required('page', page)),
      out: resolve(required('out', out)),
      isKiosk: kiosk === true,
      root: readPublicKey('root', root, '"trust" prints them'),
    }),
  },
  'verify-deployment': {
    words: 'URL',
    options: {
      release: { value: 'FILE', required: true, help: 'the signed statement of the release, release.json' },
      key: { value: 'HEX', help: 'the public key of the publisher in full; a statement of another key is refused' },
    },
    help: 'Compares the page at URL with a release: files, encodings and headers. Ends with 0 if they are equal, 1 if not, and 2 if they could not be compared.',
    request: ([url = ''], { release, key }) => ({
      command: 'verify-deployment',
      url: readUrl(url),
      release: readInput(required('release', release)),
      key: readPublicKey('key', key, 'the publisher of the release gives them'),
    }),
  },
};

function readDraft(file: string): SiteDraft {
  const text = readInput(file);
  try {
    return readSiteDraft(text, (mark) => readContent(file === '-' ? mark : join(dirname(file), mark)));
  } catch (cause) {
    throw toUserError(cause, `${file}: `);
  }
}

/** Returns the address of the folder of the page, with a slash at the end. */
function readUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new UserError(`"${text}" is not an address of a page. Write it in full: https://keys.example.org/`);
  }
  const { origin, pathname } = new URL(text);
  const folder = pathname.replace(/index\.html$/, '');
  return origin + (folder.endsWith('/') ? folder : `${folder}/`);
}
