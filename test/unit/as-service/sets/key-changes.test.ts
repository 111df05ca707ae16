// Disabling, enabling and destroying keys, and what the AS then refuses.
import { beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import { viewEntry } from '#as-service/sets/entry-view.ts';
import { destroyKey, disableKey, enableKey } from '#as-service/sets/key-changes.ts';
import { addErasing } from '#as-service/sets/rotation.ts';
import { viewSet } from '#as-service/sets/set-view.ts';
import { addKey } from '#as-service/sets/sets.ts';
import type { SetState } from '#as-service/storage/state.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { exportRequest, receiptFor, TEST_SET, TEST_TA } from '#test/support/as-service.ts';
import { MemoryExporter, operator, sender, testSet } from '#test/support/memory-exporter.ts';
import { StateInMemory } from '#test/support/service-state.ts';

const NAME = { set: TEST_SET, ref1: 0x0103 };
const LABEL = 'REF1 0103 (Data key) of set 0000BA7C (Test set)';

let as: StateInMemory;
beforeEach(async () => {
  as = await StateInMemory.open();
  as.state = { ...as.state, sets: [testSet()] };
});
const found = (): SetState => {
  const [set] = as.state.sets;
  if (set === undefined) throw new TypeError('no set');
  return set;
};
const entryOf = (ref1 = NAME.ref1) => {
  const entry = found().keys.find((each) => each.ref1 === ref1);
  if (entry === undefined) throw new TypeError('no entry');
  return entry;
};

describe('a disabled key', () => {
  it('keeps its value, is logged, and can be enabled again', async () => {
    const before = entryOf();
    await disableKey(as, 'cli root', NAME);
    expect(entryOf()).toEqual({ ...before, disabled: true });
    await enableKey(as, 'cli root', NAME);
    expect(entryOf()).toEqual(before);
    const { kcv } = viewEntry(found(), before);
    const details = { set: TEST_SET, ref1: 0x0103, label: 'Data key', akv: 1, kcv };
    expect(as.changes).toEqual([
      { event: 'key-disabled', actor: 'cli root', details },
      { event: 'key-enabled', actor: 'cli root', details },
    ]);
  });

  it('is not offered to stations, and other keys are', async () => {
    await disableKey(as, 'cli root', NAME);
    expect(viewSet(found()).keys.map(({ ref1 }) => ref1)).toEqual([0x0104]);
  });

  it('cannot be disabled twice, and an enabled key cannot be enabled', async () => {
    await expect(enableKey(as, 'cli root', NAME)).rejects.toThrow(
      new UserError(`${LABEL} is already enabled. Nothing was changed.`),
    );
    await disableKey(as, 'cli root', NAME);
    await expect(disableKey(as, 'cli root', NAME)).rejects.toThrow(`${LABEL} is already disabled.`);
    await expect(disableKey(as, 'cli root', { ...NAME, ref1: 9 })).rejects.toThrow(
      new UserError('The set 0000BA7C (Test set) has no key with REF1 0009. "key list" shows all keys.'),
    );
  });
});

describe('a destroyed key', () => {
  it('is gone from the state, and its name, version and KCV stay', async () => {
    const before = entryOf();
    const { kcv } = viewEntry(found(), before);
    await destroyKey(as, 'cli root', NAME);
    expect(entryOf()).toEqual({ ...before, key: new Uint8Array(0), destroyedKcv: kcv });
    expect(viewEntry(found(), entryOf())).toEqual({ kind: 'key', attributes: 'D0AB00N', kcv });
    expect(as.changes).toEqual([
      { event: 'key-destroyed', actor: 'cli root', details: { ...NAME, label: 'Data key', akv: 1, kcv } },
    ]);
    expect(viewSet(found()).keys.map(({ ref1 }) => ref1)).toEqual([0x0104]);
  });

  it('cannot be enabled, destroyed again or replaced under its REF1', async () => {
    await disableKey(as, 'cli root', NAME);
    await destroyKey(as, 'cli root', NAME);
    for (const change of [destroyKey, enableKey, disableKey]) {
      await expect(change(as, 'cli root', NAME)).rejects.toThrow(
        `${LABEL} is already destroyed. A destroyed key cannot be used again. Add a new key.`,
      );
    }
    const input = { ...NAME, label: 'New', attributes: 'D0AB00N', slot: 2, key: TEST_TA, length: 32 };
    await expect(addKey(as, 'cli root', input)).rejects.toThrow('Choose another REF1');
    await addKey(as, 'cli root', { ...input, ref1: 0x0105 });
    expect(entryOf(0x0105).akv).toBe(3);
  });

  it('is an application key: an erasure contains none', async () => {
    await addErasing(as, 'cli root', { set: TEST_SET, ref1: 0x0200, label: 'Empty', slot: 2 });
    await expect(destroyKey(as, 'cli root', { set: TEST_SET, ref1: 0x0200 })).rejects.toThrow(
      'contains no application key. Disable it instead.',
    );
  });
});

describe.each(['disabled', 'destroyed'] as const)('the AS with a %s key', (status) => {
  const OLGA = operator('olga');
  const change = (service: MemoryExporter) => {
    const [first, ...others] = testSet().keys;
    if (first === undefined) throw new TypeError('no entry');
    const changed =
      status === 'disabled'
        ? { ...first, disabled: true as const }
        : { ...first, key: new Uint8Array(0), destroyedKcv: '0102030405' };
    service.state = { ...service.state, sets: [testSet({ keys: [changed, ...others] })] };
  };
  const refused = {
    code: 'key-unknown',
    message: `REF1 0103 of set 0000BA7C (Test set) is ${status}. Choose another key.`,
  };

  it('refuses its export and also repeats of an earlier one, and exports other keys', async () => {
    const service = await MemoryExporter.open();
    const earlier = exportRequest();
    await service.exporter.export(earlier, sender(OLGA));
    change(service);
    await expect(service.exporter.export(exportRequest(), sender(OLGA))).rejects.toMatchObject(refused);
    await expect(service.exporter.export(earlier, sender(OLGA))).rejects.toMatchObject(refused);
    await service.exporter.export(exportRequest({ ref1: 0x0104, ref2: 5 }), sender(OLGA));
    expect(service.ledger.countOfOperator('olga')).toBe(2);
  });

  it('refuses an export that began before the change', async () => {
    const service = await MemoryExporter.open();
    let checks = 0;
    const changing = sender(OLGA, () => {
      if (++checks === 2) change(service);
    });
    await expect(service.exporter.export(exportRequest(), changing)).rejects.toMatchObject(refused);
    expect(checks).toBe(2);
    expect(service.ledger.countOfOperator('olga')).toBe(0);
    await expect(service.keys.copyApplicationKey(TEST_SET, 0x0103)).rejects.toMatchObject(refused);
  });

  it('verifies the receipt of an earlier export', async () => {
    const service = await MemoryExporter.open();
    const request = exportRequest();
    const { exportId, data } = await service.exporter.export(request, sender(OLGA));
    change(service);
    const receipt = receiptFor(toBase64url(data), request.random);
    expect(await service.exporter.verifyReceipt({ exportId, receipt }, sender(OLGA))).toMatchObject({ exportId });
  });
});
