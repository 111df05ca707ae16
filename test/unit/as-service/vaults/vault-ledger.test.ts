// The index of vaults and of their returned journals, and what a restart reads from the audit log.
import { describe, expect, it } from 'vitest';
import { encodeIssue, encodeReturn, replayVault, VaultLedger } from '#as-service/vaults/vault-ledger.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { TEST_SET } from '#test/support/as-service.ts';
import { createTestVault, quickKey } from '#test/support/vault.ts';
import {
  entriesOf,
  exportEvent,
  HEADER_HASH,
  receiptOf,
  VAULT_HEADER,
  vaultRecord,
} from '#test/support/vault-records.ts';

const [T1, T2] = ['2026-11-11T00:00:00.000Z', '2026-11-12T00:00:00.000Z'];
const accepted = (xc: number, importCounter = xc) => {
  return { dataHash: exportEvent(xc).dataHash, receipt: toBase64url(receiptOf(xc, importCounter)) };
};
const issueOf = (asNumber: number, vaultId = `vault ${asNumber}`) => {
  return { ...vaultRecord().issued, header: { ...VAULT_HEADER, asNumber, vaultId } };
};

describe('the record of a vault', () => {
  const events = [exportEvent(1), exportEvent(2), exportEvent(3)];
  const entries = entriesOf(events);

  it('collects exports, receipts and times of all returns', () => {
    const record = vaultRecord();
    expect([record.returned, record.signed, record.lastNumber, record.exports]).toEqual([undefined, '', 0, []]);
    record.add({ entries: entries.slice(0, 2), receipts: [accepted(1)], signed: T2 }, T2);
    record.add({ entries: entries.slice(2), receipts: [accepted(1, 9), accepted(3), accepted(7)], signed: T1 }, T1);
    expect([record.returned, record.signed, record.lastNumber]).toEqual([T1, T2, 3]);
    expect(record.exports).toEqual([
      { event: events[0], time: entries[0]?.time, receipt: { value: accepted(1).receipt, time: T2 } },
      { event: events[1], time: entries[1]?.time, receipt: undefined },
      { event: events[2], time: entries[2]?.time, receipt: { value: accepted(3).receipt, time: T1 } },
    ]);
    record.add({ entries: entries.slice(0, 1), receipts: [], signed: T1 }, T1);
    expect([record.lastNumber, record.exports.length]).toEqual([3, 3]);
  });

  it('has its entries, also two with the same number', () => {
    const record = vaultRecord();
    const [first, second] = entries;
    const [fork] = entriesOf([exportEvent(1, {}, { fill: 9 })]);
    if (first === undefined || second === undefined || fork === undefined) throw new Error('no entries');
    record.add({ entries: [first], receipts: [], signed: T1 }, T1);
    expect([record.has(first), record.has(fork), record.has(second)]).toEqual([true, false, false]);
    expect([record.hasNumber(1), record.hasNumber(2)]).toEqual([true, false]);
    record.add({ entries: [fork], receipts: [], signed: T1 }, T1);
    expect([record.has(first), record.has(fork)]).toEqual([true, true]);
    expect(record.findExports(1).map(({ event }) => event.dataHash)).toEqual([
      exportEvent(1).dataHash,
      exportEvent(9).dataHash,
    ]);
    expect(record.findExports(2)).toEqual([]);
  });

  it('is not changed by changes of its copy', () => {
    const record = vaultRecord();
    record.revoked = T1;
    record.add({ entries: entries.slice(0, 1), receipts: [], signed: T2 }, T2);
    const copy = record.copy();
    expect(copy).toEqual(record);
    expect([copy.issued, copy.revoked, copy.returned, copy.signed, copy.lastNumber]).toEqual([
      record.issued,
      T1,
      T2,
      T2,
      1,
    ]);
    expect([copy.findExports(1), copy.has(entries[0] as never)]).toEqual([record.findExports(1), true]);
    const fork = entriesOf([exportEvent(1, {}, { fill: 9 })]);
    copy.add({ entries: [...fork, ...entries.slice(1)], receipts: [accepted(1)], signed: T2 }, T2);
    expect([record.exports.length, record.lastNumber, record.hasNumber(2)]).toEqual([1, 1, false]);
    expect(record.findExports(1)).toEqual([expect.objectContaining({ receipt: undefined })]);
    expect(record.has(fork[0] as never)).toBe(false);
  });

  it('has a view without secrets', () => {
    const record = vaultRecord();
    const { vaultId, custodian, issued, expires } = VAULT_HEADER;
    const facts = {
      ...{ vaultId, asNumber: 7, set: TEST_SET, ref1: [0x0103, 0x0104, 0x0105], units: 2, exports: 10 },
      ...{ exportsPerUnit: null, custodian, issued, expires },
    };
    expect(record.view()).toEqual({ ...facts, revoked: null, returned: null, exportsSeen: 0, receiptsSeen: 0 });
    record.revoked = T1;
    record.add({ entries, receipts: [accepted(2)], signed: T2 }, T2);
    expect(record.view()).toEqual({ ...facts, revoked: T1, returned: T2, exportsSeen: 3, receiptsSeen: 1 });
    expect(vaultRecord({ units: null }).view().units).toBeNull();
  });
});

describe('the ledger of vaults', () => {
  it('lists the newest vault first, and never assigns an AS number twice', () => {
    const ledger = new VaultLedger();
    expect([ledger.all, ledger.nextAsNumber]).toEqual([[], 1]);
    const records = [issueOf(9), issueOf(2)].map((issue) => ledger.addVault(issue));
    expect(ledger.all).toEqual([records[1], records[0]]);
    expect(ledger.all[0]).toBe(records[1]);
    expect(ledger.nextAsNumber).toBe(10);
    expect([ledger.find('vault 2'), ledger.find('vault 3')]).toEqual([records[1], undefined]);
  });

  it('records the first revocation, and refuses an unknown vault', () => {
    const ledger = new VaultLedger();
    const record = ledger.addVault(issueOf(1));
    ledger.revoke('vault 1', T1);
    ledger.revoke('vault 1', T2);
    expect(record.revoked).toBe(T1);
    expect(() => ledger.revoke('vault 2', T1)).toThrow(new RangeError('there is no vault vault 2'));
  });

  it('counts exports and receipts under a work order', () => {
    const ledger = new VaultLedger();
    ledger.addVault(issueOf(1));
    ledger.addVault(issueOf(2));
    const under = (xc: number, workOrder: string) => exportEvent(xc, {}, { workOrder });
    const entries = entriesOf([under(1, 'JOB'), under(2, 'JOB'), under(3, 'OTHER')]);
    ledger.addReturn('vault 1', { entries, receipts: [accepted(2)], signed: T1 }, T1);
    ledger.addReturn('vault 2', { entries: entriesOf([under(1, 'JOB')]), receipts: [], signed: T1 }, T1);
    expect(['JOB', 'OTHER', 'NONE'].map((id) => ledger.countLoads(id))).toEqual([4, 1, 0]);
  });

  it('is read from the log by a restart', async () => {
    const { header } = await createTestVault({
      ...{ set: TEST_SET, transportKeys: [{ tkv: 1, key: new Uint8Array(32) }], units: null, derive: quickKey },
      keys: [{ ref1: 0x0103, akv: 1, key: new Uint8Array(32).fill(1) }],
    });
    const { vaultId } = header;
    const issued = { header, headerHash: new Uint8Array(HEADER_HASH), journalPublicKey: new Uint8Array(32).fill(3) };
    const ledger = new VaultLedger();
    const replay = (event: string, time: string, content: Uint8Array = new Uint8Array(0)) =>
      replayVault(ledger, { event, time, details: { vaultId } }, () => content);
    replay('vault-issued', T1, encodeIssue(issued));
    expect(ledger.find(vaultId)?.issued).toEqual(issued);
    const part = { entries: entriesOf([exportEvent(1)]), receipts: [accepted(1)], signed: T1 };
    replay('vault-returned', T2, encodeReturn(part));
    expect(ledger.find(vaultId)).toMatchObject({ returned: T2, signed: T1, lastNumber: 1 });
    expect(ledger.find(vaultId)?.exports[0]?.receipt).toEqual({ value: accepted(1).receipt, time: T2 });
    replay('export', T2);
    expect(ledger.find(vaultId)?.revoked).toBeUndefined();
    replay('vault-revoked', T1);
    expect(ledger.find(vaultId)?.revoked).toBe(T1);
  });
});
