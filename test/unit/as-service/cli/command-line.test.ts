// The requests that command lines become, and the lines that are refused. Reads and writes no data
// folder.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCommandLine } from '#as-service/cli/command-line.ts';
import { helpOf, helpOfAll } from '#as-service/cli/help.ts';
import { UserError } from '#as-service/common/user-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'kf-'));
const file = (name: string) => join(folder, name);
const SN = '4549000000000007';
const SN_IN_FULL = SN.padStart(32, '0');
const ROOT = 'AB'.repeat(32);
const SITE = { name: null, as: ['https://keys.example.org'] };

beforeAll(() => {
  writeFileSync(file('t.key'), `${'ab'.repeat(16)}\n`);
  writeFileSync(file('bad.key'), 'abc');
  writeFileSync(file('units.csv'), `sn\n${SN}\n`);
  writeFileSync(file('bad.csv'), 'sn\nx\n');
  writeFileSync(file('phrase.txt'), 'my passphrase \r\nmore');
  writeFileSync(file('journal.json'), '{"a":1}');
  writeFileSync(file('site.json'), JSON.stringify(SITE));
  writeFileSync(file('picture.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(...args: readonly string[]) {
  const line = readCommandLine(args);
  if (!('request' in line)) throw new TypeError('not a command');
  return line;
}

const requestOf = (text: string): unknown =>
  read(...text.split(' ').map((word) => word.replaceAll('_', ' ').replace('@', `${folder}/`))).request;

const NEW_SET = {
  ...{ command: 'set add', set: 0xba7c, name: 'Line 3', profile: 'diversified', family: 'cmac', tkv: 1 },
  ...{ units: null, quotaPerUnit: null },
};
const NEW_ORDER = {
  ...{ command: 'order add', id: 'JOB-1', title: 'Two units', set: 0xba7c, suite: null },
  ...{ units: [[SN_IN_FULL, SN_IN_FULL]], lines: [{ ref1: 0x103, ref2: 2 }] },
  ...{ options: { dryRun: false, haltAfter: null, requireLabelScan: false } },
};
const ORDER = `order add JOB-1 Two_units --set BA7C --line 103:2 --unit ${SN}`;
const NEW_VAULT = {
  ...{ command: 'vault issue', path: file('v'), set: 0xba7c, ref1: [0x103], units: null },
  ...{ exports: 5, exportsPerUnit: null, days: 14 },
};
const VAULT = 'vault issue BA7C @v --ref1 103 --exports 5';

describe('a command line becomes a request', () => {
  it.each<[string, object]>([
    ['set add 0xBA7C Line_3', NEW_SET],
    [
      `set add 0000BA7C Line_3 --profile shared --family hmac --tkv 7 --unit ${SN} --unit 8 --quota-per-unit 9`,
      { ...NEW_SET, profile: 'shared', family: 'hmac', tkv: 7, units: [SN, '8'], quotaPerUnit: 9 },
    ],
    ['set add BA7C Line_3 --t-file @t.key', { ...NEW_SET, transportKey: 'AB'.repeat(16) }],
    ['set rotate BA7C 103 New_T', { command: 'set rotate', set: 0xba7c, ref1: 0x103, label: 'New T' }],
    [
      'set rotate BA7C 103 New_T --t-file @t.key',
      { command: 'set rotate', set: 0xba7c, ref1: 0x103, label: 'New T', transportKey: 'AB'.repeat(16) },
    ],
    ['set list', { command: 'set list' }],
    ['set allow BA7C 7 8', { command: 'set allow', set: 0xba7c, units: ['7', '8'], only: false }],
    ['set allow BA7C 7 --only', { command: 'set allow', set: 0xba7c, units: ['7'], only: true }],
    ['set allow BA7C --any', { command: 'set allow', set: 0xba7c, units: null, only: false }],
    [
      'key add BA7C 103 Data --attributes D0AB00N',
      {
        ...{ command: 'key add', set: 0xba7c, ref1: 0x103, label: 'Data', attributes: 'D0AB00N' },
        ...{ slot: 0xffff, length: 32 },
      },
    ],
    [
      'key add BA7C 103 Data --attributes D0AB00N --slot 2 --length 16 --file @t.key',
      {
        ...{ command: 'key add', set: 0xba7c, ref1: 0x103, label: 'Data', attributes: 'D0AB00N' },
        ...{ slot: 2, length: 16, key: 'AB'.repeat(16) },
      },
    ],
    [
      'key add BA7C 103 Gone --erase --slot 2',
      { command: 'key erase', set: 0xba7c, ref1: 0x103, label: 'Gone', slot: 2 },
    ],
    [`device-key BA7C ${SN} @unit.key`, { command: 'device-key', set: 0xba7c, sn: SN, path: join(folder, 'unit.key') }],
    ['operator add maria', { command: 'operator add', name: 'maria', role: 'operator', sets: null, quota: null }],
    [
      'operator add maria --role custodian --set BA7C --set 1 --quota 5 --orders-only',
      {
        ...{ command: 'operator add', name: 'maria', role: 'custodian', sets: [0xba7c, 1], quota: 5 },
        ordersOnly: true,
      },
    ],
    ['order list', { command: 'order list' }],
    ['order show JOB-1', { command: 'order show', id: 'JOB-1', path: null }],
    ['order show JOB-1 --file a.json', { command: 'order show', id: 'JOB-1', path: resolve('a.json') }],
    ['order revoke JOB-1 Wrong_slot', { command: 'order revoke', id: 'JOB-1', reason: 'Wrong slot' }],
    ['order close JOB-1', { command: 'order close', id: 'JOB-1', absentReason: null, path: null }],
    [
      'order close JOB-1 --absent Not_there --file a.json',
      { command: 'order close', id: 'JOB-1', absentReason: 'Not there', path: resolve('a.json') },
    ],
    [VAULT, NEW_VAULT],
    [
      `${VAULT} --ref1 104 --unit ${SN} --exports-per-unit 2 --days 3 --open I_confirm --passphrase-file @phrase.txt`,
      {
        ...NEW_VAULT,
        ...{ ref1: [0x103, 0x104], units: [SN], exportsPerUnit: 2, days: 3, confirm: 'I confirm' },
        passphrase: 'my passphrase ',
      },
    ],
    ['vault list', { command: 'vault list' }],
    ['vault revoke 1F Lost', { command: 'vault revoke', asNumber: 0x1f, reason: 'Lost' }],
    ['vault reconcile @journal.json', { command: 'vault reconcile', journal: '{"a":1}' }],
    [
      'vault reconcile @journal.json --verdicts v.json',
      { command: 'vault reconcile', journal: '{"a":1}', verdicts: resolve('v.json') },
    ],
    ['site check @journal.json', { command: 'site check', file: '{"a":1}', root: null }],
    [
      `site check @journal.json --root ${ROOT}`,
      { command: 'site check', file: '{"a":1}', root: new Uint8Array(32).fill(0xab) },
    ],
    ['trust', { command: 'trust' }],
    ['log show', { command: 'log show', last: 20 }],
    ['log show --last 3', { command: 'log show', last: 3 }],
    ['log verify', { command: 'log verify', root: null }],
    [
      `log verify --seen @journal.json --trust @journal.json --root ${ROOT}`,
      { command: 'log verify', seen: '{"a":1}', trust: '{"a":1}', root: new Uint8Array(32).fill(0xab) },
    ],
    [
      `log verify --tiles t --root ${ROOT}`,
      { command: 'log verify', tiles: resolve('t'), root: new Uint8Array(32).fill(0xab) },
    ],
    ['log verify --tiles t', { command: 'log verify', tiles: resolve('t'), root: null }],
    ['log export t', { command: 'log export', path: resolve('t') }],
  ])('%s', (text, request) => {
    expect(requestOf(text)).toEqual(request);
  });

  it.each<[string, object]>([
    [ORDER, {}],
    [
      ORDER.replace('--line 103:2', '--line 103:2 --line 0x104:FFFF'),
      {
        lines: [
          { ref1: 0x103, ref2: 2 },
          { ref1: 0x104, ref2: 0xffff },
        ],
      },
    ],
    [
      `${ORDER} --suite 4 --dry-run --halt-after 3 --label-scan`,
      { suite: 4, options: { dryRun: true, haltAfter: 3, requireLabelScan: true } },
    ],
    [
      `order add JOB-1 Two_units --set BA7C --line 103:2 --range 1-2 --units @units.csv`,
      {
        units: [
          ['1'.padStart(32, '0'), '2'.padStart(32, '0')],
          [SN_IN_FULL, SN_IN_FULL],
        ],
      },
    ],
  ])('%s', (text, changes) => {
    expect(requestOf(text)).toMatchObject({ ...NEW_ORDER, ...changes });
  });

  it.each([
    ['--from 2030-01-01T10:00Z', '2030-01-01T10:00:00.000Z', '2030-01-31T10:00:00.000Z'],
    ['--from 2030-01-01T10:00Z --days 2', '2030-01-01T10:00:00.000Z', '2030-01-03T10:00:00.000Z'],
    ['--from 2030-01-01T10:00Z --until 2030-02-01T10:00Z', '2030-01-01T10:00:00.000Z', '2030-02-01T10:00:00.000Z'],
  ])('an order %s has its times', (times, notBefore, until) => {
    expect(requestOf(`${ORDER} ${times}`)).toMatchObject({ notBefore, until });
  });

  it('an order without a start begins now', () => {
    const { notBefore } = requestOf(ORDER) as { readonly notBefore: string };
    expect(Math.abs(Date.parse(notBefore) - Date.now())).toBeLessThan(60_000);
  });

  it('site pack has its settings, and a folder for each path', () => {
    const draft = expect.objectContaining({ as: SITE.as });
    expect(requestOf('site pack --config @site.json --out out')).toEqual({
      ...{ command: 'site pack', draft, out: resolve('out'), web: null, after: 0 },
    });
    expect(requestOf('site pack --config @site.json --out out --web dist --after 7')).toEqual({
      ...{ command: 'site pack', draft, out: resolve('out'), web: resolve('dist'), after: 7 },
    });
  });

  it.each([
    ['https://a.example', 'https://a.example/'],
    ['HTTP://a.example:80/keys', 'http://a.example/keys/'],
    ['https://a.example/keys/index.html?x#y', 'https://a.example/keys/'],
    ['https://a.example/keys/', 'https://a.example/keys/'],
  ])('verify-deployment of %s compares the folder %s', (typed, url) => {
    const command = `verify-deployment ${typed} --release @journal.json`;
    expect(requestOf(command)).toEqual({ command: 'verify-deployment', url, release: '{"a":1}', key: null });
    expect(requestOf(`${command} --key ${ROOT}`)).toMatchObject({ key: new Uint8Array(32).fill(0xab) });
  });
});

describe('the options of every command', () => {
  it('are values of the line, and none by default', () => {
    expect(read('trust').values).toEqual({});
    expect(read('trust', '--data', 'd', '--key-file', 'k', '--demo').values).toEqual({
      ...{ data: 'd', 'key-file': 'k', demo: true },
    });
  });
});

describe('a command line is refused', () => {
  it.each([
    ['set burn', 'There is no command "set burn".'],
    ['set list --of', "Unknown option '--of'"],
    ['set list more', '"set list" takes 0 words.'],
    ['set add BA7C', '"set add" takes 2 words.'],
    ['operator code', '"operator code" takes 1 word.'],
    ['set allow --any', '"set allow" takes at least 1 word.'],
    [`set allow ${'1 '.repeat(1001).trim()}`, '"set allow" takes at least 1 word.'],
    ['set allow BA7C', 'Name the units by their SN, or use --any.'],
    ['set allow BA7C 7 --any', 'Name the units by their SN, or use --any.'],
    ['set add BA7G Line', 'SET must be up to 8 hex digits, not "BA7G".'],
    ['set add 123456789 Line', 'SET must be up to 8 hex digits'],
    ['set rotate BA7C 12345 New', 'REF1 must be up to 4 hex digits'],
    ...['set rotate @ 1 New', 'set allow @ 7', 'key add @ 1 Data', 'device-key @ 7 file', 'operator add x --set @'].map(
      (command): [string, string] => [command.replace('@', '123456789'), 'SET must be up to 8 hex digits'],
    ),
    [ORDER.replace('BA7C', '123456789'), 'SET must be up to 8 hex digits'],
    [VAULT.replace('BA7C', '123456789'), 'SET must be up to 8 hex digits'],
    [VAULT.replace('103', '12345'), 'REF1 must be up to 4 hex digits'],
    ['key add BA7C 12345 Data', 'REF1 must be up to 4 hex digits'],
    [ORDER.replace('103:2', '12345:2'), 'REF1 must be up to 4 hex digits'],
    [ORDER.replace('103:2', '103:12345'), 'REF2 must be up to 4 hex digits'],
    ['key add BA7C 1 Data --attributes D0AB00N --length x', '--length must be a whole number'],
    [`${VAULT} --days x`, '--days must be a whole number'],
    [`${VAULT} --exports-per-unit x`, '--exports-per-unit must be a whole number'],
    [VAULT.replace('--exports 5', '--exports x'), '--exports must be a whole number'],
    [`${ORDER} --halt-after x`, '--halt-after must be a whole number'],
    [`${ORDER} --suite x`, '--suite must be a whole number'],
    [`${ORDER} --days x`, '--days must be a whole number'],
    [`${ORDER} --from x`, '--from must be a date'],
    [`${ORDER} --until x`, '--until must be a date'],
    ['set add BA7C Line --profile other', '--profile must be diversified or shared.'],
    ['set add BA7C Line --family other', '--family must be cmac or hmac.'],
    ['set add BA7C Line --tkv 1.5', '--tkv must be a whole number, not "1.5".'],
    ['set add BA7C Line --tkv 1234567890123456', '--tkv must be a whole number'],
    ['set add BA7C Line --quota-per-unit x1', '--quota-per-unit must be a whole number'],
    ['set add BA7C Line --t-file @bad.key', 'does not contain a key in hex'],
    ['set add BA7C Line --t-file @none', 'none cannot be read: there is no such file.'],
    ['set add BA7C Line --t-file @', 'cannot be read: it is a folder.'],
    ['site check @picture.png', 'picture.png: '],
    ['key add BA7C 103 Data', '--attributes is missing.'],
    ['key add BA7C 103 Data --attributes D0AB00N --slot 10000', 'slot must be up to 4 hex digits'],
    ['operator add maria --role king', '--role must be operator or custodian or auditor or administrator.'],
    ['operator add maria --quota -1', "'--quota' argument is ambiguous"],
    [ORDER.replace('--line 103:2', '--line 103'), '--line must be REF1:REF2, not "103".'],
    [ORDER.replace('--line 103:2', '--line 103:2:3'), '--line must be REF1:REF2, not "103:2:3".'],
    [ORDER.replace(' --line 103:2', ''), '--line is missing: which key'],
    [ORDER.replace(' --set BA7C', ''), '--set is missing.'],
    [ORDER.replace(` --unit ${SN}`, ''), 'Name the units: --units FILE'],
    [ORDER.replace(`--unit ${SN}`, '--range 1'), '--range must be FROM-TO, not "1".'],
    [ORDER.replace(`--unit ${SN}`, '--range 1-2-3'), '--range must be FROM-TO, not "1-2-3".'],
    [ORDER.replace(`--unit ${SN}`, '--units @bad.csv'), 'bad.csv has errors.\n'],
    [`${ORDER} --suite 3`, '--suite must be 1, 2 or 4.'],
    [`${ORDER} --days 2 --until 2030-01-01`, 'Choose --until or --days, not both.'],
    [`${ORDER} --days 123456789012`, '--days is too long.'],
    [ORDER.replace('JOB-1', 'a/b'), 'The ID contains /'],
    [ORDER.replace('Two_units', 'x'.repeat(201)), 'The TITLE '],
    [`order revoke JOB-1 ${'x'.repeat(501)}`, 'The reason '],
    [VAULT.replace(' --exports 5', ''), '--exports is missing.'],
    ['vault revoke 10000 Lost', 'NUMBER must be up to 4 hex digits'],
    [`vault revoke 1 ${'x'.repeat(501)}`, 'The reason '],
    ['site pack --config @site.json', '--out is missing.'],
    ['site pack --out out', '--config is missing.'],
    ['site pack --config @journal.json --out out', 'journal.json: '],
    ['site pack --config @site.json --out out --after x', '--after must be a whole number'],
    [`site check @site.json --root ${ROOT}00`, '--root must be 64 hex digits'],
    [`site check @site.json --root 00${ROOT}`, '--root must be 64 hex digits'],
    ['verify-deployment https://a.example', '--release is missing.'],
    ['verify-deployment a.example --release @site.json', '"a.example" is not an address of a page.'],
    ['verify-deployment x:https://a --release @site.json', 'is not an address of a page.'],
    ['verify-deployment https:// --release @site.json', 'is not an address of a page.'],
    ['log show --last 1e3', '--last must be a whole number'],
  ])('%s', (text, message) => {
    expect(() => requestOf(text)).toThrow(UserError);
    expect(() => requestOf(text)).toThrow(message);
  });

  it('with the help of the command that was meant', () => {
    expect(() => requestOf('set list more')).toThrow('keyferry-as set list [--json]\n');
    expect(() => requestOf('set burn')).toThrow('keyferry-as set list [--json]\n');
  });
});

describe('the help', () => {
  const text = (...args: string[]): string => {
    const line = readCommandLine(args);
    return 'help' in line ? line.help : 'no help';
  };

  it('is asked for by nothing, or by --help', () => {
    for (const args of [[], ['--help'], ['nothing', '--help']]) {
      expect(text(...args)).toContain('keyferry-as log verify');
    }
    expect(text('log', 'show', '--help')).toContain('--last N\n      how many entries');
    expect(text('log', 'show', '--help')).not.toContain('log verify');
    expect(text('trust', '--help')).toContain('keyferry-as trust\n    Shows the root key');
    expect(readCommandLine(['--version'])).toEqual({ version: true });
  });

  it('has the words and options of each command', () => {
    const [, ...paragraphs] = text().split('\n\n');
    const usages = paragraphs.filter((each) => each.startsWith('keyferry-as '));
    // The explanation is indented by four blanks, and a long synopsis continues with six.
    const synopses = usages.map((each) =>
      each
        .replaceAll(/\n {6}/g, ' ')
        .split('\n')[0]
        ?.slice('keyferry-as '.length),
    );
    expect(synopses).toEqual([
      'set add SET NAME [--profile diversified|shared] [--family cmac|hmac] [--tkv N] [--t-file FILE|-] [--unit SN]… [--quota-per-unit N]',
      'set rotate SET REF1 LABEL [--t-file FILE|-]',
      'set list [--json]',
      'set limit SET --quota-per-unit N|none',
      'set destroy SET [--yes]',
      'set allow SET [SN…] [--any] [--only]',
      'key add SET REF1 LABEL [--attributes D0AB00N] [--slot REF2] [--length 16|24|32] [--file FILE|-] [--erase]',
      'key list [SET] [--json]',
      'key disable SET REF1',
      'key enable SET REF1',
      'key destroy SET REF1 [--yes]',
      'device-key SET SN FILE',
      'operator add NAME [--role operator|custodian|auditor|administrator] [--set SET]… [--quota N] [--orders-only]',
      'operator list [--json]',
      'operator limit NAME [--role operator|custodian|auditor|administrator] [--set SET|all]… [--quota N|none] [--orders-only yes|no]',
      'operator disable NAME',
      'operator enable NAME',
      'operator code NAME [--hours N]',
      'operator revoke NAME',
      'order add ID TITLE --set SET --line REF1:REF2… [--units FILE] [--unit SN]… [--range FROM-TO]… [--suite N] [--from TIME] [--until TIME] [--days N] [--dry-run] [--halt-after N] [--label-scan]',
      'order list [--json]',
      'order show ID [--file FILE]',
      'order revoke ID REASON',
      'order close ID [--absent REASON] [--file FILE]',
      'vault issue SET FILE --ref1 REF1… --exports N [--unit SN]… [--open SENTENCE] [--exports-per-unit N] [--days N] [--passphrase-file FILE|-]',
      'vault list [--json]',
      'vault revoke NUMBER REASON',
      'vault reconcile FILE [--verdicts FILE]',
      'site pack --config FILE --out FOLDER [--web FOLDER] [--after N]',
      'site check FILE [--root HEX]',
      'site policies FILE --page URL --out FOLDER [--kiosk] [--root HEX]',
      'verify-deployment URL --release FILE [--key HEX]',
      'trust',
      'log show [--last N]',
      'log export FOLDER',
      'log verify [--tiles FOLDER] [--root HEX] [--seen FILE] [--trust FILE]',
    ]);
  });

  it('shows the synopsis of a command, its options and what they do', () => {
    const options = {
      key: { value: 'KEY', required: true, multiple: true, help: 'a key' },
      fast: { help: 'quickly' },
    } as const;
    const command = { words: 'NAME', options, help: 'Does it.', request: () => ({ command: 'trust' as const }) };
    const [usage, explained] = helpOf('do', command).split('\n\n');
    expect(usage).toBe('keyferry-as do NAME --key KEY… [--fast]\n    Does it.');
    expect(explained).toBe('  --key KEY\n      a key\n  --fast\n      quickly');
    expect(helpOf('be', { help: 'Is.', request: command.request })).toMatch(/^keyferry-as be\n {4}Is\.\n\nAn option/);
    const all = helpOfAll({ do: command, be: { help: 'Is.', request: command.request } });
    expect(all).toMatch(/^keyferry-as \(.*\): [\s\S]*\n\nkeyferry-as do NAME[\s\S]*\n\nkeyferry-as be\n {4}Is\.\n\n/);
    expect(all).not.toContain('quickly');
  });

  it('wraps lines after at most 100 characters', () => {
    const words = (count: number) => Array.from({ length: count }, () => 'abcd').join(' ');
    const request = () => ({ command: 'trust' as const });
    const lines = (count: number) =>
      helpOf('do', { help: words(count), request })
        .split('\n\n')[0]
        ?.split('\n')
        .slice(1);
    expect(lines(19)).toEqual([`    ${words(19)}`]);
    expect(lines(20)).toEqual([`    ${words(19)}`, '    abcd']);
    expect(lines(40)).toEqual([`    ${words(19)}`, `    ${words(19)}`, `    ${words(2)}`]);
    // 100 characters fit, 101 do not.
    expect(helpOf('do', { help: `${words(18)} abcdef`, request })).toContain(`    ${words(18)} abcdef\n`);
    expect(helpOf('do', { help: `${words(18)} abcdefg`, request })).toContain(`    ${words(18)}\n    abcdefg\n`);
  });
});
