// The session with an AS token card: tries, unlocking, locking, the PIN change, and a card that is
// unplugged.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { exportRequest, PIN, TestAsCard } from '#test/support/as-card.ts';
import { Session } from '#web/state/session/session.svelte.ts';
import { CardSession } from '#web/state/tokens/card-session.svelte.ts';
import type { Link } from '#web/transport/link.ts';

const NOW = new Date('2026-11-23T12:00:00Z');

/** Creates a card session with a test card that the test can unplug. */
function cardSession(testCard = new TestAsCard()) {
  let pull: () => void = () => undefined;
  let gone = false;
  let sent = 0;
  let closed = 0;
  const link: Link = {
    id: 1,
    kind: 'usb',
    label: 'Test token',
    open: async () => {
      const lost = new Promise<void>((resolve) => {
        pull = () => {
          gone = true;
          resolve();
        };
      });
      const transmit = async (command: Uint8Array) => {
        sent++;
        if (gone) throw new ProtocolError('device-lost', 'the test pulled the plug');
        return await testCard.transmit(command);
      };
      return { lost, transmit, close: async () => void closed++ };
    },
  };
  const chooser = { choice: link as Link | undefined };
  const session = new Session(
    () => Promise.reject(new TypeError('this test uses no service')),
    () => 'https://as.example',
    () => NOW,
  );
  const choose = async (): Promise<Link | undefined> => chooser.choice;
  const settled: boolean[] = [];
  const settle = async (): Promise<void> => void settled.push(session.signedIn !== undefined);
  const card = new CardSession({ chooseUsb: choose, chooseSerial: choose }, session, () => NOW, settle);
  return {
    ...{ settled, card, session, chooser },
    /** Unplugs the card. The browser reports this. */
    pull: () => pull(),
    /** Unplugs the card before the browser reports it. */
    cut: () => {
      gone = true;
    },
    sent: () => sent,
    closed: () => closed,
  };
}

async function unlocked() {
  const made = cardSession();
  await made.card.attach('usb');
  await made.card.enterPin(PIN);
  return made;
}

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

  it('shows the tries left after each wrong PIN', async () => {
    const { card, session } = cardSession();
    await card.attach('usb');
    for (const triesLeft of [2, 1]) {
      await card.enterPin('000000');
      expect([card.phase, card.failure]).toEqual([{ is: 'locked', triesLeft }, { code: 'pin-wrong' }]);
    }
    await card.enterPin('000000');
    expect([card.phase, card.failure]).toEqual([{ is: 'blocked' }, { code: 'token-blocked' }]);
    expect(session.signedIn).toBeUndefined();
  });

  it('sends no malformed PIN to the card', async () => {
    const { card, sent } = cardSession();
    await card.attach('usb');
    const before = sent();
    expect(['123', '1234567890123', '12a4', ''].map((text) => card.isPin(text))).toEqual([false, false, false, false]);
    await expect(card.enterPin('123')).rejects.toThrow(RangeError);
    await expect(card.changePin(PIN, '123')).rejects.toThrow(RangeError);
    await expect(card.changePin('123', PIN)).rejects.toThrow(RangeError);
    expect(sent()).toBe(before);
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

  it('changes the PIN of an unlocked card', async () => {
    const { card, session } = await unlocked();
    await card.changePin(PIN, '31415926');
    expect([card.isPinChanged, card.phase, session.signedIn?.kind]).toEqual([true, { is: 'unlocked' }, 'card']);
    await card.lock();
    await card.enterPin(PIN);
    expect(card.failure).toEqual({ code: 'pin-wrong' });
    await card.enterPin('31415926');
    expect(card.phase).toEqual({ is: 'unlocked' });
  });

  it('reports that either PIN may be valid if the card is unplugged while the PIN is changed', async () => {
    const testCard = new TestAsCard();
    const { transmit } = testCard;
    const { card, pull } = cardSession({
      ...testCard,
      transmit: async (command: Uint8Array) => {
        const answer = await transmit(command);
        if (command[1] !== 0x24) return answer;
        pull();
        throw new ProtocolError('device-lost', 'the test pulled the plug');
      },
    } as TestAsCard);
    await card.attach('usb');
    await card.changePin(PIN, '31415926');
    expect([card.phase, card.failure]).toEqual([{ is: 'detached' }, { code: 'pin-unconfirmed' }]);
  });

  /** Creates a card session. `lose` replaces the answer of the card to each command. */
  function unreliable(lose: (command: Uint8Array, answer: Uint8Array) => Uint8Array) {
    const testCard = new TestAsCard();
    const { transmit } = testCard;
    const made = cardSession({
      ...testCard,
      transmit: async (command: Uint8Array) => lose(command, await transmit(command)),
    } as TestAsCard);
    return { ...made, testCard };
  }

  it('does not show the old number of tries after the answer to a PIN was lost, and reads it again', async () => {
    let isMute = false;
    const { card, testCard, session } = unreliable((command, answer) => {
      isMute ||= command[1] === 0x20 && command.length > 5;
      return isMute ? new Uint8Array([0x90]) : answer;
    });
    await card.attach('usb');
    await card.enterPin('000000');
    expect(testCard.store.pinTries).toBe(2);
    expect([card.phase, card.failure]).toEqual([{ is: 'locked', triesLeft: undefined }, { code: 'pin-unanswered' }]);
    isMute = false;
    await card.reread();
    expect([card.phase, card.failure]).toEqual([{ is: 'locked', triesLeft: 2 }, undefined]);
    expect(session.signedIn).toBeUndefined();
  });

  it('settles the units after it was read again and is unlocked', async () => {
    let isMute = false;
    const { card, settled } = unreliable((command, answer) => {
      isMute ||= command[1] === 0x20 && command.length > 5;
      return isMute ? new Uint8Array([0x90]) : answer;
    });
    await card.attach('usb');
    await card.enterPin(PIN);
    expect([card.phase, settled]).toEqual([{ is: 'locked', triesLeft: undefined }, []]);
    isMute = false;
    await card.reread();
    expect([card.phase, settled]).toEqual([{ is: 'unlocked' }, [true]]);
  });

  it.each([
    ['memory fails', [0x65, 0x81]],
    ['the answer has no status word', [0x90]],
    ['data follow', [0xaa, 0x90, 0x00]],
  ])('says that a try may be used, and how many are left, where %s at the PIN', async (_, answer) => {
    const { card } = unreliable((command, real) =>
      command[1] === 0x20 && command.length > 5 ? new Uint8Array(answer) : real,
    );
    await card.attach('usb');
    await card.enterPin('000000');
    expect([card.phase, card.failure]).toEqual([{ is: 'locked', triesLeft: 2 }, { code: 'pin-unanswered' }]);
  });

  it('says that a try may be used when the card is unplugged while it checks the PIN', async () => {
    const made = unreliable((command, answer) => {
      if (command[1] !== 0x20 || command.length <= 5) return answer;
      made.pull();
      throw new ProtocolError('device-lost', 'the test pulled the plug');
    });
    await made.card.attach('usb');
    await made.card.enterPin('000000');
    expect([made.card.phase, made.card.failure]).toEqual([{ is: 'detached' }, { code: 'pin-unanswered' }]);
  });

  it('is used when the answer to the right PIN was lost and the card then says that it is unlocked', async () => {
    const { card, session } = unreliable((command, answer) =>
      command[1] === 0x20 && command.length > 5 ? new Uint8Array([0xaa, ...answer]) : answer,
    );
    await card.attach('usb');
    await card.enterPin(PIN);
    expect([card.phase, session.signedIn?.kind]).toEqual([{ is: 'unlocked' }, 'card']);
    expect(card.failure).toBeUndefined();
  });

  it('is locked by a wrong current PIN', async () => {
    const { card, session } = await unlocked();
    await card.changePin('000000', '31415926');
    expect(card.phase).toEqual({ is: 'locked', triesLeft: 2 });
    expect(card.failure).toEqual({ code: 'pin-wrong' });
    expect(session.signedIn).toBeUndefined();
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
    const session = new Session(
      () => Promise.reject(new TypeError('this test uses no service')),
      () => 'https://as.example',
      () => NOW,
    );
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

  it('shows while the card is checking a PIN, and then settles the units', async () => {
    const { card, settled } = cardSession();
    await card.attach('usb');
    expect(card.isChecking).toBe(false);
    const entry = card.enterPin('000000');
    expect(card.isChecking).toBe(true);
    await entry;
    expect([card.isChecking, card.isPinChanged, settled]).toEqual([false, false, []]);
    await card.enterPin(PIN);
    expect([card.isChecking, card.isPinChanged, settled]).toEqual([false, false, [true]]);
  });

  it('forgets that the PIN was changed at the next PIN entry', async () => {
    const { card } = await unlocked();
    await card.changePin(PIN, '31415926');
    await card.enterPin('31415926');
    expect(card.isPinChanged).toBe(false);
  });

  it('reads the state while it is being locked', async () => {
    const phases: string[] = [];
    const made = unreliable((_, answer) => {
      phases.push(made.card.phase.is);
      return answer;
    });
    await made.card.attach('usb');
    await made.card.enterPin(PIN);
    phases.splice(0);
    await made.card.lock();
    expect(new Set(phases)).toEqual(new Set(['reading']));
    expect(made.card.phase.is).toBe('locked');
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
