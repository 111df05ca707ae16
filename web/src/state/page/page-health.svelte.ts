// Conditions that concern the whole page. After most of them the operator should reload the page.
import type { Interruptible, PageUpdate } from './page-update.svelte.ts';

export class PageHealth {
  #isBroken = $state(false);
  #isSuperseded = $state(false);
  #isCutOff = $state(false);
  #hasLostJournal = $state(false);
  #isServiceReachable = $state<boolean | undefined>();
  #update = $state.raw<PageUpdate | undefined>();
  #parts = $state.raw<readonly Interruptible[]>([]);

  /** True after an unexpected error. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** True if another tab runs a newer version of this page. */
  get isSuperseded(): boolean {
    return this.#isSuperseded;
  }

  /** True after a chunk of the page could not be fetched. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** True if the journal was deleted while this page was open. */
  get hasLostJournal(): boolean {
    return this.#hasLostJournal;
  }

  reportLostJournal(): void {
    this.#hasLostJournal = true;
  }

  /**
   * Whether the last request to the AS was answered. Undefined until the first request has ended,
   * and again from the return of the network to the end of the next request.
   */
  get isServiceReachable(): boolean | undefined {
    return this.#isServiceReachable;
  }

  reportReach(isReachable: boolean | undefined): void {
    this.#isServiceReachable = isReachable;
  }

  /** The newer build of this page; undefined if none waits. */
  get update(): PageUpdate | undefined {
    return this.#update;
  }

  offerUpdate(update: PageUpdate): void {
    this.#update = update;
  }

  /** The lazily loaded parts that a reload may interrupt. */
  get parts(): readonly Interruptible[] {
    return this.#parts;
  }

  addPart(part: Interruptible): void {
    this.#parts = [...this.#parts, part];
  }

  reportError(): void {
    this.#isBroken = true;
  }

  reportNewerVersion(): void {
    this.#isSuperseded = true;
  }

  reportFetchFailure(): void {
    this.#isCutOff = true;
  }

  /** Clears a fetch failure, because the operator has changed to another view. */
  clearFetchFailure(): void {
    this.#isCutOff = false;
  }
}
