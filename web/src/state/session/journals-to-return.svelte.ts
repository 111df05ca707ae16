// The vaults of this browser whose journals the AS lacks. Kept in a setting, so that the first
// screen shows them without reading the vaults, also after a lock and a sign-in.

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

/** Leaves out what is damaged: opening the vaults writes the setting again. */
function parse(setting: string): readonly JournalToReturn[] {
  return setting.split(',').flatMap((text) => {
    const [, number, id] = /^([0-9A-F]{4}) ([\w-]{1,64})$/.exec(text) ?? [];
    return number === undefined || id === undefined ? [] : { id, number };
  });
}
