// The order of refusals, selection, chaining and GET RESPONSE of a simulated card, on the EI (docs/protocol.md clause 4.1).
import { describe, expect, it } from 'vitest';
import { decodeResponse } from '#protocol/apdu/response-apdu.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { Bench, type BenchOptions, word } from '../../../negative/fixture.ts';

const SELECT = '00A40400 06 F0544B4C3101 00';

async function selected(options: BenchOptions = {}): Promise<Bench> {
  const bench = new Bench(options);
  await bench.select();
  return bench;
}

describe('a card', () => {
  it.each([
    ['3 octets', '80CA00', '6700'],
    ['an Lc that is not there', '80CA0000 05 0102', '6700'],
    ['an extended length without capability b1', '80D80000 000001 00 0000', '6700'],
    ['another class', '81CA0000 00', '6E00'],
    ['secure messaging', '84CA0000 00', '6E00'],
    ['a chained class 00', '10A40400 06 F0544B4C3101', '6E00'],
    ['an unknown instruction', '80FF0000 00', '6D00'],
    ['an instruction of class 80 in class 00', '00CA0000 00', '6D00'],
    ['an instruction of the AS', '80DA0101 00', '6D00'],
    ['identify where the unit cannot', '80CE0000', '6D00'],
    ['a wrong P1', '80CA0100 00', '6A86'],
    ['a wrong P2', '80CA0001 00', '6A86'],
    ['a wrong P1 and a chain', '90CA0100 01 00', '6A86'],
    ['a chain of a command that has none', '90CA0000 01 00', '6884'],
    ['data where none belong', '80CA0000 01 00 00', '6700'],
    ['a challenge with data', '80840001 01 00 00', '6700'],
    ['a challenge for a suite that is not allowed', '80840004 00', '6A80'],
    ['a challenge for no suite', '80840000 00', '6A80'],
    ['a receipt of an empty slot', '80CB0002 00', '6A88'],
    ['a receipt of no slot', '80CB0009 00', '6A88'],
    ['SELECT of the AS', '00A40400 06 F0544B4C3102 00', '6A82'],
    ['SELECT of a part of the name', '00A40400 05 F0544B4C31 00', '6A82'],
    ['SELECT by another way', '00A40000 02 3F00', '6A86'],
    ['GET RESPONSE with nothing to give', '00C00000 00', '6985'],
    ['GET RESPONSE with a P1', '00C00100 00', '6A86'],
  ])('answers %s', async (_what, command, sw) => {
    const bench = await selected();
    expect(word((await bench.send(command)).sw)).toBe(sw);
    // The selection is kept over every refusal.
    expect(word((await bench.send('80CA0000 00')).sw)).toBe('9000');
  });

  it('wants SELECT first, on each link for itself, and again after a reset', async () => {
    const bench = new Bench();
    expect(word((await bench.send('80CA0000 00')).sw)).toBe('6E00');
    expect(word((await bench.send('00C00000 00')).sw)).toBe('6E00');
    expect(word((await bench.send(SELECT)).sw)).toBe('9000');
    expect(word((await bench.send('80CA0000 00')).sw)).toBe('9000');
    bench.card.reset();
    expect(word((await bench.send('80CA0000 00')).sw)).toBe('6E00');
  });

  it('is not selected by a SELECT that was running when it was reset', async () => {
    const bench = new Bench();
    const selecting = bench.send(SELECT);
    bench.card.reset();
    await selecting;
    expect(word((await bench.send('80CA0000 00')).sw)).toBe('6E00');
    expect(word((await bench.send(SELECT)).sw)).toBe('9000');
    expect(word((await bench.send('80CA0000 00')).sw)).toBe('9000');
  });

  it('answers SELECT with the same as GET IDENTITY', async () => {
    const bench = new Bench();
    const select = await bench.send(SELECT);
    const identity = await bench.send('80CA0000 00');
    expect(select).toEqual(identity);
    // SN, SET, TKV; diversified, suites 01 and 02, operational, 64 tries, no signature, no capability, firmware 1, 4 slots.
    const fields = ['01', '00000000000000004549000000000007', '0000BA7C', '01', '01', '020102', '03', '40', '00', '00'];
    const empty = (ref2: string) => `${ref2}00${'00'.repeat(16)}`;
    const slots = ['0001', '0002', '0003', '8002'].map(empty);
    expect(toHex(identity.data)).toBe([...fields, '00000001', '04', ...slots].join(''));
  });

  it('is blank without T: lifecycle 00, SET and TKV zero, no challenge, no import', async () => {
    const bench = await selected({ blank: true });
    const { data } = await bench.send('80CA0000 00');
    expect(toHex(data.slice(17, 22))).toBe('0000000000');
    expect(data[26]).toBe(0x00);
    expect(word((await bench.send('80840001 00')).sw)).toBe('6985');
    expect(word(await bench.import(bench.seal({ random: new Uint8Array(16) })))).toBe('6985');
  });
});

describe('an answer', () => {
  it('comes as far as Le asks, and the rest with GET RESPONSE', async () => {
    const bench = await selected();
    const whole = await bench.send('80CA0000 00');
    expect(whole.data).toHaveLength(111);
    const first = await bench.send('80CA0000 10');
    expect([toHex(first.data), word(first.sw)]).toEqual([toHex(whole.data.slice(0, 16)), '615F']);
    const second = await bench.send('00C00000 20');
    expect([toHex(second.data), word(second.sw)]).toEqual([toHex(whole.data.slice(16, 48)), '613F']);
    const last = await bench.send('00C00000 3F');
    expect([toHex(last.data), word(last.sw)]).toEqual([toHex(whole.data.slice(48)), '9000']);
    const without = await bench.send('80CA0000');
    expect([without.data.length, word(without.sw)]).toEqual([0, '616F']);
  });

  it('is dropped by any other command', async () => {
    const bench = await selected();
    await bench.send('80CA0000 10');
    await bench.send('80840001 00');
    expect(word((await bench.send('00C00000 00')).sw)).toBe('6985');
  });
});

describe('a chain', () => {
  const parts = (field: Uint8Array, size: number): Uint8Array[] => {
    const commands: Uint8Array[] = [];
    for (let at = 0; at < field.length; at += size) {
      const piece = field.slice(at, at + size);
      const last = at + size >= field.length;
      commands.push(concat(last ? 0x80 : 0x90, 0xd8, 0x00, 0x00, piece.length, piece, ...(last ? [0x00] : [])));
    }
    return commands;
  };
  const signedField = async (bench: Bench) => concat(bench.seal({ random: await bench.challenge() }), u16(2));

  it.each([255, 100, 17, 1])('of parts of %i octets carries a command that is too long for one', async (size) => {
    const bench = await selected({ signature: 'required', extendedLength: false });
    const commands = parts(await signedField(bench), size);
    for (const command of commands.slice(0, -1)) expect(word((await bench.send(command)).sw)).toBe('9000');
    const last = decodeResponse(await bench.card.process(commands.at(-1) ?? fromHex('')));
    expect([last.data.length, word(last.sw)]).toEqual([64, '9000']);
  });

  it.each([
    ['another instruction', '80CA0000 00'],
    ['another P2', '80D80001 01 00'],
    ['SELECT', SELECT],
    ['GET RESPONSE', '00C00000 00'],
  ])('is dropped with 6883 by %s, which is not run', async (_what, foreign) => {
    const bench = await selected({ signature: 'required', extendedLength: false });
    const [first = fromHex(''), ...rest] = parts(await signedField(bench), 255);
    await bench.send(first);
    expect(word((await bench.send(foreign)).sw)).toBe('6883');
    expect(word((await bench.send(rest[0] ?? fromHex(''))).sw)).toBe('6700');
    expect(bench.store.keysHeld).toBe(0);
  });

  it('that outgrows the longest command is 6700', async () => {
    const bench = await selected();
    const part = concat(0x90, 0xd8, 0x00, 0x00, 0xff, new Uint8Array(255));
    const words: string[] = [];
    for (let i = 0; i < 9; i++) words.push(word((await bench.send(part)).sw));
    expect(words).toEqual([...Array.from({ length: 8 }, () => '9000'), '6700']);
  });
});
