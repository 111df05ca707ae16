// The commands of the administrator over a simulated AS: what they change, write and print.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AdminRequest, runAdminRequest } from '#as-service/cli/admin-requests.ts';
import { UserError } from '#as-service/common/user-error.ts';
import type { As } from '#as-service/service/as.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { TEST_SET, TEST_SN, TEST_T, type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { operator, testSet } from '#test/support/memory-exporter.ts';
import { StateInMemory } from '#test/support/service-state.ts';

const BALANCE = { done: 1, failed: 2, unknown: 3, absent: 4, gaps: [], missing: [] };
const ORDER = {
  ...{ id: 'JOB-1', title: 'Two units', set: TEST_SET, count: 2 },
  ...{ notBefore: '2030-01-01T00:00:00.000Z', until: '2030-02-01T00:00:00.000Z' },
  lines: [{ ref1: 0x103, ref2: 2, akv: 5, kcv: '0102030405', label: 'Data key' }],
  options: { dryRun: false, haltAfter: null as number | null, requireLabelScan: false },
};
const ENTRY = { order: ORDER, state: 'open', reason: null, closed: null, envelope: { payload: 'signed' } };
const VIEW = {
  ...{ vaultId: 'v1', asNumber: 31, custodian: 'maria', set: TEST_SET, units: 2 as number | null, exports: 5 },
  ...{ exportsSeen: 1, receiptsSeen: 2, expires: '2030-01-15T12:00:00.000Z', revoked: null as string | null },
};
const recordOf = (change: Partial<typeof VIEW> = {}) => ({
  ...{ view: () => ({ ...VIEW, ...change }), issued: { header: { asNumber: 31, vaultId: 'v1' } } },
});
const VAULT =
  'vault 001F for maria, set 0000BA7C, 2 units, 1 of 5 exports and 2 receipts seen, until 2030-01-15 12:00 GMT+00:00 (UTC)';

let folder: TemporaryFolder;
let as: Awaited<ReturnType<typeof simulate>>;

async function simulate() {
  const state = await StateInMemory.open();
  state.state = { ...state.state, sets: [testSet()], operators: [operator('maria', { quota: 9 })] };
  const parts = {
    ledger: { workOrders: vi.fn(() => 'named'), countOfOperator: vi.fn((name: string) => name.length) },
    signatures: {
      signSite: async (settings: string) => `${settings}\n`,
      signVerdicts: vi.fn(async (verdicts: readonly unknown[]) =>
        verdicts.map((verdict) => ({ verdict: { signed: verdict } })),
      ),
    },
    orders: {
      issue: vi.fn(async (): Promise<object> => ENTRY),
      list: vi.fn(async (): Promise<object[]> => []),
      find: vi.fn((): object => ENTRY),
      revoke: vi.fn(async () => undefined),
      close: vi.fn(async () => ({ closed: true, balance: BALANCE as object })),
      balance: vi.fn(() => BALANCE),
      makeReport: vi.fn(async () => ({ report: 1 })),
    },
    vaults: {
      issue: vi.fn(async () => ({ text: 'the vault', passphrase: 'the passphrase', record: recordOf() })),
      visible: vi.fn((): object[] => []),
      revoke: vi.fn(async () => undefined),
      reconcile: vi.fn(async () => ({
        record: recordOf(),
        entries: 4,
        exports: 1,
        receipts: 2,
        findings: [] as object[],
        verdicts: ['v'],
      })),
    },
  };
  return Object.assign(state, parts);
}

beforeEach(async () => {
  folder = await temporaryFolder();
  as = await simulate();
});
afterEach(() => folder.remove());

const path = (name: string) => join(folder.path, name);
const run = (request: AdminRequest | object) =>
  runAdminRequest(as as unknown as As, 'maria', request as AdminRequest, 'UTC');
const modeOf = async (name: string) => ((await stat(path(name))).mode & 0o777).toString(8);
const T = toHex(TEST_T);

describe('the commands for sets', () => {
  const ADD = {
    ...{ command: 'set add', set: 1, name: 'Line 3', profile: 'diversified', family: 'cmac', tkv: 1 },
    ...{ units: null, quotaPerUnit: null },
  };

  it('add a set with a given or a random T', async () => {
    expect(await run({ ...ADD, transportKey: T })).toEqual(['Added set 00000001 (Line 3), diversified.']);
    expect(await run({ ...ADD, set: 2 })).toEqual(['Added set 00000002 (Line 3), diversified.']);
    const [, given, random] = as.state.sets.map(({ transportKeys }) =>
      toHex(transportKeys[0]?.key ?? new Uint8Array(0)),
    );
    expect(given).toBe(T);
    expect(random).toMatch(/^[0-9A-F]{64}$/);
    expect(random).not.toBe(T);
    expect(as.changes[0]).toMatchObject({ event: 'set-added', actor: 'maria' });
  });

  it('show the sets and their keys', async () => {
    expect(await run({ command: 'set list' })).toEqual([
      expect.stringMatching(/0000BA7C.*: diversified, TKV 1 cmac, every unit of the set$/),
      expect.stringMatching(/^ {2}REF1 0103 {2}D0AB00N {2}AKV 1 {2}KCV [0-9A-F]{10} {2}slot 0002 {2}Data key$/),
      expect.stringMatching(/^ {2}REF1 0104 {2}D0AB00N {2}AKV 2 {2}KCV [0-9A-F]{10} {2}any slot {2}Other key$/),
    ]);
    as.state = { ...as.state, sets: [testSet({ units: [TEST_SN], quotaPerUnit: 3, keys: [] })] };
    await run({ command: 'set rotate', set: TEST_SET, ref1: 1, label: 'New T', transportKey: T });
    expect((await run({ command: 'set list' }))[0]).toMatch(
      /TKV 1 cmac, TKV 2 cmac, 1 listed unit, 3 exports per unit$/,
    );
    as.state = { ...as.state, sets: [] };
    expect(await run({ command: 'set list' })).toEqual(['No sets yet.']);
  });

  it('admit units, and narrow an open set only if that is confirmed', async () => {
    const allow = (units: readonly string[] | null, only = false) =>
      run({ command: 'set allow', set: TEST_SET, units, only });
    await expect(allow([TEST_SN])).rejects.toThrow('Set 0000BA7C admits every unit already. With --only');
    await expect(allow([TEST_SN])).rejects.toThrow(UserError);
    expect(await allow([TEST_SN], true)).toEqual(['Set 0000BA7C now admits only the units of its list.']);
    expect(await allow(['8'])).toEqual(['Set 0000BA7C now admits these units too.']);
    expect(as.state.sets[0]?.units).toHaveLength(2);
    expect(await allow(null)).toEqual(['Set 0000BA7C now admits all its units.']);
  });

  it('add keys, erasures and a new T, and wipe what was typed', async () => {
    const key = { set: TEST_SET, ref1: 0x200, label: 'New', attributes: 'D0AB00N', slot: 2, length: 16 };
    expect(await run({ command: 'key add', ...key, key: T.slice(0, 32) })).toEqual([
      expect.stringMatching(/^ {2}REF1 0200 {2}D0AB00N {2}AKV 3 .* slot 0002 {2}New$/),
    ]);
    expect(as.state.sets[0]?.keys.at(-1)?.key).toEqual(fromHex(T.slice(0, 32)));
    expect(await run({ command: 'key erase', set: TEST_SET, ref1: 0x201, label: 'Gone', slot: 2 })).toEqual([
      '  REF1 0201  erases   AKV 4  KCV 0000000000  slot 0002  Gone',
    ]);
    expect(await run({ command: 'set rotate', set: TEST_SET, ref1: 0x202, label: 'New T', transportKey: T })).toEqual([
      'Set 0000BA7C now has TKV 2. REF1 0202 loads it into its units.',
      'Units with an earlier T can still load keys.',
    ]);
    expect(toHex(as.state.sets[0]?.transportKeys[1]?.key ?? new Uint8Array(0))).toBe(T);
    await expect(run({ command: 'key add', ...key, set: 9, key: T })).rejects.toThrow(UserError);
  });

  it('write the secret of a unit to a new file', async () => {
    const write = (name: string) => run({ command: 'device-key', set: TEST_SET, sn: TEST_SN, path: path(name) });
    expect((await write('a'))[0]).toBe(`Wrote K_D (TKV 1) of set 0000BA7C to ${path('a')}, mode 0600.`);
    expect(await modeOf('a')).toBe('600');
    as.state = { ...as.state, sets: [testSet({ profile: 'shared' })] };
    expect((await write('b'))[0]).toContain('Wrote T (TKV 1)');
    await expect(write('a')).rejects.toThrow('already exists');
  });
});

describe('the commands for operators', () => {
  it('add, list and revoke', async () => {
    const olga = { name: 'olga', role: 'operator', sets: [TEST_SET, 1], quota: null, ordersOnly: true };
    as.state = { ...as.state, sets: [testSet(), testSet({ set: 1 })] };
    expect((await run({ command: 'operator add', ...olga }))[0]).toMatch(/^Added olga, operator\. /);
    const [code, until] = await run({ command: 'operator code', name: 'olga', hours: 2 });
    expect(code).toMatch(/^KF-/);
    expect(until).toMatch(/^Valid until 2030-01-01 14:00 GMT\+00:00 \(UTC\)\. /);
    expect(await run({ command: 'operator list' })).toEqual([
      'maria  operator  all sets  5 of 9 exports  0 valid access codes',
      'olga  operator  sets 0000BA7C 00000001  4 exports in work orders only  1 valid access code',
    ]);
    as.time = new Date('2030-01-01T14:00:00.000Z');
    expect((await run({ command: 'operator list' }))[1]).toMatch(/0 valid access codes$/);
    await run({ command: 'operator code', name: 'olga', hours: 2 });
    expect(as.state.operators[1]?.tokens.length).toBeGreaterThan(0);
    expect(await run({ command: 'operator revoke', name: 'olga' })).toEqual(['All access codes of olga are revoked.']);
    expect(as.state.operators[1]?.tokens).toEqual([]);
    expect(as.state.operators[1]?.embedded).toBe(false);
    as.state = { ...as.state, operators: [] };
    expect(await run({ command: 'operator list' })).toEqual(['No operators yet.']);
  });

  it('keep the earlier codes when they issue another', async () => {
    for (const hours of [1, 2]) await run({ command: 'operator code', name: 'maria', hours });
    expect(as.state.operators[0]?.tokens).toHaveLength(2);
  });
});

describe('the commands for work orders', () => {
  const LINES = [
    'JOB-1  open  Two units',
    '  set 0000BA7C, 2 units, from 2030-01-01 00:00 GMT+00:00 (UTC) until 2030-02-01 00:00 GMT+00:00 (UTC)',
    '  REF1 0103 → slot 0002  AKV 5  KCV 0102030405  Data key',
  ];
  const SUM = '1 done, 2 failed, 3 unknown, 4 absent';
  const actor = { name: 'maria' };

  it('issue and show an order', async () => {
    expect(await run({ command: 'order add', id: 'JOB-1', title: 'Two units' })).toEqual([...LINES, `  ${SUM}`]);
    expect(as.orders.issue).toHaveBeenCalledWith({ id: 'JOB-1', title: 'Two units' }, actor);
    expect(await run({ command: 'order show', id: 'job-1', path: null })).toEqual([...LINES, `  ${SUM}`]);
    expect(as.orders.find).toHaveBeenCalledWith('job-1', actor);
    expect((await run({ command: 'order show', id: 'JOB-1', path: path('o') })).at(-1)).toBe(
      `Wrote the signed order to ${path('o')}.`,
    );
    expect(await readFile(path('o'), 'utf8')).toBe('{"payload":"signed"}\n');
  });

  it.each([
    [{ dryRun: true, haltAfter: 1, requireLabelScan: false }, ['  halts after each failure'], true],
    [
      { dryRun: false, haltAfter: 3, requireLabelScan: true },
      ['  halts after 3 failures in a row, labels are scanned'],
      false,
    ],
    [{ dryRun: false, haltAfter: null, requireLabelScan: true }, ['  labels are scanned'], false],
  ])('show the options %j', async (options, marks, isDry) => {
    as.orders.find.mockReturnValue({ ...ENTRY, order: { ...ORDER, options } });
    const lines = await run({ command: 'order show', id: 'JOB-1', path: null });
    expect(lines.slice(3)).toEqual([...(isDry ? [expect.stringMatching(/^ {2}Dry run/)] : []), ...marks, `  ${SUM}`]);
  });

  it('show how an order ended', async () => {
    const closed = { by: 'otto', head: { time: '2030-01-05T00:00:00.000Z' } };
    as.orders.find.mockReturnValue({ ...ENTRY, reason: 'wrong slot', closed });
    expect((await run({ command: 'order show', id: 'JOB-1', path: null })).slice(3)).toEqual([
      ...['  revoked: wrong slot', `  ${SUM}`, '  closed by otto at 2030-01-05 00:00 GMT+00:00 (UTC)'],
    ]);
  });

  it('list the orders', async () => {
    expect(await run({ command: 'order list' })).toEqual(['No work orders yet.']);
    const order = { state: 'open', count: 2, title: 'Two units', dryRun: false };
    as.orders.list.mockResolvedValue([
      { workOrder: 'JOB-1', order, exports: 1, receipts: 2 },
      { workOrder: 'JOB-2', order: { ...order, dryRun: true }, exports: 0, receipts: 1 },
      { workOrder: '4711', order: null, exports: 3, receipts: 0 },
    ]);
    expect(await run({ command: 'order list' })).toEqual([
      'JOB-1  open  2 units  Two units  1 export, 2 receipts',
      'JOB-2  open  2 units  Two units  dry run  0 exports, 1 receipt',
      '4711  named by exports only  3 exports, 0 receipts',
    ]);
    expect(as.orders.list).toHaveBeenLastCalledWith(actor, 'named');
  });

  it('revoke and close an order by its id', async () => {
    expect((await run({ command: 'order revoke', id: 'job-1', reason: 'over' }))[0]).toMatch(
      /^Work order JOB-1 is revoked\./,
    );
    expect(as.orders.revoke).toHaveBeenCalledWith('JOB-1', 'over', actor);
    const close = (name: string | null) =>
      run({ command: 'order close', id: 'job-1', absentReason: 'gone', path: name });
    expect(await close(null)).toEqual([`Work order JOB-1 is closed: ${SUM}.`]);
    expect(as.orders.close).toHaveBeenCalledWith('JOB-1', 'gone', actor);
    expect((await close(path('r'))).at(-1)).toBe(`Wrote the signed report to ${path('r')}.`);
    expect(await readFile(path('r'), 'utf8')).toBe('{"report":1}\n');
  });

  it.each([
    [10, []],
    [12, ['  and 2 more']],
  ])('name the units without a reason: %i', async (count, more) => {
    const missing = Array.from({ length: count }, (_, i) => ({ sn: `SN${i}`, outcome: 'failed' }));
    as.orders.close.mockResolvedValue({ closed: false, balance: { ...BALANCE, missing } });
    const refused = await run({ command: 'order close', id: 'JOB-1', absentReason: null, path: null }).catch(
      (error: Error) => error,
    );
    expect(refused).toBeInstanceOf(UserError);
    const lines = (refused as Error).message.split('\n');
    expect(lines[0]).toBe(`Work order JOB-1 does not balance: ${SUM}.`);
    expect(lines.slice(2)).toEqual([...missing.slice(0, 10).map(({ sn }) => `  ${sn}  failed`), ...more]);
  });

  it('refuse in the words of the protocol', async () => {
    as.orders.find.mockImplementation(() => {
      throw new ProtocolError('order-unknown', 'There is none.');
    });
    const asked = run({ command: 'order show', id: 'x', path: null });
    await expect(asked).rejects.toThrow(UserError);
    await expect(asked).rejects.toThrow('There is none.');
  });
});

describe('the commands for vaults', () => {
  const caller = { actor: 'maria', sets: null };
  const ISSUE = { set: TEST_SET, units: ['7'], ref1: [0x103], exports: 5, exportsPerUnit: null, days: 3 };
  const issue = (change: object = {}) => run({ command: 'vault issue', path: path('v'), ...ISSUE, ...change });

  it('write a vault to a new file, and show a generated passphrase', async () => {
    const lines = await issue();
    expect(lines.slice(0, 2)).toEqual([`Wrote ${VAULT} to ${path('v')}, mode 0600.`, 'the passphrase']);
    expect([await readFile(path('v'), 'utf8'), await modeOf('v')]).toEqual(['the vault', '600']);
    expect(as.vaults.issue).toHaveBeenCalledWith(
      expect.objectContaining({ units: ['7'.padStart(32, '0')], ref1: [0x103] }),
      caller,
      undefined,
    );
    expect(await issue({ path: path('w'), passphrase: 'chosen', units: null })).toHaveLength(1);
    expect(as.vaults.issue).toHaveBeenLastCalledWith(expect.objectContaining({ units: null }), caller, 'chosen');
  });

  it.each([
    [{ exports: 0 }, '--exports'],
    [{ exportsPerUnit: 0 }, '--exports-per-unit'],
    [{ days: 0 }, '--days'],
    [{ ref1: [] }, 'Name the keys of the vault: --ref1'],
    [{ units: [] }, 'The number of units'],
  ])('refuse %j before a vault is issued', async (change, why) => {
    await expect(issue(change)).rejects.toThrow(why);
    await expect(issue(change)).rejects.toThrow(UserError);
    await issue({ exportsPerUnit: 1, exports: 1, days: 1 });
    await expect(issue()).rejects.toThrow('already exists');
    expect(as.vaults.issue).toHaveBeenCalledOnce();
  });

  it('list and revoke vaults', async () => {
    expect(await run({ command: 'vault list' })).toEqual(['No vaults yet.']);
    await expect(run({ command: 'vault revoke', asNumber: 31, reason: 'lost' })).rejects.toThrow(
      'There is no vault 001F.',
    );
    as.vaults.visible.mockReturnValue([recordOf(), recordOf({ units: null, revoked: '2030-01-02T00:00:00.000Z' })]);
    expect(await run({ command: 'vault list' })).toEqual([
      VAULT,
      VAULT.replace('2 units', 'open: it contains T').replace('until 2030-01-15 12:00', 'revoked 2030-01-02 00:00'),
    ]);
    await expect(run({ command: 'vault revoke', asNumber: 30, reason: 'lost' })).rejects.toThrow(
      'There is no vault 001E.',
    );
    expect((await run({ command: 'vault revoke', asNumber: 31, reason: 'lost' }))[0]).toBe(`Revoked ${VAULT}.`);
    expect(as.vaults.revoke).toHaveBeenCalledWith('v1', 'lost', caller);
  });

  it('reconcile a journal, and write the verdicts to a new file', async () => {
    const journal = {
      payloadType: 'a/b',
      payload: 'e30',
      signatures: [{ keyid: '0123456789ABCDEF', sig: 'A'.repeat(86) }],
    };
    const reconcile = (more = {}) => run({ command: 'vault reconcile', journal: JSON.stringify(journal), ...more });
    const SUM = 'The journal has 4 entries, 1 export and 2 receipts; verified receipts: 1.';
    expect(await reconcile()).toEqual([VAULT, SUM, 'There are no findings.']);
    expect(as.signatures.signVerdicts).not.toHaveBeenCalled();
    expect(as.vaults.reconcile).toHaveBeenCalledWith(journal, caller);
    const findings = [
      { grave: true, words: 'Bad.' },
      { grave: false, words: 'Fine.' },
    ];
    as.vaults.reconcile.mockResolvedValue({
      record: recordOf(),
      entries: 4,
      exports: 1,
      receipts: 2,
      findings,
      verdicts: ['v'],
    });
    expect(await reconcile({ verdicts: path('x') })).toEqual([VAULT, SUM, 'Investigate: Bad.', 'Fine.']);
    expect(await readFile(path('x'), 'utf8')).toBe('[{"signed":"v"}]\n');
    as.vaults.reconcile.mockClear();
    await expect(reconcile({ verdicts: path('x') })).rejects.toThrow('already exists');
    expect(as.vaults.reconcile).not.toHaveBeenCalled();
  });

  it.each([
    ['{}', 'This file does not contain a vault journal.'],
    ['{"a":', 'This file is cut short.'],
  ])('refuse the journal %j', async (journal, why) => {
    await expect(run({ command: 'vault reconcile', journal })).rejects.toThrow(why);
    const cause = expect.any(Error);
    await expect(run({ command: 'vault reconcile', journal })).rejects.toMatchObject({ name: 'UserError', cause });
  });
});

describe('other commands', () => {
  it('sign a site file, and show the root key in full', async () => {
    const draft = {
      name: null,
      as: ['https://a.example'],
      profiles: [],
      policy: { scanLabels: false, signOutAfterMinutes: null },
    };
    const sign = (address: string) => run({ command: 'site sign', draft: { ...draft, as: [address] }, after: 4 });
    const [text, ...none] = await sign('https://a.example');
    expect(JSON.parse(text ?? '')).toMatchObject({ serial: 5, as: ['https://a.example'] });
    expect([text?.trim(), none]).toEqual([text, []]);
    const root = toHex(as.state.root.publicKey);
    expect(await run({ command: 'trust' })).toEqual([
      expect.stringMatching(/^Root key ([0-9A-F]{4} ?)+$/),
      `In full  ${root}`,
    ]);
  });
});
