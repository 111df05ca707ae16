// The facts, permissions and quotas of exports at the service, and their entries in the audit log.
import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyStore } from '#as-service/exports/key-store.ts';
import type { Caller } from '#as-service/exports/service-memory.ts';
import { encodeExport } from '#as-service/ledger/ledger.ts';
import type { Signatures } from '#as-service/signing/signing.ts';
import type { OperatorState, State } from '#as-service/storage/state.ts';
import type { ExportRecord, UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { concat, copy } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { encodeHeader, NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { TEST_SET, TEST_SN, TEST_T, TEST_TA } from '#test/support/as-service.ts';
import { heldAction } from '#test/support/held-action.ts';
import { MemoryExporter, NOW, operator, orderEnvelope, testSet } from '#test/support/memory-exporter.ts';
import { workOrder } from '#test/support/work-orders.ts';

const SN = fromHex(TEST_SN);
const OTHER_SN = fromHex('00000000000000004549000000000008');
const ORDER = {
  ...workOrder(
    [[TEST_SN, toHex(OTHER_SN)]],
    [
      { ref1: 0x0103, ref2: 2, akv: 1, kcv: 'AABBCCDDEE', label: 'Data key' },
      { ref1: 0x0104, ref2: 3, akv: 2, kcv: 'AABBCCDDEE', label: 'Other key' },
      { ref1: 0x0104, ref2: 4, akv: 2, kcv: 'AABBCCDDEE', label: 'Other key' },
    ],
  ),
  id: 'JOB 4711',
  set: TEST_SET,
};

function request(change: Partial<UnitExportRequest> = {}): UnitExportRequest {
  const sixteen = new Uint8Array(16);
  return {
    unit: { set: TEST_SET, tkv: 1, sn: SN },
    ...{ suite: 1, sign: false, ref1: 0x0103, ref2: 2, random: sixteen, challengeMac: sixteen },
    ...change,
  };
}

function caller(account: OperatorState = operator('olga'), change: Partial<Caller> = {}): Caller {
  return {
    ...{ account, operator: account.name, workOrder: null, reason: null, requireSignedIn: () => undefined },
    ...{ idempotencyKey: 'key 1', requestHash: 'hash 1' },
    ...change,
  };
}

function record(xc: number, { sn = SN, slot = 2, attributes = 'D0AB00N' } = {}): ExportRecord {
  const facts = { suite: 1, signed: true, akv: 1, asNumber: 0, attributes, tkv: 1, set: TEST_SET } as const;
  const data = concat(encodeHeader({ ...facts, sn, ref1: 0x0103, slot, xc }), new Uint8Array(64).fill(xc));
  const kcv = { value: new Uint8Array(5).fill(xc), algorithm: 1 } as const;
  return { data, random: new Uint8Array(16).fill(xc), kcv, receipt: undefined };
}

let service: MemoryExporter;
beforeEach(async () => {
  service = await MemoryExporter.open();
});

const signedOut = () => {
  throw new ProtocolError('signed-out', 'scripted');
};
const refusal = (code: string, message: string) => ({ code, message: expect.stringContaining(message) });

/** Reserves an export and commits it. */
async function exportOnce(who: Caller, change: Partial<UnitExportRequest> = {}): Promise<number> {
  const made = request(change);
  const { xc, commit } = await service.memory.reserveExport(made, who);
  await commit(record(xc, { sn: copy(made.unit.sn), slot: made.ref2 ?? 2 }));
  return xc;
}

describe('the facts of an export', () => {
  it('come from the state: AS number, T by version, and key by REF1', async () => {
    const { memory, state } = service;
    const olga = { account: operator('olga') };
    expect(memory.asNumber).toBe(0);
    const older = { tkv: 9, family: 'hmac', key: copy(TEST_T) } as const;
    const other = testSet({ set: 1, transportKeys: [older], keys: [] });
    const set = testSet({ transportKeys: [older, ...testSet().transportKeys] });
    service.state = { ...state, asNumber: 3, sets: [other, set] };
    expect(memory.asNumber).toBe(3);
    expect(await memory.findTransportKey(TEST_SET, 1, olga)).toBe(set.transportKeys[1]);
    expect(await memory.findTransportKey(TEST_SET, 2, olga)).toBeUndefined();
    expect(await memory.findTransportKey(2, 1, olga)).toBeUndefined();
    expect(await memory.findKey(TEST_SET, 0x0104)).toBe(set.keys[1]);
    expect(await memory.findKey(TEST_SET, 0x0105)).toBeUndefined();
    expect(await memory.findKey(2, 0x0104)).toBeUndefined();
  });

  it('hide a set from an operator who may not use it', async () => {
    expect(
      await service.memory.findTransportKey(TEST_SET, 1, { account: operator('otto', { sets: [1] }) }),
    ).toBeUndefined();
  });

  it('name the order whose id has another form of the same text, or the number as it is', () => {
    service.orders.issue(orderEnvelope(ORDER));
    expect(service.memory.orderIdOf('JOB 4711')).toBe('JOB 4711');
    expect(service.memory.orderIdOf('JOB\u00a04711')).toBe('JOB 4711');
    expect(service.memory.orderIdOf('JOB 4712')).toBe('JOB 4712');
  });

  it('are found by challenge and by XC once the export is committed', async () => {
    const xc = await exportOnce(caller());
    const found = await service.memory.findExportByCounter(xc);
    expect(found?.data).toEqual(record(xc).data);
    expect(await service.memory.findExport(SN, record(xc).random)).toBe(found);
    expect(await service.memory.findExport(OTHER_SN, record(xc).random)).toBeUndefined();
    expect(await service.memory.findExportByCounter(xc + 1)).toBeUndefined();
  });
});

describe('a permission', () => {
  it('needs an access code, the unit on the list of its set, and the work order', async () => {
    const { memory, orders } = service;
    await memory.authorise(request(), caller());
    await expect(memory.authorise(request(), caller(undefined, { requireSignedIn: signedOut }))).rejects.toThrow(
      'scripted',
    );
    service.state = { ...service.state, sets: [testSet({ units: [toHex(OTHER_SN)] })] };
    expect(() => memory.requirePermitted(request(), caller())).toThrow('is not on the list of');
    service.state = { ...service.state, sets: [testSet()] };
    orders.issue(orderEnvelope(ORDER));
    const underOrder = caller(undefined, { workOrder: ORDER.id });
    memory.requirePermitted(request(), underOrder);
    expect(() => memory.requirePermitted(request({ ref2: 3 }), underOrder)).toThrow('does not put REF1 0103');
    service.clock.now = '2027-01-01T00:00:00.000Z';
    expect(() => memory.requirePermitted(request(), underOrder)).toThrow('ended at');
    expect(() => memory.requirePermitted(request(), caller(operator('olga', { ordersOnly: true })))).toThrow(
      'within work orders',
    );
  });

  it('is refused for a demo set unless the service is in demo mode', async () => {
    const published = DEMO_SETS[0]?.set ?? 0;
    const made = request({ unit: { set: published, tkv: 1, sn: SN } });
    const [normal, demoService] = [
      await MemoryExporter.open({ set: published }),
      await MemoryExporter.open({ set: published }, true),
    ];
    expect(() => normal.memory.requirePermitted(made, caller())).toThrow('is a demo set');
    demoService.memory.requirePermitted(made, caller());
  });
});

describe('XC', () => {
  it('continues after the highest of the log, and is used once even if an export is released', async () => {
    expect(await exportOnce(caller())).toBe(1);
    const { xc, release } = await service.memory.reserveExport(request(), caller());
    release();
    expect([xc, await exportOnce(caller())]).toEqual([2, 3]);
  });

  it('is not assigned in an unknown set', async () => {
    const unknown = request({ unit: { set: 7, tkv: 1, sn: SN } });
    await expect(service.memory.reserveExport(unknown, caller())).rejects.toThrow(new RangeError('the set is unknown'));
  });
});

describe('the quota of an operator', () => {
  it('counts exports and pending exports, and a released export does not count', async () => {
    const { memory } = service;
    const olga = caller(operator('olga', { quota: 2 }));
    await exportOnce(olga);
    const pending = await memory.reserveExport(request(), olga);
    const used = refusal('quota-used', 'olga may make 2 exports, and none is left.');
    await expect(memory.reserveExport(request(), olga)).rejects.toMatchObject(used);
    pending.release();
    const again = await memory.reserveExport(request(), olga);
    await again.commit(record(again.xc));
    await expect(memory.reserveExport(request(), olga)).rejects.toMatchObject(used);
    // A committed export is no longer pending: with a larger quota, exactly one more is possible.
    const larger = caller(operator('olga', { quota: 3 }));
    await memory.reserveExport(request(), larger);
    await expect(memory.reserveExport(request(), larger)).rejects.toMatchObject({ code: 'quota-used' });
    await memory.reserveExport(request(), caller(operator('otto', { quota: 1 })));
    await expect(memory.reserveExport(request(), caller(operator('none', { quota: 0 })))).rejects.toMatchObject({
      code: 'quota-used',
    });
  });
});

describe('the quota of a unit', () => {
  it('counts the exports and pending exports of all operators to this unit', async () => {
    service = await MemoryExporter.open({ quotaPerUnit: 2 });
    const { memory } = service;
    await exportOnce(caller());
    await memory.reserveExport(request(), caller(operator('otto')));
    await expect(memory.reserveExport(request(), caller())).rejects.toMatchObject(
      refusal(
        'unit-quota-used',
        `Unit ${TEST_SN} has no exports left: set 0000BA7C (Test set) allows 2 exports per unit.`,
      ),
    );
    const other = request({ unit: { set: TEST_SET, tkv: 1, sn: OTHER_SN } });
    for (let i = 0; i < 2; i++) await memory.reserveExport(other, caller());
  });
});

describe('a load of a work order', () => {
  const underOrder = (change: Partial<Caller> = {}) => caller(undefined, { workOrder: ORDER.id, ...change });
  const needed = refusal(
    'reason-needed',
    `REF1 0104 was already exported to slot 0003 of unit ${TEST_SN} under work order JOB 4711. Give a reason`,
  );
  const load = { ref1: 0x0104, ref2: 3 };

  beforeEach(() => service.orders.issue(orderEnvelope(ORDER)));

  it('needs a reason when it was exported before or is pending', async () => {
    const { memory } = service;
    const pending = await memory.reserveExport(request(load), underOrder());
    await expect(memory.reserveExport(request(load), underOrder())).rejects.toMatchObject(needed);
    pending.release();
    const first = await memory.reserveExport(request(), underOrder());
    await first.commit(record(first.xc));
    await expect(memory.reserveExport(request(), underOrder())).rejects.toMatchObject({ code: 'reason-needed' });
    await memory.reserveExport(request(), underOrder({ reason: 'new unit' }));
  });

  it('is another load in another slot, unit or order, and with another key', async () => {
    const { memory } = service;
    service.orders.issue(orderEnvelope({ ...ORDER, id: 'JOB 4712' }));
    await memory.reserveExport(request(load), underOrder());
    await memory.reserveExport(request({ ...load, ref2: 4 }), underOrder());
    await memory.reserveExport(request({ ...load, ref1: 0x0103 }), underOrder());
    await memory.reserveExport(request({ ...load, unit: { set: TEST_SET, tkv: 1, sn: OTHER_SN } }), underOrder());
    await memory.reserveExport(request(load), underOrder({ workOrder: 'JOB 4712' }));
  });

  it('needs no reason without an order of this service, and without a slot', async () => {
    const { memory } = service;
    for (let i = 0; i < 2; i++) {
      await memory.reserveExport(request(load), underOrder({ workOrder: null }));
      await memory.reserveExport(request(load), underOrder({ workOrder: 'JOB 1' }));
      await memory.reserveExport(request({ ...load, ref2: undefined }), underOrder());
    }
  });
});

describe('the entry of an export', () => {
  it('has its facts in readable form, and the export in sealed form', async () => {
    const who = caller(undefined, { workOrder: 'JOB 1' });
    const { xc, commit } = await service.memory.reserveExport(request(), who);
    const made = record(xc);
    await commit(made);
    const dataHash = sha256(made.data);
    const details = {
      ...{
        exportId: exportIdOf(dataHash),
        set: TEST_SET,
        tkv: 1,
        suite: 1,
        signed: true,
        ref1: 0x0103,
        slot: 2,
        akv: 1,
      },
      ...{ xc: 1, sn: TEST_SN, attributes: 'D0AB00N', kcv: '0101010101', dataHash: toBase64url(dataHash) },
      workOrder: 'JOB 1',
    };
    expect(await service.entries()).toMatchObject([{ event: 'export', actor: 'olga' }]);
    expect((await service.entries())[0]?.details).toEqual(details);
    const origin = {
      operator: 'olga',
      workOrder: 'JOB 1',
      reason: null,
      idempotencyKey: 'key 1',
      requestHash: 'hash 1',
    };
    expect(service.newestRecord()).toBe(Buffer.from(encodeExport(made, origin)).toString());
    expect(service.ledger.findByIdempotencyKey('olga', 'key 1')).toMatchObject({
      requestHash: 'hash 1',
      entry: { operator: 'olga', workOrder: 'JOB 1', reason: null, time: NOW },
    });
  });

  it('has the reason if there is one, and no attributes when a slot is erased', async () => {
    const { xc, commit } = await service.memory.reserveExport(request(), caller(undefined, { reason: 'new unit' }));
    await commit(record(xc, { attributes: NO_ATTRIBUTES }));
    const [entry] = await service.entries();
    expect(entry?.details).toMatchObject({ reason: 'new unit', attributes: '', workOrder: null });
  });

  it('is not made when the permission has ended meanwhile, and the export still counts until it is released', async () => {
    let isSignedIn = true;
    const olga = caller(operator('olga', { quota: 1 }), { requireSignedIn: () => isSignedIn || signedOut() });
    const { xc, commit, release } = await service.memory.reserveExport(request(), olga);
    isSignedIn = false;
    await expect(commit(record(xc))).rejects.toThrow('scripted');
    expect([await service.entries(), [...service.ledger.all()]]).toEqual([[], []]);
    await expect(service.memory.reserveExport(request(), olga)).rejects.toMatchObject({ code: 'quota-used' });
    release();
    await service.memory.reserveExport(request(), olga);
  });

  it.each(['export', 'receipt'])('of each kind (%s) waits for an exclusive change', async (kind) => {
    const { xc, commit } = await service.memory.reserveExport(request(), caller());
    if (kind === 'receipt') await commit(record(xc));
    const events: string[] = [];
    const { run, end } = heldAction('change', events);
    const change = service.lock.exclusive(run);
    while (events.length === 0) await new Promise(setImmediate);
    const before = service.log.head.sequence;
    const made =
      kind === 'export' ? commit(record(xc)) : service.memory.commitReceipt(record(xc), new Uint8Array(64), caller());
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect(service.log.head.sequence).toBe(before);
    end();
    await Promise.all([change, made]);
    expect(service.log.head.sequence).toBe(before + 1);
  });
});

describe('a receipt', () => {
  it('has an entry in the log, and is stored as a verified copy', async () => {
    const xc = await exportOnce(caller());
    const receipt = new Uint8Array(64).fill(9);
    await service.memory.commitReceipt(record(xc), receipt, caller(operator('otto')));
    const entry = (await service.entries())[1];
    const exportId = exportIdOf(sha256(record(xc).data));
    expect(entry).toMatchObject({ event: 'receipt', actor: 'otto' });
    expect(entry?.details).toEqual({ exportId, xc, receipt: toBase64url(receipt), kcv: '0101010101' });
    receipt.fill(0);
    const stored = service.ledger.findByCounter(xc);
    expect([stored?.receipt, stored?.receiptTime]).toEqual([new Uint8Array(64).fill(9), NOW]);
    expect(service.verified.has(stored?.receipt ?? receipt)).toBe(true);
  });

  it('is refused after the operator has signed out', async () => {
    const xc = await exportOnce(caller());
    const made = service.memory.commitReceipt(record(xc), new Uint8Array(64), {
      ...caller(),
      requireSignedIn: signedOut,
    });
    await expect(made).rejects.toThrow('scripted');
    expect(service.ledger.findByCounter(xc)?.receipt).toBeUndefined();
  });
});

describe('the key store', () => {
  it('returns copies of T and TA, random bytes and the signature of DATA', async () => {
    const signatures = { signData: (message: Uint8Array) => message.slice(0, 1) } as unknown as Signatures;
    const shared = testSet({ set: 1, profile: 'shared' });
    const state = { sets: [testSet({ set: 2, transportKeys: [], keys: [] }), shared, testSet()] } as unknown as State;
    const keys = createKeyStore(
      () => state,
      () => signatures,
    );
    const ta = await keys.copyApplicationKey(TEST_SET, 0x0103);
    expect(ta).toEqual(TEST_TA);
    expect(ta).not.toBe(state.sets[2]?.keys[0]?.key);
    expect(await keys.copyApplicationKey(TEST_SET, 0x0104)).toEqual(copy(TEST_TA).reverse());
    const t = await keys.copyTransportKeyFor({ set: 1, tkv: 1, sn: SN }, 'cmac');
    expect(t).toEqual(TEST_T);
    expect(t).not.toBe(shared.transportKeys[0]?.key);
    expect(await keys.copyTransportKeyFor({ set: TEST_SET, tkv: 1, sn: SN }, 'cmac')).not.toEqual(TEST_T);
    const random = keys.random(16);
    expect(random).toHaveLength(16);
    expect(random).not.toEqual(new Uint8Array(16));
    expect(await keys.signData(new Uint8Array([5, 6]))).toEqual(new Uint8Array([5]));
    await expect(keys.copyApplicationKey(TEST_SET, 0x0105)).rejects.toThrow('the set or key is unknown');
    await expect(keys.copyApplicationKey(3, 0x0103)).rejects.toMatchObject({
      code: 'set-unknown',
      message: 'There is no set 00000003.',
    });
    const unknown = keys.copyTransportKeyFor({ set: TEST_SET, tkv: 2, sn: SN }, 'cmac');
    await expect(unknown).rejects.toThrow('the set or key is unknown');
  });
});
