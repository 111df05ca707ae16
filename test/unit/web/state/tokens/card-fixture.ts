// A session with a simulated AS token card that a test can unplug, and whose answers it can change.
import { ProtocolError } from '#protocol/errors.ts';
import { PIN, TestAsCard } from '#test/support/as-card.ts';
import { Session } from '#web/state/session/session.svelte.ts';
import { CardSession } from '#web/state/tokens/card-session.svelte.ts';
import type { Link } from '#web/transport/link.ts';

export const NOW = new Date('2026-11-23T12:00:00Z');

/** A session without a service. */
export const createSession = (): Session =>
  new Session(
    () => Promise.reject(new TypeError('this test uses no service')),
    () => ['https://as.example'],
    () => NOW,
  );

/** Creates a card session with a test card that the test can unplug. */
export function cardSession(testCard = new TestAsCard()) {
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
  const session = createSession();
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

export async function unlocked() {
  const made = cardSession();
  await made.card.attach('usb');
  await made.card.enterPin(PIN);
  return made;
}

/** Creates a card session whose card returns what `lose` makes of each command and its answer. */
export function unreliable(lose: (command: Uint8Array, answer: Uint8Array) => Uint8Array) {
  const testCard = new TestAsCard();
  const { transmit } = testCard;
  const made = cardSession({
    ...testCard,
    transmit: async (command: Uint8Array) => lose(command, await transmit(command)),
  } as TestAsCard);
  return { ...made, testCard };
}
