// Lists the vaults of this browser whose journals the AS does not have yet. The list is stored in a
// setting, so that the first screen can show it without reading the vaults.

/** Name of the setting. */
const SETTING = 'keyferry.to-return';

export interface JournalToReturn {
  /** Id of the vault. */
  readonly id: string;
  /** AS number of the vault, 4 hex digits. */
  readonly number: string;
}

export class JournalsToReturn {
  #list = $state.raw<readonly JournalToReturn[]>([]);
  readonly #settings: Pick<Storage, 'getItem' | 'setItem'>;

  constructor(settings: Pick<Storage, 'getItem' | 'setItem'>) {
    this.#settings = settings;
    this.read();
  }

  get list(): readonly JournalToReturn[] {
    return this.#list;
  }

  /** Reads the setting again, because another tab may have changed it. */
  read(): readonly JournalToReturn[] {
    this.#list = parse(this.#settings.getItem(SETTING) ?? '');
    return this.#list;
  }

  /**
   * Adds the vaults `due` and removes the vaults whose ids are in `done`. Keeps all others, because
   * another tab may have added them.
   */
  update(due: readonly JournalToReturn[], done: ReadonlySet<string>): void {
    const kept = this.read().filter(({ id }) => !done.has(id));
    this.#list = [...new Map([...kept, ...due].map(({ id, number }) => [id, { id, number }])).values()];
    this.#settings.setItem(SETTING, this.#list.map(({ id, number }) => `${number} ${id}`).join());
  }
}

/** Skips damaged entries. The page writes the setting again when it reads the vaults. */
function parse(setting: string): readonly JournalToReturn[] {
  return setting.split(',').flatMap((text) => {
    const [, number, id] = /^([0-9A-F]{4}) ([\w-]{1,64})$/.exec(text) ?? [];
    return number === undefined || id === undefined ? [] : { id, number };
  });
}
