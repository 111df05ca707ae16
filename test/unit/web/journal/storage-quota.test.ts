import { describe, expect, it } from 'vitest';
import { readQuota, requestPersistence } from '#web/journal/storage-quota.ts';

describe('the storage quota', () => {
  it('is the estimate of the browser, before and after the browser grants persistence', async () => {
    let requests = 0;
    const storage = {
      persist: async () => ++requests > 0,
      persisted: async () => requests > 0,
      estimate: async () => ({ quota: 1000, usage: 400 }),
    } as unknown as StorageManager;
    expect(await readQuota(storage)).toEqual({ isPersistent: false, freeBytes: 600 });
    expect(await requestPersistence(storage)).toEqual({ isPersistent: true, freeBytes: 600 });
  });

  it('is unknown without navigator.storage', async () => {
    expect(await readQuota(undefined)).toEqual({ isPersistent: false, freeBytes: undefined });
  });
});
