// The screen stays on while a run is under way, whatever the browser does with the lock meanwhile.
import { describe, expect, it } from 'vitest';
import { WakeLockHolder } from '#web/state/page/wake-lock.ts';

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

  get held(): number {
    return this.sentinels.filter(({ released }) => !released).length;
  }
}

function create() {
  const fake = new FakeWakeLock();
  return { fake, wakefulness: new WakeLockHolder(fake as unknown as WakeLock) };
}

describe('the screen', () => {
  it('is kept on once, and let go at the end', async () => {
    const { fake, wakefulness } = create();
    await wakefulness.keep(true);
    await wakefulness.keep(true);
    expect([fake.sentinels.length, fake.held]).toEqual([1, 1]);
    await wakefulness.keep(false);
    expect(fake.held).toBe(0);
  });

  it('is kept on again when the tab is seen again', async () => {
    const { fake, wakefulness } = create();
    await wakefulness.keep(true);
    await fake.sentinels[0]?.release(); // as the browser does when the tab is hidden
    await wakefulness.keep(true);
    expect(fake.held).toBe(1);
  });

  it('is let go when the run was over before the browser answered', async () => {
    const { fake, wakefulness } = create();
    await Promise.all([wakefulness.keep(true), wakefulness.keep(true), wakefulness.keep(false)]);
    expect(fake.held).toBe(0);
  });

  it('may be refused, or not be in the hands of this browser, and the run goes on', async () => {
    const { fake, wakefulness } = create();
    fake.refusal = new DOMException('the tab is hidden', 'NotAllowedError');
    await wakefulness.keep(true);
    await new WakeLockHolder(undefined).keep(true);
    fake.refusal = new TypeError('a bug');
    await expect(wakefulness.keep(true)).rejects.toThrow(TypeError);
  });
});
