// Checks the cryptography of this page in this browser with published test vectors, and the storage
// with one record that is written, read and deleted.
import { copy, equalBytes } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { Verify } from '#protocol/signing/envelope.ts';
import type { KnownAnswerResults } from '../../browser/known-answers.ts';
import { databaseOf, translateErrors } from '../../journal/indexed-db.ts';
import { failureOf } from '../common/failure.ts';
import type { SelfTestFacts, SelfTestName } from './facts.ts';

export interface SelfTestOptions {
  /**
   * Computes the published test vectors in a worker.
   * @throws ProtocolError part-unreachable
   */
  readonly computeKnownAnswers: () => Promise<KnownAnswerResults>;
  /** Verifies Ed25519 signatures with the WebCrypto of this browser. */
  readonly verify: Verify;
  /** Opens and deletes the database of the self-test. */
  readonly databases: Pick<IDBFactory, 'open' | 'deleteDatabase'>;
  /** Name of the database of the self-test. */
  readonly database: string;
  readonly now: () => Date;
}

/** RFC 8032 clause 7.1, test 2. */
const SIGNED = {
  publicKey: '3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C',
  message: '72',
  signature:
    '92A009A9F0D4CAB8720E820B5F642540A2B27B5416503F8FB3762223EBDB69DA' +
    '085AC1E43E15996E458F3613D0F11D8C387B2EAEB4302AEEB00D291612BB0C00',
} as const;

/**
 * Runs every check, also after one has failed.
 * @throws ProtocolError part-unreachable
 */
export async function runSelfTest(options: SelfTestOptions): Promise<SelfTestFacts> {
  const results: (readonly [SelfTestName, boolean])[] = [...(await options.computeKnownAnswers())];
  results.push(['Ed25519', await passes(() => verifiesSignature(options.verify))]);
  results.push(['storage', await passes(() => translateErrors(keepsRecord(options)))]);
  const named = (wanted: boolean): SelfTestName[] => results.flatMap(([name, has]) => (has === wanted ? [name] : []));
  return { at: options.now().toISOString(), passed: named(true), failed: named(false) };
}

/** Returns false if the check fails with an expected error, such as a refusal of the browser. */
async function passes(check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch (error) {
    failureOf(error);
    return false;
  }
}

/** Whether the browser accepts a correct signature and rejects an altered one. */
async function verifiesSignature(verify: Verify): Promise<boolean> {
  const [publicKey, message] = [fromHex(SIGNED.publicKey), fromHex(SIGNED.message)];
  const signature = fromHex(SIGNED.signature);
  const altered = copy(signature);
  altered.set([signature[0] === 0 ? 1 : 0]);
  return (await verify(publicKey, message, signature)) && !(await verify(publicKey, message, altered));
}

/**
 * Whether a record that was written can be read. Deletes the database afterwards. Does not repeat a
 * transaction that the browser aborts, because the self-test reports what the browser does.
 * @throws DOMException
 */
async function keepsRecord({ databases, database }: SelfTestOptions): Promise<boolean> {
  const request = databases.open(database);
  request.onupgradeneeded = () => void request.result.createObjectStore('records');
  const opened = await databaseOf(request);
  try {
    const written = ascii(database);
    const records = (mode: IDBTransactionMode): IDBObjectStore =>
      opened.transaction('records', mode).objectStore('records');
    await resultOf(records('readwrite').put(written, 1));
    const read: unknown = await resultOf(records('readonly').get(1));
    return read instanceof Uint8Array && equalBytes(read, written);
  } finally {
    opened.close();
    await resultOf(databases.deleteDatabase(database));
  }
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
