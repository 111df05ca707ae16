// Compares the files of this page with a release, as this browser uses them and as the server sends
// them (docs/release.md).
import { ProtocolError } from '#protocol/errors.ts';
import { BUILD_LIST, DEMO_BUILD_LIST, filesOfOtherLanguages, SERVICE_WORKER } from '#protocol/release/build-files.ts';
import { type FileState, type PageFolder, ReleasedPage } from '#protocol/release/compare.ts';
import { openRelease } from '#protocol/release/statement.ts';
import { rootFingerprint, type Verify } from '#protocol/signing/envelope.ts';
import type { Failure } from '../common/failure.ts';
import { type OpenedFile, readFile } from '../common/read-file.ts';
import { Task } from '../common/task.svelte.ts';
import { Semaphore } from '../session/semaphore.ts';

/**
 * browser  the copy that this browser uses: from its cache or, if it has none, from the server
 * server   the copy that the server sends now
 */
export type FileSource = 'browser' | 'server';

export interface ReleaseCheckOptions {
  /** The folder of the release that contains this page. */
  readonly folder: PageFolder;
  /** The language of this page. Without a network, the files of other languages cannot be read. */
  readonly language: string;
  /**
   * Fetches a file of this page. Resolves to undefined if the server does not have it.
   * @throws ProtocolError part-unreachable
   */
  readonly fetchFile: (path: string, source: FileSource) => Promise<Uint8Array | undefined>;
  readonly verify: Verify;
}

export interface FileDifference {
  readonly path: string;
  /** `additional`: a list of the server names the file, and the release does not have it. */
  readonly is: Exclude<FileState, 'same'> | 'additional';
  readonly source: FileSource;
}

export interface ReleaseComparison {
  readonly version: string;
  /** Fingerprint of the key that signed the statement, 32 hex digits. */
  readonly fingerprint: string;
  /** Number of files that were compared, in this browser or at the server. */
  readonly files: number;
  readonly differences: readonly FileDifference[];
  /** Whether the server sent every file that it has. False if it was unreachable. */
  readonly isServerRead: boolean;
}

/** Files that the browser reads from the server only. The guides are not part of the page. */
const isFromServerOnly = (path: string): boolean =>
  [SERVICE_WORKER, BUILD_LIST, DEMO_BUILD_LIST].includes(path) || path.startsWith('guide/');

/** Number of files that are compared at the same time. */
const MAX_FILES = 8;

/** Several lists of the server may name the same additional file. */
function withoutRepeats(differences: readonly FileDifference[]): readonly FileDifference[] {
  const key = ({ path, is, source }: FileDifference): string => `${is} ${source} ${path}`;
  return [...new Map(differences.map((each) => [key(each), each])).values()];
}

const isUnreachable = (error: unknown): boolean => error instanceof ProtocolError && error.code === 'part-unreachable';

export class ReleaseCheck {
  #result = $state.raw<ReleaseComparison | undefined>();
  #progress = $state.raw<readonly [done: number, total: number] | undefined>();
  readonly #options: ReleaseCheckOptions;
  readonly #task = new Task();

  constructor(options: ReleaseCheckOptions) {
    this.#options = options;
  }

  /** Result of the last comparison. */
  get result(): ReleaseComparison | undefined {
    return this.#result;
  }

  /** Number of compared files and number of all files; undefined unless a comparison is running. */
  get progress(): readonly [done: number, total: number] | undefined {
    return this.#progress;
  }

  /** Why the last file was refused, or why this page could not be read. */
  get failure(): Failure | undefined {
    return this.#task.failure;
  }

  get isBusy(): boolean {
    return this.#task.isBusy;
  }

  /** Compares this page with the release of a signed statement. */
  async compare(file: OpenedFile): Promise<void> {
    this.#result = undefined;
    await this.#task.run(async () => {
      const release = await openRelease(await readFile(file), this.#options.verify);
      const page = new ReleasedPage(release, this.#options.folder);
      const { version, publicKey } = release;
      const found = await this.#compareFiles(page);
      this.#result = { version, fingerprint: rootFingerprint(publicKey), ...found };
    });
    this.#progress = undefined;
  }

  async #compareFiles(page: ReleasedPage): Promise<Omit<ReleaseComparison, 'version' | 'fingerprint'>> {
    const { paths } = page;
    const found = new Map<string, FileDifference[]>(paths.map((path) => [path, []]));
    const isOfOtherLanguage = this.#otherLanguages();
    let isServerRead = true;
    let [done, files] = [0, 0];
    this.#progress = [done, paths.length];
    const compare = async ([path, differences]: [string, FileDifference[]]): Promise<void> => {
      const isRead = !isFromServerOnly(path) && (await this.#compareStored(page, path, differences, isOfOtherLanguage));
      const isServed = isServerRead && (await this.#compareServed(page, path, differences));
      if (!isServed) isServerRead = false;
      if (isRead || isServed) files++;
      this.#progress = [++done, paths.length];
    };
    const [first, ...others] = found;
    // The first file is compared alone, so that one request shows whether the server can be
    // reached.
    if (first) await compare(first);
    const requests = new Semaphore(MAX_FILES);
    const ended = await Promise.allSettled(others.map((each) => requests.run(() => compare(each))));
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
    return { files, differences: withoutRepeats([...found.values()].flat()), isServerRead };
  }

  /**
   * Returns false if the browser cannot read the file and the page in this language does not need
   * it.
   */
  async #compareStored(
    page: ReleasedPage,
    path: string,
    differences: FileDifference[],
    isOfOtherLanguage: (path: string) => Promise<boolean>,
  ): Promise<boolean> {
    try {
      const is = page.stateOf(path, await this.#options.fetchFile(path, 'browser'));
      if (is !== 'same') differences.push({ path, is, source: 'browser' });
      return true;
    } catch (error) {
      if (isUnreachable(error) && (await isOfOtherLanguage(path))) return false;
      throw error;
    }
  }

  /**
   * Returns a function that tells whether a file belongs to another language of the page. Its first
   * call reads build.json.
   */
  #otherLanguages(): (path: string) => Promise<boolean> {
    let others: ReadonlySet<string> | undefined;
    return async (path) => {
      const { fetchFile, language } = this.#options;
      others ??= filesOfOtherLanguages((await fetchFile(BUILD_LIST, 'browser')) ?? new Uint8Array(), language);
      return others.has(path);
    };
  }

  /** Returns false if the server cannot be reached. */
  async #compareServed(page: ReleasedPage, path: string, differences: FileDifference[]): Promise<boolean> {
    try {
      const content = await this.#options.fetchFile(path, 'server');
      const is = page.stateOf(path, content);
      if (is !== 'same') differences.push({ path, is, source: 'server' });
      const additional = content ? page.additional(path, content) : [];
      differences.push(...additional.map((name) => ({ path: name, is: 'additional', source: 'server' }) as const));
      return true;
    } catch (error) {
      if (isUnreachable(error)) return false;
      throw error;
    }
  }
}
