// The session with an AS token card: attaching, the session that the card provides, locking, and a
// card that is unplugged.
import { describe, expect, it } from 'vitest';
import { exportRequest, PIN, type TestAsCard } from '#test/support/as-card.ts';
import { CardSession } from '#web/state/tokens/card-session.svelte.ts';
import { cardSession, createSession, NOW, unlocked, unreliable } from './card-fixture.ts';

describe('the card session', () => {
  it('shows the tries and the keys before the first PIN entry', async () => {
    const { card } = cardSession();
    await card.attach('usb');
    expect(card.phase).toEqual({ is: 'locked', triesLeft: 3 });
    expect(card.data?.entries.map(({ label }) => label)).toContain('Terminal key');
  });

  it('has no card and no failure after a cancelled chooser', async () => {
    const { card, chooser } = cardSession();
    chooser.choice = undefined;
    await card.attach('serial');
    expect([card.phase, card.failure]).toEqual([{ is: 'detached' }, undefined]);
  });

  it('has no card, and the reason, when the chosen device is no card', async () => {
    const phases: string[] = [];
    const transmit = async () => {
      phases.push(card.phase.is);
      return Uint8Array.of(0x6a, 0x82);
    };
    const { card } = cardSession({ transmit } as unknown as TestAsCard);
    await card.attach('usb');
    expect(phases[0]).toBe('reading');
    expect(card.phase).toEqual({ is: 'detached' });
    expect(card.failure).toBeDefined();
  });

  it('provides the keys to the session when the card is unlocked', async () => {
    const { card, session } = await unlocked();
    expect(card.phase).toEqual({ is: 'unlocked' });
    expect(session.signedIn).toMatchObject({
      kind: 'card',
      service: { name: 'AS token card 0007', asNumber: 7, demo: false },
    });
    expect(session.signedIn?.sets[0]?.keys.map(({ ref1 }) => ref1)).toEqual([0x0103, 0x0104, 0x0105, 0x0106]);
    expect(session.signedIn?.sets[0]?.transportKeys.map(({ tkv }) => tkv)).toEqual([2, 1]);
  });

  it('locks the card at sign-out, and signs out when the card is locked', async () => {
    const first = await unlocked();
    first.session.signOut();
    await expect.poll(() => first.card.phase).toEqual({ is: 'locked', triesLeft: 3 });
    const second = await unlocked();
    await second.card.lock();
    expect([second.card.phase, second.session.signedIn]).toEqual([{ is: 'locked', triesLeft: 3 }, undefined]);
  });

  it('signs out with the reason when the card is unplugged', async () => {
    const { card, session, pull } = await unlocked();
    pull();
    await expect.poll(() => card.phase).toEqual({ is: 'detached' });
    expect(card.failure).toEqual({ code: 'token-lost' });
    expect(session.state).toEqual({ is: 'out', failure: { code: 'token-lost' } });
  });

  it('is detached, and the session ends, when a command finds that the card was unplugged', async () => {
    const { card, session, cut, closed } = await unlocked();
    cut();
    await card.reread();
    expect([card.phase, card.data, card.failure]).toEqual([{ is: 'detached' }, undefined, { code: 'token-lost' }]);
    expect(session.state).toEqual({ is: 'out', failure: { code: 'token-lost' } });
    expect(closed()).toBe(1);
  });

  it('does not end the session with a vault when the card is unplugged', async () => {
    const { card, session, pull } = await unlocked();
    await session.use({
      ...{ kind: 'vault', origin: 'vault A', name: 'Vault 0007', asNumber: 7, auditHead: undefined },
      signOut: () => undefined,
      keys: async () => [],
      exportKey: () => Promise.reject(new TypeError('this test exports no key')),
      verifyReceipt: () => Promise.reject(new TypeError('this test verifies no receipt')),
    });
    await expect.poll(() => card.phase.is).toBe('locked');
    pull();
    await expect.poll(() => card.phase.is).toBe('detached');
    expect(session.signedIn?.kind).toBe('vault');
  });

  it('closes the link of the card that another one replaces, and signs out', async () => {
    const { card, session, closed } = await unlocked();
    await card.attach('usb');
    expect(closed()).toBe(1);
    expect([card.phase.is, session.signedIn]).toEqual(['locked', undefined]);
    await card.remove();
    await card.remove();
    expect([card.phase, card.data, closed()]).toEqual([{ is: 'detached' }, undefined, 2]);
  });

  it('ignores that a link was lost which another card has replaced', async () => {
    const { card, pull, chooser } = cardSession();
    await card.attach('usb');
    const other = cardSession();
    await other.card.attach('usb');
    const first = pull;
    chooser.choice = other.chooser.choice;
    await card.attach('usb');
    first();
    await Promise.resolve();
    expect(card.phase.is).toBe('locked');
  });

  it('keeps the card that is attached when the operator closes the chooser', async () => {
    const { card, session, chooser } = await unlocked();
    chooser.choice = undefined;
    await card.attach('usb');
    expect([card.phase.is, session.signedIn?.kind]).toEqual(['unlocked', 'card']);
  });

  it('uses the chooser of the kind that the operator named', async () => {
    const { card, chooser } = cardSession();
    const { choice } = chooser;
    chooser.choice = undefined;
    const session = createSession();
    for (const kind of ['usb', 'serial'] as const) {
      const chosen: string[] = [];
      const chooseBy = (name: string) => async () => {
        chosen.push(name);
        return choice;
      };
      const links = { chooseUsb: chooseBy('usb'), chooseSerial: chooseBy('serial') };
      await new CardSession(
        links,
        session,
        () => NOW,
        async () => undefined,
      ).attach(kind);
      expect(chosen).toEqual([kind]);
    }
    expect(card.phase.is).toBe('detached');
  });

  it('reads the quota of an unlocked card again, and sends nothing to another', async () => {
    const { card, session, sent } = await unlocked();
    expect(await session.local?.exportsLeft?.()).toBe(100);
    await session.local?.exportKey(exportRequest());
    expect(card.data?.quotaLeft).toBe(100);
    await card.refresh();
    expect(card.data?.quotaLeft).toBe(99);
    await card.lock();
    const before = sent();
    await card.refresh();
    await card.lock();
    expect(sent()).toBe(before);
  });

  it('shows no data of a card that was removed while they were read', async () => {
    const { card } = await unlocked();
    const refreshing = card.refresh();
    await card.remove();
    await refreshing;
    expect(card.data).toBeUndefined();
  });

  it('signs out when the state of the PIN cannot be read', async () => {
    let isMute = false;
    const { card, session } = unreliable((_, answer) => (isMute ? new Uint8Array([0x90]) : answer));
    await card.attach('usb');
    await card.enterPin(PIN);
    isMute = true;
    await card.reread();
    expect([card.phase, session.signedIn]).toEqual([{ is: 'locked', triesLeft: undefined }, undefined]);
    expect(card.failure).toBeDefined();
  });

  it('names the card and its set with all digits, and shows an erasure without attributes', async () => {
    const { session } = await unlocked();
    const [set] = session.signedIn?.sets ?? [];
    expect(session.origin).toBe('card 0000BA7C-7');
    expect(set).toMatchObject({ set: 0xba7c, name: 'Set 0000BA7C', profile: 'diversified', demo: false });
    expect(set?.transportKeys.map(({ suites }) => suites)).toEqual([
      [1, 2, 4],
      [1, 2, 4],
    ]);
    expect(set?.keys.map(({ ref1, attributes }) => [ref1, attributes])).toEqual([
      [0x0103, 'D0AB00N'],
      [0x0104, 'P0AE00N'],
      [0x0105, ''],
      [0x0106, 'K0AX00N'],
    ]);
    expect(set?.keys.map(({ kcv }) => kcv.length)).toEqual([10, 10, 10, 10]);
  });
});
