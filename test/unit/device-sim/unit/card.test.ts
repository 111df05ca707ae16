// The simulated card with the EI (docs/protocol.md clause 4.1): the order of refusals, selection,
// command chaining and GET RESPONSE.
import { describe, expect, it } from 'vitest';
import { decodeResponse } from '#protocol/apdu/response-apdu.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { UnitSetup, type UnitSetupOptions, word } from '../../../negative/unit-setup.ts';

const SELECT = '00A40400 06 F0544B4C3101 00';

async function selected(options: UnitSetupOptions = {}): Promise<UnitSetup> {
  const setup = new UnitSetup(options);
  await setup.select();
  return setup;
}

describe('a card', () => {
  it.each([
    ['3 bytes', '80CA00', '6700'],
    ['a command shorter than Lc', '80CA0000 05 0102', '6700'],
    ['an extended length without capability b1', '80D80000 000001 00 0000', '6700'],
    ['another class', '81CA0000 00', '6E00'],
    ['secure messaging', '84CA0000 00', '6E00'],
    ['a chained class 00', '10A40400 06 F0544B4C3101', '6E00'],
    ['an unknown instruction', '80FF0000 00', '6D00'],
    ['an instruction of class 80 in class 00', '00CA0000 00', '6D00'],
    ['an instruction of the AS', '80DA0101 00', '6D00'],
    ['IDENTIFY without capability b2', '80CE0000', '6D00'],
    ['a wrong P1', '80CA0100 00', '6A86'],
    ['a wrong P2', '80CA0001 00', '6A86'],
    ['a wrong P1 and a chain', '90CA0100 01 00', '6A86'],
    ['a chain of a command without chaining', '90CA0000 01 00', '6884'],
    ['GET IDENTITY with data', '80CA0000 01 00 00', '6700'],
    ['a challenge with data', '80840001 01 00 00', '6700'],
    ['a challenge for a suite that is not allowed', '80840004 00', '6A80'],
    ['a challenge for no suite', '80840000 00', '6A80'],
    ['a receipt of an empty slot', '80CB0002 00', '6A88'],
    ['a receipt of an unknown slot', '80CB0009 00', '6A88'],
    ['SELECT of the AS', '00A40400 06 F0544B4C3102 00', '6A82'],
    ['SELECT by partial name', '00A40400 05 F0544B4C31 00', '6A82'],
    ['SELECT by file identifier', '00A40000 02 3F00', '6A86'],
    ['GET RESPONSE without a pending response', '00C00000 00', '6985'],
    ['GET RESPONSE with a P1', '00C00100 00', '6A86'],
  ])('refuses %s', async (_what, command, sw) => {
    const setup = await selected();
    expect(word((await setup.send(command)).sw)).toBe(sw);
    // A refusal does not change the selection.
    expect(word((await setup.send('80CA0000 00')).sw)).toBe('9000');
  });

  it('requires SELECT at first, and again after a reset', async () => {
    const setup = new UnitSetup();
    expect(word((await setup.send('80CA0000 00')).sw)).toBe('6E00');
    expect(word((await setup.send('00C00000 00')).sw)).toBe('6E00');
    expect(word((await setup.send(SELECT)).sw)).toBe('9000');
    expect(word((await setup.send('80CA0000 00')).sw)).toBe('9000');
    setup.card.reset();
    expect(word((await setup.send('80CA0000 00')).sw)).toBe('6E00');
  });

  it('is not selected by a SELECT that was pending at a reset', async () => {
    const setup = new UnitSetup();
    const selecting = setup.send(SELECT);
    setup.card.reset();
    await selecting;
    expect(word((await setup.send('80CA0000 00')).sw)).toBe('6E00');
    expect(word((await setup.send(SELECT)).sw)).toBe('9000');
    expect(word((await setup.send('80CA0000 00')).sw)).toBe('9000');
  });

  it('responds to SELECT like to GET IDENTITY', async () => {
    const setup = new UnitSetup();
    const select = await setup.send(SELECT);
    const identity = await setup.send('80CA0000 00');
    expect(select).toEqual(identity);
    // Version, SN, SET, TKV, profile (diversified), suites 01 and 02, lifecycle (operational), 64
    // tries, no signature required, no capability. Below: firmware 1 and 4 empty slots.
    const fields = ['01', '00000000000000004549000000000007', '0000BA7C', '01', '01', '020102', '03', '40', '00', '00'];
    const empty = (ref2: string) => `${ref2}00${'00'.repeat(16)}`;
    const slots = ['0001', '0002', '0003', '8002'].map(empty);
    expect(toHex(identity.data)).toBe([...fields, '00000001', '04', ...slots].join(''));
  });

  it('without T is blank: lifecycle 00, SET and TKV zero, no challenge, no import', async () => {
    const setup = await selected({ blank: true });
    const { data } = await setup.send('80CA0000 00');
    expect(toHex(data.slice(17, 22))).toBe('0000000000');
    expect(data[26]).toBe(0x00);
    expect(word((await setup.send('80840001 00')).sw)).toBe('6985');
    expect(word(await setup.import(setup.seal({ random: new Uint8Array(16) })))).toBe('6985');
  });
});

describe('a response', () => {
  it('has up to Le bytes, and GET RESPONSE returns the rest', async () => {
    const setup = await selected();
    const whole = await setup.send('80CA0000 00');
    expect(whole.data).toHaveLength(111);
    const first = await setup.send('80CA0000 10');
    expect([toHex(first.data), word(first.sw)]).toEqual([toHex(whole.data.slice(0, 16)), '615F']);
    const second = await setup.send('00C00000 20');
    expect([toHex(second.data), word(second.sw)]).toEqual([toHex(whole.data.slice(16, 48)), '613F']);
    const last = await setup.send('00C00000 3F');
    expect([toHex(last.data), word(last.sw)]).toEqual([toHex(whole.data.slice(48)), '9000']);
    const without = await setup.send('80CA0000');
    expect([without.data.length, word(without.sw)]).toEqual([0, '616F']);
  });

  it('is dropped when any other command arrives', async () => {
    const setup = await selected();
    await setup.send('80CA0000 10');
    await setup.send('80840001 00');
    expect(word((await setup.send('00C00000 00')).sw)).toBe('6985');
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
  const signedField = async (setup: UnitSetup) => concat(setup.seal({ random: await setup.challenge() }), u16(2));

  it.each([255, 100, 17, 1])(
    'with parts of %i bytes transfers a command that is too long for one APDU',
    async (size) => {
      const setup = await selected({ signature: 'required', extendedLength: false });
      const commands = parts(await signedField(setup), size);
      for (const command of commands.slice(0, -1)) expect(word((await setup.send(command)).sw)).toBe('9000');
      const last = decodeResponse(await setup.card.process(commands.at(-1) ?? fromHex('')));
      expect([last.data.length, word(last.sw)]).toEqual([64, '9000']);
    },
  );

  it.each([
    ['another instruction', '80CA0000 00'],
    ['another P2', '80D80001 01 00'],
    ['SELECT', SELECT],
    ['GET RESPONSE', '00C00000 00'],
  ])('is dropped with 6883 by %s, and this command is not run', async (_what, foreign) => {
    const setup = await selected({ signature: 'required', extendedLength: false });
    const [first = fromHex(''), ...rest] = parts(await signedField(setup), 255);
    await setup.send(first);
    expect(word((await setup.send(foreign)).sw)).toBe('6883');
    expect(word((await setup.send(rest[0] ?? fromHex(''))).sw)).toBe('6700');
    expect(setup.store.keysHeld).toBe(0);
  });

  it('that is longer than the longest command is refused with 6700', async () => {
    const setup = await selected();
    const part = concat(0x90, 0xd8, 0x00, 0x00, 0xff, new Uint8Array(255));
    const words: string[] = [];
    for (let i = 0; i < 9; i++) words.push(word((await setup.send(part)).sw));
    expect(words).toEqual([...Array.from({ length: 8 }, () => '9000'), '6700']);
  });
});
