// Follows the open order at its AS: whether the order is still open, and which units are done at
// any station (docs/protocol.md clause 6.1). Asks the AS when the order is opened, every 10 s,
// after each load, after a sign-in and when the network returns.
import type { WorkOrder } from '#protocol/orders/order.ts';
import type { WorkOrders } from '../../as-client/work-orders.ts';
import type { EndedAs } from '../../journal/order-record.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { Station } from '../station/station.svelte.ts';
import { isTemporary } from './order-rules.ts';
import type { OrderRun } from './order-run.svelte.ts';

/** Minimum time from the last request to a request after a successful load, in milliseconds. */
const MIN_INTERVAL_MS = 3_000;

export interface FollowedOrderOptions {
  readonly station: Station;
  readonly remote: Pick<WorkOrders, 'progress'>;
  readonly order: WorkOrder;
  readonly run: Pick<OrderRun, 'merge' | 'recoverAutomatically' | 'isRecovering' | 'ended'>;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  /** Called when the AS has closed or revoked the order. */
  readonly onEnded: (as: EndedAs) => Promise<void>;
}

export class FollowedOrder {
  #failure = $state.raw<Failure | undefined>();
  #proven = $state(0);
  readonly #options: FollowedOrderOptions;
  #seen: string | undefined;
  #asking: Promise<boolean> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  /**
   * True after a load or a request failed because the AS could not be used. The next answer of the
   * AS then continues the run.
   */
  #isAwaited = false;

  constructor(options: FollowedOrderOptions) {
    this.#options = options;
  }

  /** Failure of the last request; undefined if it was answered. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Number of units for which the AS has a verified receipt of every line. */
  get proven(): number {
    return this.#proven;
  }

  /** Whether an operator is signed in to the AS of this order. */
  get isAvailable(): boolean {
    const { station, order } = this.#options;
    const account = station.session.signedIn;
    const { name, asNumber } = account?.service ?? {};
    return account?.kind === 'remote' && name === order.service && asNumber === order.asNumber;
  }

  /** Whether the next answer of the AS continues the run. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /**
   * Asks the AS after a load. After a successful load, skips the request if the last one was less
   * than 3 s ago. After a failure, always asks, except for a temporary failure during a recovery.
   */
  async followSoon(failure?: Failure): Promise<void> {
    const isTemporaryFailure = failure !== undefined && isTemporary(failure);
    if (isTemporaryFailure) this.#isAwaited = true;
    if (isTemporaryFailure && this.#options.run.isRecovering) return;
    if (failure || this.#options.ticks() - this.#askedAt >= MIN_INTERVAL_MS) await this.follow();
  }

  /**
   * Called when the network returns. If an operator is signed in to the AS of the order, the run
   * continues when that AS answers. Otherwise it continues at once.
   */
  async reconnect(): Promise<void> {
    if (!this.isAvailable) return await this.#options.run.recoverAutomatically();
    this.#isAwaited = true;
    await this.follow();
  }

  /**
   * Asks the AS for the progress of the order. After the answer, continues a run that waits for it.
   * A call during a request shares that request. Never rejects for an expected failure.
   */
  async follow(): Promise<void> {
    if (!this.isAvailable) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    const isAnswered = await this.#asking;
    // A recovery may take minutes. An answer of the AS during a recovery does not start a second
    // one, but the first answer after it may.
    const { run } = this.#options;
    if (!isAnswered || !this.#isAwaited || run.isRecovering) return;
    this.#isAwaited = false;
    await run.recoverAutomatically();
  }

  /** Asks the AS once. Returns true if the AS answered. */
  async #ask(): Promise<boolean> {
    const { station, remote, order, run, ticks, onEnded } = this.#options;
    this.#askedAt = ticks();
    try {
      const { state, version, units, done } = await remote.progress(order.id, this.#seen);
      await run.merge(units.flatMap(({ sn, proven }) => (proven >= order.lines.length ? sn : [])));
      this.#proven = done;
      this.#seen = version;
      this.#failure = undefined;
      if (state !== 'open') await onEnded(state);
      return true;
    } catch (error) {
      this.#failure = failureOf(error);
      this.#isAwaited ||= isTemporary(this.#failure);
      station.session.endOn(this.#failure);
      return false;
    }
  }
}
