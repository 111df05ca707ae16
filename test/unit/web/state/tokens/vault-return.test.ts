// Returns a vault journal over HTTP to a real service: the findings and verdicts of the service,
// and how they change the attempts in the journal of the station.
import { randomBytes } from 'node:crypto';
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { encodePassphrase } from '#protocol/vault/passphrase.ts';
import { exportRequest, receiptFor, TEST_SET, TEST_SN } from '#test/support/as-service.ts';
import { VaultSetup } from '#test/support/vault-service.ts';
import { TestVaultWorker } from '#test/support/vault-worker.ts';
import { MemoryTrust } from '#test/unit/web/as-client/fake-as.ts';
import { ATTEMPT, SUMMARY } from '#test/unit/web/journal/records.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';
import { VaultReturns } from '#web/as-client/vault-returns.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { returnVaultJournal, type VaultReport } from '#web/state/tokens/vault-return.ts';
import type { VaultStore } from '#web/vault-store/vault-store.ts';
import { VaultClient } from '#web/vault-worker/client.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

let setup: VaultSetup;
let remote: RemoteAs;
let journal: Journal;
let store: VaultStore;
let client: VaultClient;
let id: string;

beforeEach(async () => {
  setup = await VaultSetup.open();
  const { file, passphrase, vault } = await setup.issue();
  remote = new RemoteAs({
    fetch: async (url, init) => setup.app.request(url, init),
    baseUrl: () => 'http://localhost',
    subtle: globalThis.crypto.subtle,
    trust: new MemoryTrust(),
    retryPausesMs: [],
  });
  await remote.signIn(setup.operator);
  journal = new Journal(await Database.open(new IDBFactory(), () => undefined), 'page', () => setup.now);
  id = vault.vaultId;
  const worker = new TestVaultWorker({ now: () => setup.tick() });
  store = await worker.store;
  await store.import(id, file, setup.now.toISOString());
  client = new VaultClient(worker, () => undefined);
  const root = fromBase64url(setup.as.signatures.trust.root);
  await client.unlock(id, { by: 'passphrase', secret: encodePassphrase(passphrase) }, [root]);
});
afterEach(() => setup.close());

/**
 * Loads a key from the vault, and writes the attempt as the page does. `counter` is the import
 * counter of the unit after the load. If `isRecorded` is false, the page crashes before it records
 * the export.
 */
async function load(counter: number, origin = `vault ${id}`, isRecorded = true): Promise<number> {
  const { set, tkv, suite, sign, ref1, ref2, ...texts } = exportRequest({ random: toBase64url(randomBytes(16)) });
  const request: ExportRequest = {
    ...{ set, tkv, suite, sign, ref1, ref2 },
    sn: fromHex(texts.sn),
    random: fromBase64url(texts.random),
    challengeMac: fromBase64url(texts.challengeMac),
    idempotencyKey: texts.idempotencyKey,
  };
  const { exportId, data } = await client.exportKey(request);
  const receipt = fromBase64url(receiptFor(toBase64url(data), texts.random, { importCounter: counter }));
  const dataHash = sha256(data);
  const { time } = await client.verifyReceipt(exportId, receipt, dataHash);
  const attempt = { ...ATTEMPT, sn: TEST_SN, set: TEST_SET, service: origin, idempotencyKey: texts.idempotencyKey };
  if (!isRecorded) {
    return await journal.begin(attempt, [
      { step: 'challenge', state: 'intended', suite },
      { step: 'export', state: 'intended', suite, thenImport: true },
      { step: 'interruption', state: 'confirmed' },
    ]);
  }
  return await journal.begin(attempt, [
    { step: 'challenge', state: 'intended', suite },
    { step: 'export', state: 'intended', suite },
    { step: 'export', state: 'confirmed', export: { ...SUMMARY, exportId, dataHash } },
    { step: 'import', state: 'intended' },
    { step: 'import', state: 'confirmed', receipt },
    { step: 'verify', state: 'confirmed', time },
  ]);
}

async function returnJournal(signed?: Envelope): Promise<VaultReport> {
  const options = { returns: new VaultReturns(remote), store, journal };
  return await returnVaultJournal(options, { id, origin: `vault ${id}` }, signed ?? (await client.lock('asked')));
}

async function verdictsOf(attempt: number): Promise<readonly string[]> {
  const { steps = [] } = (await journal.get(attempt)) ?? {};
  return steps.flatMap((entry) => (entry.step === 'verify' && entry.verdict !== undefined ? [entry.verdict] : []));
}

describe('the return of a vault journal', () => {
  it('adds the signed verdict of the AS to each attempt, without findings', async () => {
    const attempts = [await load(1), await load(2)];
    expect(await returnJournal()).toEqual({
      exports: 2,
      receipts: 2,
      problems: [],
      notes: [],
      verdicts: 2,
      recorded: 2,
    });
    for (const attempt of attempts) {
      const [verdict = ''] = await verdictsOf(attempt);
      const { payload } = JSON.parse(verdict) as Envelope;
      expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ operator: 'vault 0001' });
      const settled = await journal.get(attempt);
      expect(settled?.outcome).toBe('done');
      expect(settled?.steps.map(({ step }) => step)).toEqual([
        ...['challenge', 'export', 'export', 'import', 'import', 'verify', 'verify'],
      ]);
      expect(settled?.steps.at(-1)?.auditHead).toContain('audit-head');
    }
    expect(remote.auditHead?.sequence).toBeGreaterThan(0);
  });

  it('settles an attempt whose page crashed before it recorded the export', async () => {
    const [attempt, other] = [await load(1, `vault ${id}`, false), await load(2)];
    expect(await returnJournal()).toMatchObject({ receipts: 2, verdicts: 2, recorded: 2 });
    const settled = await journal.get(attempt);
    expect(settled?.outcome).toBe('done');
    expect(settled?.steps.map(({ step }) => step).slice(-3)).toEqual(['export', 'import', 'verify']);
    expect(await verdictsOf(other)).toHaveLength(1);
  });

  it('writes no verdict twice when the journal is returned again', async () => {
    const attempt = await load(1);
    const signed = await client.journal();
    await returnJournal(signed);
    expect(await returnJournal(signed)).toMatchObject({ verdicts: 1, recorded: 1 });
    expect(await verdictsOf(attempt)).toHaveLength(1);
  });

  it('adds the verdict only to the newest attempt of an export that was requested again', async () => {
    const begin = journal.begin.bind(journal);
    let stopped = 0;
    journal.begin = async (attempt, steps = []) => {
      const failure = { step: 'failure', state: 'confirmed', failure: { code: 'cancelled' } } as const;
      stopped = await begin(attempt, [...steps.slice(0, 3), failure]);
      return await begin(attempt, steps);
    };
    const loaded = await load(1);
    journal.begin = begin;
    await load(2);
    expect(await returnJournal()).toMatchObject({ verdicts: 2, recorded: 2 });
    expect(await verdictsOf(loaded)).toHaveLength(1);
    expect(await verdictsOf(stopped)).toEqual([]);
    expect((await journal.get(stopped))?.outcome).toBe('failed');
  });

  it('adds no verdict to an attempt with the same idempotency key whose recorded export is another', async () => {
    const loaded = await load(1);
    const earlier = await journal.get(loaded);
    if (!earlier) throw new TypeError('no attempt');
    const { id: _id, startedAt: _at, steps: _steps, outcome: _outcome, ...attempt } = earlier;
    const other = await journal.begin(attempt, [
      { step: 'challenge', state: 'intended', suite: 1 },
      { step: 'export', state: 'intended', suite: 1 },
      { step: 'export', state: 'confirmed', export: { ...SUMMARY, exportId: 'another export' } },
      { step: 'interruption', state: 'confirmed' },
    ]);
    expect(await returnJournal()).toMatchObject({ verdicts: 1, recorded: 1 });
    expect([await verdictsOf(other), (await verdictsOf(loaded)).length]).toEqual([[], 1]);
  });

  it('finds the attempts of the vault among 250 attempts of another AS', async () => {
    const attempt = await load(1);
    await Promise.all(Array.from({ length: 250 }, () => journal.begin(ATTEMPT)));
    expect(await returnJournal()).toMatchObject({ verdicts: 1, recorded: 1 });
    expect(await verdictsOf(attempt)).toHaveLength(1);
  });

  it('changes no attempt of another AS, even with the same export id', async () => {
    const attempt = await load(1, 'https://as.example');
    expect(await returnJournal()).toMatchObject({ verdicts: 1, recorded: 0 });
    expect(await verdictsOf(attempt)).toEqual([]);
  });

  it('accepts no verdict on an export that is not in the vault store of this browser', async () => {
    const attempt = await load(1);
    const signed = await client.journal();
    store.findExport = async () => undefined;
    expect(await returnJournal(signed)).toMatchObject({ verdicts: 0, recorded: 0 });
    expect(await verdictsOf(attempt)).toEqual([]);
  });

  it('separates problems from notes', async () => {
    await load(2);
    await load(4);
    expect(await returnJournal()).toMatchObject({
      problems: [{ kind: 'imports-missing', values: { sn: TEST_SN, first: 3, last: 3 } }],
      notes: [{ kind: 'imports-before', values: { sn: TEST_SN, imports: 1 } }],
    });
  });

  it('is refused by an AS that did not issue the vault, and without a session', async () => {
    const signed = await client.lock('asked');
    const other = await VaultSetup.open();
    try {
      const elsewhere = new RemoteAs({
        fetch: async (url, init) => other.app.request(url, init),
        baseUrl: () => 'http://localhost',
        subtle: globalThis.crypto.subtle,
        trust: new MemoryTrust(),
        retryPausesMs: [],
      });
      await expect(new VaultReturns(elsewhere).sendJournal(id, signed)).rejects.toEqual(code('not-signed-in'));
      await elsewhere.signIn(other.operator);
      await expect(new VaultReturns(elsewhere).sendJournal(id, signed)).rejects.toEqual(code('vault-unknown'));
    } finally {
      await other.close();
    }
  });

  it.each([
    ['without its findings', { findings: undefined }, 'service-nonsense'],
    ['with a malformed verdict', { verdicts: [{ xc: 1, verdict: {} }] }, 'service-nonsense'],
    ['that is not an object', undefined, 'service-nonsense'],
  ])('refuses a response %s', async (_what, change, expected) => {
    await load(1);
    const signed = await client.lock('asked');
    const answer = await remote.ask('POST', `/v1/vaults/${id}/journal`, { journal: signed });
    const as = {
      ask: async () => (change === undefined ? 7 : { ...(answer as object), ...change }),
      open: remote.open.bind(remote),
      auditFloor: remote.auditFloor.bind(remote),
      acceptHead: remote.acceptHead.bind(remote),
    };
    await expect(new VaultReturns(as).sendJournal(id, signed)).rejects.toEqual(code(expected));
  });

  it('refuses a verdict or an audit head that the AS did not sign', async () => {
    await load(1);
    const signed = await client.lock('asked');
    const logSize = (await remote.auditFloor())?.sequence;
    const answer = (await remote.ask('POST', `/v1/vaults/${id}/journal`, { journal: signed }, { logSize })) as {
      readonly verdicts: readonly { readonly xc: number; readonly verdict: Envelope }[];
      readonly auditHead: Envelope;
    };
    const forged = (envelope: Envelope): Envelope => ({ ...envelope, payload: toBase64url(Buffer.from('{"xc":1}')) });
    const verdicts = answer.verdicts.map(({ xc, verdict }) => ({ xc, verdict: forged(verdict) }));
    for (const change of [{ verdicts }, { auditHead: forged(answer.auditHead) }]) {
      const as = {
        ask: async () => ({ ...answer, ...change }),
        open: remote.open.bind(remote),
        auditFloor: remote.auditFloor.bind(remote),
        acceptHead: remote.acceptHead.bind(remote),
      };
      await expect(new VaultReturns(as).sendJournal(id, signed)).rejects.toEqual(code('service-changed'));
    }
  });
});
