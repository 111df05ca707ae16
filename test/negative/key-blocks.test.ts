// An AS that has T writes a wrong BODY. TAG verifies, so the checks of BODY itself must refuse the
// import (docs/protocol.md clauses 3.5, 4.5 and 7).
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { ascii, fromAscii } from '#protocol/bytes/text.ts';
import { sealAead } from '#protocol/crypto/aead.ts';
import { aesKcv } from '#protocol/crypto/kcv.ts';
import { type KeyBlock, wrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { wrapKey } from '#protocol/crypto/key-wrap.ts';
import { encodeHeader, type Header } from '#protocol/tkl/header.ts';
import { mac16, type OperationKeys } from '#protocol/tkl/key-tree.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { OTHER_TA, operationKeys, TA, UnitSetup, word } from './unit-setup.ts';

type MakeBody = (keys: OperationKeys, header: Header) => Uint8Array;

/** Imports DATA with the given BODY and a correct TAG, and returns the status word. */
async function importBody(suite: SuiteId, makeBody: MakeBody, change: Partial<Header> = {}): Promise<string> {
  const setup = new UnitSetup({ suite });
  await setup.select();
  const random = await setup.challenge();
  const header = setup.header({ header: change });
  const { keys } = operationKeys(header, { random });
  const body = makeBody(keys, header);
  const authenticated = concat(encodeHeader(header), u16(body.length), body);
  const tag = mac16(SUITES[suite].family, keys.macKey, authenticated);
  const sw = await setup.import(concat(authenticated, tag));
  expect(setup.store.keysHeld).toBe(sw === 0x9000 ? 1 : 0);
  return word(sw);
}

const kc = (key: Uint8Array) => ({ id: 'KC', data: `01${toHex(aesKcv(key))}` });
const pad = (key: Uint8Array) => new Uint8Array(46 - key.length).fill(0xa5);
const block =
  (change: Partial<KeyBlock>): MakeBody =>
  ({ t1 }, { attributes }) => {
    const key = change.key ?? TA;
    return wrapKeyBlock(t1, { attributes, optionalBlocks: [kc(key)], key, ...change }, pad(key));
  };
/** Changes the text of a correct key block. This also makes the MAC of the key block wrong. */
const text =
  (change: (text: string) => string): MakeBody =>
  (keys, header) =>
    ascii(change(fromAscii(block({})(keys, header))));

describe('a key block of suite 01', () => {
  it('is accepted if it is correct', async () => {
    expect(await importBody(0x01, block({}))).toBe('9000');
    expect(await importBody(0x01, block({ key: TA.slice(0, 16) }))).toBe('9000');
    expect(await importBody(0x01, block({ optionalBlocks: [] }), { attributes: 'D0TB00N' })).toBe('9000');
  });

  it.each<[string, MakeBody, Partial<Header>?]>([
    ['other attributes than HDR', block({ attributes: 'P0AE00N' })],
    ['the check value of another key', block({ optionalBlocks: [kc(OTHER_TA)] })],
    ['no check value for an AES key', block({ optionalBlocks: [] })],
    ['a check value for a key that is not an AES key', block({}), { attributes: 'D0TB00N' }],
    ['an optional block of another name', block({ optionalBlocks: [{ ...kc(TA), id: 'KP' }] })],
    ['a check value of another method', block({ optionalBlocks: [{ id: 'KC', data: `00${toHex(aesKcv(TA))}` }] })],
    ['a check value in lower case', block({ optionalBlocks: [{ id: 'KC', data: kc(TA).data.toLowerCase() }] })],
    ['lower-case digits', text((body) => body.toLowerCase().replace(/^d/, 'D'))],
    ['version B', text((body) => body.replace(/^D/, 'B'))],
    ['a wrong length field', text((body) => body.replace(/^D0160/, 'D0144'))],
    ['a length field that is not a number', text((body) => body.replace(/^D0160/, 'D0 60'))],
    ['a count of two optional blocks', text((body) => `${body.slice(0, 12)}02${body.slice(14)}`)],
    ['reserved characters that are not 00', text((body) => `${body.slice(0, 14)}01${body.slice(16)}`)],
    ['an extended length of the optional block', text((body) => body.replace('KC10', 'KC00'))],
    ['an optional block longer than the block', text((body) => body.replace('KC10', 'KCF0'))],
    ['a letter for a digit', text((body) => `${body.slice(0, 40)}G${body.slice(41)}`)],
    ['a space for a digit', text((body) => `${body.slice(0, 40)} ${body.slice(41)}`)],
    ['a wrong MAC', text((body) => body.slice(0, -1) + (body.endsWith('0') ? '1' : '0'))],
    ['bytes that are not text', () => new Uint8Array(160).fill(0xff)],
    ['nothing but zeros', () => new Uint8Array(160)],
  ])('is refused with %s', async (_why, makeBody, change) => {
    expect(await importBody(0x01, makeBody, change)).toBe('6988');
  });
});

describe('a BODY of suites 02 and 04', () => {
  it.each<[string, SuiteId, MakeBody]>([
    ['wrapped under another key', 0x02, ({ t1 }) => wrapKey(t1, TA)],
    ['a changed byte', 0x02, ({ encryptionKey }) => wrapKey(encryptionKey, TA).map((b, i) => (i === 9 ? b ^ 1 : b))],
    ['zeros', 0x02, () => new Uint8Array(40)],
    ['sealed under another key', 0x04, ({ t1 }, header) => seal(t1, encodeHeader(header), 0x00)],
    ['sealed with another nonce', 0x04, ({ encryptionKey }, header) => seal(encryptionKey, encodeHeader(header), 0x01)],
    ['sealed without HDR', 0x04, ({ encryptionKey }) => seal(encryptionKey, new Uint8Array(0), 0x00)],
    ['zeros for suite 04', 0x04, () => new Uint8Array(48)],
  ])('is refused in this case: %s', async (_why, suite, makeBody) => {
    expect(await importBody(suite, makeBody)).toBe('6988');
  });

  it.each([0x02, 0x04] as const)('contains keys of 16, 24 and 32 bytes in suite %i', async (suite) => {
    for (const length of [16, 24, 32]) {
      const setup = new UnitSetup({ suite });
      await setup.select();
      expect(word(await setup.load({ key: TA.slice(0, length) }))).toBe('9000');
      expect(setup.store.slot(0x0002)?.key).toEqual(TA.slice(0, length));
    }
  });
});

const seal = (key: Uint8Array, aad: Uint8Array, nonce: number) =>
  sealAead({ key, aad, nonce: new Uint8Array(12).fill(nonce) }, TA);
