// The unit as a CCID reader of USB class 0B: the parameter messages of PC/SC hosts, and T=1 blocks
// in XfrBlock.
import { describe, expect, it } from 'vitest';
import { CcidReader } from '#device-host/gadget/ccid-reader.ts';
import { CARD_ATR, encodeSmartCardDescriptor, t1Parameters } from '#device-host/gadget/smart-card-class.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import type { CardAction } from '#protocol/framing/card-framing.ts';
import { encodeCcidMessage } from '#protocol/framing/ccid-message.ts';
import { encodeIBlock, encodeSBlock } from '#protocol/framing/t1-block.ts';

const SELECT = fromHex('00 A4 04 00 06 F0544B4C3101 00');
const message = (type: number, seq: number, data: Uint8Array = new Uint8Array(0), first = 0) =>
  encodeCcidMessage(type, 0, seq, [first, 0, 0], data);
const sent = (actions: readonly CardAction[]): string[] =>
  actions.flatMap((action) => (action.do === 'send' ? [toHex(action.bytes)] : []));

function powered(level: 'apdu' | 'tpdu'): CcidReader {
  const reader = new CcidReader(level);
  expect(reader.receive(message(0x62, 0)).map((action) => action.do)).toEqual(['power', 'send']);
  return reader;
}

describe('a reader of class 0B', () => {
  it('announces its level in a class descriptor of 54 bytes', () => {
    const features = (level: 'apdu' | 'tpdu') => toHex(encodeSmartCardDescriptor(level).slice(40, 44));
    expect(encodeSmartCardDescriptor('apdu')).toHaveLength(54);
    expect([features('apdu'), features('tpdu')]).toEqual(['BE040400', 'BE000100']);
  });

  it('returns its parameters and rejects other parameters', () => {
    const reader = powered('apdu');
    const own = t1Parameters('apdu');
    expect(toHex(own)).toBe('1111004500FE00');
    const parameters = `82070000000001000001${toHex(own)}`;
    expect(sent(reader.receive(message(0x6c, 1)))).toEqual([parameters]);
    expect(sent(reader.receive(message(0x61, 2, own, 1)))).toEqual([parameters.replace('01000001', '02000001')]);
    expect(sent(reader.receive(message(0x61, 3, fromHex('11 10 00 45 00 FE 00'), 1)))).toEqual([
      '82000000000003400A01',
    ]);
    expect(sent(reader.receive(message(0x61, 4, fromHex('11 00 00 0A 00'), 0)))).toEqual(['82000000000004400701']);
  });

  it('refuses unknown and oversized messages like any CCID device', () => {
    expect(sent(powered('apdu').receive(message(0x6b, 1)))).toEqual(['81000000000001400000']);
    const oversized = powered('tpdu').receive(fromHex('6F FFFF0000 00 01 000000'));
    expect(sent(oversized)).toEqual(['80000000000001400100']);
  });

  it('at APDU level runs the APDU in XfrBlock', () => {
    const reader = powered('apdu');
    const [action] = reader.receive(message(0x6f, 1, SELECT));
    expect(action).toMatchObject({ do: 'run', command: SELECT });
    const ticket = action?.do === 'run' ? action.ticket : 0;
    expect(sent(reader.answer(ticket, fromHex('9000')))).toEqual(['800200000000010000009000']);
  });
});

describe('a reader at TPDU level', () => {
  it('announces LRC, because the CRC of libccid differs from that of the unit', () => {
    const [, answer] = new CcidReader('tpdu').receive(message(0x62, 0));
    expect(answer?.do === 'send' && toHex(answer.bytes.slice(10))).toBe(toHex(CARD_ATR.tpdu));
    // In an ATR, the XOR of all bytes from T0 to TCK is 0 (ISO/IEC 7816-3 clause 8.2.5).
    for (const atr of Object.values(CARD_ATR)) expect(atr.slice(1).reduce((sum, byte) => sum ^ byte, 0)).toBe(0);
    expect(toHex(t1Parameters('tpdu'))).toBe('1110004500FE00');
  });

  it('runs the command of an I-block and answers with an I-block', () => {
    const reader = powered('tpdu');
    const [action] = reader.receive(message(0x6f, 1, encodeIBlock(0, false, SELECT, 'lrc')));
    expect(action).toMatchObject({ do: 'run', command: SELECT });
    const ticket = action?.do === 'run' ? action.ticket : 0;
    const block = encodeIBlock(0, false, fromHex('9000'), 'lrc');
    expect(sent(reader.answer(ticket, fromHex('9000')))).toEqual([toHex(message(0x80, 1, block))]);
  });

  it('requests more time with an S-block, and the host grants it in the next XfrBlock', () => {
    const reader = powered('tpdu');
    const [action] = reader.receive(message(0x6f, 1, encodeIBlock(0, false, SELECT, 'lrc')));
    const ticket = action?.do === 'run' ? action.ticket : 0;
    const request = encodeSBlock('wtx', false, 1, 'lrc');
    expect(sent(reader.extend(ticket))).toEqual([toHex(message(0x80, 1, request))]);
    expect(reader.extend(ticket)).toEqual([]);
    expect(reader.receive(message(0x6f, 2, encodeSBlock('wtx', true, 1, 'lrc')))).toEqual([]);
    expect(sent(reader.answer(ticket, fromHex('9000')))).toHaveLength(1);
  });

  it('keeps a finished response between two XfrBlocks, and sends it for the next XfrBlock', () => {
    const reader = powered('tpdu');
    const [action] = reader.receive(message(0x6f, 1, encodeIBlock(0, false, SELECT, 'lrc')));
    const ticket = action?.do === 'run' ? action.ticket : 0;
    reader.extend(ticket);
    expect(reader.answer(ticket, fromHex('9000'))).toEqual([]);
    const [answer] = sent(reader.receive(message(0x6f, 2, encodeSBlock('wtx', true, 1, 'lrc'))));
    expect(answer).toContain('9000');
  });

  it('returns an empty block for a block that the card ignores, and accepts the next block', () => {
    const reader = powered('tpdu');
    const stray = encodeSBlock('wtx', true, 1, 'lrc');
    expect(sent(reader.receive(message(0x6f, 1, stray)))).toEqual(['80000000000001000000']);
    expect(sent(reader.receive(message(0x6f, 2, encodeSBlock('ifs', false, 254, 'lrc'))))).toEqual([
      toHex(message(0x80, 2, encodeSBlock('ifs', true, 254, 'lrc'))),
    ]);
  });

  it('waits for silence after a damaged block, then requests the block again', () => {
    const reader = powered('tpdu');
    const damaged = concat(encodeIBlock(0, false, SELECT, 'lrc'));
    damaged[4] = (damaged[4] ?? 0) ^ 1;
    expect(reader.receive(message(0x6f, 1, damaged)).map((action) => action.do)).toEqual(['wait']);
    expect(sent(reader.silence())[0]?.slice(20, 24)).toBe('0081');
  });
});
