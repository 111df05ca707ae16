// Work orders on the command line, where each command is a process: the output, the written files
// and the refusals of the commands.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { decodeWorkOrderPayload } from '#protocol/orders/order.ts';
import type { Report } from '#protocol/orders/report.ts';
import { verifyReport } from '#protocol/orders/verify-report.ts';
import { type Envelope, rootFingerprint } from '#protocol/signing/envelope.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { bundleService, type CommandLine, commandLine } from '#test/support/service-bundle.ts';

let folder: TemporaryFolder;
let cli: CommandLine['run'];
let refusal: CommandLine['refusal'];

beforeAll(async () => {
  folder = await temporaryFolder();
  const { cli: script } = await bundleService(folder.path);
  ({ run: cli, refusal } = commandLine(script, () => path('data')));
  await cli('set', 'add', '12', 'Terminals');
  await cli('key', 'add', '12', '103', 'Data key', '--attributes', 'D0AB00N', '--slot', '2');
});
afterAll(() => folder.remove());

const path = (name: string) => join(folder.path, name);
const add = (id: string, ...more: string[]) => {
  const words = ['order', 'add', id, 'Line 3', '--set', '12', '--line', '103:2'];
  return [...words, ...more];
};

describe('the help', () => {
  it.each([['--help'], ['order', 'add', '--help']])('is printed line by line: %s', async (...words) => {
    const lines = (await cli(...words)).split('\n');
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.find((line) => line.includes('U+000A'))).toBeUndefined();
  });
});

it('the help of a command explains each of its options', async () => {
  const help = await cli('order', 'add', '--help');
  for (const option of ['--dry-run', '--halt-after N', '--label-scan', '--suite N', '--range FROM-TO']) {
    expect(help).toMatch(new RegExp(`^ {2}${option}\\n {6}\\S`, 'm'));
  }
  expect(help.replaceAll(/\s+/g, ' ')).toContain('--dry-run the AS issues the order, but exports no key for it');
});

describe('keyferry-as order', () => {
  it('adds an order for the units of a list, shows it, and writes the signed order to a file of mode 0600', async () => {
    await writeFile(path('units.csv'), 'SN;Site\r\n4549;Bern\r\n"45 4A";"Basel; North"\r\n');
    const added = await cli(
      ...add('JOB 1', '--units', path('units.csv'), '--range', 'A0-AF', '--label-scan', '--halt-after', '3'),
    );
    expect(added).toMatch(/^JOB 1 {2}open {2}Line 3\n {2}set 00000012, 18 units, from .* until /);
    expect(added).toMatch(/REF1 0103 → slot 0002 {2}AKV 1 {2}KCV [0-9A-F]{10} {2}Data key/);
    expect(added).toContain('halts after 3 failures in a row, labels are scanned');
    expect(await cli('order', 'list')).toBe('JOB 1  open  18 units  Line 3  0 exports, 0 receipts\n');
    expect(await cli('order', 'show', 'JOB 1', '--file', path('order.json'))).toContain(
      `Wrote the signed order to ${path('order.json')}`,
    );
    expect((await stat(path('order.json'))).mode & 0o777).toBe(0o600);
    const { payload } = JSON.parse(await readFile(path('order.json'), 'utf8')) as Envelope;
    expect(decodeWorkOrderPayload(fromBase64url(payload))).toMatchObject({ id: 'JOB 1', count: 18 });
    expect(await refusal('order', 'show', 'JOB 1', '--file', path('order.json'))).toContain('is not overwritten');
  });

  it('names every wrong row of a list, and adds nothing', async () => {
    await writeFile(path('bad.csv'), 'SN\n1\nX\n1\n4.5E+12\n');
    const words = await refusal(...add('JOB 2', '--units', path('bad.csv')));
    expect(words).toContain('row 3, column SN: "X" is not a serial number');
    expect(words).toContain(`row 4, column SN: unit ${'1'.padStart(32, '0')} is in row 2 already`);
    expect(words).toContain('row 5, column SN: "4.5E+12" was rounded by a spreadsheet');
    expect(await cli('order', 'list')).not.toContain('JOB 2');
  });

  it('refuses to close an order with units without a reason, and writes a genuine report when all have one', async () => {
    await cli(...add('JOB 3', '--range', '1-C'));
    const words = await refusal('order', 'close', 'JOB 3');
    expect(words).toContain('does not balance: 0 done, 0 failed, 0 unknown, 12 absent');
    expect(words).toContain(`${'A'.padStart(32, '0')}  absent`);
    expect(words).toContain('and 2 more');
    const closed = await cli('order', 'close', 'JOB 3', '--absent', 'never delivered', '--file', path('report.json'));
    expect(closed).toContain('Work order JOB 3 is closed: 0 done, 0 failed, 0 unknown, 12 absent.');
    const text = await readFile(path('report.json'), 'utf8');
    const { root } = JSON.parse(text) as Report;
    const verdict = await verifyReport(text, fromBase64url(root), isSignedBy);
    expect([verdict.faults, verdict.units.length]).toEqual([[], 12]);
    const [fingerprint = '', whole = ''] = (await cli('trust'))
      .trim()
      .split('\n')
      .map((line) => line.slice(9).trim());
    expect(whole).toMatch(/^[0-9A-F]{64}$/);
    expect(rootFingerprint(fromBase64url(root))).toBe(fingerprint.replaceAll(' ', ''));
    expect(await cli('order', 'show', 'JOB 3')).toMatch(/closed by cli /);
  });

  it('revokes an order, with a reason', async () => {
    await cli(...add('JOB 4', '--unit', '7'));
    expect(await refusal('order', 'revoke', 'JOB 4', ' ')).toContain('The reason is empty. Type it again.');
    expect(await cli('order', 'revoke', 'JOB 4', 'laptop lost')).toContain('Work order JOB 4 is revoked');
    expect(await cli('order', 'show', 'JOB 4')).toContain('revoked: laptop lost');
  });

  it.each<[string, () => string[], RegExp]>([
    ['a used number', () => add('JOB 1', '--unit', '1'), /already/],
    ['no units', () => add('JOB 5'), /Name the units/],
    ['no line', () => ['order', 'add', 'X', 'Y', '--set', '12', '--unit', '1'], /--line is missing/],
    ['a malformed line', () => [...add('JOB 5', '--unit', '1'), '--line', '103'], /REF1:REF2/],
    ['no set', () => ['order', 'add', 'X', 'Y', '--line', '103:2', '--unit', '1'], /--set is missing/],
    ['an unknown set', () => ['order', 'add', 'X', 'Y', '--set', '13', '--line', '103:2', '--unit', '1'], /no set/],
    [
      'a slot that the key does not permit',
      () => ['order', 'add', 'X', 'Y', '--set', '12', '--line', '103:3', '--unit', '1'],
      /may not be loaded into slot/,
    ],
    ['a descending range', () => add('JOB 5', '--range', '9-1'), /is descending/],
    ['a malformed time', () => add('JOB 5', '--unit', '1', '--until', 'tomorrow'), /must be a date/],
    ['two ends', () => add('JOB 5', '--unit', '1', '--until', '2090-01-01', '--days', '3'), /not both/],
    [
      'an end in the past',
      () => add('JOB 5', '--unit', '1', '--until', '2020-01-01'),
      /ends in the past|ends before it begins/,
    ],
    ['an unknown suite', () => add('JOB 5', '--unit', '1', '--suite', '3'), /--suite must be/],
    [
      'a missing file',
      () => add('JOB 5', '--units', path('none.csv')),
      /none\.csv cannot be read: there is no such file\./,
    ],
    ['a folder', () => add('JOB 5', '--units', path('data')), /data cannot be read: it is a folder\./],
    ['an unknown order', () => ['order', 'show', 'JOB 9'], /no work order JOB 9/],
  ])('refuses %s with a sentence', async (_name, args, words) => {
    expect(await refusal(...args())).toMatch(words);
  });

  it('says of a dry run that it is stored but loads nothing, and shows it in the list', async () => {
    const added = await cli(...add('JOB 5', '--unit', '7', '--dry-run'));
    expect(added).toContain('Dry run: the AS exports no key for this order, and stations load nothing.');
    expect(await cli('order', 'list')).toContain('JOB 5  open  1 unit  Line 3  dry run  0 exports');
  });

  it('limits an operator to work orders', async () => {
    await cli('operator', 'add', 'lena', '--orders-only');
    expect(await cli('operator', 'list')).toContain('lena  operator  all sets  0 exports in work orders only');
  });
});
