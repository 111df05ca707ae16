// The whole method: EXPORTKEY at the AS, IMPORTKEY at the EI. Read the first test from top to
// bottom. The tests run with every suite and with both profiles. In the shared profile every EI has
// T, as in the wording of the claims. In the diversified profile each EI has only its K_D.
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { run } from '#protocol/commands/command.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { getIdentity } from '#protocol/commands/get-identity.ts';
import { importKey } from '#protocol/commands/import-key.ts';
import { selectEi } from '#protocol/commands/select-ei.ts';
import { StatusWordError } from '#protocol/errors.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import { deriveDeviceKey, deriveKey, operationContext } from '#protocol/tkl/key-tree.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { createTestAs } from '../support/as-memory.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY } from '../support/units.ts';

/** The application keys of the AS. REF1 in EXPORTKEY selects a key (claims 4, 5 and 15). */
const TERMINAL_KEY = { ref1: 0x0103, attributes: 'D0AB00N', akv: 5, slot: 2 };
const PIN_KEY = { ref1: 0x0104, attributes: 'P0AE00N', akv: 6, slot: 3 };
const TA_TERMINAL = fromHex('C0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF');
const TA_PIN = fromHex('E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF');

const CASES = (['shared', 'diversified'] as const).flatMap((profile) =>
  Object.values(SUITES).map(({ id, name, family }) => ({ profile, suite: id, name, family })),
);

describe.each(CASES)('a $profile unit, suite $name', ({ profile, suite, family }) => {
  const createPair = () => {
    const keys = [
      { ...TERMINAL_KEY, key: TA_TERMINAL },
      { ...PIN_KEY, key: TA_PIN },
    ];
    const options = { set: TEST_SET, tkv: TEST_TKV, family, transportKey: TEST_TRANSPORT_KEY, keys };
    return { ...createTestAs(options), ei: createUnit({ profile, suites: [suite] }) };
  };

  it('receives one application key, and proves with a receipt that it has stored the key', async () => {
    const { as, ei } = createPair();

    // The EI returns its serial number SN and its set S (claim 2).
    const { sn, set, tkv } = await run(ei.transmit, selectEi, undefined);
    expect({ sn: toHex(sn), set, tkv }).toEqual({ sn: toHex(TEST_SN), set: TEST_SET, tkv: TEST_TKV });

    // The EI returns a random number, with a proof that it has the key of its set (claim 3).
    const { random, challengeMac } = await run(ei.transmit, getChallenge, { suite });

    // EXPORTKEY(random, REF1, SN): the AS derives T1, selects TA by REF1 and encrypts TA for this
    // EI only (claims 1, 4, 6, 18).
    const { ref1 } = TERMINAL_KEY;
    const unit = { set, tkv, sn };
    const { data } = await as.exportKey({ unit, suite, sign: false, ref1, ref2: 2, random, challengeMac }, undefined);

    // IMPORTKEY(DATA, REF2): the EI derives the same T1, verifies, decrypts and stores TA in slot
    // REF2 (claims 7 to 11, 19).
    const { receipt, receiptBytes } = await run(ei.transmit, importKey, { data, ref2: 2 });

    // The receipt identifies the stored key, and the AS verifies the receipt.
    const kcv = keyCheckValue(TERMINAL_KEY.attributes, TA_TERMINAL);
    expect(receipt).toMatchObject({ ref1, ref2: 2, akv: TERMINAL_KEY.akv, kcv, importCounter: 1 });
    await as.verifyReceipt(receipt.xc, receiptBytes, undefined);

    // The EI lists the key in its slot. Its memory M contains TA in clear, as intended, and never
    // T1 (claims 1, 16 and 17).
    const { slots } = await run(ei.transmit, getIdentity, undefined);
    expect(slots.find((slot) => slot.ref2 === 2)).toMatchObject({
      state: 'key',
      akv: TERMINAL_KEY.akv,
      kcv: kcv.value,
    });
    const memory = JSON.stringify(ei.memory.image());
    expect(memory).toContain(toHex(TA_TERMINAL));
    const t1 = deriveKey(
      family,
      deriveDeviceKey(family, TEST_TRANSPORT_KEY, unit),
      'TKL1OPK',
      operationContext(decodeData(data).headerBytes, random),
    );
    expect(memory).not.toContain(toHex(t1));
    expect(memory.includes(toHex(TEST_TRANSPORT_KEY))).toBe(profile === 'shared');
  });

  it('holds several application keys, replaces a key only by a newer key, and accepts each DATA once', async () => {
    const { as, ei } = createPair();
    const { sn, set, tkv } = await run(ei.transmit, selectEi, undefined);
    const load = async (ref1: number, ref2: number) => {
      const { random, challengeMac } = await run(ei.transmit, getChallenge, { suite });
      const request = { unit: { set, tkv, sn }, suite, sign: false, ref1, ref2, random, challengeMac };
      const { data } = await as.exportKey(request, undefined);
      return { data, ...(await run(ei.transmit, importKey, { data, ref2 })) };
    };

    const first = await load(TERMINAL_KEY.ref1, 2);
    const second = await load(PIN_KEY.ref1, 3);
    expect([first.receipt.importCounter, second.receipt.importCounter]).toEqual([1, 2]);
    const { slots } = await run(ei.transmit, getIdentity, undefined);
    expect(slots.map(({ ref2, state }) => [ref2, state])).toEqual([
      [1, 'empty'],
      [2, 'key'],
      [3, 'key'],
    ]);

    // A key of the same version is refused, because it is not newer.
    await expect(load(TERMINAL_KEY.ref1, 2)).rejects.toMatchObject({ statusWord: 0x9402 });
    // DATA is valid for one challenge only. Sent again, DATA is refused because the unit has no
    // challenge. After a new challenge, DATA is refused because TAG is wrong.
    const again = () => run(ei.transmit, importKey, { data: second.data, ref2: 3 });
    await expect(again()).rejects.toMatchObject({ statusWord: 0x6985 });
    await run(ei.transmit, getChallenge, { suite });
    await expect(again()).rejects.toThrow(new StatusWordError('IMPORTKEY', 0x6988));
  });
});

it('covers every suite that the specification defines', () => {
  expect(new Set<SuiteId>(CASES.map(({ suite }) => suite))).toEqual(new Set<SuiteId>([0x01, 0x02, 0x04]));
});
