// Opens the page in the language that the operator chooses, and stores the choice for later starts.
import { ProtocolError } from '#protocol/errors.ts';
import { LANGUAGE, pageIn } from '../../text/languages.ts';
import { Task } from '../common/task.svelte.ts';

export interface LanguageChoiceOptions {
  /** Languages that the page is built in. */
  readonly languages: readonly string[];
  readonly current: string;
  /** Name of the page in English. */
  readonly page: string;
  readonly settings: Pick<Storage, 'setItem'>;
  /** Whether a change of the language would interrupt a load. */
  readonly isBusy: () => boolean;
  /** Resolves to undefined if there is no such file. @throws ProtocolError part-unreachable */
  readonly fetchFile: (path: string) => Promise<unknown>;
  /** Leaves this page and opens another one. */
  readonly open: (path: string) => void;
}

export class LanguageChoice {
  readonly languages: readonly string[];
  readonly current: string;
  readonly #options: LanguageChoiceOptions;
  readonly #task = new Task();

  constructor(options: LanguageChoiceOptions) {
    this.#options = options;
    this.languages = options.languages;
    this.current = options.current;
  }

  /** Whether a load is in progress, which must end first. */
  get mustWait(): boolean {
    return this.#options.isBusy();
  }

  get isOpening(): boolean {
    return this.#task.isBusy;
  }

  /** Whether the page in the chosen language could not be fetched. */
  get isUnreachable(): boolean {
    return this.#task.failure !== undefined;
  }

  /**
   * Opens the page in a language. Fetches it first, because without a network only the current language
   * is stored, and the browser would show its own error page.
   */
  async choose(language: string): Promise<void> {
    if (language === this.current || this.mustWait) return;
    const { page, settings, fetchFile, open } = this.#options;
    const path = pageIn(page, language);
    await this.#task.run(async () => {
      if ((await fetchFile(path)) === undefined) throw new ProtocolError('part-unreachable', `there is no ${path}`);
      settings.setItem(LANGUAGE, language);
      open(path);
    });
  }
}
