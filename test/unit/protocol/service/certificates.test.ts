// The keys that a root certified: which envelope of which purpose each verifies, and in which period.
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { Certificates, wasCertified } from '#protocol/service/certificates.ts';
import { CERTIFICATE_TYPE } from '#protocol/service/messages.ts';
import { type Envelope, sealEnvelope } from '#protocol/signing/envelope.ts';
import { signerOf } from '#test/support/vault.ts';

const secret = (byte: number) => new Uint8Array(32).fill(byte);
const [ROOT, OTHER_ROOT, KEY, OTHER_KEY] = [secret(1), secret(2), secret(3), secret(4)] as const;
const VERDICT = 'application/vnd.keyferry.verdict+json';
const PERIOD = { from: '2026-01-01T00:00:00.000Z', until: '2027-01-01T00:00:00.000Z' };

const seal = (type: string, payload: string, key: Uint8Array): Promise<Envelope> =>
  sealEnvelope(type, utf8(payload), signerOf(key));

function certify(purpose: string, key: Uint8Array, root = ROOT, more = {}): Promise<Envelope> {
  const publicKey = toBase64url(signerOf(key).publicKey);
  return seal(CERTIFICATE_TYPE, JSON.stringify({ purpose, publicKey, asNumber: 0, ...PERIOD, ...more }), root);
}

const readAll = (...envelopes: readonly Envelope[]) =>
  Certificates.from(signerOf(ROOT).publicKey, envelopes, isSignedBy);

describe('a certified key', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await readAll(await certify('verdict', KEY), await certify('audit-head', OTHER_KEY));
  });

  it('opens an envelope of its purpose', async () => {
    const envelope = await seal(VERDICT, '{"a":1}', KEY);
    expect(certificates.has(envelope, 'verdict')).toBe(true);
    expect(await certificates.open(envelope, 'verdict')).toEqual({
      ...{ value: { a: 1 }, payload: utf8('{"a":1}') },
      key: { publicKey: signerOf(KEY).publicKey, ...PERIOD },
    });
  });

  it('opens nothing of another purpose, of another type or of another key', async () => {
    const ofOtherKey = await seal(VERDICT, '{}', OTHER_KEY);
    expect(certificates.has(ofOtherKey, 'verdict')).toBe(false);
    expect(certificates.has(ofOtherKey, 'audit-head')).toBe(true);
    await expect(certificates.open(ofOtherKey, 'verdict')).rejects.toThrow(IntegrityError);
    await expect(certificates.open(ofOtherKey, 'audit-head')).rejects.toThrow(IntegrityError);
    const forged = await seal(VERDICT, '{}', KEY);
    const changed = { ...forged, payload: toBase64url(utf8('{"a":1}')) };
    await expect(certificates.open(changed, 'verdict')).rejects.toThrow(IntegrityError);
  });

  it('opens no payload that is not JSON', async () => {
    await expect(certificates.open(await seal(VERDICT, 'x', KEY), 'verdict')).rejects.toThrow(
      expect.objectContaining({ code: 'file-refused' }),
    );
  });
});

describe('a certificate', () => {
  it('of a later purpose is read, and permits nothing of an earlier one', async () => {
    for (const purpose of ['a', 'key-of-a-later-version', 'a'.repeat(40)]) {
      const certificates = await readAll(await certify(purpose, KEY));
      expect(certificates.has(await seal(VERDICT, '{}', KEY), 'verdict')).toBe(false);
    }
  });

  it.each(['', 'a'.repeat(41), 'Verdict', 'verdict ', ' verdict', '7', 7])(
    'with the purpose %j is refused',
    async (purpose) => {
      await expect(readAll(await certify('verdict', KEY, ROOT, { purpose }))).rejects.toThrow(
        'the certificate.purpose is not a purpose',
      );
    },
  );

  it.each([{ from: 'today' }, { publicKey: 'AA' }, { asNumber: -1 }, { more: 1 }])(
    'with %j is refused',
    async (wrong) => {
      await expect(readAll(await certify('verdict', KEY, ROOT, wrong))).rejects.toThrow(
        expect.objectContaining({ code: 'file-refused' }),
      );
    },
  );

  it('of another root, or of another type, is refused', async () => {
    await expect(readAll(await certify('verdict', KEY, OTHER_ROOT))).rejects.toThrow(IntegrityError);
    await expect(readAll(await seal(VERDICT, '{}', ROOT))).rejects.toThrow(IntegrityError);
  });
});

it('a key is certified from the first to the last moment of its period', () => {
  const key = { publicKey: secret(0), ...PERIOD };
  expect(
    [
      ...['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z', '2026-07-01T00:00:00+05:00'],
      ...['2027-01-01T00:00:00.000Z', '2027-01-01T00:00:00.001Z', 'never'],
    ].map((at) => wasCertified(key, at)),
  ).toEqual([false, true, true, true, false, false]);
});
