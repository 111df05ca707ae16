// The AS of one data folder: its start, its changes, its clock and its end. The audit log is in
// memory, the state file in a temporary folder.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import { addOperator, issueAccessCode } from '#as-service/operators/operators.ts';
import type { As } from '#as-service/service/as.ts';
import { openAs } from '#as-service/service/open-as.ts';
import { createSigningKey, SIGNING_PURPOSES } from '#as-service/signing/signing.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import type { State } from '#as-service/storage/state.ts';
import { StateFile } from '#as-service/storage/state-file.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { keyId } from '#protocol/signing/envelope.ts';
import { openTestAs, SEALING_KEY, type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { MemoryLogFile } from '#test/support/memory-log-file.ts';
import { quickKey } from '#test/support/vault.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const YEAR = 366 * DAY;
const TRUE_TIME = Date.parse('2026-11-23T12:00:00.000Z');

let folder: TemporaryFolder;
let clock: number;
let file: MemoryLogFile;
const opened: As[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  clock = TRUE_TIME;
  file = new MemoryLogFile();
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const as of opened.splice(0)) await as.close().catch(() => undefined);
  await folder.remove();
});

/** Opens the AS on the content of the log so far. */
async function open(options: { acceptClock?: boolean; demoMode?: boolean } = {}): Promise<As> {
  file = new MemoryLogFile(file.written);
  const as = await openTestAs(folder.path, { now: () => new Date(clock), logFile: file, ...options });
  opened.push(as);
  return as;
}

const eventsOf = async (as: As) => (await as.log.read(1, as.log.head.sequence)).map(({ entry }) => entry);
const namesOf = async (as: As) => (await eventsOf(as)).map(({ event }) => event);
const rename = (as: As, name: string) =>
  as.change({ event: 'renamed', actor: 'maria', details: { name }, next: (state) => ({ ...state, name }) });
const refuseChanges = () =>
  vi.spyOn(StateFile.prototype, 'prepare').mockRejectedValue(Object.assign(new Error('EIO'), { code: 'EIO' }));

describe('a first start', () => {
  it('creates the service, certifies its keys and has nothing to say', async () => {
    const as = await open();
    expect(await namesOf(as)).toEqual(['service-created', ...SIGNING_PURPOSES.map(() => 'signing-key-certified')]);
    const [{ details } = { details: {} }] = await eventsOf(as);
    const { publicKey } = as.state.root;
    expect(details).toMatchObject({ root: keyId(publicKey), rootKey: toHex(publicKey), revision: 1 });
    expect(as.state.unauthenticated?.sequence).toBe(0);
    expect([as.notices, as.isReady, as.demoMode]).toEqual([[], true, false]);
    const { auditHead } = await as.signLog();
    expect(JSON.parse(Buffer.from(auditHead.payload, 'base64url').toString())).toEqual(as.log.withTreeRoot());
  });

  it('that fails closes the log and the sealer', async () => {
    const closed = vi.spyOn(Sealer.prototype, 'close');
    refuseChanges();
    await expect(open()).rejects.toThrow(
      'The disk of the data folder reported an error (EIO). Check the disk, then retry. Nothing was changed.',
    );
    expect(file.calls.at(-1)).toBe('close');
    expect(closed).toHaveBeenCalledOnce();
  });

  it('in demo mode is one in demo mode', async () => {
    expect((await open({ demoMode: true })).demoMode).toBe(true);
  });
});

describe('a change', () => {
  it('is in the log with its revision and the hash of its state, and survives a restart', async () => {
    const as = await open();
    const { revision } = as.state;
    await rename(as, 'Other');
    expect(as.state).toMatchObject({ name: 'Other', revision: revision + 1 });
    const stored = await new StateFile(join(folder.path, 'state.sealed'), new Sealer(SEALING_KEY.slice())).read();
    expect((await eventsOf(as)).at(-1)).toMatchObject({
      ...{ event: 'renamed', actor: 'maria' },
      details: { name: 'Other', revision: revision + 1, state: stored?.hash },
    });
    expect(await readdir(folder.path)).toEqual(['state.sealed']);
    const { root } = structuredClone(as.state);
    await as.close();
    expect((await open()).state).toMatchObject({ name: 'Other', root });
  });

  it('that the disk refuses leaves the state, and wipes the new secrets only', async () => {
    const as = await open();
    const before = as.state;
    const made = createSigningKey();
    refuseChanges();
    const next = (state: State): State => ({ ...state, signingKeys: { ...state.signingKeys, site: made } });
    await expect(as.change({ event: 'x', actor: null, details: {}, next })).rejects.toThrow('Nothing was changed.');
    expect(as.state).toBe(before);
    expect(made.secretKey).toEqual(new Uint8Array(32));
    expect(before.root.secretKey).not.toEqual(new Uint8Array(32));
  });

  it('wipes the secrets that it replaces, and signs with the new ones', async () => {
    const as = await open();
    const { root } = as.state;
    const { site } = as.state.signingKeys;
    const made = createSigningKey();
    const { signatures } = as;
    await as.change({
      event: 'x',
      actor: null,
      details: {},
      next: (state) => ({ ...state, signingKeys: { ...state.signingKeys, site: made } }),
    });
    expect(site.secretKey).toEqual(new Uint8Array(32));
    expect(root.secretKey).not.toEqual(new Uint8Array(32));
    expect(as.signatures).not.toBe(signatures);
  });

  it('is refused once the log has failed, before it prepares a state', async () => {
    const as = await open();
    file.failure = new Error('EIO');
    await expect(rename(as, 'a')).rejects.toThrow();
    expect(as.isReady).toBe(false);
    const prepare = vi.spyOn(StateFile.prototype, 'prepare');
    await expect(rename(as, 'b')).rejects.toThrow();
    expect(prepare).not.toHaveBeenCalled();
    expect(as.state.name).toBe('Keyferry AS');
  });

  it('is one at a time', async () => {
    const as = await open();
    const { revision } = as.state;
    await Promise.all(['a', 'b', 'c'].map((name) => rename(as, name)));
    expect(as.state).toMatchObject({ name: 'c', revision: revision + 3 });
  });
});

describe('a start after a crash', () => {
  it('finishes a change whose entry is in the log', async () => {
    const as = await open();
    vi.spyOn(StateFile.prototype, 'finish').mockRejectedValueOnce(new Error('crash'));
    await expect(rename(as, 'Other')).rejects.toThrow('crash');
    expect(await readdir(folder.path)).toHaveLength(2);
    const again = await open();
    expect(again.state.name).toBe('Other');
    expect(await readdir(folder.path)).toEqual(['state.sealed']);
  });

  it('removes a change whose entry is not in the log, and wipes its secrets', async () => {
    const as = await open();
    const before = file.written;
    vi.spyOn(StateFile.prototype, 'finish').mockRejectedValueOnce(new Error('crash'));
    await expect(rename(as, 'Other')).rejects.toThrow('crash');
    file.written = before;
    const read = vi.spyOn(StateFile.prototype, 'readNext');
    expect((await open()).state.name).toBe('Keyferry AS');
    const next = await read.mock.results[0]?.value;
    expect([next.state.name, next.state.root.secretKey]).toEqual(['Other', new Uint8Array(32)]);
    expect(await readdir(folder.path)).toEqual(['state.sealed']);
  });
});

describe('a start after version 0.1.0', () => {
  it('records a change that was logged and whose state was lost', async () => {
    const as = await open();
    const revision = as.state.revision + 1;
    await as.log.append({ event: 'key-added', actor: 'maria', details: { revision } });
    const again = await open();
    expect((await eventsOf(again)).at(-1)).toMatchObject({ event: 'change-lost', details: { revision } });
    await rename(again, 'Other');
    expect(again.state.revision).toBe(revision);
  });

  it('records the last entry without an authentication code, once', async () => {
    const as = await open();
    const next = ({ unauthenticated: _, ...state }: State): State => state;
    await as.change({ event: 'x', actor: null, details: {}, next });
    const again = await open();
    expect((await eventsOf(again)).at(-1)).toMatchObject({ event: 'log-authenticated', details: { entries: 0 } });
    expect(again.state.unauthenticated?.sequence).toBe(0);
    expect(again.notices).toHaveLength(3);
    expect((await open()).notices).toEqual([]);
  });
});

describe('the clock at a start', () => {
  const reopenAt = async (time: number, acceptClock?: boolean) => {
    await opened.splice(0)[0]?.close();
    clock = time;
    return open(acceptClock === undefined ? {} : { acceptClock });
  };

  it.each([
    [5 * MINUTE, false],
    [5 * MINUTE + 1, true],
    [DAY, true],
  ])('%i ms behind the log is noted: %s', async (behind, isNoted) => {
    await open();
    const as = await reopenAt(TRUE_TIME - behind);
    expect((await namesOf(as)).includes('clock-behind')).toBe(isNoted);
    expect(as.notices).toHaveLength(isNoted ? 3 : 0);
    if (isNoted) {
      const details = { clock: new Date(clock).toISOString(), newest: new Date(TRUE_TIME).toISOString() };
      expect((await eventsOf(as)).at(-1)).toMatchObject({ event: 'clock-behind', details, time: details.newest });
    }
  });

  it('a day behind the log is refused, unless it is accepted', async () => {
    await open();
    await expect(reopenAt(TRUE_TIME - DAY - 1)).rejects.toThrow(
      'start the service once with --accept-clock. Nothing was modified.',
    );
    await expect(reopenAt(TRUE_TIME - DAY - 1)).rejects.toThrow(UserError);
    const as = await reopenAt(TRUE_TIME - DAY - 1, true);
    const accepted = (await eventsOf(as)).find(({ event }) => event === 'clock-accepted');
    expect(accepted?.time).toBe(new Date(clock).toISOString());
    expect(as.notices).toHaveLength(2);
  });
});

describe('the clock of a running service', () => {
  const certificates = (as: As) => as.state.certificates.length;

  it('has the keys replaced when their certificates expire', async () => {
    const as = await open();
    const before = certificates(as);
    expect(await as.followClock()).toBeUndefined();
    expect(certificates(as)).toBe(before);
    clock += 2.6 * YEAR;
    expect(await as.followClock()).toBeUndefined();
    expect(certificates(as)).toBeGreaterThan(before);
  });

  it('has present certificates used if the disk refuses new ones, and retried after a minute', async () => {
    const as = await open();
    clock += 2.6 * YEAR;
    const refused = refuseChanges();
    const why = await as.followClock();
    expect(why).toBeInstanceOf(UserError);
    expect(why?.message).toMatch(
      /^The service could not renew its certificates, and uses the present ones, which end at \S+Z\. The disk/,
    );
    const calls = refused.mock.calls.length;
    clock += MINUTE - 1;
    expect(await as.followClock()).toBeUndefined();
    expect(refused.mock.calls.length).toBe(calls);
    clock += 1;
    expect(await as.followClock()).toBeInstanceOf(UserError);
    refused.mockRestore();
    clock += MINUTE;
    expect(await as.followClock()).toBeUndefined();
    expect(certificates(as)).toBeGreaterThan(SIGNING_PURPOSES.length);
  });

  it('has requests refused if no present certificate is valid, or on any other failure', async () => {
    const as = await open();
    const refused = refuseChanges();
    clock += 40 * YEAR;
    await expect(as.followClock()).rejects.toThrow('Nothing was changed.');
    clock = TRUE_TIME + 2.6 * YEAR;
    refused.mockRejectedValue(new RangeError('bug'));
    await expect(as.followClock()).rejects.toThrow(RangeError);
  });

  it('has access codes that were issued while it was ahead begin now', async () => {
    const as = await open();
    clock += 2 * 60 * MINUTE;
    await addOperator(as, 'test', { name: 'olga', role: 'operator', sets: null, quota: null, embedded: false });
    await issueAccessCode(as, 'test', 'olga', { hours: 1, replace: false });
    clock = TRUE_TIME;
    expect(await as.followClock()).toBeUndefined();
    const issued = new Date(TRUE_TIME).toISOString();
    expect(as.state.operators[0]?.tokens).toMatchObject([{ issued }]);
  });

  it('is a notice if the disk refuses new certificates at a start', async () => {
    await (await open()).close();
    clock += 2.6 * YEAR;
    refuseChanges();
    const as = await open();
    expect(as.notices).toEqual([expect.stringContaining('could not renew its certificates')]);
  });
});

describe('the end', () => {
  it('closes the log and wipes every key, even if the log cannot be closed', async () => {
    const as = await open();
    const closed = vi.spyOn(Sealer.prototype, 'close');
    file.closingFailure = new Error('EIO');
    await expect(as.close()).rejects.toThrow('EIO');
    expect(as.state.root.secretKey).toEqual(new Uint8Array(32));
    expect(closed).toHaveBeenCalledOnce();
  });
});

describe('a data folder', () => {
  const openFolder = (change = {}) =>
    openAs({
      derive: quickKey,
      ...{ directory: folder.path, keyFile: join(folder.path, 'sealing.key'), sealingKey: undefined, demo: true },
      onConnection: () => undefined,
      ...change,
    });

  it('is locked while the service uses it, and is private', async () => {
    const handle = await openFolder();
    if (!('as' in handle)) throw new TypeError('not opened');
    expect([handle.as.demoMode, handle.keySource]).toEqual([true, expect.any(String)]);
    expect(await openFolder()).toHaveProperty('socketPath');
    await handle.close();
    expect(handle.as.state.root.secretKey).toEqual(new Uint8Array(32));
    const again = await openFolder();
    if (!('as' in again)) throw new TypeError('not opened');
    await again.close();
    expect(await readFile(join(folder.path, 'sealing.key'))).not.toHaveLength(0);
  });

  it('is released if its keys do not open', async () => {
    const handle = await openFolder();
    if (!('as' in handle)) throw new TypeError('not opened');
    await handle.close();
    for (let i = 0; i < 2; i++) {
      await expect(openFolder({ keyFile: join(folder.path, 'other.key') })).rejects.toThrow(UserError);
    }
    expect(await readdir(folder.path)).not.toContain('other.key');
  });
});
