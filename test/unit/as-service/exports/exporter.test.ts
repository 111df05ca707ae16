// Exports and receipts below HTTP: idempotency keys, repeated challenges, refusals in the log, and
// which operator finds which export.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { replayRepeat } from '#as-service/exports/exporter.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { ExportRequestJson } from '#protocol/service/requests.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { exportRequest, receiptFor, TEST_SET, TEST_SN } from '#test/support/as-service.ts';
import { MemoryExporter, NOW, operator, orderEnvelope, sender, testSet } from '#test/support/memory-exporter.ts';
import { workOrder } from '#test/support/work-orders.ts';

const OLGA = operator('olga');
const OTTO = operator('otto');
const STRANGER = operator('stranger', { sets: [1] });

let service: MemoryExporter;
beforeEach(async () => {
  service = await MemoryExporter.open();
});

const exportKey = (request: ExportRequestJson, account = OLGA) => service.exporter.export(request, sender(account));
const events = async () => (await service.entries()).map(({ event }) => event);
const code = (name: string) => expect.objectContaining({ code: name });

describe('an export', () => {
  it('happens once per operator and idempotency key, in a row and at the same time', async () => {
    const request = exportRequest();
    const first = await Promise.all([1, 2, 3].map(() => exportKey(request)));
    const again = await exportKey(request);
    expect(new Set([...first, again]).size).toBe(1);
    expect(await events()).toEqual(['export']);
    const another = await exportKey(exportRequest({ idempotencyKey: request.idempotencyKey }), OTTO);
    expect(another.xc).toBe(2);
  });

  it('is made again under the same idempotency key only after the pending one has ended', async () => {
    const request = exportRequest();
    const append = vi.spyOn(service.log, 'append').mockRejectedValueOnce(new RangeError('scripted'));
    const [failed, made] = await Promise.allSettled([exportKey(request), exportKey(request)]);
    expect(failed).toEqual({ status: 'rejected', reason: new RangeError('scripted') });
    expect(made).toMatchObject({ status: 'fulfilled', value: { xc: 2 } });
    append.mockRestore();
    expect(await events()).toEqual(['export']);
  });

  it('has the operator, the order, the reason and the hash of the request', async () => {
    const request = exportRequest({ workOrder: 'JOB 1', reason: 'new unit', sign: true });
    const entry = await exportKey(request);
    expect(entry).toMatchObject({ operator: 'olga', workOrder: 'JOB 1', reason: 'new unit', time: NOW });
    expect(decodeHeader(entry.data)).toMatchObject({ set: TEST_SET, tkv: 1, signed: true, ref1: 0x0103, slot: 2 });
    const { set, tkv, suite, sign, random, ref1, ref2, sn, challengeMac, idempotencyKey } = request;
    const members = [set, tkv, suite, sign, random, ref1, ref2, sn, challengeMac];
    const hash = (values: unknown[]) => createHash('sha256').update(JSON.stringify(values)).digest('base64url');
    const found = service.ledger.findByIdempotencyKey('olga', idempotencyKey);
    expect(found?.requestHash).toBe(hash([...members, 'JOB 1', 'new unit']));
    // Without an order and a reason.
    const plain = exportRequest();
    expect((await exportKey(plain)).workOrder).toBeNull();
    const { random: r, challengeMac: mac } = plain;
    expect(service.ledger.findByIdempotencyKey('olga', plain.idempotencyKey)?.requestHash).toBe(
      hash([TEST_SET, 1, 1, false, r, 0x0103, 2, TEST_SN, mac, null]),
    );
  });

  it('is under the id of the order that another form of the text names', async () => {
    const line = { ref1: 0x0103, ref2: 2, akv: 1, kcv: 'AABBCCDDEE', label: 'Data key' };
    service.orders.issue(orderEnvelope({ ...workOrder([[TEST_SN, TEST_SN]], [line]), id: 'JOB 4711', set: TEST_SET }));
    expect(await exportKey(exportRequest({ workOrder: 'JOB\u00a04711' }))).toMatchObject({ workOrder: 'JOB 4711' });
  });

  it('with the idempotency key of another request is refused, and the log has the refusal', async () => {
    const { idempotencyKey } = exportRequest();
    await exportKey(exportRequest({ idempotencyKey }));
    const other = exportRequest({ idempotencyKey, ref1: 0x0104, ref2: 5 });
    await expect(exportKey(other)).rejects.toEqual(code('idempotency-conflict'));
    const entry = (await service.entries())[1];
    expect(entry).toMatchObject({ event: 'export-refused', actor: 'olga' });
    expect(entry?.details).toEqual({
      ...{ code: 'idempotency-conflict', set: TEST_SET, tkv: 1, suite: 1 },
      ...{ ref1: 0x0104, ref2: 5, sn: TEST_SN },
    });
  });

  it('that ends with a bug is no refusal', async () => {
    vi.spyOn(service.memory, 'findKey').mockRejectedValue(new RangeError('scripted'));
    await expect(exportKey(exportRequest())).rejects.toThrow('scripted');
    expect(await events()).toEqual([]);
  });
});

describe('a used challenge', () => {
  it('leads to the first export, also under the new idempotency key, and the log has the repeat', async () => {
    const request = exportRequest();
    const first = await exportKey(request);
    const repeated = { ...request, idempotencyKey: 'key 2', workOrder: 'JOB 2', reason: 'again' };
    expect(await exportKey(repeated, OTTO)).toBe(first);
    expect(await exportKey(repeated, OTTO)).toBe(first);
    expect(await service.entries()).toMatchObject([
      { event: 'export' },
      { event: 'export-repeated', actor: 'otto', details: { xc: 1 } },
    ]);
    const record = JSON.parse(service.newestRecord());
    const requestHash = service.ledger.findByIdempotencyKey('otto', 'key 2')?.requestHash;
    expect(record).toEqual({
      ...{ xc: 1, operator: 'otto', workOrder: 'JOB 2', reason: 'again', idempotencyKey: 'key 2', requestHash },
    });
    // After a restart, the sealed part of the entry adds the key again.
    const { ledger } = await MemoryExporter.open();
    const { data, random, kcv } = first;
    const origin = { operator: 'olga', workOrder: null, reason: null, idempotencyKey: 'key 1', requestHash: '' };
    ledger.addExport({ data, random, kcv, receipt: undefined }, origin, NOW);
    replayRepeat(ledger, Buffer.from(JSON.stringify(record)));
    expect(ledger.findByIdempotencyKey('otto', 'key 2')).toMatchObject({ requestHash, entry: { xc: 1 } });
  });

  it('is not repeated when the permission has ended meanwhile', async () => {
    const request = exportRequest();
    await exportKey(request);
    let checks = 0;
    const requireSignedIn = () => {
      if (++checks === 2) throw new ProtocolError('signed-out', 'scripted');
    };
    const repeat = service.exporter.export({ ...request, idempotencyKey: 'key 2' }, sender(OLGA, requireSignedIn));
    await expect(repeat).rejects.toEqual(code('signed-out'));
    expect(await events()).toEqual(['export', 'export-refused']);
    expect(service.ledger.findByIdempotencyKey('olga', 'key 2')).toBeUndefined();
  });
});

describe('a receipt', () => {
  it('leads to a verdict, and the same receipt to the same verdict', async () => {
    const request = exportRequest({ workOrder: 'JOB 1' });
    const { exportId, data, dataHash } = await exportKey(request);
    const receipt = receiptFor(toBase64url(data), request.random);
    const verdict = await service.exporter.verifyReceipt({ exportId, receipt }, sender(OTTO));
    expect(verdict).toEqual({
      ...{ exportId, receipt, dataHash: toBase64url(dataHash), workOrder: 'JOB 1', operator: 'olga', time: NOW },
    });
    expect(await service.exporter.verifyReceipt({ exportId, receipt }, sender(OLGA))).toEqual(verdict);
    expect(await service.entries()).toMatchObject([{ event: 'export' }, { event: 'receipt', actor: 'otto' }]);
    expect(service.ledger.findByCounter(1)?.receipt).toEqual(fromBase64url(receipt));
  });

  it('that is not from the unit is refused, and the log has the refusal', async () => {
    const request = exportRequest();
    const { exportId, data } = await exportKey(request);
    const forged = receiptFor(toBase64url(data), request.random, { transportKey: new Uint8Array(32) });
    const verified = service.exporter.verifyReceipt({ exportId, receipt: forged }, sender(OTTO));
    await expect(verified).rejects.toEqual(code('receipt-refused'));
    expect((await service.entries())[1]).toMatchObject({
      ...{ event: 'receipt-refused', actor: 'otto', details: { code: 'receipt-refused', exportId, xc: 1 } },
    });
  });

  it('of an export that the operator may not see is refused like that of an unknown export', async () => {
    const request = exportRequest();
    const { exportId, data } = await exportKey(request);
    const receipt = receiptFor(toBase64url(data), request.random);
    for (const [id, account] of [
      [exportId, STRANGER],
      ['unknown', OLGA],
    ] as const) {
      const refused = service.exporter.verifyReceipt({ exportId: id, receipt }, sender(account));
      await expect(refused).rejects.toMatchObject({
        code: 'export-unknown',
        message: `This service made no export ${id}.`,
      });
    }
    expect(await events()).toEqual(['export']);
  });
});

describe('a recall', () => {
  it('returns the export of any operator, if the caller may use its set', async () => {
    const request = exportRequest();
    const { idempotencyKey } = request;
    expect(() => service.exporter.recall(idempotencyKey, OLGA)).toThrow(code('export-unknown'));
    const entry = await exportKey(request);
    expect(service.exporter.recall(idempotencyKey, OTTO)).toBe(entry);
    expect(() => service.exporter.recall(idempotencyKey, STRANGER)).toThrow(code('not-allowed'));
    // The set was removed from the state.
    service.state = { ...service.state, sets: [testSet({ set: 1 })] };
    expect(() => service.exporter.recall(idempotencyKey, OTTO)).toThrow(code('not-allowed'));
  });
});
