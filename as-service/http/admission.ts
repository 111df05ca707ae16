// Decides which requests the service works on, and when (ADR 0062): rate limits, budgets of bodies,
// and fair turns between operators.
import { tooManyRequests } from './answer.ts';
import { BodyBudget, type BodyLimits } from './body-budget.ts';
import { FairQueue, type QueueLimits } from './fair-queue.ts';
import { type Rate, RateLimit } from './rate-limit.ts';

export interface AdmissionLimits {
  /** Requests that are worked on at a time. */
  readonly requests: QueueLimits;
  /** Requests among them that take long: reports, long bodies and lists of orders. */
  readonly slow: QueueLimits;
  readonly bodies: BodyLimits;
  /** Bytes of long bodies, per operator. */
  readonly longBodies: Rate;
}

const MIB = 1024 * 1024;

export const ADMISSION_LIMITS: AdmissionLimits = {
  requests: { running: 256, runningOfOne: 128, waiting: 8192, waitingOfOne: 1024 },
  slow: { running: 2, runningOfOne: 1, waiting: 64, waitingOfOne: 8 },
  bodies: { bytes: 64 * MIB, bytesOfOne: 24 * MIB, open: 2048, openOfOne: 512 },
  longBodies: { burst: 64 * MIB, perMinute: 16 * MIB },
};

export interface AdmissionOptions {
  /** Rate of exports, and of reads, per operator. */
  readonly rate: Rate;
  readonly limits: AdmissionLimits;
  /** Returns milliseconds of a monotonic clock: setting back the clock must not lock operators out. */
  readonly now: () => number;
}

export class Admission {
  readonly requests: FairQueue;
  readonly slow: FairQueue;
  readonly bodies: BodyBudget;
  readonly #exports: RateLimit;
  readonly #reads: RateLimit;
  readonly #longBodies: RateLimit;

  constructor({ rate, limits, now }: AdmissionOptions) {
    this.requests = new FairQueue(limits.requests);
    this.slow = new FairQueue(limits.slow);
    this.bodies = new BodyBudget(limits.bodies);
    this.#exports = new RateLimit(rate, now);
    this.#reads = new RateLimit(rate, now);
    this.#longBodies = new RateLimit(limits.longBodies, now);
  }

  /** Charges exports, receipts and other changes. @throws Problem too-many-requests */
  spend(operator: string, count: number): void {
    take(this.#exports, operator, count, `${operator} makes exports faster than this service allows.`);
  }

  /** Charges one read. @throws Problem too-many-requests */
  spendRead(operator: string): void {
    take(this.#reads, operator, 1, `${operator} reads faster than this service allows.`);
  }

  /** Charges the bytes of a long body. @throws Problem too-many-requests */
  spendLongBody(operator: string, bytes: number): void {
    take(this.#longBodies, operator, bytes, `${operator} sends long requests faster than this service allows.`);
  }

  /** Runs an action in its turn. @throws Problem too-many-requests (503) */
  run<Result>(operator: string, isSlow: boolean, action: () => Promise<Result> | Result): Promise<Result> {
    if (!isSlow) return this.requests.run(operator, action);
    return this.slow.run(operator, () => this.requests.run(operator, action));
  }
}

function take(limit: RateLimit, operator: string, count: number, detail: string): void {
  const wait = limit.take(operator, count);
  if (wait !== undefined) throw tooManyRequests(detail, wait);
}
