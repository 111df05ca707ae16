// Compares protocol/tkl with every value of the worked examples: key tree, DATA, CHM, receipt and
// signature. Encodes and decodes each structure.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { deriveKeyBlockKeys, unwrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { keyCheckValue, openBody } from '#protocol/tkl/body.ts';
import { challengeMac, deriveChallengeKey, verifyChallengeMac } from '#protocol/tkl/challenge.ts';
import { decodeData, sealData, verifySignature, verifyTag } from '#protocol/tkl/data.ts';
import { decodeHeader, encodeHeader, type Header } from '#protocol/tkl/header.ts';
import {
  deriveDeviceKey,
  deriveKey,
  deriveOperationKeys,
  deviceContext,
  operationContext,
} from '#protocol/tkl/key-tree.ts';
import { decodeReceipt, isReceiptFor, sealReceipt, verifyReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import { flipBit } from '#test/support/bits.ts';
import { RESERVED_SUITE_DATA, WORKED_EXAMPLES, type WorkedExample } from '#test/support/worked-examples.ts';

const ATTRIBUTES = 'D0AB00N';

function headerOf(example: WorkedExample): Header {
  const { suite, signed, tkv, set, ref1, akv, xc } = example;
  return {
    suite,
    signed,
    tkv,
    set,
    ref1,
    akv,
    xc,
    asNumber: 0,
    slot: example.ref2,
    sn: example.of('SN'),
    attributes: ATTRIBUTES,
  };
}

function operationKeysOf(example: WorkedExample) {
  const { family } = SUITES[example.suite];
  const context = operationContext(example.of('HDR'), example.of('random'));
  const t1 = deriveKey(family, example.of('KD'), 'TKL1OPK', context);
  return { context, keys: deriveOperationKeys(family, t1, context) };
}

describe.each(WORKED_EXAMPLES.map((example) => [example.title, example] as const))('%s', (_title, example) => {
  const { family } = SUITES[example.suite];
  const unit = { set: example.set, tkv: example.tkv, sn: example.of('SN') };

  it('encodes and decodes HDR', () => {
    expect(toHex(encodeHeader(headerOf(example)))).toBe(toHex(example.of('HDR')));
    expect(decodeHeader(example.of('HDR'))).toEqual(headerOf(example));
  });

  it('derives D, K_D, C, T1, K_M, K_E and K_R', () => {
    expect(deviceContext(unit)).toEqual(example.of('devContext'));
    expect(deriveDeviceKey(family, example.of('T'), unit)).toEqual(example.of('KD'));
    const { context, keys } = operationKeysOf(example);
    expect(context).toEqual(example.of('opContext'));
    expect(keys.t1).toEqual(example.of('T1'));
    expect(keys.macKey).toEqual(example.of('KM'));
    expect(keys.receiptKey).toEqual(example.of('KR'));
    if (example.suite !== 0x01) expect(keys.encryptionKey).toEqual(example.of('KE'));
  });

  it('computes CHM and refuses another CHM', () => {
    const challenge = { suite: example.suite, unit, random: example.of('random') };
    const key = deriveChallengeKey(example.suite, example.of('KD'), unit);
    expect(challengeMac(key, challenge)).toEqual(example.of('CHM'));
    verifyChallengeMac(key, challenge, example.of('CHM'));
    expect(() => verifyChallengeMac(key, challenge, flipBit(example.of('CHM'), 127))).toThrow(IntegrityError);
  });

  it('seals DATA byte for byte', () => {
    const { keys } = operationKeysOf(example);
    const sealed = sealData(headerOf(example), keys, example.of('TA'), () => example.of('pad'));
    expect(toHex(concat(sealed, example.of('SIG')))).toBe(toHex(example.of('DATA')));
  });

  it('verifies TAG and opens DATA', () => {
    const { keys } = operationKeysOf(example);
    const data = decodeData(example.of('DATA'));
    verifyTag(data, keys);
    const binding = { header: data.headerBytes, attributes: data.header.attributes };
    expect(openBody(example.suite, keys, binding, data.body)).toEqual(example.of('TA'));
    expect(data.header).toEqual(headerOf(example));
  });

  it('computes the KCV of TA', () => {
    expect(keyCheckValue(ATTRIBUTES, example.of('TA'))).toEqual({ value: example.of('KCV'), algorithm: 0x01 });
  });

  it('seals, decodes and verifies the receipt', () => {
    const { keys } = operationKeysOf(example);
    const dataHash = sha256(example.of('DATA'));
    expect(dataHash).toEqual(example.of('receiptDataHash'));
    const receipt = decodeReceipt(example.of('receipt'));
    expect(sealReceipt(receipt, keys, dataHash)).toEqual(example.of('receipt'));
    const expected = { header: headerOf(example), dataHash, kcv: keyCheckValue(ATTRIBUTES, example.of('TA')) };
    expect(verifyReceipt(example.of('receipt'), expected, keys)).toEqual(receipt);
    expect(isReceiptFor(receipt, headerOf(example))).toBe(true);
  });
});

const signed = WORKED_EXAMPLES.find((example) => example.signed);
const x9143 = WORKED_EXAMPLES.find((example) => example.suite === 0x01 && !example.signed);

it('the examples cover every suite and a signature', () => {
  expect(new Set(WORKED_EXAMPLES.map((example) => example.suite))).toEqual(new Set([0x01, 0x02, 0x04]));
  expect(signed).toBeDefined();
});

describe('the AS signature', () => {
  it('verifies, and is refused when it is stripped, changed or made for another context', () => {
    if (signed === undefined) throw new Error('no signed example');
    const data = decodeData(signed.of('DATA'));
    const context = signed.of('opContext');
    verifySignature(data, context, signed.of('vkAS'));
    const altered = {
      ...data,
      signature: flipBit(data.signature ?? new Uint8Array(), 0),
    };
    expect(() => verifySignature(altered, context, signed.of('vkAS'))).toThrow(IntegrityError);
    expect(() => verifySignature({ ...data, signature: undefined }, context, signed.of('vkAS'))).toThrow(
      IntegrityError,
    );
    expect(() => verifySignature(data, signed.of('devContext'), signed.of('vkAS'))).toThrow(IntegrityError);
  });

  it('does not verify under a public key of small order', () => {
    if (signed === undefined) throw new Error('no signed example');
    const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    const forged = { ...decodeData(signed.of('DATA')), signature: concat(identity, new Uint8Array(32)) };
    expect(() => verifySignature(forged, signed.of('opContext'), identity)).toThrow(IntegrityError);
  });
});

describe('suite 01', () => {
  it('derives KBEK and KBAK, and BODY is a key block with KC', () => {
    if (x9143 === undefined) throw new Error('no suite 01 example');
    expect(deriveKeyBlockKeys(x9143.of('T1'))).toEqual({ kbek: x9143.of('KBEK'), kbak: x9143.of('KBAK') });
    const block = unwrapKeyBlock(x9143.of('T1'), x9143.of('BODY'));
    expect(block).toEqual({
      attributes: ATTRIBUTES,
      optionalBlocks: [{ id: 'KC', data: '015AAA42C6AD' }],
      key: x9143.of('TA'),
    });
  });
});

it('DATA of a reserved suite is refused', () => {
  expect(() => decodeData(RESERVED_SUITE_DATA)).toThrow(/suite 5 is unknown or reserved/);
});
