// The token card as the page holds it: the tries before each PIN, what unlocks and what locks, and what a card that goes away leaves behind.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { PIN, TestAsCard } from '#test/support/as-card.ts';
import { Session } from '#web/state/session/session.svelte.ts';
import { CardSession } from '#web/state/tokens/card.svelte.ts';
import type { Link } from '#web/transport/link.ts';

const NOW = new Date('2026-11-23T12:00:00Z');

function benchOf(card = new TestAsCard()) {
  let pull: () => void = () => undefined;
  let gone = false;
  let sent = 0;
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
        return await card.transmit(command);
      };
      return { lost, transmit, close: async () => undefined };
    },
  };
  const parts = { choice: link as Link | undefined };
  const session = new Session(
    () => Promise.reject(new TypeError('nobody signs in here')),
    'https://as.example',
    () => NOW,
  );
  const choose = async (): Promise<Link | undefined> => parts.choice;
  const desk = new CardSession({ chooseUsb: choose, chooseSerial: choose }, session, () => NOW);
  return { desk, session, card, parts, pull: () => pull(), sent: () => sent };
}

async function unlocked() {
  const bench = benchOf();
  await bench.desk.attach('usb');
  await bench.desk.enterPin(PIN);
  return bench;
}

describe('the card at the station', () => {
  it('tells its tries before the first PIN, and its keys', async () => {
    const { desk } = benchOf();
    await desk.attach('usb');
    expect(desk.phase).toEqual({ is: 'locked', triesLeft: 3 });
    expect(desk.data?.entries.map(({ label }) => label)).toContain('Terminal key');
  });

  it('is not there when the chooser was cancelled, and that is no failure', async () => {
    const { desk, parts } = benchOf();
    parts.choice = undefined;
    await desk.attach('serial');
    expect([desk.phase, desk.failure]).toEqual([{ is: 'none' }, undefined]);
  });

  it('tells its tries after each wrong PIN, to the last', async () => {
    const { desk, session } = benchOf();
    await desk.attach('usb');
    for (const triesLeft of [2, 1]) {
      await desk.enterPin('000000');
      expect([desk.phase, desk.failure]).toEqual([{ is: 'locked', triesLeft }, { code: 'pin-wrong' }]);
    }
    await desk.enterPin('000000');
    expect([desk.phase, desk.failure]).toEqual([{ is: 'blocked' }, { code: 'token-blocked' }]);
    expect(session.in).toBeUndefined();
  });

  it('is sent nothing that can be no PIN', async () => {
    const { desk, sent } = benchOf();
    await desk.attach('usb');
    const before = sent();
    expect(['123', '1234567890123', '12a4', ''].map((typed) => desk.isPin(typed))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    await expect(desk.enterPin('123')).rejects.toThrow(RangeError);
    expect(sent()).toBe(before);
  });

  it('gives the session its keys once it is unlocked', async () => {
    const { desk, session } = await unlocked();
    expect(desk.phase).toEqual({ is: 'open' });
    expect(session.in).toMatchObject({ kind: 'card', service: { name: 'AS token card 7', asNumber: 7, demo: false } });
    expect(session.in?.sets[0]?.keys.map(({ ref1 }) => ref1)).toEqual([0x0103, 0x0104, 0x0105, 0x0106]);
    expect(session.in?.sets[0]?.transportKeys.map(({ tkv }) => tkv)).toEqual([2, 1]);
  });

  it('changes its PIN, and stays in use', async () => {
    const { desk, session } = await unlocked();
    await desk.changePin(PIN, '31415926');
    expect([desk.changed, desk.phase, session.in?.kind]).toEqual([true, { is: 'open' }, 'card']);
    await desk.lock();
    await desk.enterPin(PIN);
    expect(desk.failure).toEqual({ code: 'pin-wrong' });
    await desk.enterPin('31415926');
    expect(desk.phase).toEqual({ is: 'open' });
  });

  it('is locked by a wrong present PIN', async () => {
    const { desk, session } = await unlocked();
    await desk.changePin('000000', '31415926');
    expect(desk.phase).toEqual({ is: 'locked', triesLeft: 2 });
    expect(desk.failure).toEqual({ code: 'pin-wrong' });
    expect(session.in).toBeUndefined();
  });

  it('is locked when the session is ended, and the session ends when it is locked', async () => {
    const first = await unlocked();
    first.session.signOut();
    await expect.poll(() => first.desk.phase).toEqual({ is: 'locked', triesLeft: 3 });
    const second = await unlocked();
    await second.desk.lock();
    expect([second.desk.phase, second.session.in]).toEqual([{ is: 'locked', triesLeft: 3 }, undefined]);
  });

  it('ends the session when it is pulled out, with the reason', async () => {
    const { desk, session, pull } = await unlocked();
    pull();
    await expect.poll(() => desk.phase).toEqual({ is: 'none' });
    expect(desk.failure).toEqual({ code: 'token-lost' });
    expect(session.state).toEqual({ is: 'out', failure: { code: 'token-lost' } });
  });
});
