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
    this.#list = parse(settings.getItem(SETTING) ?? '');
  }

  get list(): readonly JournalToReturn[] {
    return this.#list;
  }

  set(vaults: readonly JournalToReturn[]): void {
    this.#list = vaults.map(({ id, number }) => ({ id, number }));
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
