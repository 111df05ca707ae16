// Every key that an AS copies or derives for one operation is zero afterwards, whether the
// operation succeeds or fails.
import { beforeEach, describe, expect, it } from 'vitest';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import { type KeyStore, TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { type Bytes, copy, isZero } from '#protocol/bytes/bytes.ts';
import { challengeMac, deriveChallengeKey } from '#protocol/tkl/challenge.ts';
import { NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';

const zeros = (length: number) => new Uint8Array(length);
const T = zeros(32).fill(0x11);
const unit = { set: 1, tkv: 1, sn: zeros(16).fill(7) };
const challenge = { suite: 0x02 as const, unit, random: zeros(16) };
const header = {
  ...{ suite: 0x02 as const, signed: false, tkv: 1, asNumber: 0, set: 1, ref1: 1, slot: 2, akv: 1, xc: 1 },
  ...{ sn: unit.sn, attributes: 'D0AB00N' },
};
const replacing = { ...header, attributes: TRANSPORT_KEY_ATTRIBUTES, slot: TRANSPORT_KEY_SLOT, akv: 2 };

/** The arrays with the keys that the test passed to the AS. The AS must wipe them. */
const copies: Bytes[] = [];

function note(key: Uint8Array): Bytes {
  const noted = copy(key);
  copies.push(noted);
  return noted;
}

async function noteLater(key: Promise<Bytes>): Promise<Bytes> {
  const made = await key;
  copies.push(made);
  return made;
}

function createCrypto({ isDiversified = true, signData = async () => zeros(64) } = {}): TreeKeyCrypto {
  const store = transportKeyStore({
    copyTransportKey: () => note(T),
    isDiversified: () => isDiversified,
    copyApplicationKey: () => note(zeros(16).fill(0xc0)),
    signData,
    random: (length) => zeros(length).fill(0xff),
  });
  const noting: KeyStore = {
    ...store,
    deriveFromDeviceKey: (...args) => noteLater(store.deriveFromDeviceKey(...args)),
    copyTransportKeyFor: (...args) => noteLater(store.copyTransportKeyFor(...args)),
  };
  return new TreeKeyCrypto(noting);
}

beforeEach(() => {
  copies.length = 0;
});

function expectWiped(count: number): void {
  expect(copies).toHaveLength(count);
  expect(copies.map(isZero)).toEqual(copies.map(() => true));
}

describe('wipes its keys', () => {
  it('after a challenge, refused or not', async () => {
    const key = deriveChallengeKey(0x02, deriveDeviceKey('cmac', T, unit), unit);
    await createCrypto().verifyChallenge(challenge, challengeMac(key, challenge));
    expectWiped(2);
    await expect(createCrypto().verifyChallenge(challenge, zeros(16))).rejects.toThrow();
    expectWiped(4);
  });

  it.each([
    ['a key', header, true, 3],
    ['an erasure', { ...header, attributes: NO_ATTRIBUTES }, true, 2],
    ['a next T', replacing, false, 4],
    ['a next K_D', replacing, true, 4],
  ])('after sealing %s', async (_what, sealed, isDiversified, count) => {
    await createCrypto({ isDiversified }).sealKey(sealed, zeros(16));
    expectWiped(count);
  });

  it('after a signature that failed', async () => {
    const crypto = createCrypto({ signData: () => Promise.reject(new Error('no signature')) });
    await expect(crypto.sealKey({ ...header, signed: true }, zeros(16))).rejects.toThrow('no signature');
    expectWiped(3);
  });

  it('after a receipt that is refused', async () => {
    const kcv = { value: zeros(5), algorithm: 0x00 as const };
    const expected = { header, dataHash: zeros(32), kcv };
    await expect(createCrypto().verifyReceipt(zeros(64), expected, zeros(16))).rejects.toThrow();
    expectWiped(2);
  });
});
