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

  it.each([
    [{ quota: 1000 }, undefined],
    [{ usage: 400 }, undefined],
    [{ quota: 1000, usage: 1001 }, 0],
  ])('is what the browser reports: %o', async (estimate, freeBytes) => {
    const storage = { persisted: async () => true, estimate: async () => estimate } as unknown as StorageManager;
    expect(await readQuota(storage)).toEqual({ isPersistent: true, freeBytes });
    expect(await requestPersistence(storage)).toEqual({ isPersistent: true, freeBytes });
  });

  it('is unknown if the browser has only a part of the interface', async () => {
    const none = { isPersistent: false, freeBytes: undefined };
    expect(await readQuota({} as StorageManager)).toEqual(none);
    expect(await requestPersistence({} as StorageManager)).toEqual(none);
    expect(await requestPersistence(undefined)).toEqual(none);
  });
});
