// The state of the service and its sealed file: its encoding, its secrets, and the two steps of a
// change.
import files, { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sealer } from '#as-service/storage/sealer.ts';
import { decodeState, encodeState, type State, secretsOf, wipeSecrets } from '#as-service/storage/state.ts';
import { StateFile } from '#as-service/storage/state-file.ts';
import { isZero } from '#protocol/bytes/bytes.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { failSync } from '#test/support/failing-disk.ts';
import { replaceInNode, systemError } from '#test/support/node-modules.ts';

const create = (fill = 7) => new Sealer(new Uint8Array(32).fill(fill));
const state = { sets: [], note: 'one', none: null, key: new Uint8Array([1, 2]) } as unknown as State;
const later = { sets: [], note: 'two', key: new Uint8Array([3]) } as unknown as State;
const last = { sets: [], note: 'three', key: new Uint8Array([4]) } as unknown as State;

describe('the state', () => {
  const key = (fill: number) => new Uint8Array([fill]);
  const full = () => ({
    ...{ root: { secretKey: key(1) }, signingKeys: { data: { secretKey: key(2) } } },
    sets: [{ transportKeys: [{ key: key(3) }], keys: [{ key: key(4) }] }],
  });
  const asState = (value: object) => value as unknown as State;

  it('is JSON with bytes as base64url, and is read where it stands', () => {
    const content = encodeState(state);
    expect(Buffer.from(content).toString()).toBe('{"sets":[],"note":"one","none":null,"key":{"$octets":"AQI"}}');
    expect(decodeState(content)).toEqual(state);
    const within = new Uint8Array([1, ...content, 2]).subarray(1, -1);
    expect(decodeState(within)).toEqual(state);
  });

  it('lists each secret key, also without earlier keys', () => {
    expect([...secretsOf(asState(full()))]).toEqual([1, 2, 3, 4].map(key));
    const earlier = { ...full(), earlierVerdictKeys: [{ secretKey: key(5) }] };
    expect([...secretsOf(asState(earlier))]).toEqual([1, 2, 5, 3, 4].map(key));
  });

  it('wipes its secret keys, except those that another state uses too', () => {
    const [one, two] = [full(), full()];
    wipeSecrets(asState({ ...one, root: two.root }), asState(two));
    expect([...secretsOf(asState(one))].map(isZero)).toEqual([false, true, true, true]);
    expect([...secretsOf(asState(two))].map(isZero)).toEqual([false, false, false, false]);
    wipeSecrets(asState(two));
    expect([...secretsOf(asState(two))].map(isZero)).toEqual([true, true, true, true]);
  });
});

describe('the state file', () => {
  let folder: string;
  let file: StateFile;

  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/keyferry-state-`);
    file = new StateFile(`${folder}/state.sealed`, create());
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is absent, then prepared, then current, each with its hash', async () => {
    expect([await file.read(), await file.readNext()]).toEqual([undefined, undefined]);
    const hash = await file.prepare(state);
    const sealed = await readFile(`${folder}/state.sealed.next`);
    expect(hash).toBe(Buffer.from(sha256(sealed)).toString('base64url'));
    expect([await file.read(), await file.readNext()]).toEqual([undefined, { state, hash }]);
    await file.finish();
    expect([await file.read(), await file.readNext()]).toEqual([{ state, hash }, undefined]);
    const next = await file.prepare(later);
    expect([await file.read(), await file.readNext()]).toEqual([
      { state, hash },
      { state: later, hash: next },
    ]);
  });

  it('prepares another change in place of one that the log never named', async () => {
    await file.prepare(state);
    await file.finish();
    await file.prepare(later);
    await file.prepare(last);
    expect([await file.read(), await file.readNext()]).toMatchObject([{ state }, { state: last }]);
  });

  it('completes a change that the log names before it prepares the next one', async () => {
    await file.prepare(state);
    await file.finish();
    let isFailing = true;
    replaceInNode(files, 'rename', (original) => (...args) => {
      return isFailing ? Promise.reject(systemError('EIO')) : original(...args);
    });
    await file.prepare(later);
    await file.finish();
    expect([await file.read(), await file.readNext()]).toMatchObject([{ state }, { state: later }]);
    // The prepared state is the only copy of the change.
    await file.removeLeftovers();
    expect(await file.readNext()).toMatchObject({ state: later });
    await expect(file.prepare(last)).rejects.toThrow('EIO');
    isFailing = false;
    await file.prepare(last);
    expect([await file.read(), await file.readNext()]).toMatchObject([{ state: later }, { state: last }]);
    // The next change is not completed either, because the log does not name it.
    await file.prepare(state);
    expect([await file.read(), await file.readNext()]).toMatchObject([{ state: later }, { state }]);
  });

  it('is written once more when the disk fails once', async () => {
    await failSync(folder, 'file', [1]);
    await file.prepare(state);
    expect(await file.readNext()).toMatchObject({ state });
  });

  it('is not prepared when the folder cannot be synced', async () => {
    await failSync(folder, 'folder');
    await expect(file.prepare(state)).rejects.toThrow('EIO');
  });

  it('is refused with a sentence when the key does not open it', async () => {
    await file.prepare(state);
    await file.finish();
    const foreign = new StateFile(`${folder}/state.sealed`, create(8));
    const refusal = await foreign.read().catch((cause: unknown) => cause);
    expect(refusal).toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(/^The sealing key does not open .*state\.sealed: /),
      cause: { name: 'IntegrityError' },
    });
  });

  it('has no next state when a crash interrupted its writing', async () => {
    await file.prepare(state);
    await file.finish();
    await writeFile(`${folder}/state.sealed.next`, (await readFile(`${folder}/state.sealed`)).subarray(0, 50));
    expect(await file.readNext()).toBeUndefined();
    await file.removeLeftovers();
    expect(await readdir(folder)).toEqual(['state.sealed']);
    expect(await file.read()).toMatchObject({ state });
  });

  it('passes on a bug of the decoder', async () => {
    const sealed = create().sealState(Buffer.from('not JSON'));
    for (const name of ['state.sealed', 'state.sealed.next']) await writeFile(`${folder}/${name}`, sealed);
    await expect(file.read()).rejects.toThrow(SyntaxError);
    await expect(file.readNext()).rejects.toThrow(SyntaxError);
  });

  it('removes what interrupted writes have left, and no other file', async () => {
    const others = ['audit.log', 'audit.log.new', 'state.sealed', 'state.sealed.old', 'other.state.sealed.1.new'];
    const leftovers = ['state.sealed.new', 'state.sealed.7f.new', 'state.sealed.next'];
    for (const name of [...others, ...leftovers]) await writeFile(`${folder}/${name}`, '');
    await file.removeLeftovers();
    expect((await readdir(folder)).sort()).toEqual([...others].sort());
  });

  it('wipes the encoded state, also when sealing fails or the content is no state', async () => {
    const seen: Uint8Array[] = [];
    const sealer = create();
    const watched = Object.assign(Object.create(sealer) as Sealer, {
      sealState: (plaintext: Uint8Array) => {
        seen.push(plaintext);
        if (seen.length === 2) throw new RangeError('scripted');
        return sealer.sealState(plaintext);
      },
      openState: (sealed: Uint8Array) => {
        const plaintext = sealer.openState(sealed);
        seen.push(plaintext);
        return plaintext;
      },
    });
    const watchedFile = new StateFile(`${folder}/state.sealed`, watched);
    await watchedFile.prepare(state);
    await expect(watchedFile.prepare(later)).rejects.toThrow('scripted');
    expect(await watchedFile.readNext()).toMatchObject({ state });
    await writeFile(`${folder}/state.sealed`, sealer.sealState(Buffer.from('not JSON')));
    await expect(watchedFile.read()).rejects.toThrow(SyntaxError);
    expect(seen.map(isZero)).toEqual([true, true, true, true]);
    expect(seen.every(({ length }) => length > 0)).toBe(true);
  });
});
