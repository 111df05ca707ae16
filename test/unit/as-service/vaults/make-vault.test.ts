// The content of a vault file: which keys, units and times, and which requests are refused.
import { beforeEach, describe, expect, it } from 'vitest';
import { emptyState } from '#as-service/service/signing-keys.ts';
import { Signatures } from '#as-service/signing/signing.ts';
import type { SetState, State } from '#as-service/storage/state.ts';
import { makeVault, type VaultRequest } from '#as-service/vaults/make-vault.ts';
import { copy, isZero } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import type { CertificateJson } from '#protocol/service/messages.ts';
import { NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { openVaultSentence } from '#protocol/vault/policy.ts';
import { TEST_SET, TEST_SN, TEST_T, TEST_TA } from '#test/support/as-service.ts';
import { NOW, testSet } from '#test/support/memory-exporter.ts';
import { VAULT_REQUEST, withVaultKey } from '#test/support/memory-vaults.ts';
import { quickKey, SoftwareVault } from '#test/support/vault.ts';
import { OTHER_SN } from '#test/support/vault-records.ts';

const CONFIRMED = { units: null, confirm: openVaultSentence(TEST_SET) };
const NEXT_T = { ...testSet().keys[0], ref1: 0x0200, attributes: TRANSPORT_KEY_ATTRIBUTES, slot: TRANSPORT_KEY_SLOT };
const ERASING = { ...testSet().keys[0], ref1: 0x0201, attributes: NO_ATTRIBUTES, akv: 5, key: new Uint8Array(0) };
const T = (tkv: number) => ({ tkv, family: 'cmac', key: copy(TEST_T).fill(tkv, 0, 1) }) as const;

let signed: State;
beforeEach(async () => {
  signed = await withVaultKey({ ...emptyState(), asNumber: 3, name: 'Test AS' }, new Date(NOW));
});

interface Situation {
  readonly set?: Partial<SetState>;
  readonly demoMode?: boolean;
}

function make(change: Partial<VaultRequest> = {}, { set = {}, demoMode = false }: Situation = {}) {
  const state = { ...signed, sets: [testSet({ set: 1 }), testSet(set)] };
  const options = { state, signatures: new Signatures(signed), demoMode, derive: quickKey, now: new Date(NOW) };
  const request = { ...VAULT_REQUEST, custodian: 'cora', sets: null, passphrase: 'a passphrase', asNumber: 9 };
  return makeVault(options, { ...request, ...change });
}

/** Opens a vault as a page does. */
const open = async (made: ReturnType<typeof make>) =>
  SoftwareVault.open((await made).text, 'a passphrase', signed.root.publicKey, { derive: quickKey });
const certificate = ({ payload }: { payload: string }) =>
  JSON.parse(Buffer.from(payload, 'base64url').toString()) as CertificateJson;
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

describe('a vault', () => {
  it('has the facts of the request and of the AS, and its certificates', async () => {
    const units = [OTHER_SN, TEST_SN];
    const { record } = await make({ units, ref1: [0x0104, 0x0103, 0x0104], exportsPerUnit: 2 });
    const { header, journalPublicKey } = record;
    expect(header).toMatchObject({
      ...{ vaultId: expect.stringMatching(/^[\w-]{22}$/), asNumber: 9, service: { name: 'Test AS', asNumber: 3 } },
      ...{ custodian: 'cora', issued: NOW, notBefore: '2026-11-23T11:00:00.000Z', expires: '2026-12-07T12:00:00.000Z' },
      ...{ units: [TEST_SN, OTHER_SN], quota: { exports: 10, perUnit: 2 } },
      argon2id: { memoryKib: 65_536, passes: 3, lanes: 4, salt: expect.stringMatching(/^[\w-]{22}$/) },
    });
    expect(units).toEqual([OTHER_SN, TEST_SN]);
    expect(header.set).toMatchObject({ set: TEST_SET, name: 'Test set', transportKeys: [{ tkv: 1 }] });
    expect(header.set.keys.map(({ ref1 }) => ref1)).toEqual([0x0103, 0x0104]);
    expect(certificate(header.dataCertificate)).toMatchObject({
      ...{ purpose: 'data', asNumber: 9, from: NOW, until: header.expires },
    });
    expect(certificate(header.journalCertificate)).toEqual({
      ...{ purpose: 'vault-journal', asNumber: 9, from: NOW, until: '2027-12-08T12:00:00.000Z' },
      publicKey: Buffer.from(journalPublicKey).toString('base64url'),
    });
    const other = await make();
    expect(other.record.header.vaultId).not.toBe(header.vaultId);
    expect(other.record.header.argon2id.salt).not.toBe(header.argon2id.salt);
  });

  it('contains TA of the chosen keys and K_D of its units', async () => {
    const keys = [...testSet().keys, { ...NEXT_T, akv: 2 }, ERASING] as SetState['keys'];
    const set = { keys, transportKeys: [T(1), T(2)] };
    const { secrets, vault } = await open(make({ ref1: [0x0103, 0x0200, 0x0201] }, { set }));
    expect(secrets.applicationKeys).toEqual([{ ref1: 0x0103, key: TEST_TA }]);
    const sn = fromHex(TEST_SN);
    expect(secrets.deviceKeys).toEqual(
      [T(1), T(2)].map(({ tkv, key }) => ({ tkv, sn, key: deriveDeviceKey('cmac', key, { set: TEST_SET, tkv, sn }) })),
    );
    expect(secrets.transportKeys).toEqual([]);
    expect(vault.header.set.keys).toHaveLength(3);
  });

  it('contains T instead of K_D if it is open', async () => {
    const { secrets, vault } = await open(make(CONFIRMED));
    expect([secrets.deviceKeys, secrets.transportKeys]).toEqual([[], [{ tkv: 1, key: TEST_T }]]);
    expect(vault.header.units).toBeNull();
  });

  it('contains the four newest versions of T', async () => {
    const { secrets } = await open(make(CONFIRMED, { set: { transportKeys: [1, 2, 3, 4, 5].map(T) } }));
    expect(secrets.transportKeys.map(({ tkv }) => tkv)).toEqual([2, 3, 4, 5]);
  });

  it('leaves the keys of the state as they are', async () => {
    const set = testSet();
    await make(CONFIRMED, { set });
    expect([set.transportKeys[0]?.key, set.keys[0]?.key]).toEqual([TEST_T, TEST_TA]);
    expect(isZero(set.keys[1]?.key ?? new Uint8Array(1))).toBe(false);
  });
});

describe('a vault is refused', () => {
  const demo = DEMO_SETS[0];
  const published = { tkv: 1, family: 'cmac', key: new Uint8Array(demo?.publishedTransportKey ?? []) } as const;
  const shared = { profile: 'shared', transportKeys: [T(1), T(2)], keys: [{ ...NEXT_T, akv: 2 }] } as Partial<SetState>;
  const old = { transportKeys: [2, 3, 4, 5, 6].map(T), keys: [{ ...NEXT_T, akv: 2 }] } as Partial<SetState>;

  it.each<[string, Partial<VaultRequest>, Situation, ReturnType<typeof refusal>]>([
    ['for an unknown set', { set: 7 }, {}, refusal('set-unknown', 'There is no set 00000007.')],
    ['for a set of others', { sets: [1] }, {}, refusal('set-unknown', 'There is no set 0000BA7C.')],
    ['for a demo set', { set: demo?.set ?? 0 }, { set: { set: demo?.set ?? 0 } }, refusal('demo-refused', 'demo set')],
    ['for a published T', {}, { set: { transportKeys: [T(2), published] } }, refusal('demo-refused', 'demo set')],
    [
      'for an unknown key',
      { ref1: [0x0103, 0x0105] },
      {},
      refusal('key-unknown', 'set 0000BA7C (Test set) has no key with REF1 0105.'),
    ],
    [
      'for a disabled key',
      { ref1: [0x0103] },
      { set: { keys: testSet().keys.map((key) => ({ ...key, disabled: true })) } },
      refusal('key-unknown', 'REF1 0103 of set 0000BA7C (Test set) is disabled. Choose another key.'),
    ],
    [
      'for a T that is too old',
      { ref1: [0x0200] },
      { set: old },
      refusal('key-unknown', 'REF1 0200 loads a T that is too old for a vault.'),
    ],
    [
      'for T of a shared set and units',
      { ref1: [0x0200] },
      { set: shared },
      refusal('not-allowed', 'REF1 0200 loads T into units of a shared set.'),
    ],
    ['without units and confirmation', { units: null }, {}, refusal('request-refused', openVaultSentence(TEST_SET))],
    [
      'with units and a confirmation',
      { confirm: openVaultSentence(TEST_SET) },
      {},
      refusal('request-refused', 'not both'),
    ],
    [
      'for a unit that is named twice',
      { units: [TEST_SN, OTHER_SN, TEST_SN] },
      {},
      refusal('request-refused', 'names a unit twice'),
    ],
    ['for the serial number zero', { units: ['0'.repeat(32)] }, {}, refusal('request-refused', 'must not be all zero')],
    [
      'for a unit that is not on the list',
      { units: [TEST_SN, OTHER_SN] },
      { set: { units: [TEST_SN] } },
      refusal('unit-not-listed', `Unit ${OTHER_SN}`),
    ],
  ])('%s', async (_name, change, situation, expected) => {
    await expect(make(change, situation)).rejects.toThrow(expected);
  });

  it('only in these cases', async () => {
    await make({ sets: [1, TEST_SET] });
    await make({}, { set: { units: [OTHER_SN, TEST_SN] } });
    await make({ units: [`${'0'.repeat(31)}1`, `1${'0'.repeat(31)}`] });
    await make({ set: demo?.set ?? 0 }, { set: { set: demo?.set ?? 0 }, demoMode: true });
    await make({}, { set: { transportKeys: [published] }, demoMode: true });
    await make({ ...CONFIRMED, ref1: [0x0200] }, { set: shared });
    await make({ ref1: [0x0200] }, { set: { ...shared, profile: 'diversified' } });
  });
});
