// Runs the key source contract on four sources: the AS core in the same process, a token card, a
// vault in its worker, and RemoteAs with the real service.
import { expect } from 'vitest';
import type { As } from '#as-service/service/as.ts';
import { addErasing, rotateSet } from '#as-service/sets/rotation.ts';
import { addKey, addSet } from '#as-service/sets/sets.ts';
import { entryKind } from '#protocol/as-unit/entry.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { encodePassphrase } from '#protocol/vault/passphrase.ts';
import { cardContent, PIN, TestAsCard } from '#test/support/as-card.ts';
import { createTestAs } from '#test/support/as-memory.ts';
import { addTestOperator, createTestApp, NEW_SET, openTestAs, temporaryFolder } from '#test/support/as-service.ts';
import { createTestSource } from '#test/support/test-source.ts';
import { TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import { createTestVault, quickKey } from '#test/support/vault.ts';
import { TestVaultWorker } from '#test/support/vault-worker.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';
import { TokenCard } from '#web/as-client/token-card.ts';
import { VaultClient } from '#web/vault-worker/client.ts';
import { MemoryTrust } from '../unit/web/as-client/fake-as.ts';
import { describeKeySource, describeKeySourceClause8 } from './key-source.contract.ts';
import type { CreateSource, SourceContent, SourceEntry } from './key-source-fixture.ts';

const createInProcess: CreateSource = async ({ set, profile, transportKeys, entries, quota, units }) => {
  const { as, publicKey } = createTestAs({
    set,
    profile,
    tkv: TEST_TKV,
    family: 'cmac',
    transportKey: TEST_TRANSPORT_KEY,
    nextTransportKeys: transportKeys.slice(1),
    keys: entries,
    quota,
    units,
  });
  return { source: createTestSource(as), signatureKey: publicKey, end: async () => undefined };
};

const createTokenCard: CreateSource = async ({ set, profile, transportKeys, entries, quota, units }) => {
  const cmac = transportKeys.map((key) => ({ ...key, family: 'cmac' as const }));
  const card = new TestAsCard(cardContent({ set, profile, transportKeys: cmac, entries, quota, units }));
  const source = await TokenCard.attach(card.transmit, () => new Date());
  await source.verifyPin(ascii(PIN));
  return { source, signatureKey: card.publicKey, end: async () => undefined };
};

const createVault: CreateSource = async ({ set, profile, transportKeys, entries, quota, units }) => {
  const replaces = entries.some((entry) => entryKind(entry) === 'transport-key');
  const vault = await createTestVault({
    set,
    profile,
    transportKeys,
    // In a vault, an entry without TA has no member `key`.
    keys: entries.map((entry) => {
      const { key, attributes, ...facts } = entry;
      return entryKind(entry) === 'erasing'
        ? { ...facts, attributes: '' }
        : { ...facts, attributes, ...(key.length > 0 ? { key } : {}) };
    }),
    quota: { exports: quota, perUnit: null },
    // Only an open vault can have the new T of a shared set. An open vault lists no units.
    units: replaces && profile === 'shared' ? null : units.map(toHex),
    derive: quickKey,
  });
  const worker = new TestVaultWorker();
  const store = await worker.store;
  await store.import(vault.header.vaultId, vault.text, '2026-11-23T12:00:00.000Z');
  const source = new VaultClient(worker, () => store.close());
  const opener = { by: 'passphrase', secret: encodePassphrase(vault.passphrase) } as const;
  await source.unlock(vault.header.vaultId, opener, [vault.root]);
  return { source, signatureKey: vault.dataPublicKey, end: async () => source.end() };
};

const createService: CreateSource = async ({ set, profile, transportKeys, entries, quota, units }) => {
  const folder = await temporaryFolder();
  const service = await openTestAs(folder.path);
  const sns = units.map(toHex);
  await addSet(service, 'test', { ...NEW_SET, set, profile, transportKey: TEST_TRANSPORT_KEY, units: sns });
  for (const entry of entries) await addEntry(service, set, entry, transportKeys);
  const token = await addTestOperator(service, 'Ada', 'operator', { quota });
  const app = createTestApp(service);
  const source = new RemoteAs({
    fetch: async (url, init) => app.request(url, init),
    baseUrl: () => 'http://localhost',
    subtle: globalThis.crypto.subtle,
    trust: new MemoryTrust(),
    retryPausesMs: [],
  });
  await source.signIn(token);
  const end = async () => {
    await service.close();
    await folder.remove();
  };
  return { source, signatureKey: service.state.signingKeys.data.publicKey, end };
};

async function addEntry(service: As, set: number, entry: SourceEntry, transportKeys: SourceContent['transportKeys']) {
  const { ref1, label, attributes, slot, key, akv } = entry;
  switch (entryKind(entry)) {
    case 'key':
      return await addKey(service, 'test', { set, ref1, label, attributes, slot, key, length: key.length });
    case 'erasing':
      return await addErasing(service, 'test', { set, ref1, label, slot });
    case 'transport-key': {
      const transportKey = transportKeys.find(({ tkv }) => tkv === akv)?.key;
      expect(await rotateSet(service, 'test', { set, ref1, label, transportKey })).toBe(akv);
    }
  }
}

describeKeySource('an AS in the same process', createInProcess);
describeKeySource('a token card', createTokenCard, { canRecall: false });
describeKeySource('a vault', createVault);
describeKeySource('the service', createService);

describeKeySourceClause8('an AS in the same process', createInProcess);
describeKeySourceClause8('a token card', createTokenCard);
describeKeySourceClause8('a vault', createVault);
describeKeySourceClause8('the service', createService);
