// The method between two smart cards. The AS is a token card (claim 12), the EI is a unit, each has
// its own link, and the host only forwards messages. The first test sends one APDU after another
// and can be read from top to bottom. The second test uses the code of the page.
import { describe, expect, it } from 'vitest';
import type { Card } from '#device-sim/unit/card.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { changeReferenceData } from '#protocol/commands/change-reference-data.ts';
import { run } from '#protocol/commands/command.ts';
import { exportKey } from '#protocol/commands/export-key.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { getData } from '#protocol/commands/get-data.ts';
import { getIdentity } from '#protocol/commands/get-identity.ts';
import { importKey } from '#protocol/commands/import-key.ts';
import { encodePinBlocks } from '#protocol/commands/pin.ts';
import { selectAs } from '#protocol/commands/select-as.ts';
import { selectEi } from '#protocol/commands/select-ei.ts';
import { pinState, verify } from '#protocol/commands/verify.ts';
import { verifyReceipt } from '#protocol/commands/verify-receipt.ts';
import { StatusWordError } from '#protocol/errors.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import { connect } from '#protocol/framing/connect.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import { attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision } from '#protocol/provisioning/provision.ts';
import type { Step } from '#protocol/provisioning/step.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey, deriveKey, operationContext } from '#protocol/tkl/key-tree.ts';
import { CARD_TA, cardContent, NEXT_TRANSPORT_KEY, PIN, TestAsCard } from '#test/support/as-card.ts';
import { drive, PipeClock, pipe } from '#test/support/pipe.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import { TokenCard } from '#web/as-client/token-card.ts';

type LinkName = 'USB' | 'serial';

/** Connects a card by CCID messages (USB) or by T=1 blocks (serial). */
async function plugIn(clock: PipeClock, card: Card, link: LinkName): Promise<Transmit> {
  const { host, unit } = pipe(clock);
  drive(clock, unit, link === 'USB' ? new CcidDevice() : new T1Card(), (command) => card.process(command));
  return await connect(host, link === 'USB' ? ccidHost() : t1Host(), clock.now);
}

const CASES = (['shared', 'diversified'] as const).flatMap((profile) =>
  ([0x01, 0x02] as const).flatMap((suite) => [
    { profile, suite, as: 'USB', ei: 'serial' } as const,
    { profile, suite, as: 'serial', ei: 'USB' } as const,
  ]),
);

describe.each(CASES)('AS card on $as, $profile EI on $ei, suite $suite', ({ profile, suite, ...linkNames }) => {
  const withCards = async <T>(
    work: (
      links: { as: Transmit; ei: Transmit },
      cards: { as: TestAsCard; ei: ReturnType<typeof createUnit> },
    ) => Promise<T>,
  ): Promise<T> => {
    const clock = new PipeClock();
    const cards = { as: new TestAsCard(cardContent({ profile })), ei: createUnit({ profile, suites: [suite] }) };
    const plugged = async () => ({
      as: await plugIn(clock, cards.as.card, linkNames.as),
      ei: await plugIn(clock, cards.ei.card, linkNames.ei),
    });
    return await clock.run(plugged().then((links) => work(links, cards)));
  };

  it('carries one application key from card to card', async () => {
    await withCards(async ({ as, ei }, cards) => {
      // The AS card returns its set and its keys, by name and version (claims 4, 5 and 15).
      const selected = await run(as, selectAs, undefined);
      expect(selected).toMatchObject({ set: TEST_SET, asNumber: 7, xc: 0, quotaLeft: 100 });
      const [entry] = selected.entries;
      expect(entry).toMatchObject({ ref1: 0x0103, label: 'Terminal key', slot: 2, akv: 5 });

      // The AS card is locked. Three tries are left, and a wrong PIN uses one of them.
      await expect(run(as, pinState, undefined)).rejects.toEqual(new StatusWordError('VERIFY', 0x63c3));
      const wrong = encodePinBlocks(ascii('0000'));
      await expect(run(as, verify, { pinBlock: wrong })).rejects.toEqual(new StatusWordError('VERIFY', 0x63c2));
      await run(as, verify, { pinBlock: encodePinBlocks(ascii(PIN)) });
      await run(as, changeReferenceData, { pinBlocks: encodePinBlocks(ascii(PIN), ascii('20261123')) });

      // The EI returns SN and set (claim 2), and a random number with a proof that it has the key
      // of its set (claim 3).
      const { sn, set, tkv } = await run(ei, selectEi, undefined);
      expect([toHex(sn), set, tkv]).toEqual([toHex(TEST_SN), TEST_SET, TEST_TKV]);
      const { random, challengeMac } = await run(ei, getChallenge, { suite });

      // EXPORTKEY has the random number, REF1 and SN in one command (claim 18). The AS encrypts TA
      // for this EI only (claims 1 and 6) and counts the export.
      const request = { suite, signed: false, tkv, random, ref1: 0x0103, sn, challengeMac };
      const data = await run(as, exportKey, request);
      expect(await run(as, getData, undefined)).toMatchObject({ xc: 1, quotaLeft: 99 });

      // IMPORTKEY has the encrypted TA and REF2 in one command (claim 19). The EI verifies,
      // decrypts and stores TA (claims 7 to 11).
      const { receipt, receiptBytes } = await run(ei, importKey, { data, ref2: 2 });
      expect(receipt).toMatchObject({ ref1: 0x0103, ref2: 2, akv: 5, xc: 1, asNumber: 7, kcv: { value: entry?.kcv } });

      // VERIFYRECEIPT: the AS card verifies and stores the receipt.
      await run(as, verifyReceipt, { receiptBytes });
      expect(cards.as.store.export(1)?.receipt).toEqual(receiptBytes);

      // Neither memory contains T1 (claims 16 and 17). The AS card contains T. The EI contains T
      // only in the shared profile.
      const deviceKey = deriveDeviceKey('cmac', TEST_TRANSPORT_KEY, { set, tkv, sn });
      const t1 = deriveKey('cmac', deviceKey, 'TKL1OPK', operationContext(decodeData(data).headerBytes, random));
      const [asMemory, eiMemory] = [cards.as.memory, cards.ei.memory].map((memory) => JSON.stringify(memory.image()));
      expect(asMemory).toContain(toHex(TEST_TRANSPORT_KEY));
      expect(asMemory).not.toContain(toHex(t1));
      expect(eiMemory).not.toContain(toHex(t1));
      expect(eiMemory).toContain(toHex(CARD_TA));
      expect(eiMemory?.includes(toHex(TEST_TRANSPORT_KEY))).toBe(profile === 'shared');
    });
  });

  it('loads a key, replaces T, loads a key under the new T and erases a slot, as the page does', async () => {
    await withCards(async ({ as, ei }, cards) => {
      const token = await TokenCard.attach(as, () => new Date());
      await token.verifyPin(ascii(PIN));
      let device = await attach(ei);
      const load = async (ref1: number, ref2: number): Promise<Step | undefined> => {
        const request: LoadRequest = {
          ref1,
          ref2,
          suites: [suite],
          sign: false,
          idempotencyKey: `${ref1}`.padEnd(22, 'A'),
        };
        let last: Step | undefined;
        for await (const step of provision(token, device, request)) last = step;
        device = await refresh(device);
        return last;
      };
      const slot = () => device.identity.slots.find(({ ref2 }) => ref2 === 2);

      expect(await load(0x0103, 2)).toMatchObject({ step: 'verified' });
      expect(slot()).toMatchObject({ state: 'key', akv: 5 });
      expect(await load(0x0106, TRANSPORT_KEY_SLOT)).toMatchObject({ step: 'verified' });
      expect(device.identity.tkv).toBe(2);
      expect(await load(0x0104, 3)).toMatchObject({ step: 'verified' });
      expect(await load(0x0105, 2)).toMatchObject({ step: 'verified' });
      expect(slot()).toMatchObject({ state: 'empty', akv: 7 });

      expect(await token.refresh()).toMatchObject({ xc: 4, quotaLeft: 96 });
      const { identity } = await refresh({ transmit: ei, identity: await run(ei, getIdentity, undefined) });
      expect(identity.tkv).toBe(2);
      const memory = JSON.stringify(cards.ei.memory.image());
      expect(memory).not.toContain(toHex(CARD_TA));
      expect(memory).not.toContain(toHex(TEST_TRANSPORT_KEY));
      expect(memory.includes(toHex(NEXT_TRANSPORT_KEY))).toBe(profile === 'shared');
    });
  });
});
