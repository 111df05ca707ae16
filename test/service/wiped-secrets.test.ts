// The service wipes secrets that it no longer needs: those of the state that a start does not
// choose, of a refused start, of replaced keys and of failed changes. It also wipes the encoded
// state.
import { copyFile, cp, rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLogFile } from '#as-service/audit-log/log-file.ts';
import { addOperator } from '#as-service/operators/operators.ts';
import { As } from '#as-service/service/as.ts';
import { addSet } from '#as-service/sets/sets.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { type State, secretsOf } from '#as-service/storage/state.ts';
import { copy, isZero } from '#protocol/bytes/bytes.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import {
  fillTestAs,
  NEW_SET,
  openTestAs,
  SEALING_KEY,
  type TemporaryFolder,
  temporaryFolder,
} from '#test/support/as-service.ts';
import { failSync } from '#test/support/failing-disk.ts';

/** The states that the service has decoded from a file, and those that it has encoded. */
const seen = vi.hoisted(() => ({ decoded: [] as State[], encoded: [] as State[] }));

vi.mock('#as-service/storage/state.ts', async (original) => {
  const module = await original<typeof import('#as-service/storage/state.ts')>();
  return {
    ...module,
    decodeState: (content: Uint8Array) => {
      const state = module.decodeState(content);
      seen.decoded.push(state);
      return state;
    },
    encodeState: (state: State) => {
      seen.encoded.push(state);
      return module.encodeState(state);
    },
  };
});

const YEAR = 366 * 86_400_000;
const anna = { name: 'anna', role: 'operator', sets: null, quota: null, embedded: false } as const;

let folder: TemporaryFolder;
let clock: number;
let as: As | undefined;
const path = (name: string) => `${folder.path}/${name}`;
const now = () => new Date(clock);
const open = async () => {
  as = await openTestAs(folder.path, { now });
  return as;
};
const close = async () => {
  await as?.close();
  as = undefined;
};
const isWiped = (state: State) => [...secretsOf(state)].every(isZero);
const isWhole = (state: State) => [...secretsOf(state)].every((secret) => secret.length === 0 || !isZero(secret));

beforeEach(async () => {
  folder = await temporaryFolder();
  clock = Date.parse('2026-11-23T12:00:00.000Z');
  const first = await open();
  await fillTestAs(first);
  // Makes one more change and keeps its files: the state and the log before and after the change.
  await copyFile(path('state.sealed'), path('before'));
  await copyFile(path('audit.log'), path('log-before'));
  await addOperator(first, 'test', anna);
  await close();
  await rename(path('state.sealed'), path('after'));
  await rename(path('audit.log'), path('log-after'));
  seen.decoded.length = 0;
  seen.encoded.length = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await close().catch(() => undefined);
  await folder.remove();
});

describe('a start between two states', () => {
  it.each([
    ['the prepared one', 'log-after', 1],
    ['the stored one', 'log-before', 0],
  ])('keeps %s and wipes the other', async (_name, log, chosen) => {
    await copyFile(path('before'), path('state.sealed'));
    await copyFile(path('after'), path('state.sealed.next'));
    await copyFile(path(log), path('audit.log'));
    const { state } = await open();
    expect(seen.decoded.map(isWhole)).toEqual(chosen === 1 ? [false, true] : [true, false]);
    expect(seen.decoded.map(isWiped)).toEqual(chosen === 1 ? [true, false] : [false, true]);
    expect(isWhole(state)).toBe(true);
  });

  it('wipes both, and the sealing key, when it is refused', async () => {
    await copyFile(path('before'), path('state.sealed'));
    await copyFile(path('before'), path('state.sealed.next'));
    await copyFile(path('log-after'), path('audit.log'));
    const key = copy(SEALING_KEY);
    const logFile = await openLogFile(path('audit.log'));
    const options = { directory: folder.path, sealer: new Sealer(key), logFile, demoMode: false, now };
    await expect(As.open(options)).rejects.toThrow(/state.sealed is older/);
    expect(seen.decoded.map(isWiped)).toEqual([true, true]);
    expect(isZero(key)).toBe(true);
  });

  it('wipes the chosen one when a later step is refused', async () => {
    await cp('test/vectors/data-folder-0.1.0', folder.path, { recursive: true });
    await failSync(folder.path, 'file');
    await expect(open()).rejects.toThrow(/Nothing was changed/);
    expect(seen.decoded.map(isWiped)).toEqual([true]);
  });
});

describe('a service', () => {
  beforeEach(async () => {
    await copyFile(path('after'), path('state.sealed'));
    await copyFile(path('log-after'), path('audit.log'));
  });

  it('wipes the seeds of replaced keys, and of a verdict key when its certificate is dropped', async () => {
    const service = await open();
    const before = service.state.signingKeys;
    clock += 2.6 * YEAR;
    await service.followClock();
    const wiped = Object.entries(before).filter(([, { secretKey }]) => isZero(secretKey));
    expect(wiped.map(([purpose]) => purpose)).toEqual(['audit-head', 'vault', 'work-order', 'report', 'site']);
    clock += 2.6 * YEAR;
    await service.followClock();
    expect(isZero(before.verdict.secretKey)).toBe(true);
    expect(isWhole(service.state)).toBe(true);
  });

  it('wipes the keys of a change that the disk refused, and no other', async () => {
    const service = await open();
    const before = new Set(secretsOf(service.state));
    await failSync(folder.path, 'file');
    await expect(addSet(service, 'test', { ...NEW_SET, set: 7, transportKey: undefined })).rejects.toThrow(/EIO/);
    clock += 2.6 * YEAR;
    await service.followClock();
    const made = seen.encoded.flatMap((state) => [...secretsOf(state)].filter((secret) => !before.has(secret)));
    expect(made.map(isZero)).toEqual([true, true]);
    expect(isWhole(service.state)).toBe(true);
  });

  it('leaves no buffer with the encoded state', async () => {
    const from = vi.spyOn(Buffer, 'from');
    const service = await open();
    await addOperator(service, 'test', { ...anna, name: 'otto' });
    const buffers = from.mock.results.flatMap(({ value }) => (Buffer.isBuffer(value) ? [value] : []));
    const secrets = [...secretsOf(service.state)].map(toBase64url).filter((text) => text !== '');
    expect(buffers.length).toBeGreaterThan(2);
    expect(buffers.filter((buffer) => secrets.some((secret) => buffer.includes(secret)))).toEqual([]);
  });
});
