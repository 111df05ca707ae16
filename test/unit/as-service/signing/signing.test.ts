// The signatures of the service, the periods of its certificates, and which certificates remain.
import crypto from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { retain, type SignedRecords } from '#as-service/signing/retention.ts';
import {
  byPurpose,
  CLOCK_TOLERANCE_MS,
  certifiedSpan,
  certify,
  createSigningKey,
  decodeCertificate,
  expiringKeys,
  isWithin,
  rootFingerprint,
  SIGNING_PURPOSES,
  Signatures,
  signCertificate,
  verdictCertificates,
} from '#as-service/signing/signing.ts';
import type { SigningKeyState, SigningPurpose, State } from '#as-service/storage/state.ts';
import { isZero } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { ed25519PublicKey, isSignedBy } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { type Envelope, keyId, openEnvelope } from '#protocol/signing/envelope.ts';
import { replaceInNode } from '#test/support/node-modules.ts';
import { certifiedState, STATE_TIME } from '#test/support/service-state.ts';

const DAY_MS = 86_400_000;
const HALF_YEAR_MS = 183 * DAY_MS;
const at = (ms: number): Date => new Date(STATE_TIME.getTime() + ms);

let state: State;
beforeAll(async () => {
  state = await certifiedState();
});

const open = async (envelope: Envelope, type: string, key: Uint8Array): Promise<unknown> =>
  JSON.parse(Buffer.from(await openEnvelope(envelope, type, key, isSignedBy)).toString('utf8'));
const vnd = (name: string) => `application/vnd.keyferry.${name}+json`;
const keyOf = (purpose: SigningPurpose, of = state) => of.signingKeys[purpose].publicKey;
const certificateOf = (purpose: SigningPurpose, of = state) => {
  const found = of.certificates.map(decodeCertificate).find((each) => each.purpose === purpose);
  if (found === undefined) throw new TypeError(`no certificate for ${purpose}`);
  return found;
};

/** Replaces the verdict key at `time`, as the service does. */
async function withNewVerdictKey(before: State, time: Date): Promise<State> {
  const verdict = createSigningKey();
  const certificate = await certify(before.root, 'verdict', verdict.publicKey, 0, time);
  return {
    ...before,
    signingKeys: { ...before.signingKeys, verdict },
    earlierVerdictKeys: [before.signingKeys.verdict, ...(before.earlierVerdictKeys ?? [])],
    certificates: [...before.certificates, certificate],
  };
}

describe('a signing key', () => {
  it('leaves no copy in the encodings that made it and that it was read from', async () => {
    const encoded: Uint8Array[] = [];
    const { privateKey } = crypto.generateKeyPairSync('ed25519');
    const exporting = vi.spyOn(Object.getPrototypeOf(privateKey) as crypto.KeyObject, 'export');
    const made = createSigningKey();
    for (const { value } of exporting.mock.results) encoded.push(value as unknown as Uint8Array);
    vi.restoreAllMocks();
    replaceInNode(
      crypto,
      'createPrivateKey',
      (original) =>
        ((input: crypto.PrivateKeyInput) => {
          encoded.push(input.key as Uint8Array);
          return original(input);
        }) as typeof original,
    );
    const signed = new Signatures({ ...state, signingKeys: byPurpose(() => made) }).signData(Uint8Array.of(1));
    expect(await isSignedBy(made.publicKey, Uint8Array.of(1), signed)).toBe(true);
    expect(encoded.map((copy) => [copy.length, isZero(copy)])).toEqual([
      [48, true],
      [48, true],
    ]);
  });

  it('is random, and has the public key of its seed', () => {
    const keys = [createSigningKey(), createSigningKey()];
    for (const { publicKey, secretKey } of keys) {
      expect([publicKey.length, secretKey.length]).toEqual([32, 32]);
      expect(ed25519PublicKey(secretKey)).toEqual(publicKey);
    }
    expect(toHex(keys[0]?.secretKey ?? keyOf('data'))).not.toBe(toHex(keys[1]?.secretKey ?? keyOf('data')));
  });

  it('has one of seven purposes', () => {
    expect(SIGNING_PURPOSES).toEqual(['data', 'verdict', 'audit-head', 'vault', 'work-order', 'report', 'site']);
    expect(byPurpose((purpose) => purpose.length)).toEqual({
      ...{ data: 4, verdict: 7, 'audit-head': 10, vault: 5, 'work-order': 10, report: 6, site: 4 },
    });
  });

  it.each<[SigningPurpose, string]>([
    ['data', '2060'],
    ['verdict', '2033'],
    ['audit-head', '2033'],
    ['vault', '2033'],
    ['work-order', '2033'],
    ['report', '2033'],
    ['site', '2033'],
  ])('for %s is certified by the root key, from a day before until %s', async (purpose, year) => {
    const [envelope] = new Signatures(state).certificatesOf([purpose]);
    if (envelope === undefined) throw new TypeError('no certificate');
    expect(await open(envelope, vnd('certificate'), state.root.publicKey)).toEqual({
      purpose,
      publicKey: toBase64url(keyOf(purpose)),
      asNumber: 0,
      from: at(-CLOCK_TOLERANCE_MS).toISOString(),
      until: STATE_TIME.toISOString().replace('2030', year),
    });
    expect(CLOCK_TOLERANCE_MS).toBe(DAY_MS);
  });
});

describe('the signatures', () => {
  it('are those of the key for each purpose', async () => {
    const signatures = new Signatures(state);
    const message = new Uint8Array([1, 2, 3]);
    expect(isSignedBy(keyOf('data'), message, signatures.signData(message))).toBe(true);
    const order = '{"id":"JOB 1"}';
    expect(await open(await signatures.signOrder(order), vnd('work-order'), keyOf('work-order'))).toEqual({
      id: 'JOB 1',
    });
    const head = { sequence: 7, hash: 'x', time: STATE_TIME.toISOString() };
    expect(await open(await signatures.signHead(head), vnd('audit-head'), keyOf('audit-head'))).toEqual(head);
    const verdict = { time: STATE_TIME.toISOString(), exportId: 'a' } as Parameters<Signatures['signVerdict']>[0];
    expect(await open(await signatures.signVerdict(verdict), vnd('verdict'), keyOf('verdict'))).toEqual(verdict);
    const summary = { orderId: 'JOB 1' } as unknown as Parameters<Signatures['signReport']>[0];
    expect(await open(await signatures.signReport(summary), vnd('report'), keyOf('report'))).toEqual(summary);
    const signed = await signatures.signVerdicts([
      { verdict, sn: '1' },
      { verdict, sn: '2' },
    ]);
    expect(signed.map(({ sn }) => sn)).toEqual(['1', '2']);
    expect(signed[1]?.verdict).toEqual(await signatures.signVerdict(verdict));
  });

  it('of an audit head are made once for each sequence', async () => {
    const signatures = new Signatures(state);
    const head = { sequence: 7, hash: 'x', time: STATE_TIME.toISOString() };
    const first = signatures.signHead(head);
    expect(signatures.signHead(head)).toBe(first);
    expect(await signatures.signHead({ ...head, sequence: 8 })).not.toEqual(await first);
  });

  it('come with the root key and the certificates', () => {
    const signatures = new Signatures(state);
    // Only the site files contain the certificate of the key that signs them.
    const listed = state.certificates.filter((each) => decodeCertificate(each).purpose !== 'site');
    expect(listed).toHaveLength(6);
    expect(signatures.trust).toEqual({ root: toBase64url(state.root.publicKey), certificates: listed });
    const purposes = signatures.certificatesOf(['vault', 'report']).map((each) => decodeCertificate(each).purpose);
    expect(purposes).toEqual(['vault', 'report']);
    const { signer, certificate } = signatures.vault;
    expect(signer.publicKey).toEqual(keyOf('vault'));
    expect(decodeCertificate(certificate)).toEqual(certificateOf('vault'));
    expect(() => new Signatures({ ...state, certificates: [] }).vault).toThrow(TypeError);
  });

  it('show the root key in eight groups of four digits', () => {
    const digits = toHex(sha256(state.root.publicKey)).slice(0, 32);
    expect(rootFingerprint(state)).toBe(digits.match(/.{4}/g)?.join(' '));
  });

  it('on a verdict are those of the newest key that was certified at the time of the receipt', async () => {
    const renewed = await withNewVerdictKey(state, at(10 * DAY_MS));
    expect(verdictCertificates(renewed).map(({ publicKey }) => publicKey)).toEqual(
      [keyOf('verdict', renewed), keyOf('verdict')].map(toBase64url),
    );
    const signatures = new Signatures(renewed);
    const signerOf = async (time: Date) => {
      const verdict = { time: time.toISOString() } as Parameters<Signatures['signVerdict']>[0];
      return (await signatures.signVerdict(verdict)).signatures[0]?.keyid;
    };
    const [now, earlier] = [keyOf('verdict', renewed), keyOf('verdict')].map((key) => keyId(key));
    expect(await signerOf(at(9 * DAY_MS))).toBe(now);
    expect(await signerOf(at(9 * DAY_MS - 1))).toBe(earlier);
    expect(await signerOf(at(-DAY_MS))).toBe(earlier);
    expect(await signerOf(at(-DAY_MS - 1))).toBe(now); // no key was certified then
  });

  it('on a verdict are those of an earlier key up to the last millisecond of its certificate', async () => {
    const renewed = await withNewVerdictKey(state, new Date('2034-01-01T00:00:00Z'));
    const until = Date.parse(certificateOf('verdict').until);
    const signatures = new Signatures(renewed);
    const signerOf = async (time: number) => {
      const verdict = { time: new Date(time).toISOString() } as Parameters<Signatures['signVerdict']>[0];
      return (await signatures.signVerdict(verdict)).signatures[0]?.keyid;
    };
    expect(await signerOf(until)).toBe(keyId(keyOf('verdict')));
    expect(await signerOf(until + 1)).toBe(keyId(keyOf('verdict', renewed)));
  });

  it('on many verdicts let other requests in after each 100', async () => {
    const verdict = { time: STATE_TIME.toISOString() } as Parameters<Signatures['signVerdict']>[0];
    let turns = 0;
    let isRunning = true;
    const turn = () => {
      turns++;
      if (isRunning) setImmediate(turn);
    };
    setImmediate(turn);
    await new Signatures(state).signVerdicts(Array.from({ length: 200 }, () => ({ verdict })));
    isRunning = false;
    expect(turns).toBe(2);
  });
});

describe('the certified period', () => {
  it('begins a day before the certificates and ends half a year before they expire', () => {
    const until = Date.parse(certificateOf('verdict').until);
    expect(certifiedSpan(state)).toEqual({ from: at(-DAY_MS).getTime(), until: until - HALF_YEAR_MS + 1 });
    expect(certifiedSpan(state, 0)).toEqual({ from: at(-DAY_MS).getTime(), until: until + 1 });
  });

  it('includes its first millisecond, and not its end', () => {
    const span = { from: at(0).getTime(), until: at(5).getTime() };
    expect([-1, 0, 4, 5].map((ms) => isWithin(span, at(ms)))).toEqual([false, true, true, false]);
  });

  it('decides which keys are replaced', () => {
    const renewal = new Date(Date.parse(certificateOf('verdict').until) - HALF_YEAR_MS);
    expect(expiringKeys(state, renewal)).toEqual([]);
    expect(expiringKeys(state, new Date(renewal.getTime() + 1))).toEqual(SIGNING_PURPOSES.slice(1));
    // "data" is left out, because units do not read the certificate of the data key.
    expect(expiringKeys(state, at(-DAY_MS - 1))).toEqual(SIGNING_PURPOSES.slice(1));
    expect(expiringKeys({ ...state, certificates: [] }, STATE_TIME)).toEqual(SIGNING_PURPOSES);
    expect(expiringKeys(state, new Date('2060-01-01T00:00:00Z'))).toEqual(SIGNING_PURPOSES);
  });
});

describe('the certificates that remain', () => {
  const NONE: SignedRecords = { receiptTimes: [], orderKeys: new Set() };
  const keys = (of: Pick<State, 'certificates'>) => of.certificates.map((each) => decodeCertificate(each).publicKey);
  const expired = new Date('2040-01-01T00:00:00Z');

  it('are those of the present keys, also after they expired', () => {
    expect(retain(state, NONE, expired)).toEqual({ certificates: state.certificates, earlierVerdictKeys: [] });
  });

  it('include those of earlier keys until they expire', async () => {
    const renewed = await withNewVerdictKey(state, at(DAY_MS));
    const until = Date.parse(certificateOf('verdict').until);
    expect(retain(renewed, NONE, new Date(until)).certificates).toEqual(renewed.certificates);
    const later = retain(renewed, NONE, new Date(until + 1));
    expect(keys(later)).not.toContain(toBase64url(keyOf('verdict')));
    expect(later.certificates).toHaveLength(7);
    expect(later.earlierVerdictKeys).toEqual([]);
  });

  it('include that of an earlier verdict key that signs the verdict on a stored receipt', async () => {
    const renewed = await withNewVerdictKey(state, at(10 * DAY_MS));
    const receiptAt = (time: Date) => retain(renewed, { ...NONE, receiptTimes: [time.getTime()] }, expired);
    for (const time of [at(-DAY_MS), at(9 * DAY_MS - 1)]) {
      expect(receiptAt(time).earlierVerdictKeys).toEqual([state.signingKeys.verdict]);
      expect(receiptAt(time).certificates).toHaveLength(8);
    }
    for (const time of [at(-DAY_MS - 1), at(9 * DAY_MS)]) expect(receiptAt(time).certificates).toHaveLength(7);
    // The earlier key signs nothing after its certificate has expired, even if no other key is
    // certified.
    const gap = await withNewVerdictKey(state, new Date('2034-01-01T00:00:00Z'));
    const until = Date.parse(certificateOf('verdict').until);
    const remain = (time: number) => retain(gap, { ...NONE, receiptTimes: [time] }, expired).certificates.length;
    expect([until, until + 1].map(remain)).toEqual([8, 7]);
  });

  it('include that of the key that signed a stored work order', async () => {
    const key: SigningKeyState = createSigningKey();
    const certificate = await certify(state.root, 'work-order', key.publicKey, 0, STATE_TIME);
    const other = await certify(state.root, 'report', key.publicKey, 0, STATE_TIME);
    const more = { ...state, certificates: [...state.certificates, certificate, other] };
    const kept = retain(more, { ...NONE, orderKeys: new Set([keyId(key.publicKey)]) }, expired);
    expect(kept.certificates).toEqual([...state.certificates, certificate]);
    expect(retain(more, NONE, expired).certificates).toEqual(state.certificates);
  });

  it('are the newest 64 of those that no record needs', async () => {
    const extra = await Promise.all(
      Array.from({ length: 66 }, () => certify(state.root, 'report', createSigningKey().publicKey, 0, STATE_TIME)),
    );
    const kept = retain({ ...state, certificates: [...extra, ...state.certificates] }, NONE, STATE_TIME);
    expect(kept.certificates).toEqual([...extra.slice(2), ...state.certificates]);
  });
});

it('a certificate is read as it was signed', async () => {
  const certificate = { ...certificateOf('vault'), purpose: 'vault-journal' as const };
  const envelope = await signCertificate(state.root, certificate);
  expect(decodeCertificate(envelope)).toEqual(certificate);
  expect(Buffer.from(fromBase64url(envelope.payload)).toString('utf8')).toBe(JSON.stringify(certificate));
});
