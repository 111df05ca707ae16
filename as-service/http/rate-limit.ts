// Rate limit by token buckets, one per name, with bounded memory: full buckets are removed.

export interface Rate {
  /** Capacity of a bucket, in tokens. */
  readonly burst: number;
  /** Number of tokens that a bucket regains per minute. */
  readonly perMinute: number;
}

interface Bucket {
  left: number;
  /** Time of the last refill in milliseconds. */
  time: number;
}

const MAX_BUCKETS = 10_000;

export class RateLimit {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `now` returns milliseconds. */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Takes `count` tokens, or takes none and returns the seconds to wait. */
  take(name: string, count = 1): number | undefined {
    const bucket = this.#filled(name);
    const wait = this.#wait(bucket, count);
    if (wait !== undefined) return wait;
    bucket.left -= count;
    if (this.#buckets.size >= MAX_BUCKETS) this.#removeFull();
    this.#buckets.set(name, bucket);
    return undefined;
  }

  /** Number of stored buckets. */
  get size(): number {
    return this.#buckets.size;
  }

  #wait({ left }: Bucket, count: number): number | undefined {
    if (left >= count) return undefined;
    return Math.max(1, Math.ceil(((Math.min(count, this.#rate.burst) - left) * 60) / this.#rate.perMinute));
  }

  #filled(name: string): Bucket {
    const time = this.#now();
    const before = this.#buckets.get(name);
    if (before === undefined) return { left: this.#rate.burst, time };
    const refilled = before.left + ((time - before.time) * this.#rate.perMinute) / 60_000;
    return { left: Math.min(this.#rate.burst, refilled), time };
  }

  #removeFull(): void {
    for (const name of this.#buckets.keys()) {
      if (this.#filled(name).left >= this.#rate.burst) this.#buckets.delete(name);
    }
    // Too many names: resetting all limits is better than running out of memory.
    if (this.#buckets.size >= MAX_BUCKETS) this.#buckets.clear();
  }
}
