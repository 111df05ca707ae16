// Opens the AS: the first start, restarts after a crash or with old files, and the demo sets. Also
// tests how the AS checks the input of an administrator.
import { copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addOperator, revokeAccessCodes } from '#as-service/operators/operators.ts';
import type { As } from '#as-service/service/as.ts';
import { prepareEmbedded } from '#as-service/service/prepare-embedded.ts';
import { addKey, addSet, allowUnits, writeDeviceKey } from '#as-service/sets/sets.ts';
import { SIGNING_PURPOSES } from '#as-service/signing/signing.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { signEd25519 } from '#protocol/crypto/ed25519.ts';
import { DEMO_SETS, demoSerialNumber } from '#protocol/demo/demo-sets.ts';
import type { WorkOrdersJson } from '#protocol/orders/messages.ts';
import type { CertificateJson, KeysJson, ProblemJson } from '#protocol/service/messages.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import {
  addTestOperator,
  call,
  callJson,
  createTestApp,
  exportRequest,
  fillTestAs,
  NEW_SET,
  openTestAs,
  TEST_SN,
  TEST_T,
  type TemporaryFolder,
  temporaryFolder,
} from '#test/support/as-service.ts';

let folder: TemporaryFolder;
const opened: As[] = [];
const path = (name: string) => join(folder.path, name);
const open = async (options: Parameters<typeof openTestAs>[1] = {}) => {
  const as = await openTestAs(folder.path, options);
  opened.push(as);
  return as;
};
const entries = (as: As) => as.log.read(1, as.log.head.sequence);

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const as of opened.splice(0)) await as.close().catch(() => undefined);
  await folder.remove();
});

describe('the first start', () => {
  it('certifies a different key for each purpose by a new root key', async () => {
    const { state } = await open();
    const keys = [state.root, ...Object.values(state.signingKeys)].map(({ publicKey }) => toHex(publicKey));
    expect(new Set(keys).size).toBe(1 + SIGNING_PURPOSES.length);
    const certificates = state.certificates.map(
      ({ payload }) => JSON.parse(Buffer.from(fromBase64url(payload)).toString()) as CertificateJson,
    );
    expect(certificates.map(({ purpose }) => purpose)).toEqual(SIGNING_PURPOSES);
  });

  it('signs with node:crypto byte for byte as noble does', async () => {
    const as = await open();
    const message = Buffer.from('message');
    expect(as.signatures.signData(message)).toEqual(signEd25519(as.state.signingKeys.data.secretKey, message));
  });

  it('in embedded mode adds a set with a random T, keys, and an operator whose access code works', async () => {
    const as = await open();
    const { code } = await prepareEmbedded(as);
    const { sets } = await callJson<KeysJson>(createTestApp(as), code, '/v1/keys');
    expect(sets).toHaveLength(1);
    expect(sets[0]).toMatchObject({ profile: 'diversified', demo: false, transportKeys: [{ tkv: 1, suites: [1, 2] }] });
    expect(sets[0]?.keys.map(({ akv }) => akv)).toEqual([1, 2, 3, 4]);
    expect(new Set(sets[0]?.keys.map(({ kcv }) => kcv)).size).toBe(4);
  });

  it('in embedded mode completes an interrupted start, and changes only the access code if repeated', async () => {
    const as = await open({ demoMode: true });
    await addSet(as, 'test', { ...NEW_SET, name: 'First set', transportKey: undefined });
    const first = await prepareEmbedded(as);
    const { sets } = as.state;
    expect(sets).toHaveLength(4);
    expect(sets.map(({ keys }) => keys.length)).toEqual([4, 4, 4, 4]);
    const second = await prepareEmbedded(as);
    expect(as.state.sets).toEqual(sets);
    expect(as.state.operators).toHaveLength(1);
    const app = createTestApp(as);
    expect((await call(app, first.code, '/v1/whoami')).status).toBe(401);
    expect((await call(app, second.code, '/v1/whoami')).status).toBe(200);
  });

  it('in demo mode adds one work order for each demo set, and each order permits a load of its unit', async () => {
    const as = await open({ demoMode: true });
    await prepareEmbedded(as);
    const { code } = await prepareEmbedded(as);
    const app = createTestApp(as);
    const { workOrders } = await callJson<WorkOrdersJson>(app, code, '/v1/work-orders');
    expect(workOrders.map(({ workOrder }) => workOrder).sort()).toEqual(['DEMO-1', 'DEMO-2', 'DEMO-3', 'DEMO-8']);
    for (const [index, { set, family, publishedTransportKey }] of DEMO_SETS.entries()) {
      const [sn, suite, workOrder] = [demoSerialNumber(index), family === 'cmac' ? 1 : 4, `DEMO-${index + 1}`] as const;
      const line = { ref1: 0x0101, ref2: 1 };
      const request = exportRequest({ ...line, set, suite, sn, workOrder }, publishedTransportKey);
      expect((await call(app, code, '/v1/exports', request)).status).toBe(200);
    }
  });

  it('in demo mode adds a fresh copy of a demo order that was worked', async () => {
    const as = await open({ demoMode: true });
    const { code } = await prepareEmbedded(as);
    const app = createTestApp(as);
    const [demo] = DEMO_SETS;
    if (!demo) throw new TypeError('no demo set');
    const load = {
      set: demo.set,
      sn: demoSerialNumber(0),
      suite: 1 as const,
      workOrder: 'DEMO-1',
      ref1: 0x0101,
      ref2: 1,
    };
    const request = exportRequest(load, demo.publishedTransportKey);
    expect((await call(app, code, '/v1/exports', request)).status).toBe(200);
    await prepareEmbedded(as);
    const again = await prepareEmbedded(as);
    const { workOrders } = await callJson<WorkOrdersJson>(createTestApp(as), again.code, '/v1/work-orders');
    const ids = workOrders.map(({ workOrder }) => workOrder).sort();
    expect(ids).toEqual(['DEMO-1', 'DEMO-1-2', 'DEMO-2', 'DEMO-3', 'DEMO-8']);
  });

  it('in demo mode succeeds even if an administrator has restricted a demo set to other units', async () => {
    const as = await open({ demoMode: true });
    const [, demo] = DEMO_SETS;
    if (!demo) throw new TypeError('no second demo set');
    await addSet(as, 'test', { ...NEW_SET, ...demo, transportKey: demo.publishedTransportKey });
    await allowUnits(as, 'test', demo.set, ['8']);
    const { code } = await prepareEmbedded(as);
    const { workOrders } = await callJson<WorkOrdersJson>(createTestApp(as), code, '/v1/work-orders');
    expect(workOrders.map(({ workOrder }) => workOrder)).not.toContain('DEMO-8');
  });

  it('in embedded mode does not change the sets and keys of an administrator', async () => {
    const as = await open();
    await prepareEmbedded(as);
    await addSet(as, 'test', NEW_SET);
    await prepareEmbedded(as);
    expect(as.state.sets.map(({ name, keys }) => [name, keys.length])).toEqual([
      ['First set', 4],
      ['Test set', 0],
    ]);
  });

  it.each<[string, (as: As) => Promise<unknown>]>([
    ['a set', (as) => addSet(as, 'test', NEW_SET)],
    ['an operator', (as) => addTestOperator(as, 'olga')],
  ])('in embedded mode refuses a folder in which an administrator added %s', async (_name, add) => {
    for (const demoMode of [false, true]) {
      const as = await open({ demoMode });
      if (!demoMode) await add(as);
      const { sequence } = as.log.head;
      await expect(prepareEmbedded(as)).rejects.toThrow(/with --standalone, or choose another folder/);
      expect(as.log.head.sequence).toBe(sequence);
      await as.close();
    }
  });

  it('makes a different T for each service', async () => {
    const first = await open();
    await prepareEmbedded(first);
    const one = first.state.sets[0]?.transportKeys[0]?.key.slice();
    await first.close();
    await rm(path('state.sealed'));
    await rm(path('audit.log'));
    const second = await open();
    await prepareEmbedded(second);
    expect(second.state.sets[0]?.transportKeys[0]?.key).not.toEqual(one);
  });
});

describe('a restart', () => {
  it('restores the whole state', async () => {
    const as = await open();
    await fillTestAs(as);
    const token = await addTestOperator(as, 'olga');
    const state = structuredClone(as.state);
    await as.close();
    const again = await open();
    expect(again.state).toEqual(state);
    expect((await call(createTestApp(again), token, '/v1/exports', exportRequest())).status).toBe(200);
  });

  it('wipes every key of the closed service', async () => {
    const as = await open();
    await fillTestAs(as);
    const { key } = as.state.sets[0]?.transportKeys[0] ?? {};
    await as.close();
    expect(key).toEqual(new Uint8Array(32));
  });

  it('replaces a signing key before it expires, and keeps the certificate of the old one', async () => {
    const as = await open();
    const before = as.state;
    const old = toHex(before.signingKeys.verdict.publicKey);
    await as.close();
    const later = new Date();
    later.setUTCFullYear(later.getUTCFullYear() + 2, later.getUTCMonth() + 8);
    const again = await open({ now: () => later });
    expect(toHex(again.state.signingKeys.verdict.publicKey)).not.toBe(old);
    expect(again.state.signingKeys.data).toEqual((await open({ now: () => later })).state.signingKeys.data);
    // The AS replaces every signing key except the key for DATA, because a unit cannot replace the
    // public key with which it verifies SIG.
    expect(again.state.certificates).toHaveLength(2 * SIGNING_PURPOSES.length - 1);
  });

  it('refuses a state that is older than the log, in which a revoked access code would be valid', async () => {
    const as = await open();
    await addTestOperator(as, 'olga');
    await copyFile(path('state.sealed'), path('before'));
    await revokeAccessCodes(as, 'test', 'olga');
    await addOperator(as, 'test', { name: 'otto', role: 'operator', sets: null, quota: null, embedded: false });
    await as.close();
    await rename(path('before'), path('state.sealed'));
    await expect(open()).rejects.toThrow(/old copy was put back/);
  });

  it('refuses a log that is missing or older than the state, and a missing state', async () => {
    const as = await open();
    await copyFile(path('audit.log'), path('before'));
    await fillTestAs(as);
    await as.close();
    await copyFile(path('audit.log'), path('whole'));
    await copyFile(path('before'), path('audit.log'));
    await expect(open()).rejects.toThrow(/audit log is older/);
    await truncate(path('audit.log'), 0);
    await expect(open()).rejects.toThrow(/audit log is older/);
    await copyFile(path('whole'), path('audit.log'));
    await rename(path('state.sealed'), path('hidden'));
    await expect(open()).rejects.toThrow(/keys of this service are missing/);
    await rename(path('hidden'), path('state.sealed'));
    expect((await open()).state.sets).toHaveLength(1);
  });

  it('refuses another sealing key and a changed state, and modifies nothing', async () => {
    await (await open()).close();
    const [state, log] = [await readFile(path('state.sealed')), await readFile(path('audit.log'))];
    await expect(open({ sealingKey: new Uint8Array(32) })).rejects.toThrow(/does not open/);
    expect([await readFile(path('state.sealed')), await readFile(path('audit.log'))]).toEqual([state, log]);
    state[100] = (state[100] ?? 0) ^ 1;
    await writeFile(path('state.sealed'), state);
    await expect(open()).rejects.toThrow(/does not open/);
  });

  it('replays 500 exports of the log', async () => {
    const as = await open();
    await fillTestAs(as);
    const token = await addTestOperator(as, 'olga');
    const app = createTestApp(as);
    for (let i = 0; i < 10; i++) {
      await call(app, token, '/v1/exports:batch', { exports: Array.from({ length: 50 }, () => exportRequest()) });
    }
    await as.close();
    const again = await open();
    expect([again.ledger.lastXc, again.ledger.countOfOperator('olga')]).toEqual([500, 500]);
  });
});

describe('the demo sets', () => {
  const [demo] = DEMO_SETS;
  if (demo === undefined) throw new TypeError('no demo set');
  const demoRequest = () => exportRequest({ set: demo.set, ref1: 0x0101, ref2: 1 }, demo.publishedTransportKey);

  it('are exported and marked in demo mode', async () => {
    const as = await open({ demoMode: true });
    const { code } = await prepareEmbedded(as);
    const app = createTestApp(as);
    expect((await call(app, code, '/v1/exports', demoRequest())).status).toBe(200);
    const { sets } = await callJson<KeysJson>(app, code, '/v1/keys');
    expect(sets.filter((set) => set.demo).map(({ set }) => set)).toEqual(DEMO_SETS.map(({ set }) => set));
  });

  it('are refused and not listed when the same folder is opened outside demo mode', async () => {
    const as = await open({ demoMode: true });
    await prepareEmbedded(as);
    await as.close();
    const real = await open();
    const { code } = await prepareEmbedded(real);
    const app = createTestApp(real);
    const response = await call(app, code, '/v1/exports', demoRequest());
    expect(response.status).toBe(403);
    expect(((await response.json()) as ProblemJson).type).toContain('demo-refused');
    expect((await callJson<KeysJson>(app, code, '/v1/keys')).sets).toHaveLength(1);
  });

  it('cannot be added outside demo mode, and their T cannot be added under any set number', async () => {
    const as = await open();
    for (const { set, publishedTransportKey } of DEMO_SETS) {
      await expect(addSet(as, 'test', { ...NEW_SET, set })).rejects.toThrow(/demo/);
      await expect(addSet(as, 'test', { ...NEW_SET, transportKey: publishedTransportKey })).rejects.toThrow(/demo/);
    }
    expect(as.state.sets).toEqual([]);
  });

  it('have a published T, and exports from any set with such a T are refused', async () => {
    const as = await open({ demoMode: true });
    await fillTestAs(as, { transportKey: demo.publishedTransportKey });
    await as.close();
    const real = await open();
    const token = await addTestOperator(real, 'olga');
    const request = exportRequest({}, demo.publishedTransportKey);
    const response = await call(createTestApp(real), token, '/v1/exports', request);
    expect(((await response.json()) as ProblemJson).type).toContain('demo-refused');
  });
});

describe('an administrator', () => {
  it.each<[string, object, RegExp]>([
    ['a used set number', {}, /already/],
    ['a T of 31 bytes', { set: 2, transportKey: TEST_T.subarray(1) }, /32 bytes/],
    ['a T that is not random', { set: 2, transportKey: new Uint8Array(32) }, /not a random key/],
    ['a set number of zero', { set: 0 }, /SET/],
    ['a TKV of 256', { set: 2, tkv: 256 }, /TKV/],
    ['a name with a line break', { set: 2, name: 'a\nb' }, /name/],
    ['a malformed serial number', { set: 2, units: ['xyz'] }, /serial number/],
  ])('cannot add %s', async (_name, change, words) => {
    const as = await open();
    await addSet(as, 'test', NEW_SET);
    const before = as.log.head.sequence;
    await expect(addSet(as, 'test', { ...NEW_SET, ...change })).rejects.toThrow(words);
    expect(as.log.head.sequence).toBe(before);
  });

  it.each<[string, object, RegExp]>([
    ['a used REF1', { ref1: 0x0103 }, /already/],
    ['the transport-key slot', { slot: 0xfffe }, /FFFE/],
    ['malformed attributes', { attributes: 'd0ab00n' }, /attribute/],
    ['a key of 20 bytes', { key: new Uint8Array(20).fill(1) }, /16, 24 or 32/],
    ['a key of all zeros', { key: new Uint8Array(32) }, /zero/],
    ['an unknown set', { set: 5 }, /no set/],
  ])('cannot add a key with %s', async (_name, change, words) => {
    const as = await open();
    await fillTestAs(as);
    const key = { set: 0xba7c, ref1: 1, label: 'x', attributes: 'D0AB00N', slot: 1, key: undefined, length: 32 };
    await expect(addKey(as, 'test', { ...key, ...change })).rejects.toThrow(words);
  });

  it('writes K_D of a unit of a diversified set, or T of a shared set, each with a log entry', async () => {
    const as = await open();
    await fillTestAs(as);
    await fillTestAs(as, { set: 2, profile: 'shared' });
    await writeDeviceKey(as, 'test', { set: 0xba7c, sn: '45 49 00 00 00 00 00 07', path: path('kd') });
    await writeDeviceKey(as, 'test', { set: 2, sn: TEST_SN, path: path('t') });
    const unit = { set: 0xba7c, tkv: 1, sn: Buffer.from(TEST_SN, 'hex') };
    expect(await readFile(path('kd'), 'utf8')).toBe(`${toHex(deriveDeviceKey('cmac', TEST_T, unit))}\n`);
    expect(await readFile(path('t'), 'utf8')).toBe(`${toHex(TEST_T)}\n`);
    const log = await entries(as);
    expect(log.slice(-2).map(({ entry }) => entry.details.sn)).toEqual([TEST_SN, TEST_SN]);
    expect(JSON.stringify(log)).not.toContain(toHex(TEST_T));
    await expect(writeDeviceKey(as, 'test', { set: 2, sn: '7', path: path('t') })).rejects.toThrow(/not overwritten/);
  });
});
