// The sealing of the state and of log records, and the state file on disk: what opens, what is
// refused, and what remains of the keys.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sealer } from '#as-service/storage/sealer.ts';
import { loadSealingKey } from '#as-service/storage/sealing-key.ts';
import { decodeState, encodeState, type State, secretsOf } from '#as-service/storage/state.ts';
import { StateFile } from '#as-service/storage/state-file.ts';
import { isZero } from '#protocol/bytes/bytes.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { flipBit } from '#test/support/bits.ts';

const KEY = new Uint8Array(32).fill(7);
const create = (fill = 7) => new Sealer(new Uint8Array(32).fill(fill));
const text = new Uint8Array(Buffer.from('a secret'));

describe('the sealer', () => {
  it('opens what it has sealed, with the same key only', () => {
    expect(create().openState(create().sealState(text))).toEqual(text);
    expect(create().openRecord(3, create().sealRecord(3, text))).toEqual(text);
    expect(create().sealState(text)).not.toEqual(create().sealState(text));
    expect(() => create(8).openState(create().sealState(text))).toThrow(IntegrityError);
    expect(() => create(8).openRecord(3, create().sealRecord(3, text))).toThrow(IntegrityError);
    expect(() => create().openRecord(4, create().sealRecord(3, text))).toThrow(IntegrityError);
  });

  it('refuses every changed bit and every truncated length', () => {
    const [state, record] = [create().sealState(text), create().sealRecord(3, text)];
    for (let bit = 0; bit < state.length * 8; bit += 3) {
      expect(() => create().openState(flipBit(state, bit))).toThrow(IntegrityError);
    }
    for (let length = 0; length < state.length; length++) {
      expect(() => create().openState(state.subarray(0, length))).toThrow(IntegrityError);
    }
    for (let length = 0; length < record.length; length++) {
      expect(() => create().openRecord(3, record.subarray(0, length))).toThrow(IntegrityError);
    }
  });

  it('accepts only its own MAC of a log line, and refuses one of another length without an error', () => {
    const mac = create().macOf('hash');
    expect(create().isMacOf('hash', mac)).toBe(true);
    for (const other of ['', mac.slice(1), `${mac}A`, create(8).macOf('hash'), create().macOf('other')]) {
      expect(create().isMacOf('hash', other)).toBe(false);
    }
  });

  it('needs a key of 32 bytes, and wipes it when it is closed', () => {
    expect(() => new Sealer(new Uint8Array(31))).toThrow('sealingKey has 31 bytes, not 32');
    const key = KEY.slice();
    const sealer = new Sealer(key);
    const mac = sealer.macOf('hash');
    sealer.close();
    expect(isZero(key)).toBe(true);
    expect(sealer.macOf('hash')).not.toBe(mac);
  });
});

describe('the state file', () => {
  const state = { sets: [], note: 'one', key: new Uint8Array([1, 2]) } as unknown as State;
  const later = { sets: [], note: 'two', key: new Uint8Array([3]) } as unknown as State;
  let folder: string;
  let file: StateFile;

  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/keyferry-state-`);
    file = new StateFile(`${folder}/state.sealed`, create());
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('encodes bytes in JSON', () => {
    expect(decodeState(encodeState(state))).toEqual(state);
  });

  it('lists each secret key, also without earlier keys', () => {
    const key = (fill: number) => new Uint8Array([fill]);
    const full = {
      ...{ root: { secretKey: key(1) }, signingKeys: { data: { secretKey: key(2) } } },
      sets: [{ transportKeys: [{ key: key(3) }], keys: [{ key: key(4) }] }],
    };
    expect([...secretsOf(full as unknown as State)]).toEqual([1, 2, 3, 4].map(key));
    const earlier = { ...full, earlierVerdictKeys: [{ secretKey: key(5) }] };
    expect([...secretsOf(earlier as unknown as State)]).toEqual([1, 2, 5, 3, 4].map(key));
  });

  it('has its key in a file when the environment variable is empty', async () => {
    const options = { path: `${folder}/sealing.key`, sealedDataExists: false };
    const created = await loadSealingKey({ ...options, environment: '' });
    expect(created.source).toBe('key file');
    expect(await loadSealingKey({ ...options, environment: undefined, sealedDataExists: true })).toEqual(created);
    expect(await loadSealingKey({ ...options, environment: '07'.repeat(32) })).toEqual({
      key: KEY,
      source: 'environment',
    });
  });

  it('is absent, then prepared, then current, each with its hash', async () => {
    expect([await file.read(), await file.readNext()]).toEqual([undefined, undefined]);
    const hash = await file.prepare(state);
    expect(hash).toMatch(/^[\w-]{43}$/);
    expect([await file.read(), await file.readNext()]).toEqual([undefined, { state, hash }]);
    await file.finish();
    expect([await file.read(), await file.readNext()]).toEqual([{ state, hash }, undefined]);
    const next = await file.prepare(later);
    expect([await file.read(), await file.readNext()]).toEqual([
      { state, hash },
      { state: later, hash: next },
    ]);
  });

  it('is refused with a sentence when the key does not open it', async () => {
    await file.prepare(state);
    await file.finish();
    const foreign = new StateFile(`${folder}/state.sealed`, create(8));
    await expect(foreign.read()).rejects.toThrow(/^The sealing key does not open .*state\.sealed: /);
    await writeFile(`${folder}/state.sealed.next`, (await readFile(`${folder}/state.sealed`)).subarray(0, 50));
    expect(await file.readNext()).toBeUndefined();
    await file.removeLeftovers();
    await expect(readFile(`${folder}/state.sealed.next`)).rejects.toThrow('ENOENT');
    expect(await file.read()).toMatchObject({ state });
  });
});
