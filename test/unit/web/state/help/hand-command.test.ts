// A command that an expert enters: how its text is read, and which commands the page sends.
import { describe, expect, it } from 'vitest';
import { encodeShortCommand } from '#protocol/apdu/command-apdu.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { exportKey } from '#protocol/commands/export-key.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { getData } from '#protocol/commands/get-data.ts';
import { getIdentity } from '#protocol/commands/get-identity.ts';
import { getReceipt } from '#protocol/commands/get-receipt.ts';
import { identify } from '#protocol/commands/identify.ts';
import { importKey } from '#protocol/commands/import-key.ts';
import { selectEi } from '#protocol/commands/select-ei.ts';
import { MAX_COMMAND_LENGTH, readHandCommand } from '#web/state/help/hand-command.ts';
import { commandFault, commandLines, commandTitle } from '#web/ui/console/hand-command-words.ts';

const SELECT = '00A4040006F0544B4C310100';

/** The bytes that the page would send; undefined if it would send none. */
function sent(text: string): string | undefined {
  const read = readHandCommand(text);
  return read.is === 'permitted' ? toHex(encodeShortCommand(read.command)) : undefined;
}

/** Why the command is not sent. */
function refusal(text: string): unknown {
  const read = readHandCommand(text);
  return read.is === 'refused' ? read.refusal : read.is;
}

describe('the entered text', () => {
  it.each([
    ['with spaces and in lower case', '00 a4 04 00 06 f0544b4c3101 00'],
    ['with line breaks and tabs', '00A40400\n06\tF0544B4C3101\r\n00'],
    ['with colons and 0x', '0x00:A4:04:00:06:F0:54:4B:4C:31:01:00'],
    ['with full-width digits, from a keyboard for Japanese', '００Ａ４０４００06F0544B4C310100'],
    ['with invisible characters of a mail program', '00A4\u200B0400\u00A006F0544B4C3101\uFEFF00'],
    ['in quotes', '"00A4040006F0544B4C310100"'],
  ])('is read %s', (_name, text) => {
    expect(sent(text)).toBe(SELECT);
  });

  it('is empty until something is typed', () => {
    expect([readHandCommand(''), readHandCommand(' \n')]).toEqual([{ is: 'empty' }, { is: 'empty' }]);
  });

  it.each([
    ['80 CA 0G', { is: 'not-hex', sign: 'G' }],
    ['80 CA 00 0', { is: 'odd', digits: 7 }],
    ['80 CA 00', { is: 'short', length: 3 }],
    ['00'.repeat(MAX_COMMAND_LENGTH + 1), { is: 'long', length: 1310 }],
    ['00 A4 04 00 06 F0 54', { is: 'wrong-lc', lc: 6, following: 2 }],
    ['00 A4 04 00 01 F0 00 00', { is: 'wrong-lc', lc: 1, following: 3 }],
    ['80 CA 00 00 00 00', { is: 'long-form' }],
    ['80 CA 00 00 00 00 00 01', { is: 'long-form' }],
    ['80 D8 00 00 00 01 00 AA', { is: 'wrong-lc', lc: 256, following: 1 }],
  ])('%s is not a command', (text, fault) => {
    expect(readHandCommand(text)).toEqual({ is: 'malformed', fault });
    expect(commandFault(readHandCommand(text))).toMatch(/\.$/);
  });

  it('may have the maximum length', () => {
    const data = MAX_COMMAND_LENGTH - 7;
    const lc = data.toString(16).padStart(4, '0');
    expect(refusal(`80D8000000${lc}${'00'.repeat(data)}`)).toEqual({ is: 'import' });
  });
});

describe('a command by hand', () => {
  const bytes = (length: number) => new Uint8Array(length).fill(7);

  it.each([
    ['SELECT', selectEi.encode(undefined)],
    ['GET IDENTITY', getIdentity.encode(undefined)],
    ['GET CHALLENGE', getChallenge.encode({ suite: 0x01 })],
    ['GET RECEIPT', getReceipt.encode({ ref2: 0xfffe })],
    ['IDENTIFY', identify.encode(undefined)],
  ] as const)('%s is sent as it is', (_name, command) => {
    const text = toHex(encodeShortCommand(command));
    expect(sent(text)).toBe(text);
  });

  it('GET RESPONSE is sent as it is', () => {
    expect(sent('00C0000000')).toBe('00C0000000');
  });

  it('IMPORTKEY is refused in every class and form, whole or in parts', () => {
    const { data } = importKey.encode({ data: bytes(226), ref2: 2 });
    for (const header of ['80D80000', '90D80000', '00D80000', '84D80102']) {
      expect(refusal(`${header}${toHex(Uint8Array.of(data.length))}${toHex(data)}00`)).toEqual({ is: 'import' });
    }
    for (const text of ['80D80000', '80D8000000', '80D80000000001AA']) expect(refusal(text)).toEqual({ is: 'import' });
  });

  it.each([
    ['EXPORTKEY', '80DA010100'],
    ['VERIFYRECEIPT', '80DC000001AA'],
    ['VERIFY', '0020008100'],
    ['CHANGE REFERENCE DATA', '0024008101AA'],
    ['GET DATA', toHex(encodeShortCommand(getData.encode(undefined)))],
  ])('%s belongs to token cards', (_name, text) => {
    expect(refusal(text)).toEqual({ is: 'token' });
  });

  it('that no specification has is refused, because it could change the unit', () => {
    const listed = ['00A4', '00C0', '80CA', '8084', '80D8', '80CB', '80CE', '80DA', '80DC', '0020', '0024'];
    for (const cla of [0x00, 0x80, 0xa0, 0xff]) {
      for (let ins = 0; ins < 256; ins++) {
        const key = toHex(Uint8Array.of(cla, ins));
        if (listed.includes(key) || ins === 0xd8) continue;
        expect(refusal(`${key}000000`), key).toEqual({ is: 'unlisted' });
      }
    }
  });

  it.each([
    ['another P1', '00A4000006F0544B4C3101'],
    ['the application of a token card', '00A4040006F0544B4C3102'],
    ['an application of another maker', '00A4040005A000000003'],
    ['a part of the identifier', '00A4040005F0544B4C31'],
    ['no identifier', '00A40400'],
    ['another object', '80CA00FF00'],
    ['data', '80CA000001AA00'],
    ['the first part of a chain', '90CA000000'],
    ['extended length', '80CA0000000000'],
    ['another P1 of GET CHALLENGE', '8084010100'],
    ['data of GET RECEIPT', '80CB000201AA'],
    ['another P2 of IDENTIFY', '80CE0001'],
    ['another P2 of GET RESPONSE', '00C0000100'],
  ])('is not sent in another form: %s', (_name, text) => {
    expect(refusal(text)).toMatchObject({ is: 'other-form' });
    expect(commandFault(readHandCommand(text))).toContain('By hand, this command is sent only as');
  });

  it('has its words before it is sent', () => {
    const select = readHandCommand(SELECT);
    if (!('preview' in select)) throw new TypeError('not decoded');
    expect(commandTitle(select)).toBe('SELECT: Selects the key application and reads the identity');
    expect(commandLines(select)).toEqual([
      { label: 'Header', value: '00A4 0400' },
      { label: 'Application', value: 'F0544B4C3101' },
      { label: 'Le', value: '256' },
    ]);
    const receipt = readHandCommand('80CB0002');
    if (!('preview' in receipt)) throw new TypeError('not decoded');
    expect(commandLines(receipt)).toEqual([
      { label: 'Header', value: '80CB 0002' },
      { label: 'Slot', value: 'slot 2' },
    ]);
  });

  it('has no data in its words that the trace masks', () => {
    const request = {
      suite: 0x01,
      signed: false,
      tkv: 1,
      random: bytes(16),
      ref1: 1,
      sn: bytes(16),
      challengeMac: bytes(16),
    } as const;
    const key = toHex(exportKey.encode(request).data);
    const pin = '31323334FFFFFFFFFFFFFFFF';
    for (const [text, secret] of [
      [`80DA010132${key}00`, key],
      [`002000810C${pin}`, pin],
    ] as const) {
      const read = readHandCommand(text);
      if (!('preview' in read)) throw new TypeError('not decoded');
      expect(JSON.stringify(commandLines(read))).not.toContain(secret);
    }
  });
});
