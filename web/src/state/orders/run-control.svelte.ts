// Starts, pauses, halts and ends the run of a work order. Each change is an event in the journal of
// the order.
import type { Journal } from '../../journal/journal.ts';
import type { EndedAs, OrderEvent } from '../../journal/order-record.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { isSystemFailure, isTemporary } from './order-rules.ts';
import type { RunState } from './run-state.ts';

/**
 * Maximum number of recoveries without the operator. The count starts again at 0 when a unit is
 * done or the operator acts.
 */
const MAX_RECOVERIES = 3;

export interface RunControlOptions {
  readonly journal: Pick<Journal, 'note'>;
  /** Number of the order's hash chain in the journal. */
  readonly chain: number;
  /** How the order had ended before this station opened it; undefined if it had not ended. */
  readonly endedAs?: EndedAs | undefined;
}

export class RunControl {
  #state = $state.raw<RunState>({ is: 'paused' });
  #ended = $state.raw<EndedAs | undefined>();
  /** Number of units that failed in a row. */
  #streak = 0;
  #recoveries = 0;
  #isRecovering = false;
  readonly #options: RunControlOptions;

  constructor(options: RunControlOptions) {
    this.#options = options;
    this.#ended = options.endedAs;
  }

  get state(): RunState {
    return this.#state;
  }

  get ended(): EndedAs | undefined {
    return this.#ended;
  }

  get isRunning(): boolean {
    return this.#state.is === 'running';
  }

  async start(): Promise<void> {
    const { is } = this.#state;
    this.#state = { is: 'running' };
    this.#streak = 0;
    if (is !== 'running') await this.note({ step: 'order-resumed' });
  }

  /** Writes an event of the order to the journal. If the write fails, halts the run. */
  async note(event: OrderEvent): Promise<void> {
    await this.attempt(() => this.#options.journal.note(this.#options.chain, event));
  }

  /** Runs an action that the run requires. If it fails, halts the run and rejects. */
  async require(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.halt(failureOf(error));
      throw error;
    }
  }

  /**
   * Runs an action of the operator that writes to the journal. If the action fails, halts even a
   * paused run, because only a halted run shows the failure. An ended run remains ended.
   */
  async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (this.#ended) failureOf(error);
      else this.#state = { is: 'halted', failures: 0, failure: failureOf(error) };
    }
  }

  /** Whether the run is recovering without the operator. */
  get isRecovering(): boolean {
    return this.#isRecovering;
  }

  /** Sets the number of recoveries to 0. Called when the operator acts. */
  allowRecoveries(): void {
    this.#recoveries = 0;
  }

  /**
   * Runs `recover` without the operator, if the run halted after a temporary failure or `isNeeded`
   * is true. Runs at most one recovery at a time, and at most three until a unit is done or the
   * operator acts.
   */
  async recoverAutomatically(isNeeded: boolean, recover: () => Promise<void>): Promise<void> {
    if (this.#isRecovering || !(isNeeded || this.#hasHaltedTemporarily) || this.#recoveries >= MAX_RECOVERIES) return;
    this.#recoveries++;
    this.#isRecovering = true;
    try {
      await recover();
    } catch (error) {
      this.halt(failureOf(error));
    } finally {
      this.#isRecovering = false;
    }
  }

  /** Continues the run if it halted after a temporary failure. Returns true if it then runs. */
  async resume(): Promise<boolean> {
    if (!this.#hasHaltedTemporarily || this.#ended) return false;
    await this.start();
    return this.isRunning;
  }

  /** Whether the run halted after a temporary failure. */
  get #hasHaltedTemporarily(): boolean {
    return this.#state.is === 'halted' && isTemporary(this.#state.failure);
  }

  async pause(): Promise<void> {
    if (this.#state.is === 'paused') return;
    this.#state = { is: 'paused' };
    await this.note({ step: 'order-paused' });
  }

  async end(as: EndedAs): Promise<void> {
    this.#ended = as;
    this.#state = { is: 'paused' };
    const step = as === 'closed' ? 'order-closed' : 'order-revoked';
    await this.#options.journal.note(this.#options.chain, { step });
  }

  countDone(): void {
    this.#streak = 0;
    this.#recoveries = 0;
  }

  /**
   * Halts the run after a failure that no unit caused, or after `haltAfter` failed units in a row.
   * If `haltAfter` is null, failed units do not halt the run.
   */
  countFailure(failure: Failure, haltAfter: number | null): void {
    const isSystem = isSystemFailure(failure);
    if (!isSystem) this.#streak++;
    if (isSystem || (haltAfter !== null && this.#streak >= haltAfter)) this.halt(failure);
  }

  halt(failure: Failure): void {
    if (this.#state.is !== 'running') return;
    this.#state = { is: 'halted', failures: this.#streak, failure };
    const event = { step: 'order-halted', failures: this.#streak } as const;
    this.#options.journal.note(this.#options.chain, event).catch(failureOf);
  }
}
