// Which entries of the audit log change the records of the service, and which records need earlier
// signing keys.
import { describe, expect, it, vi } from 'vitest';
import type { AuditLine } from '#as-service/audit-log/audit-line.ts';
import { UserError } from '#as-service/common/user-error.ts';
import { emptyLedgers, type Ledgers, replayLine, signedRecords } from '#as-service/service/replay.ts';
import type { Sealer } from '#as-service/storage/sealer.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { IntegrityError } from '#protocol/errors.ts';

const TIME = '2030-01-01T12:00:00.000Z';
const bytes = (length: number) => new Uint8Array(length).fill(length);

function simulate() {
  const ledgers = {
    exports: { addExport: vi.fn(), addReceipt: vi.fn(), addRepeat: vi.fn() },
    orders: { issue: vi.fn(), revoke: vi.fn(), report: vi.fn(), close: vi.fn() },
    vaults: { addVault: vi.fn(), revoke: vi.fn(), addReturn: vi.fn() },
  };
  const openRecord = vi.fn((_sequence: number, sealed: Uint8Array) => sealed);
  const replay = (event: string, details: object, sealed?: object) => {
    const text = sealed && { sealed: toBase64url(Buffer.from(JSON.stringify(sealed))) };
    const line = { entry: { sequence: 7, time: TIME, event, actor: 'maria', details }, hash: 'h', ...text };
    replayLine(line as unknown as AuditLine, ledgers as unknown as Ledgers, { openRecord } as unknown as Sealer);
  };
  return { ledgers, openRecord, replay };
}

describe('an entry of the log', () => {
  it('of an export adds it', () => {
    const { ledgers, openRecord, replay } = simulate();
    const origin = { operator: 'olga', reason: null };
    const sealed = {
      data: toBase64url(bytes(60)),
      random: toBase64url(bytes(16)),
      kcv: toBase64url(bytes(5)),
      kcvAlgorithm: 'cmac',
      origin,
    };
    replay('export', { xc: 3 }, sealed);
    const record = {
      data: bytes(60),
      random: bytes(16),
      kcv: { value: bytes(5), algorithm: 'cmac' },
      receipt: undefined,
    };
    expect(ledgers.exports.addExport.mock.calls).toEqual([[record, origin, TIME]]);
    expect(openRecord).toHaveBeenCalledWith(7, Buffer.from(JSON.stringify(sealed)));
  });

  it('of a repeated export adds the request', () => {
    const { ledgers, replay } = simulate();
    replay('export-repeated', {}, { xc: 3, operator: 'otto' });
    expect(ledgers.exports.addRepeat.mock.calls).toEqual([[3, { operator: 'otto' }]]);
  });

  it('of a receipt adds it to its export', () => {
    const { ledgers, replay } = simulate();
    replay('receipt', { xc: 3, receipt: toBase64url(bytes(64)) });
    expect(ledgers.exports.addReceipt.mock.calls).toEqual([[3, bytes(64), TIME]]);
  });

  it('of a work order or a vault goes to their ledgers', () => {
    const { ledgers, replay } = simulate();
    replay('work-order-revoked', { workOrder: 'JOB-1', reason: 'over' });
    expect(ledgers.orders.revoke.mock.calls).toEqual([['JOB-1', 'over']]);
    replay('vault-revoked', { vaultId: 'v1' });
    expect(ledgers.vaults.revoke.mock.calls).toEqual([['v1', TIME]]);
    replay('vault-returned', { vaultId: 'v1' }, { part: 1 });
    expect(ledgers.vaults.addReturn.mock.calls).toEqual([['v1', { part: 1 }, TIME]]);
  });

  it('whose sealed part does not open is named', () => {
    const { openRecord, replay } = simulate();
    openRecord.mockImplementation(() => {
      throw new IntegrityError();
    });
    expect(() => replay('export', {}, {})).toThrow(UserError);
    expect(() => replay('export', {})).toThrow('The sealed part of entry 7 of the audit log does not open');
    expect(openRecord).toHaveBeenLastCalledWith(7, Buffer.alloc(0));
    openRecord.mockImplementation(() => {
      throw new RangeError('bug');
    });
    expect(() => replay('export', {}, {})).toThrow(RangeError);
  });
});

describe('the signed records', () => {
  it('are the receipts of the service and of its vaults, and the keys of the orders', () => {
    const ledgers = {
      exports: { all: () => [{ receiptTime: TIME }, {}] },
      vaults: { all: [{ exports: [{ receipt: { time: '2030-01-02T00:00:00.000Z' } }, {}] }, { exports: [] }] },
      orders: {
        all: () => [{ envelope: { signatures: [{ keyid: 'k1' }] } }, { envelope: { signatures: [{ keyid: 'k2' }] } }],
      },
    };
    expect(signedRecords(ledgers as unknown as Ledgers)).toEqual({
      receiptTimes: [Date.parse(TIME), Date.parse('2030-01-02T00:00:00.000Z')],
      orderKeys: new Set(['k1', 'k2']),
    });
  });

  it('of a new service are none', () => {
    expect(signedRecords(emptyLedgers())).toEqual({ receiptTimes: [], orderKeys: new Set() });
  });
});
