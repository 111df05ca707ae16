import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { Verify } from '#protocol/signing/envelope.ts';
import { verifyWith } from '#web/as-client/web-crypto.ts';
import { computeKnownAnswers } from '#web/browser/known-answers.ts';
import { runSelfTest } from '#web/state/help/self-test.ts';

const verify = verifyWith(crypto.subtle);
const now = (): Date => new Date('2026-11-30T10:00:00Z');
const run = (changes: { verify?: Verify; databases?: Pick<IDBFactory, 'open' | 'deleteDatabase'> } = {}) =>
  runSelfTest({
    computeKnownAnswers: async () => computeKnownAnswers(),
    verify,
    databases: new IDBFactory(),
    database: 'self-test',
    now,
    ...changes,
  });

describe('the self-test', () => {
  it('passes every published vector, and leaves no database', async () => {
    const databases = new IDBFactory();
    const result = await run({ databases });
    expect(result.failed).toEqual([]);
    expect(result.passed).toEqual([
      'SHA-256',
      'HMAC-SHA-256',
      'AES-CMAC',
      'AES key wrap',
      'ChaCha20-Poly1305',
      'Ed25519',
      'storage',
    ]);
    expect(await databases.databases()).toEqual([]);
  });

  it.each([
    ['rejects a correct signature', async () => false],
    ['accepts an altered signature', async () => true],
    ['has no Ed25519', () => Promise.reject(new ProtocolError('browser-unsupported', 'no Ed25519'))],
  ])('fails if the browser %s', async (_, broken) => {
    expect((await run({ verify: broken })).failed).toEqual(['Ed25519']);
  });

  it('fails if the browser refuses storage', async () => {
    const databases = {
      open: (): IDBOpenDBRequest => {
        throw new DOMException('denied', 'SecurityError');
      },
      deleteDatabase: (): IDBOpenDBRequest => {
        throw new RangeError('nothing to delete');
      },
    };
    expect((await run({ databases })).failed).toEqual(['storage']);
  });

  it.each([1, 2])('fails if the browser aborts transaction %i, and leaves no database', async (aborted) => {
    const factory = new IDBFactory();
    let transactions = 0;
    const open = (name: string): IDBOpenDBRequest => {
      const request = factory.open(name);
      request.addEventListener('success', () => {
        const { result } = request;
        const begin = result.transaction.bind(result);
        result.transaction = (...options) => {
          const transaction = begin(...options);
          if (++transactions === aborted) queueMicrotask(() => transaction.abort());
          return transaction;
        };
      });
      return request;
    };
    const deleteDatabase = factory.deleteDatabase.bind(factory);
    expect((await run({ databases: { open, deleteDatabase } })).failed).toEqual(['storage']);
    expect(transactions).toBe(aborted);
    expect(await factory.databases()).toEqual([]);
  });
});
