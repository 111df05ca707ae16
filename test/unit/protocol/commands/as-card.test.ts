// The encoded commands of the AS card, and responses that violate docs/protocol.md clause 4.
import { describe, expect, it } from 'vitest';
import { encodeShortCommand } from '#protocol/apdu/command-apdu.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { changeReferenceData } from '#protocol/commands/change-reference-data.ts';
import type { Command } from '#protocol/commands/command.ts';
import { getData } from '#protocol/commands/get-data.ts';
import { encodePinBlocks, isPin, triesLeft } from '#protocol/commands/pin.ts';
import { selectAs } from '#protocol/commands/select-as.ts';
import { pinState, verify } from '#protocol/commands/verify.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';

const encoded = <Request>(command: Command<Request, unknown>, request: Request): string =>
  toHex(encodeShortCommand(command.encode(request)));
const hex = (text: string): string => text.replaceAll(' ', '');

const HEAD = '01 0000BA7C 02 0007 00000005 00000063';
const ENTRY = '0103 44304142303 04E 00000005 0002 0102030405';

describe('the commands of the AS card', () => {
  it('are encoded as in docs/protocol.md clause 4.2', () => {
    expect(encoded(selectAs, undefined)).toBe(hex('00A40400 06 F0544B4C3102 00'));
    expect(encoded(getData, undefined)).toBe('80CA000100');
    expect(encoded(pinState, undefined)).toBe('00200081');
    expect(encoded(verify, { pinBlock: encodePinBlocks(ascii('1234')) })).toBe(
      hex('00200081 0C 31323334 FFFFFFFFFFFFFFFF'),
    );
    const pinBlocks = encodePinBlocks(ascii('1234'), ascii('123456789012'));
    expect(encoded(changeReferenceData, { pinBlocks })).toBe(
      hex('00240081 18 31323334 FFFFFFFFFFFFFFFF 313233343536373839303132'),
    );
  });

  it('do not copy the PIN, so that the caller can wipe it', () => {
    const pinBlock = encodePinBlocks(ascii('1234'));
    expect(verify.encode({ pinBlock }).data).toBe(pinBlock);
    const pinBlocks = encodePinBlocks(ascii('1234'), ascii('5678'));
    expect(changeReferenceData.encode({ pinBlocks }).data).toBe(pinBlocks);
  });

  it('accept only a PIN of 4 to 12 digits', () => {
    expect(['1234', '000000000000'].map((text) => isPin(ascii(text)))).toEqual([true, true]);
    expect(['', '123', '1234567890123', '12 4', '123A', '12/4', '12:4'].map((text) => isPin(ascii(text)))).toEqual(
      Array.from({ length: 7 }, () => false),
    );
    expect(() => encodePinBlocks(ascii('1234'), ascii('123'))).toThrow(RangeError);
    expect(() => verify.encode({ pinBlock: ascii('1234') })).toThrow(RangeError);
    expect(() => changeReferenceData.encode({ pinBlocks: encodePinBlocks(ascii('1234')) })).toThrow(RangeError);
  });

  it('read the tries left from 63CX and from no other status word', () => {
    expect([0x63c0, 0x63c3, 0x63cf, 0x9000, 0x6983, 0x6300].map(triesLeft)).toEqual([
      0,
      3,
      15,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('GET DATA', () => {
  const whole = hex(`${HEAD} 01 ${ENTRY} 07 53636C C3BC 73 73`);

  it('returns counters and entries, with labels in UTF-8', () => {
    const entry = { ref1: 0x0103, attributes: 'D0AB00N', akv: 5, slot: 2, kcv: fromHex('0102030405'), label: 'Sclüss' };
    expect(getData.decode(fromHex(whole))).toEqual({
      set: 0xba7c,
      tkv: 2,
      asNumber: 7,
      xc: 5,
      quotaLeft: 99,
      entries: [entry],
    });
  });

  it('returns the ATTR of an erasure, which is zero', () => {
    const erasure = hex(`${HEAD} 01 0103 00000000000000 00000005 0002 0000000000 00`);
    expect(getData.decode(fromHex(erasure)).entries).toMatchObject([{ attributes: NO_ATTRIBUTES, label: '' }]);
  });

  it('is refused when it is truncated or one byte too long', () => {
    const bytes = fromHex(whole);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => getData.decode(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'unit-nonsense', message: expect.stringContaining('GET DATA') }),
      );
    }
    expect(() => getData.decode(fromHex(`${whole}00`))).toThrow('1 bytes follow the AS data');
  });

  it.each([
    ['another version', `02${whole.slice(2)}`],
    ['TKV 0', `${whole.slice(0, 10)}00${whole.slice(12)}`],
    ['a REF1 twice', hex(`${HEAD} 02 ${ENTRY} 00 ${ENTRY} 00`)],
    ['an ATTR in lower case', hex(`${HEAD} 01 ${ENTRY.replace('4430', '6430')} 00`)],
    ['a label that is not UTF-8', hex(`${HEAD} 01 ${ENTRY} 02 C328`)],
    ['a label in overlong UTF-8', hex(`${HEAD} 01 ${ENTRY} 02 C0AF`)],
    ['a label with a lone surrogate', hex(`${HEAD} 01 ${ENTRY} 03 EDA080`)],
    ['a label with a control character', hex(`${HEAD} 01 ${ENTRY} 01 1B`)],
  ])('is refused with %s', (_what, response) => {
    expect(() => getData.decode(fromHex(response))).toThrow('GET DATA');
  });
});
