import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { Database } from '#web/journal/database.ts';
import { rotateLog } from '#web/journal/log-rotation.ts';
import { LOG_ROTATION_STORE } from '#web/journal/migrations.ts';

describe('rotateLog', () => {
  it('fills the write buffer of LevelDB with records smaller than a file, and deletes them', async () => {
    const database = await Database.open(new IDBFactory(), () => undefined);
    const sizes: number[] = [];
    const run = database.run.bind(database);
    database.run = async (stores, mode, body, durability) => {
      const result = await run(stores, mode, body, durability);
      await run([LOG_ROTATION_STORE], 'readonly', async (transaction) => {
        for (const { length } of await transaction.objectStore(LOG_ROTATION_STORE).getAll()) sizes.push(length);
      });
      return result;
    };
    await rotateLog(database);
    expect(Math.max(...sizes)).toBeLessThan(64 * 1024);
    expect(sizes.reduce((total, size) => total + size)).toBeGreaterThan(4 * 1024 * 1024);
    expect(
      await run([LOG_ROTATION_STORE], 'readonly', (transaction) => transaction.objectStore(LOG_ROTATION_STORE).count()),
    ).toBe(0);
  });
});
