// Work orders on the command line, each command a process of its own: what it prints, the files it writes, and what it says to a list
// that has to be mended.
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { decodeWorkOrderPayload } from '#protocol/orders/order.ts';
import type { Report } from '#protocol/orders/report.ts';
import { verifyReport } from '#protocol/orders/verify-report.ts';
import { type Envelope, keyId } from '#protocol/signing/envelope.ts';
import { temporaryFolder } from '#test/support/as-service.ts';
import { bundleService } from '#test/support/service-bundle.ts';

const run = promisify(execFile);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let script: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  script = (await bundleService(folder.path)).cli;
  await cli('set', 'add', '12', 'Terminals');
  await cli('key', 'add', '12', '103', 'Data key', '--attributes', 'D0AB00N', '--slot', '2');
});
afterAll(() => folder.remove());

const at = (name: string) => join(folder.path, name);
const cli = async (...args: string[]) => {
  const env = { PATH: process.env.PATH ?? '', KEYFERRY_DATA: at('data') };
  return (await run(process.execPath, [script, ...args], { env })).stdout;
};
const refusal = (...args: string[]) =>
  cli(...args).then(
    () => 'it was done',
    (cause: { stderr: string }) => cause.stderr,
  );
const add = (id: string, ...more: string[]) => [
  'order',
  'add',
  id,
  'Line 3',
  '--set',
  '12',
  '--line',
  '103:2',
  ...more,
];

describe('keyferry-as order', () => {
  it('adds an order for the units of a list, shows it, and writes it as a signed file of mode 0600', async () => {
    await writeFile(at('units.csv'), 'SN;Site\r\n4549;Bern\r\n"45 4A";"Basel; North"\r\n');
    const added = await cli(
      ...add('JOB 1', '--units', at('units.csv'), '--range', 'A0-AF', '--label-scan', '--halt-after', '3'),
    );
    expect(added).toMatch(/^JOB 1 {2}open {2}Line 3\n {2}set 00000012, 18 unit\(s\), from .* until /);
    expect(added).toMatch(/REF1 0103 → slot 0002 {2}AKV 1 {2}KCV [0-9A-F]{10} {2}Data key/);
    expect(added).toContain('halts after 3 failures in a row, labels are scanned');
    expect(await cli('order', 'list')).toBe('JOB 1  open  18 unit(s)  Line 3  0 export(s), 0 receipt(s)\n');
    expect(await cli('order', 'show', 'JOB 1', '--file', at('order.json'))).toContain(
      `Wrote the signed order to ${at('order.json')}`,
    );
    expect((await stat(at('order.json'))).mode & 0o777).toBe(0o600);
    const { payload } = JSON.parse(await readFile(at('order.json'), 'utf8')) as Envelope;
    expect(decodeWorkOrderPayload(fromBase64url(payload))).toMatchObject({ id: 'JOB 1', count: 18 });
    expect(await refusal('order', 'show', 'JOB 1', '--file', at('order.json'))).toContain('is not overwritten');
  });

  it('names every row of a list that has to be mended, and adds nothing', async () => {
    await writeFile(at('bad.csv'), 'SN\n1\nX\n1\n4.5E+12\n');
    const words = await refusal(...add('JOB 2', '--units', at('bad.csv')));
    expect(words).toContain('row 3, column SN: "X" is no serial number');
    expect(words).toContain(`row 4, column SN: unit ${'1'.padStart(32, '0')} stands in row 2 already`);
    expect(words).toContain('row 5, column SN: "4.5E+12" was rounded by a spreadsheet');
    expect(await cli('order', 'list')).not.toContain('JOB 2');
  });

  it('does not close what does not balance, says which units lack a reason, and then writes a report that proves itself', async () => {
    await cli(...add('JOB 3', '--range', '1-C'));
    const words = await refusal('order', 'close', 'JOB 3');
    expect(words).toContain('does not balance: 0 done, 0 failed, 0 unknown, 12 absent');
    expect(words).toContain(`${'A'.padStart(32, '0')}  absent`);
    expect(words).toContain('and 2 more');
    const closed = await cli('order', 'close', 'JOB 3', '--absent', 'never delivered', '--file', at('report.json'));
    expect(closed).toContain('Work order JOB 3 is closed: 0 done, 0 failed, 0 unknown, 12 absent.');
    const text = await readFile(at('report.json'), 'utf8');
    const { root } = JSON.parse(text) as Report;
    const verdict = await verifyReport(text, fromBase64url(root), isSignedBy);
    expect([verdict.faults, verdict.units.length]).toEqual([[], 12]);
    const [fingerprint = '', whole = ''] = (await cli('trust'))
      .trim()
      .split('\n')
      .map((line) => line.slice(9).trim());
    expect(whole).toMatch(/^[0-9A-F]{64}$/);
    expect(keyId(fromBase64url(root))).toBe(fingerprint.replaceAll(' ', ''));
    expect(await cli('order', 'show', 'JOB 3')).toMatch(/closed by cli /);
  });

  it('revokes an order with a reason, for good', async () => {
    await cli(...add('JOB 4', '--unit', '7'));
    expect(await refusal('order', 'revoke', 'JOB 4', ' ')).toContain('Say why');
    expect(await cli('order', 'revoke', 'JOB 4', 'laptop lost')).toContain('Work order JOB 4 is revoked');
    expect(await cli('order', 'show', 'JOB 4')).toContain('revoked: laptop lost');
  });

  it.each<[string, () => string[], RegExp]>([
    ['a number that is taken', () => add('JOB 1', '--unit', '1'), /already/],
    ['no units', () => add('JOB 5'), /Name the units/],
    ['no line', () => ['order', 'add', 'X', 'Y', '--set', '12', '--unit', '1'], /--line is missing/],
    ['a line that is none', () => [...add('JOB 5', '--unit', '1'), '--line', '103'], /REF1:REF2/],
    ['no set', () => ['order', 'add', 'X', 'Y', '--line', '103:2', '--unit', '1'], /--set is missing/],
    [
      'a set that is not there',
      () => ['order', 'add', 'X', 'Y', '--set', '13', '--line', '103:2', '--unit', '1'],
      /no set/,
    ],
    [
      'a slot that the key may not go into',
      () => ['order', 'add', 'X', 'Y', '--set', '12', '--line', '103:3', '--unit', '1'],
      /may not go into slot/,
    ],
    ['a range that runs backwards', () => add('JOB 5', '--range', '9-1'), /runs backwards/],
    ['a time that is none', () => add('JOB 5', '--unit', '1', '--until', 'tomorrow'), /must be a time/],
    ['two ends', () => add('JOB 5', '--unit', '1', '--until', '2090-01-01', '--days', '3'), /not both/],
    [
      'an end in the past',
      () => add('JOB 5', '--unit', '1', '--until', '2020-01-01'),
      /over before it begins|ends before it begins/,
    ],
    ['a suite that is none', () => add('JOB 5', '--unit', '1', '--suite', '3'), /--suite must be/],
    ['a file that is not there', () => add('JOB 5', '--units', at('none.csv')), /cannot be read/],
    ['an order that is not there', () => ['order', 'show', 'JOB 9'], /no work order JOB 9/],
  ])('refuses %s in words', async (_name, args, words) => {
    expect(await refusal(...args())).toMatch(words);
  });

  it('holds an operator to work orders', async () => {
    await cli('operator', 'add', 'lena', '--orders-only');
    expect(await cli('operator', 'list')).toContain('lena  operator  all sets  0 exports in work orders only');
  });
});
