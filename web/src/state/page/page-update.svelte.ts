// A newer build of the page that is cached and waits. The operator decides when it replaces this
// page, and only while a reload interrupts nothing.

/**
 * What a reload of the page would interrupt.
 *
 * run      the run of a work order, even between two units
 * load     a load, or the reading of its outcome
 * unit     the reading of a unit
 * token    a request to a vault or card
 * journal  the only copy of the journal of a lost vault would be deleted
 */
export type ReloadObstacle = 'run' | 'load' | 'unit' | 'token' | 'journal';

/** A part of the page that a reload may interrupt. */
export interface Interruptible {
  readonly obstacle: ReloadObstacle | undefined;
}

export interface BuildName {
  readonly version: string;
  /** Hash of the build, or the name of its main script. */
  readonly build: string;
}

/**
 * activated   the newer build serves the next page that is opened
 * other-tabs  another tab has this page open, which must not change during its work
 * failed      the browser did not activate the newer build in time
 */
export type Activation = 'activated' | 'other-tabs' | 'failed';

export interface PageUpdateOptions {
  /** The build of this page. */
  readonly current: BuildName;
  /** What a reload would interrupt. */
  readonly obstacle: () => ReloadObstacle | undefined;
  /** Activates the newer build. */
  readonly activate: () => Promise<Activation>;
  readonly reload: () => void;
}

export class PageUpdate {
  #offered = $state.raw<BuildName | undefined>();
  #refusal = $state.raw<Exclude<Activation, 'activated'> | undefined>();
  #isApplying = $state(false);
  readonly #options: PageUpdateOptions;

  constructor(options: PageUpdateOptions) {
    this.#options = options;
  }

  get current(): BuildName {
    return this.#options.current;
  }

  /** The newer build; undefined if its name is not known. */
  get offered(): BuildName | undefined {
    return this.#offered;
  }

  /** What a reload would interrupt now. */
  get obstacle(): ReloadObstacle | undefined {
    return this.#options.obstacle();
  }

  /** Why the last call of apply() changed nothing. */
  get refusal(): Exclude<Activation, 'activated'> | undefined {
    return this.#refusal;
  }

  get isApplying(): boolean {
    return this.#isApplying;
  }

  /** Sets the build that waits. A later one may replace it. */
  offer(build: BuildName | undefined): void {
    this.#offered = build;
  }

  /**
   * Activates the newer build and reloads the page. Does nothing while a reload would interrupt
   * something. After the activation, reloads only if a reload interrupts nothing and `mayReload`
   * returns true. Otherwise the page continues with the files of its own build, and the caller can
   * try again.
   */
  async apply(mayReload: () => boolean = () => true): Promise<void> {
    if (this.#isApplying || this.obstacle) return;
    this.#isApplying = true;
    this.#refusal = undefined;
    const activation = await this.#options.activate();
    this.#isApplying = false;
    if (activation !== 'activated') this.#refusal = activation;
    else if (!this.obstacle && mayReload()) this.#options.reload();
  }
}
