// The index of exports and receipts: how they are found, and how they are counted.
import { describe, expect, it } from 'vitest';
import { decodeExport, type ExportOrigin, encodeExport, Ledger } from '#as-service/ledger/ledger.ts';
import { verdictOf, verifyOnce } from '#as-service/ledger/receipt-verdict.ts';
import type { KeyCrypto } from '#protocol/as-unit/key-crypto.ts';
import type { ExportRecord } from '#protocol/as-unit/memory.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeHeader, encodeHeader } from '#protocol/tkl/header.ts';

const SN = fromHex('00000000000000004549000000000007');
const OTHER_SN = fromHex('00000000000000004549000000000008');
const ORIGIN: ExportOrigin = {
  operator: 'olga',
  workOrder: 'JOB 1',
  reason: null,
  idempotencyKey: 'key 1',
  requestHash: 'hash 1',
};

interface Change {
  readonly set?: number;
  readonly sn?: Uint8Array;
  readonly ref1?: number;
  readonly slot?: number;
}

function record(xc: number, { set = 1, sn = SN, ref1 = 0x0103, slot = 2 }: Change = {}): ExportRecord {
  const facts = { suite: 1, signed: false, akv: 1, asNumber: 0, attributes: 'D0AB00N', tkv: 1 } as const;
  const data = concat(encodeHeader({ ...facts, set, sn, ref1, slot, xc }), new Uint8Array(64).fill(xc));
  const kcv = { value: new Uint8Array(5).fill(xc), algorithm: 1 } as const;
  return { data, random: new Uint8Array(16).fill(xc), kcv, receipt: undefined };
}

const receiptOf = (xc: number) => new Uint8Array(64).fill(0x80 + xc);
const time = (minute: number): string => `2030-01-01T12:${String(minute).padStart(2, '0')}:00.000Z`;

describe('an export', () => {
  it('has its facts, and is found by challenge, counter, id and idempotency key', () => {
    const ledger = new Ledger();
    const made = record(7);
    const entry = ledger.addExport(made, { ...ORIGIN, reason: 'replaced unit' }, time(1));
    const dataHash = sha256(made.data);
    expect(entry).toEqual({
      ...made,
      ...{ xc: 7, exportId: exportIdOf(dataHash), dataHash, operator: 'olga', workOrder: 'JOB 1' },
      ...{ reason: 'replaced unit', time: time(1), receiptTime: undefined },
    });
    expect(ledger.findByCounter(7)).toBe(entry);
    expect(ledger.findById(entry.exportId)).toBe(entry);
    expect(ledger.findByChallenge(SN, made.random)).toBe(entry);
    expect(ledger.findByIdempotencyKey('olga', 'key 1')).toEqual({ requestHash: 'hash 1', entry });
    expect(ledger.findByIdempotencyKeyOfAnyOperator('key 1')).toBe(entry);
    expect([...ledger.all()]).toEqual([entry]);
  });

  it('is not found by other values', () => {
    const ledger = new Ledger();
    ledger.addExport(record(7), ORIGIN, time(1));
    expect(ledger.findByCounter(8)).toBeUndefined();
    expect(ledger.findById('0000')).toBeUndefined();
    expect(ledger.findByChallenge(OTHER_SN, record(7).random)).toBeUndefined();
    expect(ledger.findByChallenge(SN, record(8).random)).toBeUndefined();
    expect(ledger.findByIdempotencyKey('nils', 'key 1')).toBeUndefined();
    expect(ledger.findByIdempotencyKey('olga', 'key 2')).toBeUndefined();
    expect(ledger.findByIdempotencyKeyOfAnyOperator('key 2')).toBeUndefined();
  });

  it('is found by each idempotency key of its operator, also when another operator has the same key', () => {
    const ledger = new Ledger();
    const first = ledger.addExport(record(1), ORIGIN, time(1));
    const second = ledger.addExport(record(2), { ...ORIGIN, operator: 'nils', requestHash: 'hash 2' }, time(2));
    ledger.addRepeat(1, { ...ORIGIN, idempotencyKey: 'key 3', requestHash: 'hash 3' });
    expect(ledger.findByIdempotencyKey('olga', 'key 1')).toEqual({ requestHash: 'hash 1', entry: first });
    expect(ledger.findByIdempotencyKey('nils', 'key 1')).toEqual({ requestHash: 'hash 2', entry: second });
    expect(ledger.findByIdempotencyKey('olga', 'key 3')).toEqual({ requestHash: 'hash 3', entry: first });
    expect(ledger.countOfOperator('olga')).toBe(1);
  });
});

describe('the counts', () => {
  it('are those of operators, units and loads', () => {
    const ledger = new Ledger();
    expect(ledger.lastXc).toBe(0);
    ledger.addExport(record(1), ORIGIN, time(1));
    ledger.addExport(record(4), ORIGIN, time(2));
    ledger.addExport(record(3, { slot: 3 }), { ...ORIGIN, workOrder: null }, time(3));
    ledger.addExport(record(2, { sn: OTHER_SN, ref1: 0x0104 }), { ...ORIGIN, operator: 'nils' }, time(4));
    ledger.addExport(record(5, { set: 2 }), { ...ORIGIN, workOrder: 'JOB 2' }, time(5));
    expect(ledger.lastXc).toBe(5);
    expect(['olga', 'nils', 'lena'].map((name) => ledger.countOfOperator(name))).toEqual([4, 1, 0]);
    expect([ledger.countOfUnit(1, SN), ledger.countOfUnit(1, OTHER_SN), ledger.countOfUnit(2, SN)]).toEqual([3, 1, 1]);
    expect(ledger.countOfUnit(3, SN)).toBe(0);
    expect(ledger.countOfLoad('JOB 1', 1, SN, 0x0103, 2)).toBe(2);
    expect(ledger.countOfLoad('JOB 1', 1, SN, 0x0103, 3)).toBe(0);
    expect(ledger.countOfLoad('JOB 1', 1, OTHER_SN, 0x0104, 2)).toBe(1);
    expect(ledger.countOfLoad('JOB 1', 1, OTHER_SN, 0x0103, 2)).toBe(0);
    expect(ledger.countOfLoad('JOB 2', 1, SN, 0x0103, 2)).toBe(0);
    expect(ledger.countOfLoad('JOB 2', 2, SN, 0x0103, 2)).toBe(1);
  });

  it('keep the highest XC when a lower one follows', () => {
    const ledger = new Ledger();
    ledger.addExport(record(9), ORIGIN, time(1));
    ledger.addExport(record(2), ORIGIN, time(2));
    expect(ledger.lastXc).toBe(9);
  });

  it('list the work orders, the most recently used first, of one operator or of all', () => {
    const ledger = new Ledger();
    ledger.addExport(record(1), ORIGIN, time(1));
    ledger.addExport(record(2), { ...ORIGIN, workOrder: 'JOB 2' }, time(2));
    ledger.addExport(record(3), { ...ORIGIN, operator: 'nils' }, time(3));
    ledger.addExport(record(4), { ...ORIGIN, operator: 'nils', workOrder: null }, time(4));
    ledger.addReceipt(1, receiptOf(1), time(9));
    ledger.addReceipt(4, receiptOf(4), time(9));
    const [first, second] = [
      { workOrder: 'JOB 1', exports: 2, receipts: 1, time: time(3) },
      { workOrder: 'JOB 2', exports: 1, receipts: 0, time: time(2) },
    ];
    expect(ledger.workOrders(undefined)).toEqual([first, second]);
    expect(ledger.workOrders('olga')).toEqual([second, { ...first, exports: 1, time: time(1) }]);
    expect(ledger.workOrders('nils')).toEqual([{ ...first, exports: 1, receipts: 0 }]);
    expect(ledger.workOrders('lena')).toEqual([]);
  });

  it('give a work order the time of its newest export, whichever operator made it', () => {
    const ledger = new Ledger();
    ledger.addExport(record(1), { ...ORIGIN, operator: 'nils' }, time(1));
    ledger.addExport(record(2), ORIGIN, time(2));
    ledger.addExport(record(3), ORIGIN, time(3));
    ledger.addExport(record(4), { ...ORIGIN, operator: 'lena' }, time(1));
    expect(ledger.workOrders(undefined)).toEqual([{ workOrder: 'JOB 1', exports: 4, receipts: 0, time: time(3) }]);
    expect(ledger.workOrders('olga')[0]?.time).toBe(time(3));
  });

  it('of an order that is called null do not include exports without an order', () => {
    const ledger = new Ledger();
    ledger.addExport(record(1), { ...ORIGIN, workOrder: null }, time(1));
    expect(ledger.countOfLoad('null', 1, SN, 0x0103, 2)).toBe(0);
    expect(ledger.workOrders(undefined)).toEqual([]);
  });
});

describe('a work order', () => {
  it('has its exports, and its changes in the sequence of the log', () => {
    const ledger = new Ledger();
    for (const xc of [1, 2]) ledger.addExport(record(xc), ORIGIN, time(xc));
    ledger.addExport(record(3), { ...ORIGIN, workOrder: null }, time(3));
    ledger.addReceipt(2, receiptOf(2), time(4));
    ledger.addReceipt(3, receiptOf(3), time(5));
    expect([...ledger.exportsOf('JOB 1')].map(({ xc }) => xc)).toEqual([1, 2]);
    expect([...ledger.exportsOf('JOB 1')][1]).toMatchObject({ receipt: receiptOf(2), receiptTime: time(4) });
    expect(ledger.changesOf('JOB 1')).toEqual([1, 2, 2]);
    expect([[...ledger.exportsOf('JOB 2')], ledger.changesOf('JOB 2')]).toEqual([[], []]);
    expect([...ledger.receipts()]).toEqual([receiptOf(2), receiptOf(3)]);
  });

  it('takes no receipt without its export', () => {
    expect(() => new Ledger().addReceipt(5, receiptOf(5), time(1))).toThrow(new RangeError('there is no export 5'));
  });
});

describe('the sealed part of an export', () => {
  it('is decoded as it was encoded', () => {
    const { receipt: _, ...made } = record(7);
    const origin = { ...ORIGIN, reason: 'replaced unit' };
    expect(decodeExport(encodeExport({ ...made, receipt: receiptOf(7) }, origin))).toEqual({
      record: { ...made, receipt: undefined },
      origin,
    });
  });

  it('of an earlier version has no reason, and a reason has the form of today', () => {
    const { reason: _, ...earlier } = ORIGIN;
    const part = (origin: object) => encodeExport(record(7), origin as ExportOrigin);
    expect(decodeExport(part(earlier)).origin.reason).toBeNull();
    expect(decodeExport(part({ ...ORIGIN, reason: ' replaced\u00a0unit ' })).origin.reason).toBe('replaced unit');
  });
});

describe('the verdict on a stored receipt', () => {
  const crypto = (verifyReceipt: (...args: unknown[]) => Promise<void>) => ({ verifyReceipt }) as unknown as KeyCrypto;
  const genuine = crypto(async () => undefined);
  const filled = () => {
    const ledger = new Ledger();
    ledger.addExport(record(7), ORIGIN, time(1));
    ledger.addReceipt(7, receiptOf(7), time(2));
    return ledger.findByCounter(7);
  };

  it('has the export, the receipt and its time', async () => {
    const entry = filled();
    const dataHash = sha256(record(7).data);
    expect(await verdictOf(entry, genuine, new WeakSet())).toEqual({
      exportId: exportIdOf(dataHash),
      receipt: toBase64url(receiptOf(7)),
      dataHash: toBase64url(dataHash),
      workOrder: 'JOB 1',
      operator: 'olga',
      time: time(2),
    });
  });

  it('follows from the MAC of the receipt over DATA, KCV and challenge', async () => {
    const seen: unknown[][] = [];
    const watching = crypto(async (...args) => {
      seen.push(args);
    });
    await verdictOf(filled(), watching, new WeakSet());
    const { data, kcv, random } = record(7);
    expect(seen).toEqual([[receiptOf(7), { header: decodeHeader(data), dataHash: sha256(data), kcv }, random]]);
  });

  it('is missing without an export or a receipt', async () => {
    const without = new Ledger().addExport(record(7), ORIGIN, time(1));
    expect(await verdictOf(undefined, genuine, new WeakSet())).toBeUndefined();
    expect(await verdictOf(without, genuine, new WeakSet())).toBeUndefined();
  });

  it('is refused if the receipt does not verify, and verifies each receipt once', async () => {
    const refuse = crypto(() => Promise.reject(new ProtocolError('receipt-refused', 'no')));
    const refused = verdictOf(filled(), refuse, new WeakSet());
    await expect(refused).rejects.toMatchObject({
      code: 'receipt-refused',
      message: expect.stringContaining('The stored receipt of export 7 is not from the unit of that export.'),
    });
    const entry = filled();
    const verified = new WeakSet();
    await verdictOf(entry, genuine, verified);
    expect(await verdictOf(entry, refuse, verified)).toBeDefined();
  });

  it('passes other errors on, and does not count them as verified', async () => {
    const bug = crypto(() => Promise.reject(new TypeError('a bug')));
    await expect(verdictOf(filled(), bug, new WeakSet())).rejects.toThrow('a bug');
    const [holder, verified] = [{}, new WeakSet()];
    await expect(verifyOnce(holder, verified, 'export 1', async () => false)).rejects.toThrow(ProtocolError);
    expect(verified.has(holder)).toBe(false);
  });
});
