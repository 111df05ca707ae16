// Compares the commands with the worked examples, which an independent implementation has computed.
import { describe, expect, it } from 'vitest';
import { encodeExtendedCommand, encodeShortCommand } from '#protocol/apdu/command-apdu.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { changeReferenceData } from '#protocol/commands/change-reference-data.ts';
import { type Command, run } from '#protocol/commands/command.ts';
import { exportKey } from '#protocol/commands/export-key.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { getData } from '#protocol/commands/get-data.ts';
import { getIdentity } from '#protocol/commands/get-identity.ts';
import { getReceipt } from '#protocol/commands/get-receipt.ts';
import { identify } from '#protocol/commands/identify.ts';
import { importKey } from '#protocol/commands/import-key.ts';
import { selectAs } from '#protocol/commands/select-as.ts';
import { selectEi } from '#protocol/commands/select-ei.ts';
import { pinState, verify } from '#protocol/commands/verify.ts';
import { verifyReceipt } from '#protocol/commands/verify-receipt.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { RESERVED_SUITE_DATA, WORKED_EXAMPLES } from '#test/support/worked-examples.ts';

describe.each(WORKED_EXAMPLES)('the commands of the worked example of $title', (example) => {
  const { suite, signed, tkv, ref1, ref2 } = example;
  const data = example.of('DATA');
  const receiptBytes = example.of('receipt');
  const request = {
    suite,
    signed,
    tkv,
    ref1,
    random: example.of('random'),
    sn: example.of('SN'),
    challengeMac: example.of('CHM'),
  };

  it('EXPORTKEY contains R, REF1, SN and CHM, with suite and TKV in its header', () => {
    const p1 = suite | (signed ? 0x80 : 0);
    const field = example.of('EXPORTKEY_datafield');
    const expected = concat(0x80, 0xda, p1, tkv, field.length, field, 0x00);
    expect(toHex(encodeShortCommand(exportKey.encode(request)))).toBe(toHex(expected));
    expect(exportKey.decode(data)).toEqual(data);
  });

  it('IMPORTKEY contains DATA and REF2', () => {
    const field = example.of('IMPORTKEY_datafield');
    const command = importKey.encode({ data, ref2 });
    expect(toHex(command.data)).toBe(toHex(field));
    const expected = concat(0x80, 0xd8, 0x00, 0x00, 0x00, field.length >> 8, field.length & 0xff, field, 0x01, 0x00);
    expect(toHex(encodeExtendedCommand(command))).toBe(toHex(expected));
  });

  it('IMPORTKEY and GET RECEIPT return the receipt, and VERIFYRECEIPT contains it', () => {
    for (const command of [importKey, getReceipt]) {
      expect(command.decode(receiptBytes)).toMatchObject({
        receiptBytes,
        receipt: { suite, ref1, ref2, tkv, akv: example.akv },
      });
    }
    const expected = concat(0x80, 0xdc, 0x00, 0x00, 64, receiptBytes);
    expect(toHex(encodeShortCommand(verifyReceipt.encode({ receiptBytes })))).toBe(toHex(expected));
  });

  it('a receipt or DATA that is truncated or one byte longer is refused', () => {
    for (let length = 0; length < 64; length++) {
      expect(() => importKey.decode(receiptBytes.subarray(0, length))).toThrow(ProtocolError);
    }
    expect(() => getReceipt.decode(concat(receiptBytes, 0))).toThrow(ProtocolError);
    expect(() => exportKey.decode(data.subarray(1))).toThrow(ProtocolError);
    expect(() => exportKey.decode(concat(data, 0))).toThrow(ProtocolError);
  });
});

describe('the commands', () => {
  it('IMPORTKEY of suite 01 fits into a short APDU with Lc = 228', () => {
    const example = WORKED_EXAMPLES.find(({ suite, signed }) => suite === 0x01 && !signed);
    const data = example?.of('DATA') ?? concat();
    expect(encodeShortCommand(importKey.encode({ data, ref2: 2 }))[4]).toBe(228);
  });

  it('GET CHALLENGE contains the suite and returns R and CHM', () => {
    expect(toHex(encodeShortCommand(getChallenge.encode({ suite: 0x04 })))).toBe('8084000400');
    const random = '00112233445566778899AABBCCDDEEFF';
    const mac = 'FFEEDDCCBBAA99887766554433221100';
    expect(getChallenge.decode(fromHex(random + mac))).toEqual({ random: fromHex(random), challengeMac: fromHex(mac) });
    for (const length of [0, 16, 31, 33, 64]) {
      expect(() => getChallenge.decode(new Uint8Array(length))).toThrow(`${length} bytes, not 32`);
    }
  });

  it('GET RECEIPT contains REF2 in P1 and P2', () => {
    expect(toHex(encodeShortCommand(getReceipt.encode({ ref2: 0x1234 })))).toBe('80CB123400');
    expect(() => encodeShortCommand(getReceipt.encode({ ref2: 0x10000 }))).toThrow(RangeError);
  });

  it('IDENTIFY has neither command data nor response data', async () => {
    expect(toHex(encodeShortCommand(identify.encode()))).toBe('80CE0000');
    expect(await run(async () => fromHex('9000'), identify, undefined)).toBeUndefined();
    await expect(run(async () => fromHex('009000'), identify, undefined)).rejects.toMatchObject({
      code: 'unit-nonsense',
    });
    expect(() => verifyReceipt.decode(fromHex('00'))).toThrow('VERIFYRECEIPT: response data of 1 bytes, expected none');
  });

  it('DATA of a reserved suite is refused', () => {
    expect(() => exportKey.decode(RESERVED_SUITE_DATA)).toThrow(ProtocolError);
  });

  it('IMPORTKEY of signed DATA is a chain, or one extended APDU for a unit with capability b1', async () => {
    const example = WORKED_EXAMPLES.find(({ signed }) => signed);
    const data = example?.of('DATA') ?? concat();
    const receiptBytes = example?.of('receipt') ?? concat();
    const sizes: number[] = [];
    const transmit = async (command: Uint8Array) => {
      sizes.push(command.length);
      return command[0] === 0x90 ? fromHex('9000') : concat(receiptBytes, 0x90, 0x00);
    };
    await run(transmit, importKey, { data, ref2: 2 });
    await run(transmit, importKey, { data, ref2: 2 }, { extendedLength: true });
    expect(sizes).toEqual([5 + 255, 5 + 37 + 1, 7 + 292 + 2]);
  });

  it('each error names its command as docs/protocol.md does', async () => {
    const commands: Readonly<Record<string, readonly Command<never, unknown>[]>> = {
      SELECT: [selectEi, selectAs],
      'GET IDENTITY': [getIdentity],
      'GET CHALLENGE': [getChallenge],
      EXPORTKEY: [exportKey],
      IMPORTKEY: [importKey],
      VERIFYRECEIPT: [verifyReceipt],
      'GET RECEIPT': [getReceipt],
      IDENTIFY: [identify],
      VERIFY: [verify, pinState],
      'CHANGE REFERENCE DATA': [changeReferenceData],
      'GET DATA': [getData],
    };
    for (const [name, ofName] of Object.entries(commands)) {
      for (const command of ofName) {
        expect(command.name).toBe(name);
        expect(() => command.decode(new Uint8Array(300)), name).toThrow(ProtocolError);
        if (command === exportKey || command === importKey || command === getReceipt) continue;
        expect(() => command.decode(new Uint8Array(300)), name).toThrow(new RegExp(`^${name}: `));
      }
    }
  });

  it('an argument of a wrong length is refused with the name of the argument', () => {
    const request = {
      suite: 0x01 as const,
      signed: false,
      tkv: 1,
      ref1: 1,
      random: new Uint8Array(16),
      sn: new Uint8Array(16),
      challengeMac: new Uint8Array(16),
    };
    for (const name of ['random', 'sn', 'challengeMac'] as const) {
      expect(() => exportKey.encode({ ...request, [name]: new Uint8Array(15) })).toThrow(
        new RangeError(`${name} has 15 bytes, not 16`),
      );
    }
    expect(() => verifyReceipt.encode({ receiptBytes: new Uint8Array(63) })).toThrow(RangeError);
  });
});
