// The console decodes what the trace shows, and leaves masked what the trace masks.
import { describe, expect, it } from 'vitest';
import { encodeShortCommand } from '#protocol/apdu/command-apdu.ts';
import { STATUS_WORDS } from '#protocol/apdu/status-words.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { selectEi } from '#protocol/commands/select-ei.ts';
import { encodeHeader } from '#protocol/tkl/header.ts';
import { sealReceipt } from '#protocol/tkl/receipt.ts';
import { createUnit } from '#test/support/units.ts';
import { decodeExchange, type Field } from '#web/state/help/decode-exchange.ts';
import { redact } from '#web/transport/trace.ts';
import { SN } from './facts-fixture.ts';

const AT = new Date('2026-11-30T10:00:00Z');
const OK = Uint8Array.of(0x90, 0x00);
const SECRET = 'FACADE11'.repeat(8);
const values = (fields: readonly Field[]): object => Object.fromEntries(fields.map(({ name, value }) => [name, value]));
const decode = (command: Uint8Array, response?: Uint8Array) => decodeExchange(redact(command, response, AT));

const HEADER = encodeHeader({
  ...{ suite: 1, signed: false, tkv: 1, asNumber: 0, set: 0xba7c, ref1: 0x0103, slot: 2, akv: 5, xc: 7 },
  sn: fromHex(SN),
  attributes: 'D0AB00N',
});

describe('a decoded exchange', () => {
  it('of SELECT has the identity and the slots', async () => {
    const unit = createUnit();
    const command = encodeShortCommand(selectEi.encode());
    const { request, response, slots, status, isFailed } = decode(command, await unit.transmit(command));
    expect(values(request)).toEqual({ application: 'F0544B4C3101' });
    expect(values(response)).toMatchObject({ lifecycle: 'operational', profile: 'diversified', suites: '01, 02' });
    expect(slots[0]).toEqual({ slot: '0001', key: undefined });
    expect([status, isFailed]).toEqual([{ word: '9000', meaning: 'done' }, false]);
  });

  it('of GET CHALLENGE has the suite, and masks the challenge', () => {
    const answer = concat(fromHex(SECRET), OK);
    const decoded = decode(encodeShortCommand(getChallenge.encode({ suite: 2 })), answer);
    expect(values(decoded.request)).toEqual({ suite: '02' });
    expect(values(decoded.response)).toEqual({ data: expect.stringMatching(/^\(32 bytes, SHA-256 [0-9A-F]{8}…\)$/) });
  });

  it('of IMPORTKEY has the fields of HDR and of the receipt, and masks the sealed key', () => {
    const data = concat(HEADER, fromHex(SECRET));
    const receipt = sealReceipt(
      {
        ...{ suite: 1, ref2: 2, ref1: 0x0103, tkv: 1, akv: 5, xc: 7, asNumber: 0, importCounter: 3 },
        sn: fromHex(SN),
        kcv: { algorithm: 1, value: fromHex('0102030405') },
      },
      { receiptKey: new Uint8Array(32) },
      new Uint8Array(32),
    );
    const { request, response, isPart } = decode(concat(0x90, 0xd8, 0, 0, data.length, data), concat(receipt, OK));
    const common = { suite: '01', sn: SN, 'transport-key': '1', key: '0103', slot: '0002', version: '5', export: '7' };
    expect(values(request)).toMatchObject({ ...common, set: '0000BA7C', attributes: 'D0AB00N' });
    expect(values(response)).toMatchObject({ ...common, kcv: '0102030405', imports: '3' });
    expect(isPart).toBe(true);
    expect(JSON.stringify([request, response])).not.toContain('FACADE11');
  });

  it('of GET RECEIPT has the slot', () => {
    expect(values(decode(fromHex('80CBFFFE00'), u16(0x6a88)).request)).toEqual({ slot: 'FFFE' });
  });

  it('never shows more of a PIN or of an unknown command than its length', () => {
    for (const header of ['00200081', '00240081', '80DB0001']) {
      const { request } = decode(concat(fromHex(header), 32, fromHex(SECRET)), OK);
      expect(values(request)).toEqual({ data: '(32 bytes)' });
    }
  });

  it('shows data that violates the protocol as it is', () => {
    expect(values(decode(fromHex('80CA000000'), fromHex('FF009000')).response)).toEqual({ data: 'FF00' });
    const other = concat(fromHex('544B4C31'), new Uint8Array(60));
    expect(values(decode(concat(0x80, 0xd8, 0, 0, other.length, other), OK).request)).toEqual({
      data: expect.stringMatching(/^544B4C310{88} \(16 bytes/),
    });
  });

  it.each(STATUS_WORDS.map(({ pattern, meaning }) => [pattern.replaceAll('X', '1'), meaning]))(
    'has the meaning of %s',
    (word, meaning) => {
      const statusWord = Number.parseInt(word, 16);
      const { status, isFailed } = decode(fromHex('8084000100'), u16(statusWord));
      expect(status).toEqual({ word, meaning });
      expect(isFailed).toBe(!/^(9000|61)/.test(word));
    },
  );

  it('has no status word without a response, and no meaning for a word that the protocol does not define', () => {
    expect(decode(fromHex('8084000100'))).toMatchObject({ status: undefined, isFailed: true });
    expect(decode(fromHex('8084000100'), u16(0x9f01)).status).toEqual({ word: '9F01', meaning: undefined });
  });
});
