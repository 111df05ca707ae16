// Texts, keys, lists and dates on the command line, as people type or paste them and as other
// programs export them. Each command is a process.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { bundleService, type CommandLine, commandLine } from '#test/support/service-bundle.ts';

let folder: TemporaryFolder;
let cli: CommandLine['run'];
let refusal: CommandLine['refusal'];
let script: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  ({ cli: script } = await bundleService(folder.path));
  ({ run: cli, refusal } = commandLine(script, () => path('data'), { TZ: 'America/Los_Angeles' }));
  await cli('set', 'add', '12', 'Terminals');
  await cli('key', 'add', '12', '103', 'Data key', '--attributes', 'D0AB00N', '--slot', '2');
});
afterAll(() => folder.remove());

const path = (name: string) => join(folder.path, name);
const add = (id: string, ...more: string[]) => [
  ...['order', 'add', id, 'Line 3', '--set', '12', '--line', '103:2'],
  ...more,
];

async function list(content: string | Uint8Array): Promise<string[]> {
  await writeFile(path('units.txt'), content);
  return ['--units', path('units.txt')];
}

describe('a text on the command line', () => {
  it('is stored in its normal form, and found by each of its other forms', async () => {
    expect(await cli(...add('JOB\u00a04711', '--unit', '1'))).toMatch(/^JOB 4711 {2}open/);
    expect(await cli('order', 'show', ' JOB\u2009\u00a04711')).toMatch(/^JOB 4711 {2}open/);
    const closed = await cli('order', 'close', 'JOB\u00a04711', '--absent', 'non livre\u0301\u00a0: cassé');
    expect(closed).toContain('Work order JOB 4711 is closed');
    await cli('operator', 'add', 'Žofie\u00a0Nováková 🔑');
    expect(await cli('operator', 'code', 'Z\u030cofie Nováková 🔑')).toMatch(/^KF-/);
    await cli('key', 'add', '12', '104', 'المفتاح می\u200cخواهم', '--attributes', 'D0AB00N');
    expect(await cli('set', 'list')).toContain('المفتاح می\u200cخواهم');
  });

  it.each<[string, () => string[], string]>([
    [
      'an override',
      () => add('JOB-\u202e1174', '--unit', '1'),
      'The ID contains U+202E RIGHT-TO-LEFT OVERRIDE at position 5. Type it again.',
    ],
    [
      'a slash',
      () => add('2026/0815', '--unit', '1'),
      'The ID contains /, which web addresses cannot carry: write - instead.',
    ],
    [
      'an escape in a title',
      () => ['order', 'add', 'J', 'a\u001b[2J', '--set', '12', '--line', '103:2', '--unit', '1'],
      'The TITLE contains U+001B ESCAPE at position 2.',
    ],
    [
      'a line feed in a reason',
      () => ['order', 'revoke', 'X', 'a\nb'],
      'The reason contains U+000A LINE FEED at position 2.',
    ],
    [
      'a zero width space in a label',
      () => ['key', 'add', '12', '105', 'a\u200bb', '--attributes', 'D0AB00N'],
      'The label contains U+200B ZERO WIDTH SPACE at position 2.',
    ],
    [
      'a long name',
      () => ['operator', 'add', 'x'.repeat(65)],
      'The name has 65 characters, and at most 64 are permitted.',
    ],
    [
      'the name of the command line',
      () => ['operator', 'add', 'CLI root'],
      'The audit log uses the name "CLI root" itself. Choose another one.',
    ],
  ])('is refused with %s', async (_what, args, words) => {
    expect(await refusal(...args())).toContain(words);
  });
});

describe('a file', () => {
  const UNITS = 'Material\tSN\r\n100\t454900000000007\r\n200\t454900000000008\r\n';

  it.each<[string, string | Uint8Array]>([
    ['UTF-16 with a byte order mark and tabs', Buffer.from(`\ufeff${UNITS}`, 'utf16le')],
    ['UTF-16 without one', Buffer.from(UNITS, 'utf16le')],
    ['big-endian UTF-16', Buffer.from(`\ufeff${UNITS}`, 'utf16le').swap16()],
    ['UTF-8 with a byte order mark', `\ufeff${UNITS}`],
    ['a line sep=', `sep=\t\r\n${UNITS}`],
    ['formulas and quotes', 'Serial No.;Site\r\n="454900000000007";A\r\n"\'454900000000008";B\r\n'],
    ['old line ends and dashes', 'S/N\r45\u20114900\u00a00000\u200b00007\r４５４９00000000008\r'],
  ])('with units is read from %s', async (what, content) => {
    const added = await cli(...add(`List: ${what}`.slice(0, 60), ...(await list(content))));
    expect(added).toContain('2 units');
  });

  it.each<[string, string | Uint8Array, string]>([
    [
      'is windows-1252',
      Buffer.from('SN;Ort\n1;Köln\n', 'latin1'),
      'This file is not UTF-8. In the spreadsheet, save the file as CSV UTF-8.',
    ],
    [
      'is a spreadsheet',
      Buffer.from('PK\u0003\u0004', 'latin1'),
      'This file is a spreadsheet or a ZIP archive, not text.',
    ],
    ['is empty', '', 'This file is empty.'],
    ['is cut short', '["1", "2"', 'This file is cut short. Copy or download the file again.'],
    [
      'was rounded',
      'SN\n1914310000010100000\n1914310000010200000\n',
      'row 2, column SN: "1914310000010100000" was rounded by a spreadsheet: all long numbers here end in zeros',
    ],
    ['was rounded and formatted', 'SN\n4.5490E+17\n', 'row 2, column SN: "4.5490E+17" was rounded by a spreadsheet'],
    [
      'has JSON numbers',
      '[1914310000010100001]',
      'row 1, column SN: the value is a number: write serial numbers in quotes',
    ],
  ])('with units is refused when it %s', async (_what, content, words) => {
    expect(await refusal(...add('BAD', ...(await list(content))))).toContain(words);
  });

  it.each([
    ['a byte order mark', '\ufeff00112233445566778899aabbccddeeff\r\n'],
    ['UTF-16', Buffer.from('\ufeff00112233445566778899aabbccddeeff\r\n', 'utf16le')],
    [
      'prefixes and commas',
      '0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,\n0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff\n',
    ],
  ])('with a key is read with %s', async (what, content) => {
    await writeFile(path('key.txt'), content);
    const ref1 = (0x200 + what.length).toString(16);
    const plain = await cli('key', 'add', '12', ref1, what, '--attributes', 'D0AB00N', '--file', path('key.txt'));
    await writeFile(path('plain.txt'), '00112233445566778899AABBCCDDEEFF');
    const other = await cli(
      'key',
      'add',
      '12',
      `${ref1}0`,
      what,
      '--attributes',
      'D0AB00N',
      '--file',
      path('plain.txt'),
    );
    const kcv = (text: string) => /KCV ([0-9A-F]{10})/.exec(text)?.[1];
    expect(kcv(plain)).toBe(kcv(other));
  });

  it('with a text that is not a key is refused', async () => {
    await writeFile(path('key.txt'), '0011zz');
    const words = await refusal('key', 'add', '12', '300', 'x', '--attributes', 'D0AB00N', '--file', path('key.txt'));
    expect(words).toContain('does not contain a key in hex. Write two hex digits for each byte.');
  });
});

describe('a date', () => {
  it('includes its whole last day in the time zone of the custodian, and is shown in this zone', async () => {
    const added = await cli(...add('DATE', '--unit', '1', '--from', '2026-12-01', '--until', '2090-12-31'));
    expect(added).toContain(
      'from 2026-12-01 00:00 GMT-08:00 (America/Los_Angeles) until 2090-12-31 23:59 GMT-08:00 (America/Los_Angeles)',
    );
    expect(await refusal(...add('DATE 2', '--unit', '1', '--until', '2090-02-30'))).toContain(
      '--until: there is no day 2090-02-30.',
    );
  });
});

describe('an environment variable', () => {
  it('is read without blanks, line ends and quotes around its value', async () => {
    const key = 'A0'.repeat(31).concat('B1');
    const variables = { KEYFERRY_DATA: ` "${path('quoted')}"\r`, KEYFERRY_SEALING_KEY: `\ufeff${key}\r\n` };
    const quoted = commandLine(script, () => '', variables);
    await quoted.run('set', 'add', '12', 'Terminals');
    const bare = commandLine(script, () => path('quoted'), { KEYFERRY_SEALING_KEY: `'${key.toLowerCase()}'` });
    expect(await bare.run('set', 'list')).toContain('Terminals');
  });
});
