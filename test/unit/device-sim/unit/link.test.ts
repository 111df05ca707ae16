// A unit behind its links: what the fault scripts do, more time while it waits, two links at once, the loss of power.
import { describe, expect, it } from 'vitest';
import { describedUnit, type UnitDescription } from '#device-sim/setup/description.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import { type Fault, FaultScript, type LinkKind } from '#device-sim/unit/faults.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { UNIT } from '../browser/support.ts';

const SELECT = '00A4040006F0544B4C310100';
const CHALLENGE = '8084000100';

/** One unit, and what it sends on its CCID link. */
function plugged(description: Partial<UnitDescription> = {}) {
  const clock = new VirtualClock();
  const random = (length: number) => sha256(fromHex('07')).slice(0, length);
  const unit = new Unit(describedUnit({ ...UNIT, ...description }, { clock, random }));
  unit.plug();
  const sent: string[] = [];
  const listen = (kind: LinkKind = 'usb') => {
    const link = unit.link(kind);
    if (link !== undefined) link.onSend = (bytes: Bytes) => sent.push(toHex(bytes));
  };
  listen();
  let seq = 0;
  const message = (type: number, body: string): Bytes => {
    const data = fromHex(body);
    return concat(type, data.length, 0, 0, 0, 0, seq++, 0, 0, 0, data);
  };
  const powerOn = () => unit.link('usb')?.receive(message(0x62, ''));
  const send = (command: string) => unit.link('usb')?.receive(message(0x6f, command));
  /** The response APDU that was sent last, after all that can happen now. */
  const answer = async (ms = 0): Promise<string> => {
    await clock.advance(ms);
    return sent.at(-1)?.slice(20) ?? '';
  };
  return { clock, unit, sent, listen, powerOn, send, answer };
}

describe('a link', () => {
  it('carries commands to the card', async () => {
    const { powerOn, send, answer } = plugged();
    powerOn();
    send(SELECT);
    expect(await answer()).toMatch(/^01[0-9A-F]+9000$/);
    send('80CE0000');
    expect(await answer()).toBe('9000');
  });

  it('asks for more time every 400 ms while a command is long, and answers at its end', async () => {
    const { powerOn, send, answer, sent } = plugged({ latency: { identity: 1300, challenge: 0, importKey: 0 } });
    powerOn();
    send(SELECT);
    await answer(1250);
    // Status: time extension requested (80), multiplier 01.
    expect(sent.slice(1)).toEqual(Array.from({ length: 3 }, () => '80000000000001800100'));
    expect(await answer(50)).toMatch(/9000$/);
    const { length } = sent;
    await answer(5000);
    expect(sent).toHaveLength(length);
  });

  it('tells of the blinking, and counts it', async () => {
    const { unit, powerOn, send, answer } = plugged();
    const told: string[] = [];
    const stop = unit.onEvent((event) => told.push(event));
    powerOn();
    send(SELECT);
    await answer();
    send('80CE0000');
    await answer();
    stop();
    send('80CE0000');
    await answer();
    expect([told, unit.identified]).toEqual([['identify'], 2]);
  });

  it('has a selection and a challenge of its own', async () => {
    const { unit, powerOn, send, answer } = plugged({ link: 'both' });
    powerOn();
    send(SELECT);
    await answer();
    const serial: string[] = [];
    const link = unit.link('serial');
    if (link !== undefined) link.onSend = (bytes: Bytes) => serial.push(toHex(bytes));
    // GET IDENTITY as an I-block; the answer is 6E00, SELECT was on the other link.
    link?.receive(fromHex('000005 80CA000000 D36D'.replace('D36D', crcOf('00000580CA000000'))));
    await answer();
    expect(serial[0]?.slice(6, 10)).toBe('6E00');
  });

  it('asks for more time for a command that waits for one which the host has given up', async () => {
    const { powerOn, send, answer, sent } = plugged({ latency: { identity: 1500, challenge: 0, importKey: 0 } });
    powerOn();
    send(SELECT);
    powerOn();
    send(SELECT);
    const { length } = sent;
    await answer(450);
    expect(sent).toHaveLength(length + 1);
    expect(sent.at(-1)?.slice(14, 16)).toBe('80'); // bStatus: time extension
  });

  it('runs one command at a time', async () => {
    const { unit, powerOn, send, answer, sent } = plugged({
      link: 'both',
      latency: { identity: 150, challenge: 0, importKey: 0 },
    });
    powerOn();
    send(SELECT);
    const serial: string[] = [];
    const link = unit.link('serial');
    if (link !== undefined) link.onSend = (bytes: Bytes) => serial.push(toHex(bytes));
    link?.receive(fromHex(`00000C${SELECT}${crcOf(`00000C${SELECT}`)}`));
    await answer(149);
    expect([sent.length, serial.length]).toEqual([1, 0]);
    await answer(1);
    expect([sent.length, serial.length]).toEqual([2, 0]);
    await answer(149);
    expect(serial).toEqual([]);
    await answer(1);
    expect(serial.at(-1)).toMatch(/^00[02]0/);
  });

  it('is dead after an unplugging, and another one after the plug is in again', async () => {
    const { unit, powerOn, send, answer, sent, listen } = plugged();
    powerOn();
    const before = unit.link('usb');
    unit.unplug();
    before?.receive(fromHex('62 00000000 00 05 000000'));
    expect([sent.length, unit.link('usb'), unit.isPlugged]).toEqual([1, undefined, false]);
    unit.plug();
    unit.plug();
    listen();
    powerOn();
    send('80CA000000');
    expect(await answer()).toBe('6E00');
  });
});

describe('a fault', () => {
  const outcome = async (fault: Fault, ms = 0) => {
    const desk = plugged();
    desk.powerOn();
    desk.send(SELECT);
    await desk.answer();
    desk.unit.arm(fault);
    desk.send(CHALLENGE);
    return { ...desk, last: await desk.answer(ms) };
  };

  it('refuses a command with a status word, as often as it says, and does not run it', async () => {
    const { send, answer, last } = await outcome({ fault: 'refuse', ins: 0x84, statusWord: 0x6581, times: 2 });
    expect(last).toBe('6581');
    send('80CA000000');
    expect(await answer()).toMatch(/9000$/);
    send(CHALLENGE);
    expect(await answer()).toBe('6581');
    send(CHALLENGE);
    expect(await answer()).toMatch(/9000$/);
  });

  it('makes an answer late, without asking for more time', async () => {
    const { sent, answer } = await outcome({ fault: 'late answer', ms: 3000 }, 2999);
    expect(sent).toHaveLength(2);
    expect(await answer(1)).toMatch(/9000$/);
    expect(sent).toHaveLength(3);
  });

  it('silences the unit until it is cleared', async () => {
    const { unit, sent, send, answer } = await outcome({ fault: 'silence' }, 60_000);
    expect(sent).toHaveLength(2);
    unit.clearFaults();
    send(CHALLENGE);
    expect(await answer()).toMatch(/9000$/);
  });

  it('cuts the power at a write to memory, and the unit comes back with the plug', async () => {
    const { unit, powerOn, send, answer, sent, listen } = plugged({ keepsChallenge: true });
    powerOn();
    send(SELECT);
    await answer();
    unit.arm({ fault: 'memory', write: 1, effect: 'cut before' });
    send(CHALLENGE);
    await answer();
    expect([unit.isPlugged, sent.length]).toEqual([false, 2]);
    unit.plug();
    listen();
    powerOn();
    send(SELECT);
    expect(await answer()).toMatch(/9000$/);
  });

  it('leaves a unit dark whose power fails again while it starts', async () => {
    const { unit } = plugged();
    unit.unplug();
    unit.memory.write('transport.b', fromHex('01'));
    unit.arm({ fault: 'memory', write: 1, effect: 'cut during' });
    unit.plug();
    expect(unit.isPlugged).toBe(false);
    unit.plug();
    expect(unit.isPlugged).toBe(true);
  });

  it('on the other link does nothing here', async () => {
    const { last } = await outcome({ fault: 'refuse', ins: 0x84, statusWord: 0x6581, link: 'serial' });
    expect(last).toMatch(/9000$/);
  });

  it('is JSON', () => {
    const fault: Fault = { fault: 'corrupt', direction: 'in', block: 2, bit: 17 };
    expect(JSON.parse(JSON.stringify(fault))).toEqual(fault);
  });
});

describe('a fault script', () => {
  const passed = (fault: Fault, ...writes: string[]) => {
    const script = new FaultScript('usb');
    script.arm(fault);
    return writes.map((text) => {
      const { bytes, unplugged } = script.pass('out', fromHex(text));
      return toHex(bytes) + (unplugged ? ' unplugged' : '');
    });
  };

  it('turns one bit of one block', () => {
    expect(passed({ fault: 'corrupt', direction: 'out', block: 2, bit: 9 }, '0000', '0000', '0000')).toEqual([
      '0000',
      '0040',
      '0000',
    ]);
    expect(passed({ fault: 'corrupt', direction: 'out', block: 1, bit: 16 }, '0000')).toEqual(['8000']);
    expect(passed({ fault: 'corrupt', direction: 'in', block: 1, bit: 0 }, '0000')).toEqual(['0000']);
  });

  it('drops and repeats octets, wherever the writes begin', () => {
    expect(passed({ fault: 'drop', direction: 'out', offset: 3, count: 1 }, '0102', '0304', '0506')).toEqual([
      '0102',
      '03',
      '0506',
    ]);
    expect(passed({ fault: 'repeat', direction: 'out', offset: 0, count: 2 }, '010203', '04')).toEqual([
      '0102010203',
      '04',
    ]);
  });

  it('pulls the plug behind an octet', () => {
    expect(passed({ fault: 'unplug', direction: 'out', after: 3 }, '0102', '0304')).toEqual(['0102', '03 unplugged']);
    expect(passed({ fault: 'unplug', direction: 'out', after: 0 }, '0102')).toEqual([' unplugged']);
  });

  it('counts from the moment in which the fault is armed', () => {
    const script = new FaultScript('serial');
    script.pass('out', fromHex('01020304'));
    script.arm({ fault: 'drop', direction: 'out', offset: 1, count: 1 });
    expect(toHex(script.pass('out', fromHex('050607')).bytes)).toBe('0507');
  });
});

/** CRC-16 of ISO/IEC 13239, as docs/protocol.md clause 5.1 gives it. */
function crcOf(text: string): string {
  let crc = 0xffff;
  for (const octet of fromHex(text)) {
    crc ^= octet;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
  }
  return (crc ^ 0xffff).toString(16).toUpperCase().padStart(4, '0');
}
