// The AS card as a KeySource: the PIN, commands one at a time, a card that is lost or reset, and
// the code of each refusal.
import { describe, expect, it } from 'vitest';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Bytes, copy, isZero } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { PinError, ProtocolError } from '#protocol/errors.ts';
import { cardContent, exportRequest, PIN, pinBlock, receiptFor, SELECT_AS, TestAsCard } from '#test/support/as-card.ts';
import { TEST_SET, TEST_SN } from '#test/support/units.ts';
import { TokenCard } from '#web/as-client/token-card.ts';
import { redact } from '#web/transport/trace.ts';

const NOW = new Date('2026-11-23T10:00:00Z');
const code = (expected: string) => expect.objectContaining({ code: expected });
const pin = (digits = PIN): Bytes => ascii(digits);

async function attached(card = new TestAsCard(), transmit: Transmit = card.transmit) {
  return { card, token: await TokenCard.attach(transmit, () => NOW) };
}

async function unlocked(card = new TestAsCard(), transmit?: Transmit) {
  const made = await attached(card, transmit);
  await made.token.verifyPin(pin());
  return made;
}

/**
 * Wraps a card. If `answers[n]` exists, the n-th command (from 0) does not reach the card and gets
 * that response.
 */
function answering(card: TestAsCard, answers: Record<number, string>): { transmit: Transmit; restart(): void } {
  let count = 0;
  return {
    restart: () => {
      count = 0;
    },
    transmit: async (command) => {
      const answer = answers[count++];
      return answer === undefined ? await card.transmit(command) : fromHex(answer);
    },
  };
}

describe('attaching a card', () => {
  it('reads its data before it is unlocked', async () => {
    const { token } = await attached();
    expect(token.data).toMatchObject({ set: TEST_SET, tkv: 2, asNumber: 7, xc: 0, quotaLeft: 100 });
    expect(token.data.entries.map(({ label }) => label)).toEqual([
      'Terminal key',
      'PIN-Schlüssel',
      'Erase slot 2',
      'New T',
    ]);
  });

  it.each([
    ['an EI', '6A82'],
    ['random bytes', '0102 9000'],
    ['data of another version', '02 0000BA7C 01 0007 00000000 00000064 00 9000'],
    ['data with one byte more', '01 0000BA7C 01 0007 00000000 00000064 00 00 9000'],
    ['data with TKV 0', '01 0000BA7C 00 0007 00000000 00000064 00 9000'],
    [
      'a label that is not UTF-8',
      '01 0000BA7C 01 0007 00000000 00000064 01 0101 44304142303045 00000001 FFFF 0000000000 01 FF 9000',
    ],
    [
      'a label with a line break',
      '01 0000BA7C 01 0007 00000000 00000064 01 0101 44304142303045 00000001 FFFF 0000000000 01 0A 9000',
    ],
  ])('refuses a device that returns %s', async (_what, answer) => {
    const other: Transmit = async () => fromHex(answer);
    await expect(TokenCard.attach(other, () => NOW)).rejects.toEqual(code('not-a-token'));
  });

  it('reports a card that does not respond as lost', async () => {
    const dead: Transmit = () => Promise.reject(new ProtocolError('link-timeout', 'silence'));
    await expect(TokenCard.attach(dead, () => NOW)).rejects.toEqual(code('token-lost'));
  });
});

describe('the PIN', () => {
  it('unlocks the card, can be changed, and its tries can be read before each attempt', async () => {
    const { token } = await attached();
    expect(await token.pinState()).toEqual({ is: 'locked', triesLeft: 3 });
    await expect(token.verifyPin(pin('000000'))).rejects.toEqual(new PinError(2));
    expect(await token.pinState()).toEqual({ is: 'locked', triesLeft: 2 });
    await token.verifyPin(pin());
    expect(await token.pinState()).toEqual({ is: 'unlocked' });
    await token.lock();
    expect(await token.pinState()).toEqual({ is: 'locked', triesLeft: 3 });
    await token.changePin(pin(), pin('20261123'));
    await token.lock();
    await expect(token.verifyPin(pin())).rejects.toMatchObject({ code: 'pin-wrong', triesLeft: 2 });
    await token.verifyPin(pin('20261123'));
  });

  it('is blocked permanently after the last try', async () => {
    const { card, token } = await attached();
    const codes = [];
    for (let i = 0; i < 4; i++)
      codes.push(await token.verifyPin(pin('000000')).catch((error: ProtocolError) => error.code));
    expect(codes).toEqual(['pin-wrong', 'pin-wrong', 'token-blocked', 'token-blocked']);
    expect(await token.pinState()).toEqual({ is: 'blocked' });
    await expect(token.verifyPin(pin())).rejects.toEqual(code('token-blocked'));
    await expect(token.changePin(pin(), pin('1234'))).rejects.toEqual(code('token-blocked'));
    await expect(token.exportKey(exportRequest())).rejects.toEqual(code('token-blocked'));
    expect(card.store.pinTries).toBe(0);
  });

  it('is wiped everywhere, whether it is correct or wrong, and even if the card is unplugged', async () => {
    const seen: Uint8Array[] = [];
    const card = new TestAsCard();
    let isGone = false;
    const { token } = await attached(card, async (command) => {
      if (command[1] === 0x20 || command[1] === 0x24) seen.push(command);
      if (isGone) throw new ProtocolError('device-lost', 'unplugged');
      return await card.transmit(command);
    });
    const typed = [pin('000000'), pin(), pin(), pin('20261123'), pin('20261123')];
    const [wrong, right, old, next, last] = typed as [Bytes, Bytes, Bytes, Bytes, Bytes];
    await token.verifyPin(wrong).catch(() => undefined);
    await token.verifyPin(right);
    await token.changePin(old, next);
    isGone = true;
    await expect(token.verifyPin(last)).rejects.toEqual(code('token-lost'));
    expect(typed.map(isZero)).toEqual([true, true, true, true, true]);
    // Only commands with a PIN are longer than 5 bytes. The token has wiped them.
    expect(seen.filter((command) => command.length > 5).map(isZero)).toEqual([true, true, true]);
  });

  it.each([
    ['the card is unplugged', undefined],
    ['the rest of the answer is refused', '6102'],
    ['a correct PIN is reported as wrong afterwards', '61026363'],
    ['memory fails', '6581'],
    ['the answer has no status word', '90'],
    ['data follow', 'AA9000'],
  ])('may be the old or the new one, and the error says so, if %s during the change', async (_, answer) => {
    const card = new TestAsCard();
    let isGone = false;
    const { token } = await attached(card, async (command) => {
      if (isGone) throw new ProtocolError('device-lost', 'unplugged');
      if (command[1] === 0xc0) return fromHex('63C2');
      const response = await card.transmit(command);
      if (command[1] !== 0x24) return response;
      isGone = answer === undefined;
      if (answer === undefined) throw new ProtocolError('device-lost', 'unplugged');
      return fromHex(answer);
    });
    await expect(token.changePin(pin(), pin('20261123'))).rejects.toEqual(code('pin-unconfirmed'));
    isGone = false;
    const again = await attached(card);
    await again.token.verifyPin(pin('20261123'));
  });

  it('is the old one if the card refuses the change, or was unplugged before', async () => {
    const refusing = new TestAsCard();
    const { token } = await attached(refusing, async (command) =>
      command[1] === 0x24 ? fromHex('6A80') : await refusing.transmit(command),
    );
    await expect(token.changePin(pin(), pin('20261123'))).rejects.toEqual(code('token-failed'));
    let isGone = false;
    const card = new TestAsCard();
    const second = await attached(card, async (command) => {
      if (isGone) throw new ProtocolError('device-lost', 'unplugged');
      return await card.transmit(command);
    });
    isGone = true;
    await expect(second.token.changePin(pin(), pin('20261123'))).rejects.toEqual(code('token-lost'));
  });

  it('is not sent if it is malformed, but is wiped', async () => {
    const { card, token } = await attached();
    for (const typed of [pin('123'), pin('1234567890123'), ascii('12a4')]) {
      await expect(token.verifyPin(typed)).rejects.toThrow(RangeError);
      expect(isZero(typed)).toBe(true);
    }
    expect(card.store.pinTries).toBe(3);
  });

  it('is not in the trace', async () => {
    const exchanges: string[] = [];
    const card = new TestAsCard();
    const transmit: Transmit = async (command) => {
      const sent = copy(command);
      const response = await card.transmit(command);
      exchanges.push(JSON.stringify(redact(sent, response, NOW)));
      return response;
    };
    const { token } = await unlocked(card, transmit);
    await token.changePin(pin(), pin('20261123'));
    const digits = [PIN, '20261123'].flatMap((text) => [
      text,
      Buffer.from(pinBlock(text)).toString('hex').toUpperCase(),
    ]);
    for (const secret of digits) expect(exchanges.join()).not.toContain(secret);
    expect(exchanges.join()).toContain('CHANGE REFERENCE DATA');
  });
});

describe('an export', () => {
  it('is refused while the card is locked, and succeeds once it is unlocked', async () => {
    const { token } = await attached();
    const asked = exportRequest();
    await expect(token.exportKey(asked)).rejects.toEqual(code('token-locked'));
    await token.verifyPin(pin());
    await token.exportKey(asked);
    expect(await token.refresh()).toMatchObject({ xc: 1, quotaLeft: 99 });
  });

  it('is refused with the code of the reason: unit not listed, quota used or card locked', async () => {
    const { token } = await unlocked(new TestAsCard(cardContent({ quota: 1, units: [TEST_SN] })));
    const stranger = copy(TEST_SN).fill(0x99);
    await expect(token.exportKey(exportRequest({ sn: stranger }))).rejects.toEqual(code('unit-not-listed'));
    await token.exportKey(exportRequest());
    await expect(token.exportKey(exportRequest())).rejects.toEqual(code('quota-used'));
    await token.lock();
    await expect(token.exportKey(exportRequest())).rejects.toEqual(code('token-locked'));
    expect(token.data.quotaLeft).toBe(0);
  });

  it('for a unit of another set is refused without a command', async () => {
    const { card, token } = await unlocked();
    const commands: number[] = [];
    const process = card.card.process.bind(card.card);
    card.card.process = async (command) => {
      commands.push(command[1] ?? 0);
      return await process(command);
    };
    await expect(token.exportKey(exportRequest({ set: 0x0000ba7d }))).rejects.toEqual(code('set-unknown'));
    expect(commands).toEqual([]);
  });

  it('is one command at a time, even from several lanes', async () => {
    const card = new TestAsCard();
    let running = 0;
    const { token } = await unlocked(card, async (command) => {
      expect(++running).toBe(1);
      await Promise.resolve();
      const response = await card.transmit(command);
      running--;
      return response;
    });
    const made = await Promise.all([
      ...Array.from({ length: 4 }, () => token.exportKey(exportRequest())),
      token.pinState(),
      token.refresh(),
    ]);
    expect(made).toHaveLength(6);
    expect(card.store.export(4)).toBeDefined();
  });

  it('that fails does not block the next export', async () => {
    const { token } = await unlocked();
    const [first, second] = await Promise.allSettled([
      token.exportKey(exportRequest({ challengeMac: new Uint8Array(16) })),
      token.exportKey(exportRequest()),
    ]);
    expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
  });

  it.each([
    ['6A80', 'request-refused'],
    ['6A88', 'set-unknown'],
    ['6985', 'challenge-reused'],
    ['6988', 'challenge-refused'],
    ['6581', 'token-failed'],
    ['6F00', 'token-failed'],
    ['6D00', 'token-failed'],
    ['00 9000', 'data-malformed'],
  ])('with the response %s leads to %s', async (answer, expected) => {
    const card = new TestAsCard();
    const lying = answering(card, { 0: answer });
    const { token } = await unlocked(card, async (command) =>
      command[1] === 0xda ? await lying.transmit(command) : await card.transmit(command),
    );
    await expect(token.exportKey(exportRequest())).rejects.toEqual(code(expected));
  });
});

describe('a card that is unplugged', () => {
  it('during an export is lost for all waiting exports', async () => {
    const card = new TestAsCard();
    const { token } = await unlocked(card, async (command) => {
      const response = await card.transmit(command);
      // The card has counted the export, but the response never arrives.
      if (command[1] === 0xda) throw new ProtocolError('device-lost', 'unplugged');
      return response;
    });
    const asked = exportRequest();
    const outcomes = await Promise.allSettled([
      token.exportKey(asked),
      token.exportKey(exportRequest()),
      token.refresh(),
    ]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'token-lost' } });
    expect(card.store.export(2)).toBeUndefined();

    // After the card is attached and unlocked again, the same request returns the same DATA and
    // uses no further quota.
    const after = await attached(card.powerCycle());
    await expect(after.token.exportKey(asked)).rejects.toEqual(code('token-locked'));
    await after.token.verifyPin(pin());
    const { data } = await after.token.exportKey(asked);
    expect(data).toEqual(card.store.export(1)?.data);
    expect(await after.token.refresh()).toMatchObject({ xc: 1, quotaLeft: 99 });
  });

  it('is lost if its power fails while it writes an export, and keeps its counters', async () => {
    const card = new TestAsCard();
    const { token } = await unlocked(card, async (command) => {
      try {
        return await card.transmit(command);
      } catch {
        throw new ProtocolError('device-lost', 'no power');
      }
    });
    card.memory.arm({ write: 2, effect: 'cut after' });
    const asked = exportRequest();
    await expect(token.exportKey(asked)).rejects.toEqual(code('token-lost'));
    const after = await unlocked(card.powerCycle());
    expect(after.token.data).toMatchObject({ xc: 1, quotaLeft: 99 });
    await after.token.exportKey(asked);
    expect((await after.token.refresh()).quotaLeft).toBe(99);
  });

  it('for a moment, while its link stays open, requires its PIN again', async () => {
    const { card, token } = await unlocked();
    card.card.reset();
    await expect(token.exportKey(exportRequest())).rejects.toEqual(code('token-locked'));
    card.card.reset();
    expect(await token.pinState()).toEqual({ is: 'locked', triesLeft: 3 });
    card.card.reset();
    await token.verifyPin(pin());
    await token.exportKey(exportRequest());
  });

  it('and replaced by another card is lost', async () => {
    const card = new TestAsCard();
    const other = new TestAsCard(cardContent({ asNumber: 8 }));
    let current = card;
    const { token } = await unlocked(card, (command) => current.transmit(command));
    current = other;
    await expect(token.exportKey(exportRequest())).rejects.toEqual(code('token-lost'));
    await expect(token.verifyPin(pin())).rejects.toEqual(code('token-lost'));
    expect(await other.word('00200081')).toBe('63C3');
  });

  it('is not selected endlessly if it never accepts a command', async () => {
    let count = 0;
    const said = (await new TestAsCard().send(SELECT_AS)).data;
    const stubborn: Transmit = async (command) => {
      expect(++count).toBeLessThan(20);
      return command[1] === 0xa4 ? fromHex(`${Buffer.from(said).toString('hex')}9000`) : fromHex('6E00');
    };
    const token = await TokenCard.attach(stubborn, () => NOW);
    await expect(token.pinState()).rejects.toEqual(code('token-failed'));
    await expect(token.verifyPin(pin())).rejects.toEqual(code('token-failed'));
    await expect(token.exportKey(exportRequest())).rejects.toEqual(code('token-locked'));
  });
});

describe('a receipt', () => {
  async function exported() {
    const made = await unlocked();
    const asked = exportRequest();
    const { exportId, data } = await made.token.exportKey(asked);
    return { ...made, exportId, dataHash: sha256(data), receipt: receiptFor(data, asked.random) };
  }

  it('is verified with the time of the station and without an envelope, because a card signs no verdict', async () => {
    const { token, exportId, dataHash, receipt } = await exported();
    expect(await token.verifyReceipt(exportId, receipt, dataHash)).toEqual({ time: NOW.toISOString() });
  });

  it('can be verified after the card was unplugged', async () => {
    const { card, exportId, dataHash, receipt } = await exported();
    const { token } = await attached(card.powerCycle());
    await expect(token.verifyReceipt(exportId, receipt, dataHash)).rejects.toEqual(code('token-locked'));
    await token.verifyPin(pin());
    await token.verifyReceipt(exportId, receipt, dataHash);
  });

  it('is refused if it differs from the stored receipt, is from another card, or has another export id', async () => {
    const { card, token, exportId, dataHash, receipt } = await exported();
    await token.verifyReceipt(exportId, receipt, dataHash);
    const { data, random } = card.store.export(1) ?? { data: new Uint8Array(), random: new Uint8Array() };
    const second = receiptFor(data, random, { importCounter: 2 });
    await expect(token.verifyReceipt(exportId, second, dataHash)).rejects.toEqual(code('receipt-conflict'));
    const { token: stranger } = await unlocked(new TestAsCard());
    await expect(stranger.verifyReceipt(exportId, receipt, dataHash)).rejects.toEqual(code('export-unknown'));
    await expect(token.verifyReceipt('A'.repeat(22), receipt, dataHash)).rejects.toEqual(code('export-unknown'));
  });
});
