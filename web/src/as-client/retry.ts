// Sends a request of RemoteAs again after a network failure. The failed request may have reached
// the service, so it is sent unchanged, under the same idempotency key (docs/protocol.md clause 6).
// The number of tries and each wait are bounded.
import { ProtocolError, type SourceErrorCode } from '#protocol/errors.ts';

/** The pauses before the second, third, fourth and fifth try. */
export const PAUSES_MS: readonly number[] = [250, 1000, 2000, 4000];

/** Maximum length of one wait, even if Retry-After is longer. */
const MAX_WAIT_MS = 30_000;
/** Maximum sum of the waits of one request. */
const MAX_TOTAL_MS = 60_000;

/**
 * Error of a request that may succeed later: the AS gave no answer, or asked the page to send the
 * request again later.
 */
export class NetworkFailure extends ProtocolError {
  override readonly name = 'NetworkFailure';
  /** Time in the Retry-After header; undefined without this header. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: SourceErrorCode,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** A wait before the next try. */
export interface Wait {
  readonly seconds: number;
  /** Number of the next try. The first retry has number 2. */
  readonly next: number;
  readonly tries: number;
}

/**
 * Observes and cancels the waits of one request. `onWait` is called when a wait begins, and with
 * undefined when it ends. An abort of `signal` ends the wait and cancels the request.
 */
export interface RetryWatch {
  readonly onWait: (wait: Wait | undefined) => void;
  readonly signal: AbortSignal;
  /**
   * Runs each try and may delay it, to limit the number of concurrent requests. Does not run the
   * waits between tries, so a request that waits does not count towards the limit.
   */
  readonly admit: <T>(send: () => Promise<T>) => Promise<T>;
}

/**
 * Calls `send` until it succeeds. Calls it again only after a NetworkFailure, once for each pause,
 * and only while the sum of the waits is at most MAX_TOTAL_MS.
 * @throws ProtocolError of the last try; cancelled if `watch.signal` aborts
 */
export async function sendUntilAnswered<T>(
  send: () => Promise<T>,
  pausesMs: readonly number[],
  watch?: RetryWatch,
): Promise<T> {
  const tryOnce = (): Promise<T> => (watch ? watch.admit(send) : send());
  let totalMs = 0;
  for (const [index, pauseMs] of pausesMs.entries()) {
    try {
      return await tryOnce();
    } catch (error) {
      if (!(error instanceof NetworkFailure)) throw error;
      const ms = Math.min(MAX_WAIT_MS, Math.max(pauseMs, error.retryAfterMs ?? 0));
      totalMs += ms;
      if (totalMs > MAX_TOTAL_MS) throw error;
      watch?.onWait({ seconds: Math.ceil(ms / 1000), next: index + 2, tries: pausesMs.length + 1 });
      await pause(ms, watch?.signal).finally(() => watch?.onWait(undefined));
    }
  }
  return await tryOnce();
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new ProtocolError('cancelled', 'stopped before the next try'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
  });
}

/**
 * Returns the value of Retry-After (RFC 9110) in milliseconds. Retry-After contains seconds or a
 * date. A date is compared with the Date header of the same answer, because the clock of this
 * computer can be wrong. If there is no Date header, the date is ignored.
 */
export function readRetryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = value.endsWith('GMT') ? Date.parse(value) : Number.NaN;
  const ms = at - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
