// Remembers the ids of all vaults that this browser has had, so that a lost vault is not imported
// again. The list is a separate setting. It therefore remains when the operator dismisses the
// message about a loss.

/** Name of the setting. */
const SETTING = 'keyferry.imported-vaults';

export class ImportedVaults {
  readonly #settings: Pick<Storage, 'getItem' | 'setItem'>;
  /** A copy in memory, for a browser that cannot store the setting. */
  readonly #ids = new Set<string>();

  constructor(settings: Pick<Storage, 'getItem' | 'setItem'>) {
    this.#settings = settings;
  }

  has(id: string): boolean {
    return this.#read().has(id);
  }

  add(ids: Iterable<string>): void {
    const known = this.#read();
    const size = known.size;
    for (const id of ids) known.add(id);
    if (known.size > size) this.#settings.setItem(SETTING, [...known].join());
  }

  /** Reads the setting again, because another tab may have changed it. */
  #read(): Set<string> {
    for (const id of (this.#settings.getItem(SETTING) ?? '').split(',')) if (id !== '') this.#ids.add(id);
    return this.#ids;
  }
}
