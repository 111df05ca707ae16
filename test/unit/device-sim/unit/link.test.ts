// The links of a unit: fault scripts, time extensions, two links at once, and loss of power.
import { describe, expect, it } from 'vitest';
import { type UnitDescription, unitOptions } from '#device-sim/setup/description.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import { type Fault, FaultScript, type LinkKind } from '#device-sim/unit/faults.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { UNIT } from '../browser/simulated-browser.ts';

const SELECT = '00A4040006F0544B4C310100';
const CHALLENGE = '8084000100';

/** Creates a unit that is plugged in, and records the messages that it sends on its CCID link. */
function plugIn(description: Partial<UnitDescription> = {}) {
  const clock = new VirtualClock();
  const random = (length: number) => sha256(fromHex('07')).slice(0, length);
  const unit = new Unit(unitOptions({ ...UNIT, ...description }, { clock, random }));
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
  /** Advances the clock by `ms`. @returns the last response APDU in hex */
  const response = async (ms = 0): Promise<string> => {
    await clock.advance(ms);
    return sent.at(-1)?.slice(20) ?? '';
  };
  return { clock, unit, sent, listen, powerOn, send, response };
}

describe('a link', () => {
  it('transfers commands to the card', async () => {
    const { powerOn, send, response } = plugIn();
    powerOn();
    send(SELECT);
    expect(await response()).toMatch(/^01[0-9A-F]+9000$/);
    send('80CE0000');
    expect(await response()).toBe('9000');
  });

  it('requests more time every 400 ms during a long command, and then sends the response', async () => {
    const { powerOn, send, response, sent } = plugIn({ latency: { identity: 1300, challenge: 0, importKey: 0 } });
    powerOn();
    send(SELECT);
    await response(1250);
    // bStatus is 80 (time extension requested), and the multiplier is 01.
    expect(sent.slice(1)).toEqual(Array.from({ length: 3 }, () => '80000000000001800100'));
    expect(await response(50)).toMatch(/9000$/);
    const { length } = sent;
    await response(5000);
    expect(sent).toHaveLength(length);
  });

  it('reports and counts IDENTIFY', async () => {
    const { unit, powerOn, send, response } = plugIn();
    const events: string[] = [];
    const stop = unit.onEvent((event) => events.push(event));
    powerOn();
    send(SELECT);
    await response();
    send('80CE0000');
    await response();
    stop();
    send('80CE0000');
    await response();
    expect([events, unit.identified]).toEqual([['identify'], 2]);
  });

  it('has a selection of its own', async () => {
    const { unit, powerOn, send, response } = plugIn({ link: 'both' });
    powerOn();
    send(SELECT);
    await response();
    const serial: string[] = [];
    const link = unit.link('serial');
    if (link !== undefined) link.onSend = (bytes: Bytes) => serial.push(toHex(bytes));
    // GET IDENTITY as an I-block. The response is 6E00, because SELECT was sent on the other link.
    link?.receive(fromHex(`000005 80CA000000 ${crcOf('00000580CA000000')}`));
    await response();
    expect(serial[0]?.slice(6, 10)).toBe('6E00');
  });

  it('requests more time for a command that waits until an abandoned command has ended', async () => {
    const { powerOn, send, response, sent } = plugIn({ latency: { identity: 1500, challenge: 0, importKey: 0 } });
    powerOn();
    send(SELECT);
    powerOn();
    send(SELECT);
    const { length } = sent;
    await response(450);
    expect(sent).toHaveLength(length + 1);
    expect(sent.at(-1)?.slice(14, 16)).toBe('80'); // bStatus: time extension
  });

  it('waits while the other link of the unit runs a command', async () => {
    const { unit, powerOn, send, response, sent } = plugIn({
      link: 'both',
      latency: { identity: 150, challenge: 0, importKey: 0 },
    });
    powerOn();
    send(SELECT);
    const serial: string[] = [];
    const link = unit.link('serial');
    if (link !== undefined) link.onSend = (bytes: Bytes) => serial.push(toHex(bytes));
    link?.receive(fromHex(`00000C${SELECT}${crcOf(`00000C${SELECT}`)}`));
    await response(149);
    expect([sent.length, serial.length]).toEqual([1, 0]);
    await response(1);
    expect([sent.length, serial.length]).toEqual([2, 0]);
    await response(149);
    expect(serial).toEqual([]);
    await response(1);
    expect(serial.at(-1)).toMatch(/^00[02]0/);
  });

  it('is closed after an unplug, and replaced when the unit is plugged in again', async () => {
    const { unit, powerOn, send, response, sent, listen } = plugIn();
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
    expect(await response()).toBe('6E00');
  });
});

describe('a fault', () => {
  const outcome = async (fault: Fault, ms = 0) => {
    const setup = plugIn();
    setup.powerOn();
    setup.send(SELECT);
    await setup.response();
    setup.unit.arm(fault);
    setup.send(CHALLENGE);
    return { ...setup, last: await setup.response(ms) };
  };

  it('refuses a command with a status word `times` times, and does not run it', async () => {
    const { send, response, last } = await outcome({ fault: 'refuse', ins: 0x84, statusWord: 0x6581, times: 2 });
    expect(last).toBe('6581');
    send('80CA000000');
    expect(await response()).toMatch(/9000$/);
    send(CHALLENGE);
    expect(await response()).toBe('6581');
    send(CHALLENGE);
    expect(await response()).toMatch(/9000$/);
  });

  it('refuses only after `skip` commands, and counts a command chain as one command', async () => {
    const { send, response, last } = await outcome({ fault: 'refuse', ins: 0x84, statusWord: 0x6581, skip: 1 });
    expect(last).toMatch(/9000$/);
    send(CHALLENGE);
    expect(await response()).toBe('6581');
    const chain = await outcome({ fault: 'refuse', ins: 0xd8, statusWord: 0x6581, skip: 1 });
    const answers: string[] = [];
    for (const part of ['90D800000101', '80D800000101', '90D800000101']) {
      chain.send(part);
      answers.push(await chain.response());
    }
    expect(answers).toEqual(['9000', expect.not.stringMatching('6581'), '6581']);
  });

  it('applies in the sequence in which the faults were armed', async () => {
    const { unit, send, response } = await outcome({ fault: 'late answer', ms: 0 });
    unit.arm({ fault: 'refuse', ins: 0x84, statusWord: 0x6c20 });
    unit.arm({ fault: 'outage', ins: 0x84, effect: 'unplug' });
    send(CHALLENGE);
    expect(await response()).toBe('6C20');
    send(CHALLENGE);
    await response();
    expect(unit.isPlugged).toBe(false);
  });

  it('of a sequence is armed when the one before has occurred', async () => {
    const { unit, send, response } = await outcome({ fault: 'late answer', ms: 0 });
    const faults = [
      { fault: 'refuse', ins: 0xca, statusWord: 0x6f00 },
      { fault: 'refuse', ins: 0x84, statusWord: 0x6c20, skip: 1 },
      { fault: 'outage', ins: 0x84, effect: 'unplug' },
    ] as const;
    unit.arm({ fault: 'sequence', faults });
    const answers: string[] = [];
    for (const command of [CHALLENGE, CHALLENGE, '80CA000000', CHALLENGE, CHALLENGE]) {
      send(command);
      answers.push((await response()).slice(-4));
    }
    expect(answers).toEqual(['9000', '9000', '6F00', '9000', '6C20']);
    send(CHALLENGE);
    await response();
    expect(unit.isPlugged).toBe(false);
  });

  it('that is lasting survives the next opening of the link', async () => {
    const { unit, sent, listen, powerOn, response } = await outcome(
      { fault: 'outage', ins: 0x84, effect: 'silence', lasting: true },
      60_000,
    );
    listen();
    powerOn();
    await response();
    expect(sent).toHaveLength(2);
    unit.clearFaults();
    powerOn();
    await response();
    expect(sent).toHaveLength(3);
  });

  it('silences the unit from a command on, until the link is opened again', async () => {
    const { unit, sent, send, response, listen } = await outcome(
      { fault: 'outage', ins: 0x84, effect: 'silence' },
      60_000,
    );
    expect(sent).toHaveLength(2);
    listen();
    unit.link('usb')?.receive(fromHex('62 00000000 00 09 000000'));
    send(SELECT);
    expect(await response()).toMatch(/9000$/);
  });

  it('damages each transmission from a command on, so that a CCID host sees a failed command', async () => {
    const { sent } = await outcome({ fault: 'outage', ins: 0x84, effect: 'noise' });
    expect(sent.at(-1)?.slice(14, 18)).toBe('4000'); // bStatus: failed; bError: 00
  });

  it('alters the last byte of a response, or omits it', async () => {
    const { last } = await outcome({ fault: 'altered answer', ins: 0x84, effect: 'last byte' });
    const { last: right } = await outcome({ fault: 'late answer', ms: 0 });
    expect(last.slice(0, -6)).toBe(right.slice(0, -6));
    expect(Number.parseInt(last.slice(-6, -4), 16) ^ Number.parseInt(right.slice(-6, -4), 16)).toBe(1);
    const { last: shorter } = await outcome({ fault: 'altered answer', ins: 0x84, effect: 'shorter' });
    expect(shorter).toBe(right.slice(0, -6) + right.slice(-4));
  });

  it('delays a response without requesting more time', async () => {
    const { sent, response } = await outcome({ fault: 'late answer', ms: 3000 }, 2999);
    expect(sent).toHaveLength(2);
    expect(await response(1)).toMatch(/9000$/);
    expect(sent).toHaveLength(3);
  });

  it('answers a command in two parts, although the host asked for all', async () => {
    const { send, response } = await outcome({ fault: 'partial answer', ins: 0x84 });
    const first = await response();
    expect(first).toMatch(/^[0-9A-F]{2}61[0-9A-F]{2}$/);
    send(`00C00000${first.slice(-2)}`);
    expect(await response()).toMatch(/9000$/);
    send(CHALLENGE);
    expect(await response()).toMatch(/9000$/);
  });

  it('silences the unit until the fault is cleared', async () => {
    const { unit, sent, send, response } = await outcome({ fault: 'silence' }, 60_000);
    expect(sent).toHaveLength(2);
    unit.clearFaults();
    send(CHALLENGE);
    expect(await response()).toMatch(/9000$/);
  });

  it('cuts the power at a write to memory, and the unit starts when it is plugged in again', async () => {
    const { unit, powerOn, send, response, sent, listen } = plugIn({ keepsChallenge: true });
    powerOn();
    send(SELECT);
    await response();
    unit.arm({ fault: 'memory', write: 1, effect: 'cut before' });
    send(CHALLENGE);
    await response();
    expect([unit.isPlugged, sent.length]).toEqual([false, 2]);
    unit.plug();
    listen();
    powerOn();
    send(SELECT);
    expect(await response()).toMatch(/9000$/);
  });

  it('leaves a unit off if its power is cut during start-up', async () => {
    const { unit } = plugIn();
    unit.unplug();
    unit.memory.write('transport.b', fromHex('01'));
    unit.arm({ fault: 'memory', write: 1, effect: 'cut during' });
    unit.plug();
    expect(unit.isPlugged).toBe(false);
    unit.plug();
    expect(unit.isPlugged).toBe(true);
  });

  it('for the other link has no effect', async () => {
    const { last } = await outcome({ fault: 'refuse', ins: 0x84, statusWord: 0x6581, link: 'serial' });
    expect(last).toMatch(/9000$/);
  });

  it('can be written as JSON', () => {
    const fault: Fault = { fault: 'corrupt', direction: 'in', block: 2, bit: 17 };
    expect(JSON.parse(JSON.stringify(fault))).toEqual(fault);
  });
});

describe('a fault script', () => {
  const passThrough = (fault: Fault, ...writes: string[]) => {
    const script = new FaultScript('usb');
    script.arm(fault);
    return writes.map((text) => {
      const { bytes, unplugged } = script.pass('out', fromHex(text));
      return toHex(bytes) + (unplugged ? ' unplugged' : '');
    });
  };

  it('flips one bit of one block', () => {
    expect(passThrough({ fault: 'corrupt', direction: 'out', block: 2, bit: 9 }, '0000', '0000', '0000')).toEqual([
      '0000',
      '0040',
      '0000',
    ]);
    expect(passThrough({ fault: 'corrupt', direction: 'out', block: 1, bit: 16 }, '0000')).toEqual(['8000']);
    expect(passThrough({ fault: 'corrupt', direction: 'in', block: 1, bit: 0 }, '0000')).toEqual(['0000']);
  });

  it('drops and repeats bytes across writes', () => {
    expect(passThrough({ fault: 'drop', direction: 'out', offset: 3, count: 1 }, '0102', '0304', '0506')).toEqual([
      '0102',
      '03',
      '0506',
    ]);
    expect(passThrough({ fault: 'repeat', direction: 'out', offset: 0, count: 2 }, '010203', '04')).toEqual([
      '0102010203',
      '04',
    ]);
  });

  it('unplugs the unit after a byte', () => {
    expect(passThrough({ fault: 'unplug', direction: 'out', after: 3 }, '0102', '0304')).toEqual([
      '0102',
      '03 unplugged',
    ]);
    expect(passThrough({ fault: 'unplug', direction: 'out', after: 0 }, '0102')).toEqual([' unplugged']);
  });

  it('counts bytes from the time when the fault is armed', () => {
    const script = new FaultScript('serial');
    script.pass('out', fromHex('01020304'));
    script.arm({ fault: 'drop', direction: 'out', offset: 1, count: 1 });
    expect(toHex(script.pass('out', fromHex('050607')).bytes)).toBe('0507');
  });
});

/** Returns the CRC-16 of ISO/IEC 13239 as hex (docs/protocol.md clause 5.1). */
function crcOf(hex: string): string {
  let crc = 0xffff;
  for (const byte of fromHex(hex)) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
  }
  return hexNumber(crc ^ 0xffff, 4);
}
