// Holds a wake lock during loads. The browser may refuse or release the wake lock.
import { describe, expect, it } from 'vitest';
import { WakeLockHolder } from '#web/state/page/wake-lock-holder.ts';

class FakeWakeLock {
  readonly sentinels: { released: boolean; release: () => Promise<void> }[] = [];
  refusal: Error | undefined;

  request = async () => {
    if (this.refusal) throw this.refusal;
    const sentinel = {
      released: false,
      release: async () => {
        sentinel.released = true;
      },
    };
    this.sentinels.push(sentinel);
    return sentinel;
  };

  get active(): number {
    return this.sentinels.filter(({ released }) => !released).length;
  }
}

function create() {
  const fake = new FakeWakeLock();
  return { fake, holder: new WakeLockHolder(fake as unknown as WakeLock) };
}

describe('the wake lock', () => {
  it('is requested once, and released at the end', async () => {
    const { fake, holder } = create();
    await holder.keep(true);
    await holder.keep(true);
    expect([fake.sentinels.length, fake.active]).toEqual([1, 1]);
    await holder.keep(false);
    expect(fake.active).toBe(0);
  });

  it('is requested again when the tab becomes visible', async () => {
    const { fake, holder } = create();
    await holder.keep(true);
    await fake.sentinels[0]?.release(); // as the browser does when the tab is hidden
    await holder.keep(true);
    expect(fake.active).toBe(1);
  });

  it('is released when the load has ended before the browser grants the lock', async () => {
    const { fake, holder } = create();
    await Promise.all([holder.keep(true), holder.keep(true), holder.keep(false)]);
    expect(fake.active).toBe(0);
  });

  it('may be refused or not supported, without an error', async () => {
    const { fake, holder } = create();
    fake.refusal = new DOMException('the tab is hidden', 'NotAllowedError');
    await holder.keep(true);
    await new WakeLockHolder(undefined).keep(true);
    fake.refusal = new TypeError('a bug');
    await expect(holder.keep(true)).rejects.toThrow(TypeError);
  });
});
