// The signing keys of a new, an earlier and a running service, and the certificates that it drops.
import { expect, it } from 'vitest';
import { dropCertificates, emptyState, renewSigningKeys, withAllKeys } from '#as-service/service/signing-keys.ts';
import { CLOCK_TOLERANCE_MS, decodeCertificate, SIGNING_PURPOSES } from '#as-service/signing/signing.ts';
import type { State } from '#as-service/storage/state.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { keyId } from '#protocol/signing/envelope.ts';
import { StateInMemory } from '#test/support/service-state.ts';

const YEAR_MS = 366 * 86_400_000;
const NOTHING_SIGNED = { receiptTimes: [], orderKeys: new Set<string>() };
const certified = (state: State) => state.certificates.map((each) => decodeCertificate(each).publicKey);

it('a new service has a root key, and no certificate', async () => {
  const [state, other] = [emptyState(), emptyState()];
  expect(state).toMatchObject({ revision: 0, asNumber: 0, name: 'Keyferry AS', sets: [], operators: [] });
  expect(state.certificates).toEqual([]);
  expect(other.root.publicKey).not.toEqual(state.root.publicKey);
  for (const purpose of SIGNING_PURPOSES) expect(state.signingKeys[purpose]).toBe(state.root);
});

it('a state of an earlier version gets placeholders for the keys that it lacks', async () => {
  const { state } = await StateInMemory.open();
  const { site: _, ...signingKeys } = state.signingKeys;
  const all = withAllKeys({ ...state, signingKeys: signingKeys as State['signingKeys'] });
  expect(all.signingKeys).toEqual({ ...signingKeys, site: state.root });
});

it('every key of a new service is replaced and certified, in one change for each', async () => {
  const as = await StateInMemory.open();
  as.state = { ...emptyState(), revision: 1 };
  await renewSigningKeys(as);
  const { signingKeys, earlierVerdictKeys, certificates } = as.state;
  expect(certified(as.state).sort()).toEqual(
    SIGNING_PURPOSES.map((purpose) => toBase64url(signingKeys[purpose].publicKey)).sort(),
  );
  expect(new Set(certified(as.state)).size).toBe(SIGNING_PURPOSES.length);
  expect(certificates).toHaveLength(SIGNING_PURPOSES.length);
  // The placeholder has signed nothing.
  expect(earlierVerdictKeys).toEqual([]);
  expect(as.changes).toEqual(
    expect.arrayContaining([
      {
        ...{ event: 'signing-key-certified', actor: null },
        details: { purpose: 'verdict', keyId: keyId(signingKeys.verdict.publicKey) },
      },
    ]),
  );
  expect(as.changes).toHaveLength(SIGNING_PURPOSES.length);
  await renewSigningKeys(as);
  expect(as.changes).toHaveLength(SIGNING_PURPOSES.length);
});

it('an expiring key is replaced, and the verdict key remains for earlier receipts', async () => {
  const as = await StateInMemory.open();
  const first = as.state;
  for (const _ of [1, 2]) {
    as.time = new Date(as.time.getTime() + 30 * YEAR_MS);
    await renewSigningKeys(as);
  }
  const { signingKeys, earlierVerdictKeys = [] } = as.state;
  expect(earlierVerdictKeys).toHaveLength(2);
  expect(earlierVerdictKeys[1]).toBe(first.signingKeys.verdict);
  expect(new Set([signingKeys.verdict, ...earlierVerdictKeys]).size).toBe(3);
  expect(as.state.certificates).toHaveLength(3 * SIGNING_PURPOSES.length);
});

it('a key whose change is refused is wiped', async () => {
  const as = await StateInMemory.open();
  as.state = emptyState();
  let refused: State | undefined;
  as.change = async ({ next }) => {
    refused = next(as.state);
    throw new Error('disk');
  };
  await expect(renewSigningKeys(as)).rejects.toThrow('disk');
  const [purpose] = SIGNING_PURPOSES.filter((each) => refused?.signingKeys[each] !== as.state.root);
  expect(purpose && refused?.signingKeys[purpose].secretKey).toEqual(new Uint8Array(32));
});

it('certificates that nothing needs are dropped in one change', async () => {
  const as = await StateInMemory.open();
  await dropCertificates(as, () => {
    throw new Error('not needed');
  });
  const signed = as.time.getTime() + CLOCK_TOLERANCE_MS;
  for (const _ of [1, 2]) {
    as.time = new Date(as.time.getTime() + 30 * YEAR_MS);
    await renewSigningKeys(as);
  }
  as.changes.length = 0;
  // The certificates of the first two rounds have expired. The first verdict key signs a receipt.
  await dropCertificates(as, () => ({ ...NOTHING_SIGNED, receiptTimes: [signed] }));
  expect(as.changes).toEqual([
    { event: 'certificates-dropped', actor: null, details: { certificates: 2 * SIGNING_PURPOSES.length - 1 } },
  ]);
  expect(as.state.certificates).toHaveLength(SIGNING_PURPOSES.length + 1);
  expect(as.state.earlierVerdictKeys).toHaveLength(1);
  await dropCertificates(as, () => ({ ...NOTHING_SIGNED, receiptTimes: [signed] }));
  expect(as.changes).toHaveLength(1);
});
