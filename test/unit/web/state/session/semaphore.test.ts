import { describe, expect, it } from 'vitest';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { NetworkFailure, type RetryWatch, sendUntilAnswered, type Wait } from '#web/as-client/retry.ts';
import { limitConcurrency, Semaphore } from '#web/state/session/semaphore.ts';

describe('the semaphore before the AS', () => {
  it('admits only the given number of requests at a time, in order, even after a request has failed', async () => {
    const semaphore = new Semaphore(2);
    const ends: ((failure?: Error) => void)[] = [];
    const order: number[] = [];
    const ask = (n: number): Promise<void> =>
      semaphore.run(() => {
        order.push(n);
        return new Promise((resolve, reject) => ends.push((failure) => (failure ? reject(failure) : resolve())));
      });
    const asked = [1, 2, 3, 4].map((n) => ask(n));
    await Promise.resolve();
    expect(order).toEqual([1, 2]);
    ends[0]?.(new Error('refused'));
    await expect(asked[0]).rejects.toThrow('refused');
    await Promise.resolve();
    expect(order).toEqual([1, 2, 3]);
    ends[1]?.();
    ends[2]?.();
    await Promise.all(asked.slice(1, 3));
    await Promise.resolve();
    ends[3]?.();
    await asked[3];
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('lets a stopped request leave the queue, and admits the next one', async () => {
    const semaphore = new Semaphore(1);
    let end = (): void => undefined;
    const first = semaphore.run(() => new Promise<void>((resolve) => (end = resolve)));
    const stop = new AbortController();
    const stopped = semaphore.run(async () => 'sent', stop.signal);
    const next = semaphore.run(async () => 'next');
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    end();
    await first;
    expect(await next).toBe('next');
    await expect(semaphore.run(async () => 'sent', stop.signal)).resolves.toBe('sent');
  });

  it('returns the current audit head of the AS', () => {
    const source = { auditHead: undefined as { envelope: string } | undefined, exportKey: never, verifyReceipt: never };
    const limited = limitConcurrency(source, new Semaphore(1), WATCH);
    source.auditHead = { envelope: 'newer' };
    expect(limited.auditHead).toEqual({ envelope: 'newer' });
  });

  it('admits other requests while one waits before its next try', async () => {
    const exported = { exportId: '1', data: new Uint8Array() };
    let [tries, waiting] = [0, (): void => undefined];
    const waits = new Promise<void>((resolve) => (waiting = resolve));
    const watched = (watch: RetryWatch) => ({
      verifyReceipt: never,
      exportKey: () =>
        sendUntilAnswered(
          async () => {
            if (tries++ === 0) throw new NetworkFailure('gateway-failed', '502', { retryAfterMs: 30_000 });
            return exported;
          },
          [0],
          watch,
        ),
    });
    const semaphore = new Semaphore(1);
    const stop = new AbortController();
    const watch = { onWait: (wait: Wait | undefined) => void (wait && waiting()), signal: stop.signal };
    const source = { auditHead: undefined, exportKey: never, verifyReceipt: never, watched };
    const first = limitConcurrency(source, semaphore, watch).exportKey({} as ExportRequest);
    await waits;
    await expect(limitConcurrency(source, semaphore, WATCH).exportKey({} as ExportRequest)).resolves.toBe(exported);
    stop.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    await expect(semaphore.run(async () => 'free')).resolves.toBe('free');
  });
});

const WATCH = { onWait: () => undefined, signal: new AbortController().signal };

const never = (): Promise<never> => new Promise(() => undefined);
