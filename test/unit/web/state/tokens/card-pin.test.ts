// The PIN of an AS token card: tries, unlocking, the change of the PIN, and answers that are lost.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { PIN, TestAsCard } from '#test/support/as-card.ts';
import { cardSession, unlocked, unreliable } from './card-fixture.ts';

describe('the card session', () => {
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

  it('needs a card', async () => {
    const { card } = cardSession();
    await expect(card.enterPin(PIN)).rejects.toThrow(RangeError);
    await expect(card.changePin(PIN, PIN)).rejects.toThrow(RangeError);
    expect([card.phase, card.isChecking]).toEqual([{ is: 'detached' }, false]);
  });

  it('reports that either PIN may be valid, also if the card is unlocked afterwards', async () => {
    const { card } = unreliable((command, answer) =>
      command[1] === 0x24 ? new Uint8Array([0xaa, ...answer]) : answer,
    );
    await card.attach('usb');
    await card.enterPin(PIN);
    await card.changePin(PIN, '31415926');
    expect([card.phase, card.failure]).toEqual([{ is: 'unlocked' }, { code: 'pin-unconfirmed' }]);
  });
});
