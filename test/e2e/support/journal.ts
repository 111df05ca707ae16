// Reads the journal of the page as an auditor would, without code of the product. Reads the records
// from IndexedDB and recomputes the hash chains with WebCrypto.
import type { Page } from '@playwright/test';

export interface JournalAttempt {
  readonly sn: string;
  /** Reason why the key was exported again; undefined if it was not. */
  readonly reason: string | undefined;
  /** The steps with their states, for example "verify confirmed". */
  readonly steps: readonly string[];
}

export interface JournalFacts {
  readonly records: number;
  readonly entries: number;
  /** Oldest first. */
  readonly attempts: readonly JournalAttempt[];
  /** Number of entries that record the loss of an earlier journal. */
  readonly losses: number;
  /**
   * One text per broken chain, with the number of the first entry in the batch whose hash is wrong.
   */
  readonly breaks: readonly string[];
}

/** @param page any page on the origin of the station; it need not be the product page */
export async function readJournal(page: Page): Promise<JournalFacts> {
  return await page.evaluate(async () => {
    interface Batch {
      readonly entries: readonly {
        readonly of?: readonly [number, number];
        readonly at: number;
        readonly body: {
          readonly step: string;
          readonly state?: string;
          readonly sn?: string;
          readonly reason?: string;
        };
        readonly signed?: unknown;
      }[];
      readonly hash: Uint8Array;
    }
    const result = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const base64url = (bytes: Uint8Array): string =>
      btoa(String.fromCharCode(...bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '');
    const hashOf = async (before: Uint8Array, text: string): Promise<Uint8Array> => {
      const bytes = new TextEncoder().encode(text);
      const joined = new Uint8Array(before.length + bytes.length);
      joined.set(before);
      joined.set(bytes, before.length);
      return new Uint8Array(await crypto.subtle.digest('SHA-256', joined));
    };
    const db = await result(indexedDB.open('keyferry'));
    const tails = new Map<number, { seq: number; hash: Uint8Array }>();
    const attempts = new Map<number, { sn: string; reason: string | undefined; steps: string[] }>();
    const breaks: string[] = [];
    let [records, entries, losses] = [0, 0, 0];
    const PAGE = 200;
    for (let from: IDBKeyRange | undefined; ; ) {
      const store = db.transaction('batches').objectStore('batches');
      const [keys, batches] = await Promise.all([
        result(store.getAllKeys(from, PAGE)) as Promise<[number, number][]>,
        result(store.getAll(from, PAGE)) as Promise<Batch[]>,
      ]);
      for (const [index, batch] of batches.entries()) {
        const [chain = 0, first = 0] = keys[index] ?? [];
        const tail = tails.get(chain) ?? { seq: -1, hash: new Uint8Array(32) };
        let { hash } = tail;
        for (const [offset, { of, at, body, signed }] of batch.entries.entries()) {
          const text = JSON.stringify(
            [chain, first + offset, of ?? null, at, body, signed ?? null],
            (_, value: unknown) => (value instanceof Uint8Array ? base64url(value) : value),
          );
          hash = await hashOf(hash, text);
          if (body.step === 'journal-lost') losses++;
          if (!of) continue;
          const { step, state, sn = '', reason } = body;
          if (step === 'begin') attempts.set(of[0], { sn, reason, steps: [] });
          else attempts.get(of[0])?.steps.push(`${step} ${state ?? ''}`);
        }
        if (first !== tail.seq + 1 || base64url(hash) !== base64url(batch.hash)) breaks.push(`${chain}: ${first}`);
        tails.set(chain, { seq: first + batch.entries.length - 1, hash });
        entries += batch.entries.length;
      }
      records += batches.length;
      const last = keys.at(-1);
      if (last === undefined || keys.length < PAGE) break;
      from = IDBKeyRange.lowerBound(last, true);
    }
    db.close();
    return { records, entries, attempts: [...attempts.values()], losses, breaks };
  });
}
