// At the first start after an update, the service verifies all receipts in the log of the earlier
// version.
import { expect, it } from 'vitest';
import { type ExportOrigin, Ledger } from '#as-service/ledger/ledger.ts';
import { RECEIPTS_PER_TURN, verifyStoredReceipts } from '#as-service/ledger/receipt-verdict.ts';
import type { KeyCrypto } from '#protocol/as-unit/key-crypto.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { encodeHeader } from '#protocol/tkl/header.ts';

const RECEIPTS = 500;

function filledLedger(): Ledger {
  const ledger = new Ledger();
  const origin: ExportOrigin = {
    operator: 'olga',
    workOrder: null,
    reason: null,
    idempotencyKey: 'x',
    requestHash: 'x',
  };
  for (let xc = 1; xc <= RECEIPTS; xc++) {
    const unit = { set: 1, tkv: 1, sn: fromHex('00000000000000004549000000000007') };
    const facts = { suite: 1, signed: false, ref1: 1, slot: 2, akv: 1, asNumber: 0, attributes: 'D0AB00N' } as const;
    const data = concat(encodeHeader({ ...unit, ...facts, xc }), new Uint8Array(64));
    const random = new Uint8Array(16).fill(xc);
    const kcv = { value: new Uint8Array(5), algorithm: 1 } as const;
    ledger.addExport({ data, random, kcv, receipt: undefined }, origin, '2026-11-23T12:00:00.000Z');
    ledger.addReceipt(xc, new Uint8Array(64), '2026-11-23T12:00:00.000Z');
  }
  return ledger;
}

it('lets requests and signals of the process in after each 16 receipts', async () => {
  let verified = 0;
  const crypto = {
    verifyReceipt: async () => {
      verified++;
    },
  } as unknown as KeyCrypto;
  /** Number of verified receipts at each turn of the event loop. */
  const turns = [0];
  let isRunning = true;
  const turn = () => {
    turns.push(verified);
    if (isRunning) setImmediate(turn);
  };
  setImmediate(turn);
  await verifyStoredReceipts(filledLedger(), crypto, new WeakSet());
  isRunning = false;
  expect(verified).toBe(RECEIPTS);
  turns.push(verified);
  const most = Math.max(...turns.slice(1).map((count, index) => count - (turns[index] ?? 0)));
  expect(RECEIPTS_PER_TURN).toBe(16);
  expect(most).toBeLessThanOrEqual(RECEIPTS_PER_TURN);
});
