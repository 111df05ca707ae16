// The connection of the journal opens a closed database again, and counts how often it was deleted.
import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { DATABASE_NAME } from '#web/journal/database.ts';
import { DISTURBANCES, LOSSES, openDisk } from './disk.ts';

it('does not open the database again after an error that is not a closed connection', async () => {
  const { database, connections } = await openDisk();
  const unknown = database.run(['unknown' as 'batches'], 'readonly', () => Promise.resolve());
  await expect(unknown).rejects.toMatchObject({ code: 'journal-failed' });
  expect(connections).toHaveLength(1);
});

it('counts the deletions, but not that the database was created or opened again', async () => {
  const disk = await openDisk();
  const read = () => disk.database.run(['open'], 'readonly', (transaction) => transaction.objectStore('open').getAll());
  expect(disk.database.deletions).toBe(0);
  for (const disturb of [
    DISTURBANCES.close,
    LOSSES.clearSite,
    DISTURBANCES.close,
    LOSSES.clearSilently,
    LOSSES.remove,
  ]) {
    await disturb(disk);
    await read();
  }
  expect(disk.database.deletions).toBe(3);
  expect((await disk.factory.databases()).map(({ name }) => name)).toEqual([DATABASE_NAME]);
});
