// The exports under a work order: which of them belong to it, and what they prove.
import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '#as-service/ledger/ledger.ts';
import { OrderLoads } from '#as-service/orders/order-loads.ts';
import { VaultLedger } from '#as-service/vaults/vault-ledger.ts';
import type { ReceiptCheck } from '#as-service/vaults/vault-receipts.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { encodeHeader, type Header } from '#protocol/tkl/header.ts';
import { TEST_SET, TEST_SN } from '#test/support/as-service.ts';
import { NOW } from '#test/support/memory-exporter.ts';
import { entriesOf, exportEvent, exportHeader, OTHER_SN, receiptOf, vaultRecord } from '#test/support/vault-records.ts';
import { workOrder } from '#test/support/work-orders.ts';

const LATER = '2026-11-23T13:00:00.000Z';
const line = (ref1: number, ref2: number) => ({ ref1, ref2, akv: 1, kcv: 'AABBCCDDEE', label: 'Key' });
const [FIRST, SECOND] = [line(0x0103, 2), line(0x0104, 3)];
const ORDER = { ...workOrder([[TEST_SN, OTHER_SN]], [FIRST, SECOND]), id: 'JOB', set: TEST_SET };
const SECOND_LOAD = { ref1: 0x0104, slot: 3 };
const OTHER_UNIT = { sn: fromHex(OTHER_SN) };

let ledger: Ledger;
let vaults: VaultLedger;
let check: ReceiptCheck;
beforeEach(() => {
  ledger = new Ledger();
  vaults = new VaultLedger();
  check = { verified: new WeakSet() } as unknown as ReceiptCheck;
});

const loads = () => new OrderLoads(ORDER, ledger, vaults, check);

function exported(
  xc: number,
  change: Partial<Header> = {},
  { workOrder: id = 'JOB', reason = null as string | null } = {},
) {
  const data = concat(encodeHeader(exportHeader(xc, change)), new Uint8Array(64).fill(xc));
  const record = {
    data,
    random: new Uint8Array(16).fill(xc),
    kcv: { value: new Uint8Array(5), algorithm: 1 },
    receipt: undefined,
  } as const;
  ledger.addExport(record, { operator: 'olga', workOrder: id, reason, idempotencyKey: `${xc}`, requestHash: '' }, NOW);
}

/** A receipt that was verified before. */
function received(xc: number) {
  const receipt = receiptOf(xc, xc);
  check.verified.add(receipt);
  ledger.addReceipt(xc, receipt, LATER);
}

describe('the loads of an order', () => {
  it('are its exports by unit and line, with what receipts prove', async () => {
    exported(1);
    exported(2, {}, { reason: 'again' });
    exported(3, SECOND_LOAD);
    exported(4, OTHER_UNIT);
    received(2);
    received(3);
    received(4);
    const found = loads();
    expect([...found.units()]).toEqual([TEST_SN, OTHER_SN]);
    expect([found.of(TEST_SN), found.of(OTHER_SN), found.of('none')]).toEqual([
      { exports: 3, proven: 2 },
      { exports: 1, proven: 1 },
      { exports: 0, proven: 0 },
    ]);
    expect([found.total, found.done]).toEqual([{ exports: 4, proven: 3 }, 1]);
    const times = { begun: NOW, reason: null };
    const verdict = expect.any(Function);
    expect(found.ofLine(TEST_SN, FIRST)).toEqual([
      { ...times, isProven: false, ended: undefined, verdict },
      { ...times, isProven: true, ended: LATER, reason: 'again', verdict },
    ]);
    expect([found.ofLine(OTHER_SN, SECOND), found.ofLine('none', FIRST), found.ofLine(TEST_SN, line(1, 1))]).toEqual([
      ...[[], [], []],
    ]);
    const [open, proven] = found.ofLine(TEST_SN, FIRST);
    expect(await open?.verdict()).toBeUndefined();
    expect(await proven?.verdict()).toMatchObject({ operator: 'olga', workOrder: 'JOB', time: LATER });
  });

  it.each([
    ['another order', {}, 'OTHER'],
    ['another set', { set: TEST_SET + 1 }, 'JOB'],
    ['another key for the slot of a line', { ref1: 0x0104 }, 'JOB'],
    ['another slot for the key of a line', { slot: 3 }, 'JOB'],
    ['another version', { akv: 2 }, 'JOB'],
  ] as const)('are not exports of %s', (_name, change, id) => {
    exported(1, change, { workOrder: id });
    expect([[...loads().units()], loads().total, loads().done]).toEqual([[], { exports: 0, proven: 0 }, 0]);
  });

  it('are also those of vaults, behind those of the service', async () => {
    const record = vaults.addVault(vaultRecord().issued);
    const under = (xc: number, change: Partial<Header>, id = 'JOB') => exportEvent(xc, change, { workOrder: id });
    const events = [under(1, {}), under(2, SECOND_LOAD), under(3, {}, 'OTHER')];
    const receipt = toBase64url(receiptOf(2, 1));
    const receipts = [{ dataHash: events[1]?.dataHash ?? '', receipt }];
    vaults.addReturn(record.issued.header.vaultId, { entries: entriesOf(events), receipts, signed: NOW }, LATER);
    exported(1);
    const found = loads();
    expect([found.total, found.done]).toEqual([{ exports: 3, proven: 1 }, 0]);
    const [ofService, ofVault, ...none] = found.ofLine(TEST_SN, FIRST);
    expect([ofService?.reason, ofVault, none]).toEqual([
      null,
      {
        ...{ isProven: false, reason: 'sent by vault 0007', begun: '2026-11-10T12:00:00.000Z', ended: undefined },
        verdict: expect.any(Function),
      },
      [],
    ]);
    const [proven] = found.ofLine(TEST_SN, SECOND);
    expect([proven?.isProven, proven?.ended]).toEqual([true, undefined]);
    check.verified.add(record.exports[1]?.receipt ?? {});
    expect(await proven?.verdict()).toMatchObject({ operator: 'vault 0007', workOrder: 'JOB', receipt, time: LATER });
  });
});
