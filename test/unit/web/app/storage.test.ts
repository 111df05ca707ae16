// The demo stores its data under separate names, and a reset deletes only the data of the demo.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { DEMO_PREFIX, deleteDemoData } from '#web/app/storage.ts';
import { Database } from '#web/journal/database.ts';
import { withPrefix } from '#web/journal/indexed-db.ts';
import { VaultStore } from '#web/vault-store/vault-store.ts';

const locks = {
  request: async (_name: string, action: () => Promise<void>) => await action(),
} as unknown as LockManager;

/** Fakes a localStorage that has entries with these names. */
function storageOf(...names: readonly string[]) {
  const left = [...names];
  const values = new Map<string, string>();
  return {
    left,
    get length(): number {
      return left.length;
    },
    values,
    key: (index: number) => left[index] ?? null,
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
    removeItem: (name: string) => void left.splice(left.indexOf(name), 1),
  };
}

describe('the data of the demo', () => {
  it('is stored apart from that of the station, and is all that a reset deletes', async () => {
    const factory = new IDBFactory();
    for (const prefix of ['', DEMO_PREFIX]) {
      await (await Database.open(withPrefix(factory, prefix), () => undefined)).close();
      await (await VaultStore.open(withPrefix(factory, prefix))).close();
    }
    const settings = storageOf(
      'keyferry.to-return',
      `${DEMO_PREFIX}keyferry.to-return`,
      'keyferry.clock',
      `${DEMO_PREFIX}x`,
    );
    expect(await factory.databases()).toHaveLength(4);
    await deleteDemoData('reset 1', locks, factory, settings);
    expect((await factory.databases()).map(({ name }) => name).sort()).toEqual(['keyferry', 'keyferry-vaults']);
    expect(settings.left).toEqual(['keyferry.to-return', 'keyferry.clock']);
  });

  it('is deleted as soon as another tab has closed its databases', async () => {
    const factory = new IDBFactory();
    const prefixed = withPrefix(factory, DEMO_PREFIX);
    await Database.open(prefixed, () => undefined);
    await VaultStore.open(prefixed);
    await deleteDemoData('reset 1', locks, factory, storageOf());
    expect(await factory.databases()).toEqual([]);
  });

  it('is deleted once for each reset, whichever tab is first', async () => {
    const factory = new IDBFactory();
    const settings = storageOf();
    await deleteDemoData('reset 1', locks, factory, settings);
    await Database.open(withPrefix(factory, DEMO_PREFIX), () => undefined);
    await deleteDemoData('reset 1', locks, factory, settings);
    expect(await factory.databases()).toHaveLength(1);
    await deleteDemoData('reset 2', locks, factory, settings);
    expect(await factory.databases()).toEqual([]);
  });
});
