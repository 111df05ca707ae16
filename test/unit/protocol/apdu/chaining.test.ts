import { describe, expect, it } from 'vitest';
import { exchange } from '#protocol/apdu/chaining.ts';
import type { CommandApdu } from '#protocol/apdu/command-apdu.ts';
import { formatStatusWord } from '#protocol/apdu/status-word.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';

/**
 * Creates a card with a script. The card expects the commands of the script in order and returns
 * their responses.
 */
function scripted(lines: readonly (readonly [command: string, response: string])[]): {
  readonly transmit: Transmit;
  readonly left: () => number;
} {
  const rest = [...lines];
  return {
    transmit: async (command) => {
      const [expected, response] = rest.shift() ?? ['no further command', ''];
      expect(toHex(command)).toBe(expected.replaceAll(' ', ''));
      return fromHex(response);
    },
    left: () => rest.length,
  };
}

const command = (data: Uint8Array, ne: number): CommandApdu => ({ cla: 0x80, ins: 0xd8, p1: 0, p2: 0, data, ne });
const SHORT = { extendedLength: false };
const EXTENDED = { extendedLength: true };
const filled = (length: number): string => '5A'.repeat(length);

async function run(
  apdu: CommandApdu,
  options: { readonly extendedLength: boolean },
  lines: readonly (readonly [string, string])[],
): Promise<string> {
  const card = scripted(lines);
  const { data, sw } = await exchange(card.transmit, apdu, options);
  expect(card.left()).toBe(0);
  return `${toHex(data)} ${formatStatusWord(sw)}`;
}

describe('exchange', () => {
  it('sends a command in short form if it fits, even to a unit with extended length', async () => {
    const lines = [['80D8000002AABB00', 'CC9000']] as const;
    expect(await run(command(fromHex('AABB'), 256), SHORT, lines)).toBe('CC 9000');
    expect(await run(command(fromHex('AABB'), 256), EXTENDED, lines)).toBe('CC 9000');
  });

  it('sends 255 bytes in one APDU and 256 in a chain of 255 and 1', async () => {
    const long = fromHex(filled(256));
    expect(await run(command(long.subarray(1), 256), SHORT, [[`80D80000FF${filled(255)}00`, '9000']])).toBe(' 9000');
    expect(
      await run(command(long, 256), SHORT, [
        [`90D80000FF${filled(255)}`, '9000'],
        ['80D80000015A00', 'CC9000'],
      ]),
    ).toBe('CC 9000');
  });

  it('sends 510 bytes in a chain of two full parts', async () => {
    expect(
      await run(command(fromHex(filled(510)), 0), SHORT, [
        [`90D80000FF${filled(255)}`, '9000'],
        [`80D80000FF${filled(255)}`, '9000'],
      ]),
    ).toBe(' 9000');
  });

  it('ends a chain at the first refused part', async () => {
    expect(await run(command(fromHex(filled(600)), 256), SHORT, [[`90D80000FF${filled(255)}`, '6884']])).toBe(' 6884');
  });

  it('sends one extended APDU to a unit that has the capability', async () => {
    const lines = [[`80D80000000124${filled(292)}0100`, 'CC9000']] as const;
    expect(await run(command(fromHex(filled(292)), 256), EXTENDED, lines)).toBe('CC 9000');
  });

  it('requests 256 bytes from a unit without extended length when more are expected', async () => {
    expect(await run(command(fromHex(''), 1000), SHORT, [['80D8000000', 'CC9000']])).toBe('CC 9000');
    expect(await run(command(fromHex(''), 1000), EXTENDED, [['80D800000003E8', 'CC9000']])).toBe('CC 9000');
  });

  it('fetches the rest of a response after 61XX, where XX 00 means 256 bytes', async () => {
    expect(
      await run(command(fromHex(''), 256), SHORT, [
        ['80D8000000', 'AA6100'],
        ['00C0000000', 'BB6102'],
        ['00C0000002', 'CCDD9000'],
      ]),
    ).toBe('AABBCCDD 9000');
  });

  it('repeats GET RESPONSE only once with the corrected Le after 6CXX', async () => {
    expect(
      await run(command(fromHex(''), 256), SHORT, [
        ['80D8000000', '6110'],
        ['00C0000010', '6C02'],
        ['00C0000002', 'AABB9000'],
      ]),
    ).toBe('AABB 9000');
  });

  it('repeats the command only once with the corrected Le after 6CXX', async () => {
    expect(
      await run(command(fromHex('AA'), 256), SHORT, [
        ['80D8000001AA00', '6C40'],
        ['80D8000001AA40', 'BB9000'],
      ]),
    ).toBe('BB 9000');
    expect(
      await run(command(fromHex('AA'), 256), SHORT, [
        ['80D8000001AA00', '6C40'],
        ['80D8000001AA40', '6C41'],
      ]),
    ).toBe(' 6C41');
  });

  it('repeats the whole chain after 6CXX, because the unit has dropped it', async () => {
    const first = [`90D80000FF${filled(255)}`, '9000'] as const;
    expect(
      await run(command(fromHex(filled(256)), 256), SHORT, [
        first,
        ['80D80000015A00', '6C01'],
        first,
        ['80D80000015A01', 'BB9000'],
      ]),
    ).toBe('BB 9000');
  });

  it.each([
    ['returns 6D00', ['6D00']],
    ['returns 6985, as a repeated IMPORTKEY would', ['6985']],
    ['returns 6E00 for its class', ['6E00']],
    ['ends with a warning', ['AABB6282']],
    ['returns a part, then fails', ['AA6101', '6F00']],
    ['returns 6Cxx twice', ['6C02', '6C03']],
    ['returns 63C2', ['63C2']],
  ])('does not treat it as a refusal of the command when GET RESPONSE %s', async (_, answers) => {
    const rest = ['6102', ...answers];
    const card: Transmit = async () => fromHex(rest.shift() ?? '');
    const answer = exchange(card, command(fromHex(''), 256), SHORT);
    await expect(answer).rejects.toMatchObject({
      code: 'unit-nonsense',
      message: /^GET RESPONSE returned .* after 6102$/,
    });
    expect(rest).toEqual([]);
  });

  it('does not treat 6985 after 6CXX as a refusal, because the first command may have used up the challenge', async () => {
    const rest = ['6C40', '6985'];
    const card: Transmit = async () => fromHex(rest.shift() ?? '');
    await expect(exchange(card, command(fromHex(''), 256), SHORT)).rejects.toMatchObject({ code: 'unit-nonsense' });
    const refusals = ['6C40', '6A82'];
    const other: Transmit = async () => fromHex(refusals.shift() ?? '');
    expect(await exchange(other, command(fromHex(''), 256), SHORT)).toMatchObject({ sw: 0x6a82 });
  });

  it('rejects when 61XX repeats without end', async () => {
    let count = 0;
    const endless: Transmit = async () => {
      count++;
      return fromHex('6101');
    };
    await expect(exchange(endless, command(fromHex(''), 256), SHORT)).rejects.toMatchObject({ code: 'unit-nonsense' });
    expect(count).toBe(1 + 256);
  });

  it('joins the parts of a response of 65,536 bytes', async () => {
    let left = 65_536;
    const card: Transmit = async () => {
      left -= 256;
      return concat(new Uint8Array(256), left > 0 ? fromHex('6100') : fromHex('9000'));
    };
    expect((await exchange(card, command(fromHex(''), 256), SHORT)).data).toHaveLength(65_536);
  });

  it('refuses a response without a status word', async () => {
    await expect(exchange(async () => fromHex('90'), command(fromHex(''), 0), SHORT)).rejects.toMatchObject({
      code: 'unit-nonsense',
    });
  });
});
