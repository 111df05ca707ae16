// Adding sets, keys, instructions to erase and new transport keys, and the rules for exports.
import files, { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addErasing, rotateSet } from '#as-service/sets/rotation.ts';
import { authorise, demoRefused, mayUse, setLabel, unitNotListed, visibleSets } from '#as-service/sets/set-access.ts';
import { viewSet } from '#as-service/sets/set-view.ts';
import { addKey, addSet, allowUnits, type NewKey, type NewSet, writeDeviceKey } from '#as-service/sets/sets.ts';
import type { OperatorState, SetState } from '#as-service/storage/state.ts';
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { isZero } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { replaceInNode, systemError } from '#test/support/node-modules.ts';
import { StateInMemory } from '#test/support/service-state.ts';

const SET = 0xba7c;
const T = Uint8Array.from({ length: 32 }, (_, index) => 0x40 + index);
const TA = Uint8Array.from({ length: 16 }, (_, index) => 0x80 + index);
const SN = '00000000000000004549000000000007';
const NEW_SET: NewSet = {
  ...{ set: SET, name: 'Line 3', profile: 'diversified', family: 'cmac', tkv: 1, transportKey: T },
  ...{ units: null, quotaPerUnit: null },
};
const NEW_KEY: NewKey = {
  ...{ set: SET, ref1: 0x0103, label: 'Data key', attributes: 'D0AB00N', slot: 2, key: TA, length: 32 },
};
const [demo] = DEMO_SETS;
if (demo === undefined) throw new TypeError('no demo set');

let as: StateInMemory;
beforeEach(async () => {
  as = await StateInMemory.open();
});
const found = (index = 0): SetState => {
  const set = as.state.sets[index];
  if (set === undefined) throw new TypeError('no set');
  return set;
};
const lastChange = () => as.changes.at(-1);

describe('a new set', () => {
  it('is stored with a copy of T, and logged without it', async () => {
    await addSet(as, 'cli root', { ...NEW_SET, name: ' Line\u00a03 ', units: ['4549000000000007'], quotaPerUnit: 3 });
    expect(found()).toEqual({
      ...{ set: SET, name: 'Line 3', profile: 'diversified', keys: [], nextAkv: 1, units: [SN], quotaPerUnit: 3 },
      transportKeys: [{ tkv: 1, family: 'cmac', key: T }],
    });
    expect(found().transportKeys[0]?.key).not.toBe(T);
    const facts = { set: SET, name: 'Line 3', profile: 'diversified', family: 'cmac', tkv: 1 };
    expect(lastChange()).toEqual({
      event: 'set-added',
      actor: 'cli root',
      details: { ...facts, units: 1, quotaPerUnit: 3 },
    });
  });

  it('has a random T of 32 bytes if none is given, and admits every unit without a list', async () => {
    await addSet(as, 'cli root', { ...NEW_SET, transportKey: undefined });
    await addSet(as, 'cli root', { ...NEW_SET, set: 1, transportKey: undefined });
    const keys = [found(0), found(1)].map(({ transportKeys }) => toHex(transportKeys[0]?.key ?? T));
    expect(keys[0]).toHaveLength(64);
    expect(keys[0]).not.toBe(keys[1]);
    expect(found().units).toBeNull();
    expect(lastChange()?.details.units).toBeNull();
  });

  it.each<[Partial<NewSet>, string]>([
    [{ name: '' }, 'The name is empty.'],
    [{ set: 0 }, 'SET must be a whole number from 1 to 4294967295.'],
    [{ set: 0x1_0000_0000 }, 'SET must be a whole number from 1 to 4294967295.'],
    [{ tkv: 0 }, 'TKV must be a whole number from 1 to 255.'],
    [{ tkv: 256 }, 'TKV must be a whole number from 1 to 255.'],
    [{ quotaPerUnit: 0 }, 'quota must be a whole number from 1 to 4294967295.'],
    [{ quotaPerUnit: 0x1_0000_0000 }, 'quota must be a whole number from 1 to 4294967295.'],
    [{ units: ['X'] }, 'SN: '],
    [{ transportKey: T.slice(1) }, 'T has 32 bytes, not 31.'],
    [{ transportKey: T.map((_, index) => index % 7) }, 'it has fewer than 8 different bytes'],
    [{ set: demo.set }, 'is refused outside demo mode'],
    [{ transportKey: demo.publishedTransportKey }, 'is refused outside demo mode'],
  ])('is refused with %j', async (change, words) => {
    await expect(addSet(as, 'cli root', { ...NEW_SET, ...change })).rejects.toThrow(words);
    expect(as.changes).toEqual([]);
  });

  it('may have the largest numbers, and eight different bytes in T', async () => {
    const transportKey = T.map((_, index) => index % 8);
    const largest = { set: 0xffffffff, tkv: 0xff, quotaPerUnit: 0xffffffff, transportKey };
    await addSet(as, 'cli root', { ...NEW_SET, ...largest });
    await addSet(as, 'cli root', { ...NEW_SET, set: 1, tkv: 1, quotaPerUnit: 1 });
    expect(as.state.sets).toHaveLength(2);
  });

  it('needs another number than each set', async () => {
    await addSet(as, 'cli root', NEW_SET);
    await expect(addSet(as, 'cli root', NEW_SET)).rejects.toThrow('There is already a set 0000BA7C (Line 3).');
  });

  it('may be a demo set in demo mode', async () => {
    as = await StateInMemory.open(true);
    await addSet(as, 'cli root', { ...NEW_SET, set: demo.set, transportKey: demo.publishedTransportKey });
    expect(viewSet(found()).demo).toBe(true);
  });
});

describe('the list of a set', () => {
  it('gets the named units once, and is removed when every unit is admitted', async () => {
    await addSet(as, 'cli root', { ...NEW_SET, set: 1 });
    await addSet(as, 'cli root', NEW_SET);
    await allowUnits(as, 'cli root', SET, ['4549000000000007', '8']);
    const eight = '8'.padStart(32, '0');
    expect(found(1).units).toEqual([SN, eight]);
    expect(lastChange()).toEqual({
      event: 'units-allowed',
      actor: 'cli root',
      details: { set: SET, units: `${SN} ${eight}` },
    });
    await allowUnits(as, 'cli root', SET, ['8', '9']);
    expect(found(1).units).toEqual([SN, eight, '9'.padStart(32, '0')]);
    await allowUnits(as, 'cli root', SET, null);
    expect([found(0).units, found(1).units]).toEqual([null, null]);
    expect(lastChange()?.details.units).toBe('any');
    await expect(allowUnits(as, 'cli root', 2, null)).rejects.toThrow(
      'There is no set 00000002. "set list" shows all sets.',
    );
  });
});

describe('a new key', () => {
  beforeEach(() => addSet(as, 'cli root', NEW_SET));

  it('gets the next AKV of its set, and is logged with its check value', async () => {
    await addKey(as, 'cli root', NEW_KEY);
    await addKey(as, 'cli root', { ...NEW_KEY, ref1: 0x0104, slot: 0xffff, key: undefined });
    const { keys, nextAkv } = found();
    const facts = { ref1: 0x0103, label: 'Data key', attributes: 'D0AB00N', akv: 1, slot: 2 };
    expect(keys[0]).toEqual({ ...facts, key: TA });
    expect(keys[0]?.key).not.toBe(TA);
    expect(keys[1]).toMatchObject({ ref1: 0x0104, akv: 2, slot: 0xffff });
    expect(keys[1]?.key).toHaveLength(32);
    expect(nextAkv).toBe(3);
    const kcv = toHex(keyCheckValue('D0AB00N', TA).value);
    expect(as.changes.at(-2)).toEqual({
      event: 'key-added',
      actor: 'cli root',
      details: { set: SET, ...facts, kcv },
    });
  });

  it.each<[Partial<NewKey>, string]>([
    [{ set: 1 }, 'There is no set 00000001.'],
    [{ ref1: -1 }, 'REF1 must be a whole number from 0 to 65535.'],
    [{ ref1: 0x10000 }, 'REF1 must be a whole number from 0 to 65535.'],
    [{ label: '' }, 'The label is empty.'],
    [{ slot: -1 }, 'slot must be a whole number from 0 to 65535.'],
    [{ slot: 0x10000 }, 'slot must be a whole number from 0 to 65535.'],
    [{ slot: 0xfffe }, 'Slot FFFE contains the transport key and takes no application key.'],
    [{ attributes: 'd0ab00n' }, '"d0ab00n" is not an attribute field.'],
    [{ key: T.slice(1) }, 'An application key has 16, 24 or 32 bytes, not all zero.'],
    [{ key: new Uint8Array(16) }, 'An application key has 16, 24 or 32 bytes, not all zero.'],
    [{ key: undefined, length: 20 }, 'An application key has 16, 24 or 32 bytes, not all zero.'],
  ])('is refused with %j', async (change, words) => {
    await expect(addKey(as, 'cli root', { ...NEW_KEY, ...change })).rejects.toThrow(words);
    expect(found().keys).toEqual([]);
  });

  it('belongs to its set only', async () => {
    await addSet(as, 'cli root', { ...NEW_SET, set: 1 });
    await addKey(as, 'cli root', NEW_KEY);
    expect([found(0).keys.length, found(1).keys.length]).toEqual([1, 0]);
  });

  it('needs an own REF1', async () => {
    await addKey(as, 'cli root', NEW_KEY);
    await expect(addKey(as, 'cli root', NEW_KEY)).rejects.toThrow(
      'The set 0000BA7C (Line 3) already has a key with REF1 0103. Choose another REF1.',
    );
  });

  it.each([16, 24, 32])('may have %d random bytes, and the first and last REF1 and slot', async (length) => {
    await addKey(as, 'cli root', { ...NEW_KEY, key: undefined, length, ref1: 0, slot: 0 });
    await addKey(as, 'cli root', { ...NEW_KEY, key: T.slice(0, length), ref1: 0xffff, slot: 0xffff });
    expect(found().keys.map(({ key }) => key.length)).toEqual([length, length]);
  });
});

describe('an instruction to erase', () => {
  beforeEach(() => addSet(as, 'cli root', NEW_SET));

  it('gets an AKV and no key', async () => {
    const erasing = { set: SET, ref1: 0x0201, label: 'Empty slot 2', slot: 0xfffd };
    await addErasing(as, 'cli root', erasing);
    const facts = { ref1: 0x0201, label: 'Empty slot 2', akv: 1, slot: 0xfffd };
    expect(found().keys).toEqual([{ ...facts, attributes: NO_ATTRIBUTES, key: new Uint8Array(0) }]);
    expect(found().nextAkv).toBe(2);
    expect(lastChange()).toEqual({ event: 'erasing-added', actor: 'cli root', details: { set: SET, ...facts } });
    await expect(addErasing(as, 'cli root', { ...erasing, ref1: 1, slot: 0xfffe })).rejects.toThrow(
      'The slot to erase must be from 0000 to FFFD.',
    );
    await expect(addErasing(as, 'cli root', { ...erasing, ref1: 1, label: '' })).rejects.toThrow('The label is empty.');
  });
});

describe('a new transport key', () => {
  const rotation = { set: SET, ref1: 0x0200, label: 'New T', transportKey: T.map((byte) => byte + 1) };

  it('has the next TKV and the family of the one before, which remains', async () => {
    await addSet(as, 'cli root', { ...NEW_SET, family: 'hmac' });
    expect(await rotateSet(as, 'cli root', rotation)).toBe(2);
    expect(found().transportKeys).toEqual([
      { tkv: 1, family: 'hmac', key: T },
      { tkv: 2, family: 'hmac', key: rotation.transportKey },
    ]);
    const facts = { attributes: TRANSPORT_KEY_ATTRIBUTES, akv: 2, slot: 0xfffe };
    expect(found().keys).toEqual([{ ref1: 0x0200, label: 'New T', ...facts, key: new Uint8Array(0) }]);
    expect(lastChange()).toEqual({
      event: 'set-rotated',
      actor: 'cli root',
      details: { set: SET, ref1: 0x0200, label: 'New T', tkv: 2, family: 'hmac' },
    });
  });

  it('is refused after version 255, without a label, and if it is published', async () => {
    await addSet(as, 'cli root', { ...NEW_SET, tkv: 254 });
    await expect(rotateSet(as, 'cli root', { ...rotation, label: '' })).rejects.toThrow('The label is empty.');
    await expect(rotateSet(as, 'cli root', { ...rotation, transportKey: demo.publishedTransportKey })).rejects.toThrow(
      'is refused outside demo mode',
    );
    expect(await rotateSet(as, 'cli root', rotation)).toBe(255);
    await expect(rotateSet(as, 'cli root', { ...rotation, ref1: 1 })).rejects.toThrow(
      'This set has used transport key version 255, the last one.',
    );
  });

  it('may be published in demo mode', async () => {
    as = await StateInMemory.open(true);
    await addSet(as, 'cli root', NEW_SET);
    expect(await rotateSet(as, 'cli root', { ...rotation, transportKey: demo.publishedTransportKey })).toBe(2);
  });
});

describe('the view of a set', () => {
  it('has the suites of each T and the check values, and no key', async () => {
    await addSet(as, 'cli root', NEW_SET);
    await addKey(as, 'cli root', NEW_KEY);
    await addErasing(as, 'cli root', { set: SET, ref1: 2, label: 'Erase', slot: 2 });
    await rotateSet(as, 'cli root', { set: SET, ref1: 3, label: 'New T', transportKey: undefined });
    const view = viewSet(found());
    const key = { ref1: 0x0103, label: 'Data key', attributes: 'D0AB00N', akv: 1, slot: 2 };
    expect(view).toMatchObject({ set: SET, name: 'Line 3', profile: 'diversified', demo: false });
    expect(view.transportKeys).toEqual([
      { tkv: 1, suites: [1, 2] },
      { tkv: 2, suites: [1, 2] },
    ]);
    expect(view.keys[0]).toEqual({ ...key, kcv: toHex(keyCheckValue('D0AB00N', TA).value) });
    expect(view.keys[1]).toMatchObject({ attributes: '', kcv: '0000000000' });
    expect(view.keys[2]).toMatchObject({ attributes: TRANSPORT_KEY_ATTRIBUTES, kcv: '0000000000' });
  });

  it('has the check value of a new T in a shared set, in which all units get the same', async () => {
    await addSet(as, 'cli root', { ...NEW_SET, profile: 'shared', family: 'hmac' });
    await rotateSet(as, 'cli root', { set: SET, ref1: 3, label: 'New T', transportKey: T.map((byte) => byte + 1) });
    const { keys, transportKeys } = viewSet(found());
    expect(keys[0]?.kcv).toBe(
      toHex(
        keyCheckValue(
          TRANSPORT_KEY_ATTRIBUTES,
          T.map((byte) => byte + 1),
        ).value,
      ),
    );
    expect(transportKeys[1]).toEqual({ tkv: 2, suites: [4] });
  });
});

describe('the secret of a unit', () => {
  it.each(['diversified', 'shared'] as const)('of a %s set is written to a new file', async (profile) => {
    const folder = await mkdtemp(join(tmpdir(), 'kf-'));
    const path = join(folder, 'unit.key');
    await addSet(as, 'cli root', { ...NEW_SET, profile });
    expect(await writeDeviceKey(as, 'cli root', { set: SET, sn: '4549000000000007', path })).toEqual({
      profile,
      tkv: 1,
    });
    const kd = deriveDeviceKey('cmac', T, { set: SET, tkv: 1, sn: fromHex(SN) });
    expect(await readFile(path, 'utf8')).toBe(`${toHex(profile === 'shared' ? T : kd)}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(as.appended).toEqual([
      { event: 'device-key-written', actor: 'cli root', details: { set: SET, tkv: 1, profile, sn: SN } },
    ]);
    expect(found().transportKeys[0]?.key).toEqual(T);
    await expect(writeDeviceKey(as, 'cli root', { set: SET, sn: SN, path })).rejects.toThrow('is not overwritten');
    await rm(folder, { recursive: true });
  });

  it.each([true, false])('leave no copy of the key in memory, whether the file is written: %s', async (isWritten) => {
    const written: Uint8Array[] = [];
    replaceInNode(files, 'open', () => async () => {
      const writeFile = (text: Uint8Array): Promise<void> => {
        written.push(text);
        return isWritten ? Promise.resolve() : Promise.reject(systemError('ENOSPC'));
      };
      const nothing = (): Promise<void> => Promise.resolve();
      return { writeFile, sync: nothing, chmod: nothing, close: nothing } as unknown as Awaited<
        ReturnType<typeof files.open>
      >;
    });
    await addSet(as, 'cli root', NEW_SET);
    await writeDeviceKey(as, 'cli root', { set: SET, sn: SN, path: '/nowhere/unit.key' }).catch(() => undefined);
    expect(written.map((text) => [text.length, isZero(text)])).toEqual([[65, true]]);
  });
});

describe('the access to a set', () => {
  const operator = (sets: readonly number[] | null) => ({ sets }) as OperatorState;
  const request = (sn = SN, tkv = 1, set = SET) => ({ unit: { set, tkv, sn: fromHex(sn) } }) as UnitExportRequest;

  it('is limited to the sets of the operator, and hides demo sets outside demo mode', async () => {
    as = await StateInMemory.open(true);
    await addSet(as, 'cli root', NEW_SET);
    await addSet(as, 'cli root', { ...NEW_SET, set: demo.set, transportKey: demo.publishedTransportKey });
    const sets = (isDemo: boolean, of: readonly number[] | null) =>
      visibleSets(as.state, isDemo, operator(of)).map(({ set }) => set);
    expect(sets(true, null)).toEqual([SET, demo.set]);
    expect(sets(false, null)).toEqual([SET]);
    expect(sets(true, [demo.set])).toEqual([demo.set]);
    expect(sets(true, [])).toEqual([]);
    expect([mayUse(operator(null), SET), mayUse(operator([SET]), SET), mayUse(operator([1]), SET)]).toEqual([
      ...[true, true, false],
    ]);
    expect(setLabel(found())).toBe('set 0000BA7C (Line 3)');
  });

  it('is given to listed units only, and to a published T in demo mode only', async () => {
    as = await StateInMemory.open(true);
    await addSet(as, 'cli root', { ...NEW_SET, units: [SN] });
    await addSet(as, 'cli root', { ...NEW_SET, set: 1, transportKey: demo.publishedTransportKey });
    await addSet(as, 'cli root', { ...NEW_SET, set: demo.set });
    const state = as.state;
    expect(() => authorise(state, false, request())).not.toThrow();
    const other = '8'.padStart(32, '0');
    expect(() => authorise(state, false, request(other))).toThrow(
      new ProtocolError('unit-not-listed', `Unit ${other} is not on the list of set 0000BA7C (Line 3).`),
    );
    expect(unitNotListed(found(), other)).toMatchObject({ name: 'ProtocolError', code: 'unit-not-listed' });
    expect(demoRefused(found())).toMatchObject({ name: 'ProtocolError', code: 'demo-refused' });
    for (const set of [1, demo.set]) {
      expect(() => authorise(state, true, request(SN, 1, set))).not.toThrow();
      expect(() => authorise(state, false, request(SN, 1, set))).toThrow(
        'is a demo set, and this service is not in demo mode.',
      );
    }
    for (const wrong of [request(SN, 2), request(SN, 1, 2)]) {
      expect(() => authorise(state, true, wrong)).toThrow(new RangeError('the set is unknown'));
    }
  });
});
