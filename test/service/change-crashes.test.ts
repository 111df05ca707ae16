// Changes of the state that are interrupted by a crash or a disk error, and data folders of earlier
// versions. The audit log decides whether a change happened. No interruption leaves a folder that
// the service can never open again.
import { existsSync } from 'node:fs';
import { copyFile, cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLogFile } from '#as-service/audit-log/log-file.ts';
import { addOperator } from '#as-service/operators/operators.ts';
import type { As } from '#as-service/service/as.ts';
import { addSet } from '#as-service/sets/sets.ts';
import { SIGNING_PURPOSES } from '#as-service/signing/signing.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { decodeState, encodeState } from '#as-service/storage/state.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import {
  addTestOperator,
  callJson,
  createTestApp,
  NEW_SET,
  openTestAs,
  SEALING_KEY,
  type TemporaryFolder,
  temporaryFolder,
} from '#test/support/as-service.ts';
import { failSync } from '#test/support/failing-disk.ts';
import { readLines, writeChained } from '#test/support/log-forger.ts';
import { fetchReport, judge } from '#test/support/orders.ts';

let folder: TemporaryFolder;
const opened: As[] = [];
const path = (name: string) => join(folder.path, name);
const open = async (options: Parameters<typeof openTestAs>[1] = {}) => {
  const as = await openTestAs(folder.path, options);
  opened.push(as);
  return as;
};
const events = async (as: As) => (await as.log.read(1, as.log.head.sequence)).map(({ entry }) => entry.event);
const names = (as: As) => as.state.operators.map(({ name }) => name);
const anna = { name: 'anna', role: 'operator', sets: null, quota: null, embedded: false } as const;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const as of opened.splice(0)) await as.close().catch(() => undefined);
  await folder.remove();
});

describe('after a crash during a change, the next start', () => {
  /**
   * Makes one change and returns its files: the state before and after the change, and the log
   * before and after it.
   */
  async function changedFolder() {
    const as = await open();
    await copyFile(path('state.sealed'), path('before'));
    await copyFile(path('audit.log'), path('log-before'));
    await addOperator(as, 'test', anna);
    await as.close();
    await rename(path('state.sealed'), path('after'));
    await rename(path('audit.log'), path('log-after'));
  }

  it.each<[string, string, string | undefined, 'log-before' | 'log-after', boolean]>([
    ['before the next state was written', 'before', undefined, 'log-before', false],
    ['while the next state was written', 'before', 'torn', 'log-before', false],
    ['before the log entry', 'before', 'after', 'log-before', false],
    ['between the log entry and the state file', 'before', 'after', 'log-after', true],
    ['after the state file', 'after', undefined, 'log-after', true],
  ])('finds the state that the log names: %s', async (_name, state, next, log, isMade) => {
    await changedFolder();
    await writeFile(path('torn'), (await readFile(path('after'))).subarray(0, 100));
    await copyFile(path(state), path('state.sealed'));
    if (next !== undefined) await copyFile(path(next), path('state.sealed.next'));
    await copyFile(path(log), path('audit.log'));
    for (let start = 0; start < 2; start++) {
      const as = await open();
      expect(names(as)).toEqual(isMade ? ['anna'] : []);
      expect(existsSync(path('state.sealed.next'))).toBe(false);
      await as.close();
    }
    const as = await open();
    await addOperator(as, 'test', { ...anna, name: 'otto' });
    await as.close();
    expect(names(await open())).toEqual(isMade ? ['anna', 'otto'] : ['otto']);
  });

  it('completes the creation of the service, whatever part of the first log entry was written', async () => {
    await (await open()).close();
    const log = await readFile(path('audit.log'), 'utf8');
    const line = `${log.split('\n')[0]}\n`;
    const { root } = (await open()).state;
    await opened.pop()?.close();
    for (const length of [0, 1, line.length - 1, line.length]) {
      await writeFile(path('audit.log'), line.slice(0, length));
      await rm(path('state.sealed'), { force: true });
      await writeFile(path('state.sealed.next'), 'torn');
      const as = await open();
      expect(await events(as)).toContain('service-created');
      expect(toHex(as.state.root.publicKey)).not.toBe(toHex(root.publicKey));
      await as.close();
    }
  });

  it('removes the files that interrupted writes have left, including those of earlier versions', async () => {
    await (await open()).close();
    for (const name of ['state.sealed.next', 'state.sealed.0123456789ab.new']) await writeFile(path(name), 'x');
    await open();
    expect((await readdir(folder.path)).sort()).toEqual(['audit.log', 'state.sealed']);
  });
});

describe('a disk whose writes fail', () => {
  it.each(['folder', 'file'] as const)('one failed fsync of a %s does not fail the change', async (kind) => {
    const as = await open();
    await failSync(folder.path, kind, [1]);
    await addOperator(as, 'test', anna);
    await as.close();
    expect(names(await open())).toEqual(['anna']);
  });

  it.each(['folder', 'file'] as const)('a %s whose fsync always fails makes only the change fail', async (kind) => {
    const as = await open();
    const before = await readFile(path('audit.log'));
    await failSync(folder.path, kind, [1, 2]);
    await expect(addOperator(as, 'test', anna)).rejects.toThrow(/reported an error \(EIO\).*Nothing was changed/);
    expect(await readFile(path('audit.log'))).toEqual(before);
    await addOperator(as, 'test', { ...anna, name: 'otto' });
    await as.close();
    expect(names(await open())).toEqual(['otto']);
  });

  it('a failed log entry is removed; if it cannot be removed, the next start decides whether the change happened', async () => {
    for (const [isWritten, isRemoved] of [
      [false, true],
      [true, true],
      [true, false],
    ]) {
      await (await open()).close();
      const file = await openLogFile(path('audit.log'));
      let fails = false;
      const append = async (content: Uint8Array) => {
        if (!fails) return file.append(content);
        if (isWritten) await file.append(content);
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      };
      const truncate = isRemoved ? file.truncate : () => Promise.reject(new Error('EIO'));
      const as = await open({ logFile: { ...file, append, truncate } });
      fails = true;
      await expect(addOperator(as, 'test', { ...anna, name: `anna-${isWritten}-${isRemoved}` })).rejects.toThrow();
      // The log entry that could not be removed names the next state. A further change must
      // therefore not remove the file with that state.
      await expect(addOperator(as, 'test', { ...anna, name: 'berta' })).rejects.toThrow();
      await as.close().catch(() => undefined);
    }
    expect(names(await open())).toEqual(['anna-true-false']);
  });
});

describe('the folder of version 0.1.0', () => {
  const clock = { now: () => new Date('2026-11-24T12:00:00.000Z') };
  beforeEach(() => cp('test/vectors/data-folder-0.1.0', folder.path, { recursive: true }));

  it('opens with all its facts; its log is authenticated once, and the log and the terminal record this', async () => {
    const as = await open(clock);
    expect(as.notices.join('\n')).toMatch(/Entries 1 to 23 .* 0\.1\.0[\s\S]*inform an auditor/);
    const [entry] = (await as.log.read(24, 24)).map((record) => record.entry);
    expect(entry).toMatchObject({ event: 'log-authenticated', details: { entries: 23, head: entry?.previous } });
    const token = await addTestOperator(as, 'anna', 'auditor');
    const { workOrders } = await callJson<{ workOrders: { workOrder: string; order: { state: string } }[] }>(
      createTestApp(as),
      token,
      '/v1/work-orders',
    );
    const states = Object.fromEntries(workOrders.map(({ workOrder, order }) => [workOrder, order.state]));
    expect(states).toEqual({ DONE: 'closed', REVOKED: 'revoked', OPEN: 'open' });
    const report = await fetchReport({ app: createTestApp(as), token }, 'DONE');
    expect(report.rows[0]?.outcome).toBe('done');
    expect((await judge(as, report)).faults).toEqual([]);
    await as.close();
    const again = await open(clock);
    expect(again.notices).toEqual([]);
    expect((await events(again)).filter((event) => event === 'log-authenticated')).toHaveLength(1);
  });

  it('is refused after the update if any old entry was changed, removed or added', async () => {
    const legacy = await readLines(path('audit.log'));
    await (await open(clock)).close();
    const state = await readFile(path('state.sealed'));
    const lines = await readLines(path('audit.log'));
    const revocation = lines.findIndex(({ entry }) => entry.event === 'work-order-revoked');
    const changed = lines.map((line, index) =>
      index === revocation ? { ...line, entry: { ...line.entry, event: 'work-order-noted' } } : line,
    );
    const without = lines.filter((_, index) => index !== revocation);
    for (const forged of [changed, without]) {
      await writeChained(path('audit.log'), forged);
      await expect(open(clock)).rejects.toThrow(
        /entry 2[1245] .*the log was changed|entry 2[1245]: .*The log was changed/,
      );
    }
    // An attacker restores the old log and keeps the new state. The service must not update the log
    // again.
    await writeChained(path('audit.log'), legacy);
    await expect(open(clock)).rejects.toThrow(/audit log is older than state.sealed/);
    expect(await readFile(path('state.sealed'))).toEqual(state);
  });

  it('is refused after the update if its old state is restored', async () => {
    await copyFile(path('state.sealed'), path('old-state'));
    await (await open(clock)).close();
    await rename(path('old-state'), path('state.sealed'));
    await expect(open(clock)).rejects.toThrow(/state.sealed is older than the audit log/);
  });

  it('is refused if a receipt in it is forged', async () => {
    const lines = await readLines(path('audit.log'));
    const receipt = lines.find(({ entry }) => entry.event === 'receipt');
    Object.assign(receipt?.entry.details ?? {}, { receipt: Buffer.alloc(64, 0x55).toString('base64url') });
    await writeChained(path('audit.log'), lines);
    await expect(open(clock)).rejects.toThrow(/stored receipt of export 1 is not from the unit/);
  });

  it('is updated after a crash between the writes of its log and its state, which rolls the change back', async () => {
    await copyFile(path('audit.log'), path('log'));
    const lines = await readLines(path('audit.log'));
    const details = { name: 'anna', role: 'operator', revision: 15 };
    const entry = {
      sequence: 0,
      time: '2026-11-23T12:00:00.000Z',
      previous: '',
      event: 'operator-added',
      actor: 'test',
      details,
    };
    await writeChained(path('audit.log'), [...lines, { entry, hash: '' }]);
    const as = await open(clock);
    expect(names(as)).toEqual(['olga', 'carl']);
    expect((await events(as)).slice(23)).toEqual([
      'operator-added',
      'change-lost',
      'log-authenticated',
      'signing-key-certified',
    ]);
    await addSet(as, 'test', { ...NEW_SET, set: 2 });
    await as.close();
    expect((await open(clock)).state.sets).toHaveLength(2);
  });

  it('gets keys for the newer purposes, and keeps its other keys', async () => {
    const sealer = new Sealer(copy(SEALING_KEY));
    const state = decodeState(sealer.openState(await readFile(path('state.sealed'))));
    const { data, verdict, 'audit-head': auditHead } = state.signingKeys;
    const [certificates, signingKeys] = [state.certificates.slice(0, 3), { data, verdict, 'audit-head': auditHead }];
    const earlier = { ...state, certificates, signingKeys } as unknown as typeof state;
    await writeFile(path('state.sealed'), sealer.sealState(encodeState(earlier)));
    const now = (await open(clock)).state;
    expect(Object.keys(now.signingKeys).sort()).toEqual([...SIGNING_PURPOSES].sort());
    expect(now.signingKeys.data.publicKey).toEqual(data.publicKey);
    expect(toHex(now.signingKeys.report.publicKey)).not.toBe(toHex(now.root.publicKey));
    expect(now.certificates).toHaveLength(SIGNING_PURPOSES.length);
  });
});
