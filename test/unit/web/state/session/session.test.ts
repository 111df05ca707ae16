// The session of the page when a sign-in overlaps with unlocking a vault.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { type AsAccount, type LocalAccount, Session } from '#web/state/session/session.svelte.ts';

/** Returns a session with a vault, and a sign-in that ends when the test calls `end`. */
function overlap() {
  let answer = (_: Promise<never> | object): void => undefined;
  let signedOut = 0;
  const account = {
    roots: { isPinned: async () => true },
    signIn: () => new Promise((resolve) => (answer = (value) => resolve(value as never))),
    keys: async () => [],
    signOut: () => signedOut++,
  };
  const vault = {
    kind: 'vault',
    name: 'vault 0001',
    asNumber: 1,
    origin: 'vault 0001',
    keys: async () => [],
    signOut: () => undefined,
  };
  const session = new Session(
    async () => account as unknown as AsAccount,
    () => ['https://as.example'],
    () => new Date('2026-11-30T12:00:00Z'),
  );
  return {
    session,
    vault: vault as unknown as LocalAccount,
    end: (value: Promise<never> | object) => answer(value),
    signOuts: () => signedOut,
  };
}

const KF = `KF-${'0'.repeat(5)}-00000-00000-00000-00000-00000`;

describe('a sign-in that ends after a vault was unlocked', () => {
  it.each<[string, () => Promise<never> | object]>([
    ['fails', () => Promise.reject(new ProtocolError('service-unreachable', 'timeout'))],
    [
      'succeeds',
      () => ({
        operator: 'olga',
        role: 'operator',
        expires: '2026-11-30T13:00:00Z',
        service: { name: 'AS', asNumber: 0, demo: false },
      }),
    ],
  ])('%s without changing the session', async (_name, outcome) => {
    const { session, vault, end, signOuts } = overlap();
    const signingIn = session.signIn(KF);
    await expect.poll(() => session.state.is).toBe('signing-in');
    await new Promise((resolve) => setTimeout(resolve));
    await session.use(vault);
    const before = signOuts();
    end(outcome());
    await signingIn;
    expect(session.state).toMatchObject({ is: 'in', kind: 'vault', operator: 'vault 0001' });
    expect(signOuts()).toBeGreaterThan(before);
  });
});
