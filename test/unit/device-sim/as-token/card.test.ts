// The AS token card: every command and every status word (docs/protocol.md clause 4).
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { readU16, readU32 } from '#protocol/bytes/integers.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { decodeData, signatureInput } from '#protocol/tkl/data.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { operationContext } from '#protocol/tkl/key-tree.ts';
import {
  CARD_ENTRIES,
  CARD_TA,
  cardContent,
  changeCommand,
  exportCommand,
  NEXT_TRANSPORT_KEY,
  newRandom,
  PIN,
  pinBlock,
  receiptCommand,
  receiptFor,
  SELECT_AS,
  TestAsCard,
  verifyCommand,
} from '#test/support/as-card.ts';
import { TEST_SET, TEST_SN, TEST_TRANSPORT_KEY } from '#test/support/units.ts';

const PIN_STATE = '00200081';
const GET_DATA = '80CA0001 00';

describe('SELECT and GET DATA', () => {
  it('return the set, the counters and each entry with name and check value, without a PIN', async () => {
    const card = new TestAsCard();
    const { data, sw } = await card.send(SELECT_AS);
    expect(sw).toBe(0x9000);
    expect(toHex(data.subarray(0, 17))).toBe('010000BA7C020007000000000000006404');
    expect(readU32(data, 1)).toBe(TEST_SET);
    const labels = CARD_ENTRIES.map(({ label }) => utf8(label));
    const kcvs = [CARD_TA, CARD_TA.slice(0, 16)].map((key) => keyCheckValue('D0AB00N', key).value);
    const zero = new Uint8Array(5);
    const described = CARD_ENTRIES.map(({ ref1, attributes, akv, slot }, i) => {
      const head = concat(
        ref1 >> 8,
        ref1 & 0xff,
        Uint8Array.from(attributes, (c) => c.charCodeAt(0)),
      );
      const label = labels[i] ?? zero;
      const numbers = concat(0, 0, 0, akv, slot >> 8, slot & 0xff);
      return concat(head, numbers, kcvs[i] ?? zero, label.length, label);
    });
    expect(toHex(data.subarray(17))).toBe(toHex(concat(...described)));
    expect((await card.send(GET_DATA)).data).toEqual(data);
  });

  it('return the KCV of a new T only in a shared set', async () => {
    const kcvOf = async (profile: 'shared' | 'diversified') => {
      const entries = CARD_ENTRIES.slice(3);
      const card = new TestAsCard(cardContent({ profile, entries }));
      return toHex((await card.send(SELECT_AS)).data.subarray(17 + 15, 17 + 20));
    };
    expect(await kcvOf('diversified')).toBe('0000000000');
    expect(await kcvOf('shared')).toBe(toHex(keyCheckValue('K0AX00N', NEXT_TRANSPORT_KEY).value));
  });

  it('end with 61xx if the response is longer than 256 bytes', async () => {
    const entries = Array.from({ length: 5 }, (_, i) =>
      CARD_ENTRIES.map((entry) => ({ ...entry, ref1: entry.ref1 + 0x1000 * i })),
    ).flat();
    const card = new TestAsCard(cardContent({ entries }));
    const first = await card.send(SELECT_AS);
    expect([first.data.length, first.sw >> 8]).toEqual([256, 0x61]);
    const rest = await card.send('00C0000000');
    expect(first.data.length + rest.data.length).toBeGreaterThan(256);
  });
});

describe('the card', () => {
  it.each([
    ['EXPORTKEY without a selection', false, exportCommand(), '6E00'],
    ['VERIFY without a selection', false, verifyCommand(PIN), '6E00'],
    ['SELECT of the EI', true, '00A40400 06 F0544B4C3101 00', '6A82'],
    ['an instruction of the EI', true, '80D80000 00', '6D00'],
    ['VERIFY in class 80', true, '80200081', '6D00'],
    ['GET DATA in class 00', true, '00CA0001 00', '6D00'],
    ['EXPORTKEY in class 00', true, '00DA0101 00', '6D00'],
    ['GET IDENTITY', true, '80CA0000 00', '6A86'],
    ['VERIFY of another PIN', true, '00200080', '6A86'],
    ['a chain', true, '90DA0101 01 00', '6884'],
    ['a chained VERIFY', true, '10200081 01 31', '6E00'],
    ['extended length', true, '80CA0001 000000', '6700'],
    ['GET DATA with data', true, '80CA0001 01 00 00', '6700'],
  ])('refuses %s', async (_what, selected, command, sw) => {
    const card = new TestAsCard();
    if (selected) await card.ready();
    expect(await card.word(command)).toBe(sw);
  });
});

describe('VERIFY', () => {
  it('returns the tries left while the card is locked, unlocks the card, and then returns 9000', async () => {
    const card = await new TestAsCard().selected();
    expect(await card.word(PIN_STATE)).toBe('63C3');
    expect(await card.word(verifyCommand('000000'))).toBe('63C2');
    expect(await card.word(PIN_STATE)).toBe('63C2');
    expect(await card.word(verifyCommand(PIN))).toBe('9000');
    expect(await card.word(PIN_STATE)).toBe('9000');
    expect(card.store.pinTries).toBe(3);
  });

  it('blocks the card after the last try, and then refuses even the correct PIN', async () => {
    const card = await new TestAsCard().selected();
    const words = [];
    for (let i = 0; i < 4; i++) words.push(await card.word(verifyCommand('000000')));
    expect(words).toEqual(['63C2', '63C1', '63C0', '6983']);
    expect(await card.word(verifyCommand(PIN))).toBe('6983');
    expect(await card.word(PIN_STATE)).toBe('6983');
    expect(await card.word(changeCommand(PIN, '654321'))).toBe('6983');
    expect(await card.word(exportCommand())).toBe('6982');
    const after = await card.powerCycle().selected();
    expect(await after.word(verifyCommand(PIN))).toBe('6983');
  });

  it.each([
    ['11 bytes', concat(0, 0x20, 0, 0x81, 11, new Uint8Array(11).fill(0x31)), '6700'],
    ['13 bytes', concat(0, 0x20, 0, 0x81, 13, new Uint8Array(13).fill(0x31)), '6700'],
    ['3 digits', concat(0, 0x20, 0, 0x81, 12, pinBlock('123')), '6A80'],
    ['a letter', concat(0, 0x20, 0, 0x81, 12, pinBlock('12345A')), '6A80'],
    ['digits after the padding', concat(0, 0x20, 0, 0x81, 12, pinBlock('123456').fill(0x31, 11)), '6A80'],
    ['padding with 00', concat(0, 0x20, 0, 0x81, 12, pinBlock('123456').fill(0, 6)), '6A80'],
  ])('uses no try for %s', async (_what, command, sw) => {
    const card = await new TestAsCard().selected();
    expect(await card.word(command)).toBe(sw);
    expect(await card.word(PIN_STATE)).toBe('63C3');
  });

  it('locks the card again after a wrong PIN, a new SELECT, a reset and a loss of power', async () => {
    const card = await new TestAsCard().ready();
    expect(await card.word(verifyCommand('000000'))).toBe('63C2');
    expect(await card.word(exportCommand())).toBe('6982');
    await card.ready();
    await card.send(SELECT_AS);
    expect(await card.word(PIN_STATE)).toBe('63C3');
    await card.ready();
    card.card.reset();
    expect(await card.word(PIN_STATE)).toBe('6E00');
    const after = card.powerCycle();
    await after.send(SELECT_AS);
    expect(await after.word(PIN_STATE)).toBe('63C3');
  });

  it('unlocks the card only for the link that sent the PIN', async () => {
    const card = await new TestAsCard().ready();
    const other = card.anotherLink();
    await other.process(fromHex(SELECT_AS));
    expect(toHex(await other.process(fromHex(PIN_STATE)))).toBe('63C3');
    expect(await card.word(PIN_STATE)).toBe('9000');
  });
});

describe('CHANGE REFERENCE DATA', () => {
  it('replaces the PIN and wipes the old PIN', async () => {
    const card = await new TestAsCard().selected();
    expect(await card.word(changeCommand(PIN, '87654321'))).toBe('9000');
    expect(JSON.stringify(card.memory.image())).not.toContain(toHex(pinBlock(PIN)));
    const after = await card.powerCycle().selected();
    expect(await after.word(verifyCommand(PIN))).toBe('63C2');
    expect(await after.word(verifyCommand('87654321'))).toBe('9000');
  });

  it.each([
    ['a wrong old PIN', changeCommand('000000', '87654321'), '63C2', '63C2'],
    ['no new PIN', concat(0, 0x24, 0, 0x81, 12, pinBlock(PIN)), '6700', '63C3'],
    ['nothing', '00240081', '6700', '63C3'],
    ['a new PIN of 3 digits', changeCommand(PIN, '123'), '6A80', '63C3'],
    ['an invalid old PIN', changeCommand('12', '87654321'), '6A80', '63C3'],
  ])('refuses %s and keeps the PIN', async (_what, command, sw, state) => {
    const card = await new TestAsCard().selected();
    expect(await card.word(command)).toBe(sw);
    expect(await card.word(PIN_STATE)).toBe(state);
    expect(await card.word(verifyCommand(PIN))).toBe('9000');
  });
});

describe('EXPORTKEY', () => {
  it('returns DATA with the AS number of the card and counts the export', async () => {
    const card = await new TestAsCard().ready();
    const { data, sw } = await card.send(exportCommand());
    expect(sw).toBe(0x9000);
    expect(data).toHaveLength(226);
    const header = decodeHeader(data);
    expect(header).toMatchObject({ asNumber: 7, xc: 1, ref1: 0x0103, slot: 2, akv: 5, signed: false });
    const { data: counters } = await card.send(GET_DATA);
    expect([readU32(counters, 8), readU32(counters, 12)]).toEqual([1, 99]);
  });

  it('signs with the key of the card if 80 is added to the suite', async () => {
    const card = await new TestAsCard().ready();
    const random = newRandom();
    const first = await card.send(exportCommand({ signed: true, random }));
    const rest = await card.send('00C0000000');
    const data = decodeData(concat(first.data, rest.data));
    const input = signatureInput(operationContext(data.headerBytes, random), concat(data.authenticated, data.tag));
    expect(data.header.signed).toBe(true);
    expect(isSignedBy(card.publicKey, input, data.signature ?? new Uint8Array(64))).toBe(true);
  });

  it('returns the same DATA for a repeated request, even after a loss of power, and counts one export', async () => {
    const card = await new TestAsCard().ready();
    const command = exportCommand();
    const { data } = await card.send(command);
    expect((await card.send(command)).data).toEqual(data);
    const after = await card.powerCycle().ready();
    expect((await after.send(command)).data).toEqual(data);
    expect(readU32((await after.send(GET_DATA)).data, 8)).toBe(1);
  });

  const other = new Uint8Array(16).fill(9);
  it.each([
    ['another TKV', exportCommand({ tkv: 3 }), '6A88'],
    ['TKV 0', exportCommand({ tkv: 0 }), '6A88'],
    ['another REF1', exportCommand({ ref1: 0x0999 }), '6A88'],
    ['suite 03', withP1(exportCommand(), 0x03), '6A80'],
    ['suite 03, signed', withP1(exportCommand(), 0x83), '6A80'],
    ['no suite', withP1(exportCommand(), 0x00), '6A80'],
    ['a suite of the other family', withP1(exportCommand(), 0x04), '6A80'],
    ['one byte too few', concat(0x80, 0xda, 1, 1, 49, new Uint8Array(49), 0), '6700'],
    ['one byte too many', concat(0x80, 0xda, 1, 1, 51, new Uint8Array(51), 0), '6700'],
    ['nothing', '80DA0101 00', '6700'],
    ['no CHM', concat(0x80, 0xda, 1, 1, 34, new Uint8Array(34), 0), '6982'],
    ['a CHM for another suite', withP1(exportCommand({ suite: 0x02 }), 0x01), '6988'],
    ['a unit of another T', exportCommand({ transportKey: NEXT_TRANSPORT_KEY }), '6988'],
    ['a CHM for another SN', withByteFlipped(exportCommand(), 5 + 18 + 15), '6988'],
    ['a CHM for another random number', withByteFlipped(exportCommand(), 5), '6988'],
    [
      'a replacement of T for a unit that has the new T',
      exportCommand({ tkv: 2, ref1: 0x0106, transportKey: NEXT_TRANSPORT_KEY }),
      '6A88',
    ],
  ])('refuses %s and counts no export', async (_what, command, sw) => {
    const card = await new TestAsCard().ready();
    expect(await card.word(command)).toBe(sw);
    expect(readU32((await card.send(GET_DATA)).data, 12)).toBe(100);
  });

  it('refuses a second key for the challenge of an earlier export', async () => {
    const card = await new TestAsCard().ready();
    const random = newRandom();
    expect(await card.word(exportCommand({ random }))).toBe('9000');
    expect(await card.word(exportCommand({ random, ref1: 0x0104 }))).toBe('6985');
    expect(await card.word(exportCommand({ random, suite: 0x02 }))).toBe('6985');
  });

  it('refuses units that are not on the list of the card', async () => {
    const card = await new TestAsCard(cardContent({ units: [TEST_SN] })).ready();
    expect(await card.word(exportCommand({ sn: other }))).toBe('6982');
    expect(await card.word(exportCommand())).toBe('9000');
  });

  it('stops at its quota, even after a loss of power, but repeats earlier exports', async () => {
    const card = await new TestAsCard(cardContent({ quota: 2 })).ready();
    const command = exportCommand();
    expect(await card.word(command)).toBe('9000');
    expect(await card.word(exportCommand())).toBe('9000');
    expect(await card.word(exportCommand())).toBe('6982');
    const after = await card.powerCycle().ready();
    expect(await after.word(exportCommand())).toBe('6982');
    expect(await after.word(command)).toBe('9000');
    expect(readU32((await after.send(GET_DATA)).data, 12)).toBe(0);
  });

  it('requires the PIN before any other check of the request', async () => {
    const card = await new TestAsCard().selected();
    for (const command of [exportCommand(), exportCommand({ ref1: 0x0999 }), exportCommand({ tkv: 9 })]) {
      expect(await card.word(command)).toBe('6982');
    }
  });
});

describe('VERIFYRECEIPT', () => {
  async function exported() {
    const card = await new TestAsCard().ready();
    const random = newRandom();
    const { data } = await card.send(exportCommand({ random }));
    return { card, random, data, receipt: receiptFor(data, random) };
  }

  it('accepts the receipt, even repeatedly and after a loss of power', async () => {
    const { card, receipt } = await exported();
    expect(await card.word(receiptCommand(receipt))).toBe('9000');
    expect(await card.word(receiptCommand(receipt))).toBe('9000');
    const after = await card.powerCycle().ready();
    expect(await after.word(receiptCommand(receipt))).toBe('9000');
    expect(after.store.export(1)?.receipt).toEqual(receipt);
  });

  it('refuses a receipt with any flipped bit, and stores no receipt', async () => {
    const { card, receipt } = await exported();
    for (let bit = 0; bit < 512; bit++) {
      const flipped = receipt.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      expect(await card.word(receiptCommand(flipped)), `bit ${bit}`).toBe(wordOfFlip(bit));
    }
    expect(card.store.export(1)?.receipt).toBeUndefined();
  });

  it('refuses another authentic receipt for an export that already has a receipt', async () => {
    const { card, random, data, receipt } = await exported();
    const another = receiptFor(data, random, { importCounter: 2 });
    expect(await card.word(receiptCommand(receipt))).toBe('9000');
    expect(await card.word(receiptCommand(another))).toBe('6985');
  });

  it('requires the PIN, 64 bytes and an export of this card', async () => {
    const { card, receipt } = await exported();
    expect(await card.word(receiptCommand(receipt.slice(0, 63)))).toBe('6700');
    expect(await card.word(receiptCommand(new Uint8Array(64)))).toBe('6A80');
    const otherCard = await new TestAsCard().ready();
    expect(await otherCard.word(receiptCommand(receipt))).toBe('6A88');
    await card.selected();
    expect(await card.word(receiptCommand(receipt))).toBe('6982');
  });
});

describe('invalid card content', () => {
  it.each([
    ['the number of the service', { asNumber: 0 }],
    ['no tries', { pinTries: 0 }],
    ['16 tries', { pinTries: 16 }],
    ['no T', { transportKeys: [] }],
    ['a new T that is missing', { transportKeys: [{ tkv: 1, family: 'cmac', key: TEST_TRANSPORT_KEY }] }],
    ['a REF1 twice', { entries: [...CARD_ENTRIES, ...CARD_ENTRIES] }],
    ['a key of 17 bytes', { entries: CARD_ENTRIES.map((entry) => ({ ...entry, key: new Uint8Array(17) })) }],
    ['an empty key', { entries: CARD_ENTRIES.map((entry) => ({ ...entry, key: new Uint8Array() })) }],
    ['an erasure of any slot', { entries: CARD_ENTRIES.map((entry) => ({ ...entry, slot: 0xffff })) }],
    ['a new T with other attributes', { entries: CARD_ENTRIES.map((entry) => ({ ...entry, slot: 0xfffe })) }],
    ['AKV 0', { entries: CARD_ENTRIES.map((entry) => ({ ...entry, akv: 0 })) }],
    ['AKV FFFFFFFF', { entries: CARD_ENTRIES.map((entry) => ({ ...entry, akv: 0xffffffff })) }],
  ] as const)('is refused with a RangeError: %s', (_what, change) => {
    expect(() => new TestAsCard(cardContent(change))).toThrow(RangeError);
  });
});

/**
 * Returns the status word for a receipt with one flipped bit. The receipt has suite 01, KCVALG 01
 * and XC 1.
 */
function wordOfFlip(bit: number): string {
  const byte = bit >> 3;
  // These fields have a fixed format: magic, suite, the two zeros, and KCVALG. In KCVALG, the flip
  // of the last bit gives 00, which is also valid.
  const isFormat = byte < 6 || byte === 11 || (byte === 41 && bit !== 41 * 8 + 7);
  if (isFormat) return '6A80';
  return byte >= 16 && byte < 20 ? '6A88' : '6988';
}

function withP1(command: Uint8Array, p1: number): Uint8Array {
  return command.map((byte, i) => (i === 2 ? p1 : byte));
}

function withByteFlipped(command: Uint8Array, index: number): Uint8Array {
  return command.map((byte, i) => (i === index ? byte ^ 1 : byte));
}

it('returns DATA for any slot if the key is permitted in any slot', async () => {
  const card = await new TestAsCard().ready();
  expect(readU16((await card.send(exportCommand({ ref1: 0x0104 }))).data, 14)).toBe(0xffff);
});
