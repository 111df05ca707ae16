// Tests the CCID host and the CCID device with handwritten messages.
import { describe, expect, it } from 'vitest';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import type { CardAction } from '#protocol/framing/card-framing.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import { type CcidHostOptions, ccidHost } from '#protocol/framing/ccid-host.ts';
import {
  CcidMessageReader,
  encodeCcidMessage,
  MAX_CCID_DATA,
  MAX_CCID_MESSAGE,
} from '#protocol/framing/ccid-message.ts';
import type { HostAction, HostFraming } from '#protocol/framing/host-framing.ts';

const ATR = '3B858171FE450180738001C07D';
const hex = (text: string): string => text.replaceAll(' ', '');
const sent = (action: HostAction): string => (action.do === 'send' ? toHex(action.bytes) : action.do);
const WAIT_ON = { do: 'wait-on' };

function opened(options?: CcidHostOptions): HostFraming {
  const host = ccidHost(options);
  host.open();
  host.receive(fromHex('81 00000000 00 00 01 00 00'));
  expect(host.receive(fromHex(`80 0D000000 00 01 00 00 00 ${ATR}`))).toEqual({ do: 'done', response: fromHex('') });
  return host;
}

describe('CCID messages', () => {
  it('encode dwLength with the less significant byte first', () => {
    const message = encodeCcidMessage(0x6f, 1, 2, [3, 4, 5], new Uint8Array(0x0102));
    expect(toHex(message.subarray(0, 10))).toBe(hex('6F 02010000 01 02 03 04 05'));
    expect(message).toHaveLength(10 + 0x0102);
  });

  it('have at most 1,319 bytes', () => {
    expect(encodeCcidMessage(0x6f, 0, 0, [0, 0, 0], new Uint8Array(MAX_CCID_DATA))).toHaveLength(1319);
    expect(MAX_CCID_MESSAGE).toBe(1319);
    expect(() => encodeCcidMessage(0x6f, 0, 0, [0, 0, 0], new Uint8Array(MAX_CCID_DATA + 1))).toThrow(
      new RangeError('data has 1310 bytes, more than 1309'),
    );
  });

  it('are decoded with up to 1,309 bytes of data, and reported as oversized with more', () => {
    const reader = new CcidMessageReader();
    reader.push(fromHex('80 1D050000 00 07 00 00 00'));
    expect(reader.next()).toBeUndefined();
    reader.push(new Uint8Array(1309));
    expect(reader.next()).toMatchObject({ type: 0x80, slot: 0, seq: 7 });
    for (const length of ['1E050000', '00000100', '000000FF']) {
      reader.push(fromHex(`80 ${length} 02 09 00 00 00 55 66`));
      expect(reader.next()).toEqual({ oversized: true, type: 0x80, slot: 2, seq: 9 });
      expect(reader.next()).toBeUndefined();
    }
  });
});

describe('the CCID host', () => {
  it('sends GetSlotStatus and IccPowerOn with bSeq from 00 to open, and an APDU in one XfrBlock', () => {
    const host = ccidHost();
    expect(sent(host.open())).toBe(hex('65 00000000 00 00 00 00 00'));
    expect(sent(host.receive(fromHex('81 00000000 00 00 01 00 00')))).toBe(hex('62 00000000 00 01 00 00 00'));
    expect(sent(host.receive(fromHex(`80 0D000000 00 01 00 00 00 ${ATR}`)))).toBe('done');
    expect(sent(host.exchange(fromHex('80CA000000')))).toBe(hex('6F 05000000 00 02 00 00 00 80CA000000'));
    expect(host.receive(fromHex('80 02000000 00 02 00 00 00 9000'))).toEqual({ do: 'done', response: fromHex('9000') });
  });

  it('wipes the command after the exchange, even if the exchange fails', () => {
    for (const end of [
      (host: HostFraming) => host.receive(fromHex('80 02000000 00 02 00 00 00 9000')),
      (host: HostFraming) => host.silence(),
    ]) {
      const host = opened();
      const action = host.exchange(fromHex('00200081 0C 313233343536FFFFFFFFFFFF'));
      const out = action.do === 'send' ? action.bytes : fromHex('');
      expect(toHex(out)).toContain('313233343536');
      end(host);
      expect(out).toEqual(new Uint8Array(27));
    }
  });

  it('ignores messages with another bSeq, bSlot or type', () => {
    const host = opened();
    host.exchange(fromHex('80CA000000'));
    expect(host.receive(fromHex('80 02000000 00 01 00 00 00 9001'))).toEqual(WAIT_ON);
    expect(host.receive(fromHex('80 02000000 01 02 00 00 00 9002'))).toEqual(WAIT_ON);
    expect(host.receive(fromHex('81 00000000 00 02 00 00 00'))).toEqual(WAIT_ON);
    expect(host.receive(fromHex('80 02000000 00 02 00 00 00 9000'))).toMatchObject({ response: fromHex('9000') });
  });

  it('wraps bSeq from FF to 00', () => {
    const host = opened();
    for (let seq = 2; seq < 0x102; seq++) {
      const digits = hexNumber(seq & 0xff, 2);
      expect(sent(host.exchange(fromHex('00')))).toBe(hex(`6F 01000000 00 ${digits} 000000 00`));
      expect(sent(host.receive(fromHex(`80 02000000 00 ${digits} 00 00 00 9000`)))).toBe('done');
    }
  });

  it('extends its wait to bError times the block waiting time when the unit requests more time', () => {
    const host = opened();
    host.exchange(fromHex('80CA000000'));
    expect(host.receive(fromHex('80 00000000 00 02 80 03 00'))).toEqual({ do: 'wait', waitMs: 3000 });
    expect(host.receive(fromHex('80 00000000 00 02 80 00 00'))).toEqual({ do: 'wait', waitMs: 1000 });
    expect(sent(host.receive(fromHex('80 02000000 00 02 00 00 00 9000')))).toBe('done');
  });

  it.each([
    ['a card without power (FE)', '80 00000000 00 02 41 FE 00', 'device-lost'],
    ['any other error', '80 00000000 00 02 40 08 00', 'link-garbled'],
    ['a reserved command status', '80 00000000 00 02 C0 00 00', 'link-garbled'],
    ['a response in several messages', '80 02000000 00 02 00 00 01 9000', 'link-garbled'],
    ['an oversized message', '80 1E050000 00 02 00 00 00', 'link-garbled'],
  ])('fails the link for %s', (_name, message, code) => {
    const host = opened();
    host.exchange(fromHex('80CA000000'));
    expect(host.receive(fromHex(message))).toMatchObject({ do: 'fail', code });
    expect(() => host.exchange(fromHex('80CA000000'))).toThrow(RangeError);
  });

  it('fails the link after a timeout', () => {
    const host = opened();
    host.exchange(fromHex('80CA000000'));
    expect(host.silence()).toMatchObject({ do: 'fail', code: 'link-timeout' });
  });

  it('detects an empty slot and a card without an ATR', () => {
    const empty = ccidHost();
    empty.open();
    expect(empty.receive(fromHex('81 00000000 00 00 02 00 00'))).toMatchObject({ do: 'fail', code: 'device-lost' });
    const mute = ccidHost();
    mute.open();
    mute.receive(fromHex('81 00000000 00 00 01 00 00'));
    expect(mute.receive(fromHex('80 00000000 00 01 00 00 00'))).toMatchObject({ do: 'fail', code: 'link-garbled' });
  });

  it('decodes a stream correctly when messages follow the response', () => {
    const host = opened();
    host.exchange(fromHex('00'));
    const answer = '80 02000000 00 02 00 00 00 9000';
    expect(sent(host.receive(fromHex(`${answer} ${answer} 80 02`)))).toBe('done');
    host.exchange(fromHex('00'));
    expect(host.receive(fromHex('000000 00 02 00 00 00 9000'))).toEqual(WAIT_ON);
    expect(sent(host.receive(fromHex('80 02000000 00 03 00 00 00 9000')))).toBe('done');
  });

  it('addresses the given slot', () => {
    expect(sent(ccidHost({ slot: 3 }).open())).toBe(hex('65 00000000 03 00 00 00 00'));
  });

  it('refuses an exchange before open(), an exchange during another, and an APDU over 1,309 bytes', () => {
    expect(() => ccidHost().exchange(fromHex('00'))).toThrow(RangeError);
    const host = opened();
    expect(() => host.exchange(new Uint8Array(1310))).toThrow(RangeError);
    host.exchange(fromHex('00'));
    expect(() => host.exchange(fromHex('00'))).toThrow(RangeError);
  });
});

/**
 * Returns one text per action: a message in hex, "run <ticket> <slot> <command>" or "power <slot>
 * on".
 */
function words(actions: readonly CardAction[]): string[] {
  return actions.map((action) => {
    switch (action.do) {
      case 'send':
        return toHex(action.bytes);
      case 'run':
        return `run ${action.ticket} ${action.slot} ${toHex(action.command)}`;
      case 'power':
        return `power ${action.slot} ${action.on ? 'on' : 'off'}`;
      default:
        return action.do;
    }
  });
}

const receive = (device: CcidDevice, message: string): string[] => words(device.receive(fromHex(message)));

describe('the CCID device', () => {
  it('powers its card on and off', () => {
    const device = new CcidDevice();
    expect(receive(device, '65 00000000 00 00 000000')).toEqual([hex('81 00000000 00 00 01 00 00')]);
    expect(receive(device, '62 00000000 00 01 000000')).toEqual([
      'power 0 on',
      hex(`80 0D000000 00 01 00 00 00 ${ATR}`),
    ]);
    expect(receive(device, '65 00000000 00 02 000000')).toEqual([hex('81 00000000 00 02 00 00 00')]);
    expect(receive(device, '63 00000000 00 03 000000')).toEqual(['power 0 off', hex('81 00000000 00 03 01 00 00')]);
  });

  it('runs the command of an XfrBlock, requests more time, and responds with the same bSeq', () => {
    const device = new CcidDevice();
    receive(device, '62 00000000 00 00 000000');
    expect(receive(device, '6F 02000000 00 07 00 0000 AABB')).toEqual(['run 1 0 AABB']);
    expect(words(device.extend(1))).toEqual([hex('80 00000000 00 07 80 01 00')]);
    expect(words(device.answer(1, fromHex('9000')))).toEqual([hex('80 02000000 00 07 00 00 00 9000')]);
    expect(words(device.answer(1, fromHex('9000')))).toEqual([]);
    expect(words(device.extend(1))).toEqual([]);
  });

  it.each([
    ['XfrBlock without power: FE', '6F 01000000 00 05 00 0000 AA', '80 00000000 00 05 41 FE 00'],
    ['wLevelParameter 0001: 8', '6F 01000000 00 05 00 0100 AA', '80 00000000 00 05 41 08 00'],
    ['wLevelParameter 0100: 8', '6F 01000000 00 05 00 0001 AA', '80 00000000 00 05 41 08 00'],
    ['an unknown slot: 5', '65 00000000 01 05 000000', '81 00000000 01 05 42 05 00'],
    ['a power on with data: 1', '62 01000000 00 05 000000 AA', '80 00000000 00 05 41 01 00'],
    ['a power off with data: 1', '63 01000000 00 05 000000 AA', '81 00000000 00 05 41 01 00'],
    ['a status request with data: 1', '65 01000000 00 05 000000 AA', '81 00000000 00 05 41 01 00'],
    ['1,310 bytes: 1', '6F 1E050000 00 05 00 0000 AA', '80 00000000 00 05 41 01 00'],
    ['an unsupported command: 0', '61 00000000 00 05 000000', '81 00000000 00 05 41 00 00'],
  ])('refuses %s', (_name, message, answer) => {
    expect(receive(new CcidDevice(), message)).toEqual([hex(answer)]);
  });

  it('refuses a second command for a busy slot, and runs a command for another slot', () => {
    const device = new CcidDevice({ slots: 2 });
    receive(device, '62 00000000 00 00 000000');
    receive(device, '62 00000000 01 01 000000');
    expect(receive(device, '6F 01000000 00 02 00 0000 AA')).toEqual(['run 1 0 AA']);
    expect(receive(device, '6F 01000000 00 03 00 0000 AA')).toEqual([hex('80 00000000 00 03 40 E0 00')]);
    expect(receive(device, '6F 01000000 01 04 00 0000 BB')).toEqual(['run 2 1 BB']);
    expect(words(device.answer(2, fromHex('9000')))).toEqual([hex('80 02000000 01 04 00 00 00 9000')]);
    expect(words(device.answer(1, fromHex('9001')))).toEqual([hex('80 02000000 00 02 00 00 00 9001')]);
  });

  it.each(['62', '63'])('discards the response of a command that a message of type %s interrupted', (type) => {
    const device = new CcidDevice();
    receive(device, '62 00000000 00 00 000000');
    receive(device, '6F 01000000 00 01 00 0000 AA');
    receive(device, `${type} 00000000 00 02 000000`);
    expect(words(device.answer(1, fromHex('9000')))).toEqual([]);
    expect(words(device.extend(1))).toEqual([]);
  });

  it('accepts a zero-length packet', () => {
    expect(new CcidDevice().receive(new Uint8Array(0))).toEqual([]);
  });

  it('refuses a response that needs a second message', () => {
    const device = new CcidDevice();
    receive(device, '62 00000000 00 00 000000');
    receive(device, '6F 01000000 00 01 00 0000 AA');
    expect(() => device.answer(1, new Uint8Array(1310))).toThrow(RangeError);
    expect(words(device.answer(1, fromHex('6F00')))).toEqual([hex('80 02000000 00 01 00 00 00 6F00')]);
  });

  it('has 1 to 256 slots', () => {
    expect(() => new CcidDevice({ slots: 0 })).toThrow(RangeError);
    expect(() => new CcidDevice({ slots: 257 })).toThrow(RangeError);
  });
});
