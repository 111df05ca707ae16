// The size of a load in the journal, measured as structured clone serialises the records. Verdict
// and audit head have a realistic length.
import 'fake-indexeddb/auto';
import { serialize } from 'node:v8';
import { IDBFactory } from 'fake-indexeddb';
import { expect, it } from 'vitest';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { ATTEMPT, STEPS } from './records.ts';

const TIME = '2026-01-02T03:04:05.678Z';
const hash = toBase64url(new Uint8Array(32).fill(3));

function envelope(type: string, payload: object): string {
  return JSON.stringify({
    payloadType: `application/vnd.keyferry.${type}+json`,
    payload: toBase64url(utf8(JSON.stringify(payload))),
    signatures: [{ keyid: '0123456789ABCDEF', sig: toBase64url(new Uint8Array(64).fill(9)) }],
  });
}

it('stores an entry in at most 300 bytes on average', async () => {
  const database = await Database.open(new IDBFactory(), () => undefined);
  const journal = new Journal(database, 'page', () => new Date(TIME));
  const receipt = toBase64url(new Uint8Array(64).fill(5));
  const exportId = toBase64url(new Uint8Array(16).fill(6));
  const verdict = { exportId, receipt, dataHash: hash, workOrder: '4711', operator: 'ada.lovelace', time: TIME };
  const steps = STEPS.map((step) =>
    step.step === 'verify' ? { ...step, verdict: envelope('verdict', verdict) } : step,
  );
  const id = await journal.begin({ ...ATTEMPT, workOrder: '4711', order: 1 }, steps.slice(0, 2));
  await journal.append(id, steps.slice(2, 4));
  const auditHead = envelope('audit-head', { sequence: 123_456, hash, time: TIME });
  await journal.append(id, steps.slice(4), { auditHead });
  const batches = await database.run(['batches'], 'readonly', (transaction) =>
    transaction.objectStore('batches').getAll(),
  );
  expect(batches.map(({ entries }) => entries.length)).toEqual([3, 2, 2]);
  const bytes = batches.reduce((sum, batch) => sum + serialize(batch).length, 0);
  expect(bytes / 7).toBeLessThanOrEqual(300);
});
