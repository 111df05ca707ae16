import { describe, expect, it } from 'vitest';
import { joinSessions } from '#web/journal/sessions.ts';

/** Fakes navigator.locks of one browser. All locks are exclusive. */
class FakeLocks {
  held: string[] = [];

  request = async (name: string, callback: (lock: Lock) => unknown): Promise<unknown> => {
    this.held = [...this.held, name];
    return await callback({ name, mode: 'exclusive' });
  };

  query = async (): Promise<LockManagerSnapshot> => ({
    held: this.held.map((name) => ({ name, mode: 'exclusive' as const, clientId: '' })),
    pending: [],
  });

  /** Releases the lock, as the browser does when the page closes. */
  release(name: string): void {
    this.held = this.held.filter((other) => other !== name);
  }
}

describe('sessions', () => {
  it('are live while their page holds the lock of the session', async () => {
    const locks = new FakeLocks();
    const manager = locks as unknown as LockManager;
    const a = await joinSessions(manager, 'a');
    await joinSessions(manager, 'b');
    await locks.request('something else', () => undefined);
    expect(await a.live()).toEqual(new Set(['a', 'b']));
    locks.release('keyferry-session-b');
    expect(await a.live()).toEqual(new Set(['a']));
  });

  it('reject when the browser refuses the lock', async () => {
    const refusing = {
      request: () => Promise.reject(new DOMException('no', 'SecurityError')),
    } as unknown as LockManager;
    await expect(joinSessions(refusing, 'a')).rejects.toThrow('no');
  });
});
