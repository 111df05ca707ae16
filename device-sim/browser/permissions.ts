// Stores the SNs of the units that the page may use.
export class Permissions {
  readonly #granted: Set<string>;
  readonly #onChange: (granted: readonly string[]) => void;

  /** @param granted SNs of 32 hex digits */
  constructor(granted: Iterable<string> = [], onChange: (granted: readonly string[]) => void = () => undefined) {
    this.#granted = new Set(granted);
    this.#onChange = onChange;
  }

  has(sn: string): boolean {
    return this.#granted.has(sn);
  }

  grant(sn: string): void {
    this.#granted.add(sn);
    this.#onChange([...this.#granted]);
  }

  revoke(sn: string): void {
    if (this.#granted.delete(sn)) this.#onChange([...this.#granted]);
  }
}
