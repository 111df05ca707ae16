// Compares files of a served page with a release (docs/release.md). The command line and the page
// use it.

import { FileError } from '../errors.ts';
import { t } from '../text/message.ts';
import { BUILD_LIST, digestOf, listedFiles, originalList, originalWorker, SERVICE_WORKER } from './build-files.ts';
import type { Release } from './statement.ts';

/** The folders of a release that a web server serves. */
export type PageFolder = 'app' | 'demo';

/** Result of comparing one file of the page with the release. */
export type FileState = 'same' | 'changed' | 'missing';

/** The HTML file of each folder. */
const PAGES: Readonly<Record<PageFolder, string>> = { app: 'index.html', demo: 'demo.html' };

/** Endings of compressed copies, which web servers send in place of the file. */
const COMPRESSED = /\.(br|gz)$/;

/** The files of one folder of a release that a server sends, and what they must contain. */
export class ReleasedPage {
  /** SHA-256 by the path on the server: "assets/first-AbCd1234.js". */
  readonly #digests: ReadonlyMap<string, string>;

  /** @throws FileError if the release does not contain the page */
  constructor({ files }: Release, folder: PageFolder) {
    const inFolder = [...files].filter(([name]) => name.startsWith(`${folder}/`));
    this.#digests = new Map(
      inFolder
        .filter(([name]) => !COMPRESSED.test(name) || !files.has(name.replace(COMPRESSED, '')))
        .map(([name, digest]) => [name.slice(folder.length + 1), digest] as const),
    );
    if (!this.#digests.has(PAGES[folder])) {
      throw new FileError(t`This release does not contain the page.`, t`Choose the file of a release of this page`);
    }
  }

  /** The paths of all files, in the sequence of the statement. */
  get paths(): readonly string[] {
    return [...this.#digests.keys()];
  }

  /** Compares one file. `content` is undefined if the server does not have it. */
  stateOf(path: string, content: Uint8Array | undefined): FileState {
    if (content === undefined) return 'missing';
    return digestOf(this.#original(path, content)) === this.#digests.get(path) ? 'same' : 'changed';
  }

  /** Returns the files that a service worker or a build.json lists, and that the release lacks. */
  additional(path: string, content: Uint8Array): readonly string[] {
    if (path !== SERVICE_WORKER && path !== BUILD_LIST) return [];
    return listedFiles(content).filter((name) => !this.#digests.has(name));
  }

  /** Returns the file as the build wrote it, without the hash of the headers. */
  #original(path: string, content: Uint8Array): Uint8Array {
    if (path === SERVICE_WORKER) return originalWorker(content, this.#digests);
    if (path === BUILD_LIST) return originalList(content, this.#digests);
    return content;
  }
}
