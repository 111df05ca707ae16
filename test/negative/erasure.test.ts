// Claims 16 and 17 (docs/protocol.md clauses 1 and 4.5, step 20). After an export, an import or the
// verification of a receipt, all derived keys and all copies of T, K_D and TA are zero. This holds
// even after a failure. Mocks record every key at the place where it is created.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import { TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { copy, isZero } from '#protocol/bytes/bytes.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { RamMemory } from '#test/support/as-memory.ts';
import { flipBit } from '#test/support/bits.ts';
import { importCommand, OTHER_T, OTHER_TA, SET, SN, T, TA, TKV, UnitSetup, word } from './unit-setup.ts';

/**
 * Records each secret that is created while `isOn` is true, and whether the secret was non-zero
 * when it was created.
 */
const watch = vi.hoisted(() => {
  const seen: { readonly secret: Uint8Array; readonly wasSet: boolean }[] = [];
  return {
    seen,
    isOn: false,
    /** Number of calls of openBody(). */
    openings: 0,
    record<Secret extends Uint8Array | undefined>(secret: Secret): Secret {
      if (this.isOn && secret !== undefined && secret.length > 0) {
        seen.push({ secret, wasSet: secret.some((byte) => byte !== 0) });
      }
      return secret;
    },
  };
});

// The two KDFs derive every key below T, and openBody() returns TA in the unit. Their results are
// recorded.
vi.mock('#protocol/crypto/kbkdf.ts', async (original) => {
  const real = await original<typeof import('#protocol/crypto/kbkdf.ts')>();
  return {
    kbkdfCmac: (input: Parameters<typeof real.kbkdfCmac>[0]) => watch.record(real.kbkdfCmac(input)),
    hkdfSha256: (input: Parameters<typeof real.hkdfSha256>[0]) => watch.record(real.hkdfSha256(input)),
  };
});
vi.mock('#protocol/tkl/body.ts', async (original) => {
  const real = await original<typeof import('#protocol/tkl/body.ts')>();
  const openBody = (...args: Parameters<typeof real.openBody>) => {
    watch.openings++;
    return watch.record(real.openBody(...args));
  };
  return { ...real, openBody };
});
// The unit reads T, K_D and TA from its memory with these two decoders. Their inputs and results
// are recorded.
vi.mock('#device-sim/ei/store-codec.ts', async (original) => {
  const real = await original<typeof import('#device-sim/ei/store-codec.ts')>();
  const watching =
    <Content extends { readonly key: Uint8Array }>(decode: (bytes: Uint8Array) => Content) =>
    (bytes: Uint8Array): Content => {
      const content = decode(watch.record(bytes));
      watch.record(content.key);
      return content;
    };
  return { ...real, decodeTransport: watching(real.decodeTransport), decodeSlot: watching(real.decodeSlot) };
});

async function watched<Result>(action: () => Promise<Result>): Promise<Result> {
  watch.isOn = true;
  try {
    return await action();
  } finally {
    watch.isOn = false;
  }
}

/**
 * Expects that at least `minimum` secrets were recorded, that all of them were non-zero when they
 * were created, and that all of them are zero now.
 */
function expectErased(minimum: number): void {
  expect(watch.seen.length).toBeGreaterThanOrEqual(minimum);
  expect(watch.seen.every(({ wasSet }) => wasSet)).toBe(true);
  expect(watch.seen.filter(({ secret }) => !isZero(secret))).toEqual([]);
}

beforeEach(() => {
  watch.seen.length = 0;
});

const SUITE_IDS: readonly SuiteId[] = [0x01, 0x02, 0x04];
const UNITS = (['shared', 'diversified'] as const).flatMap((profile) =>
  SUITE_IDS.map((suite) => ({ profile, suite, family: SUITES[suite].family })),
);
/** Minimum number of secrets that a unit uses: T1, K_M, K_E, K_R, and the stored T or K_D. */
const MIN_KEYS = 5;

describe.each(UNITS)('a $profile unit in suite $suite', ({ profile, suite }) => {
  /** Creates a unit with a key in each of two slots. */
  const create = async (): Promise<UnitSetup> => {
    const setup = new UnitSetup({ profile, suite });
    await setup.select();
    for (const slot of [0x0001, 0x0002]) {
      expect(word(await setup.load({ header: { slot, akv: 1 }, key: OTHER_TA }, slot))).toBe('9000');
    }
    return setup;
  };

  it.each([
    ['GET CHALLENGE', (setup: UnitSetup) => setup.challenge()],
    ['GET IDENTITY', (setup: UnitSetup) => setup.send('80CA0000 00')],
    ['GET RECEIPT', (setup: UnitSetup) => setup.send('80CB0002 00')],
  ])('erases the keys that it read and derived for %s', async (_command, run) => {
    const setup = await create();
    await watched<unknown>(() => run(setup));
    expectErased(2);
  });

  it.each([
    ['that succeeds', {}, 0x0002, '9000'],
    ['with a wrong TAG', 'TAG', 0x0002, '6988'],
    ['for another unit', { sn: new Uint8Array(16).fill(7) }, 0x0002, '6988'],
    ['into a slot that is not permitted', {}, 0x0003, '9401'],
    ['of an older key', { akv: 0 }, 0x0002, '9402'],
    ['that replaces T', { slot: 0xfffe, attributes: 'K0AX00N' }, 0xfffe, '9000'],
    ['that replaces T with a key of other attributes', { slot: 0xfffe, attributes: 'K0AB00N' }, 0xfffe, '6988'],
  ] as const)('erases T1 and all other keys after an import %s', async (_what, header, ref2, sw) => {
    const setup = await create();
    const random = await setup.challenge();
    const data = setup.seal({ random, header: header === 'TAG' ? {} : header });
    const command = importCommand(header === 'TAG' ? flipBit(data, 8 * data.length - 1) : data, ref2);
    const response = await watched(() => setup.send(command));
    expect(word(response.sw)).toBe(sw);
    expectErased(MIN_KEYS);
  });

  it('opens BODY only after TAG was verified (claim 7)', async () => {
    const setup = await create();
    const openingsOf = async (offset: (data: Uint8Array) => number): Promise<number> => {
      const data = setup.seal({ random: await setup.challenge() });
      watch.openings = 0;
      const broken = flipBit(data, 8 * offset(data));
      expect(word(await setup.import(broken))).toBe('6988');
      return watch.openings;
    };
    const [inBody, inTag] = [await openingsOf(() => 60), await openingsOf((data) => data.length - 1)];
    expect([inBody, inTag]).toEqual([0, 0]);
    expect(word(await setup.load())).toBe('9000');
    expect(watch.openings).toBe(1);
  });

  it('erases the keys when its memory fails or power is cut', async () => {
    for (const effect of ['failure', 'cut before', 'cut during', 'cut after'] as const) {
      // Writes 1 and 2 update the tries, before any key is used. Write 5 is the marker.
      for (const write of [3, 4, 5]) {
        watch.seen.length = 0;
        const setup = await create();
        const data = setup.seal({ random: await setup.challenge() });
        setup.memory.arm({ write, effect });
        const outcome = await watched(() => setup.import(data).catch((error: unknown) => error));
        if (effect === 'failure') expect(outcome).toBe(0x6581);
        else expect(outcome).toMatchObject({ name: 'PowerCut' });
        // In addition to MIN_KEYS, the unit has decrypted TA.
        expectErased(MIN_KEYS + 1);
      }
    }
  });
});

describe.each(SUITE_IDS)('the AS in suite %i', (suite) => {
  const { family } = SUITES[suite];
  const REF1 = 0x0103;
  const NEW_T = 0x0104;
  const create = ({ failing = false } = {}) => {
    const memory = new RamMemory({
      set: SET,
      tkv: TKV,
      family,
      transportKey: T,
      nextTransportKeys: [{ tkv: TKV + 1, key: OTHER_T }],
      keys: [
        { ref1: REF1, attributes: 'D0AB00N', akv: 5, slot: 0x0002, key: TA },
        { ref1: NEW_T, attributes: 'K0AX00N', akv: TKV + 1, slot: 0xfffe, key: new Uint8Array(0) },
      ],
    });
    const store = transportKeyStore({
      copyTransportKey: () => watch.record(copy(T)),
      isDiversified: () => true,
      copyApplicationKey: () => watch.record(copy(TA)),
      signData: () => {
        if (failing) throw new Error('the signer failed');
        return new Uint8Array(64).fill(1);
      },
      random: (length) => new Uint8Array(length).fill(0x5a),
    });
    return new AsUnit(memory, new TreeKeyCrypto(store));
  };
  const requestFor = async (setup: UnitSetup, sign = false): Promise<UnitExportRequest> => {
    const { data } = await setup.send(Uint8Array.of(0x80, 0x84, 0x00, suite, 0x00));
    const unit = { set: SET, tkv: TKV, sn: SN };
    return { unit, suite, sign, ref1: REF1, ref2: 2, random: data.slice(0, 16), challengeMac: data.slice(16) };
  };
  const createUnit = async (): Promise<UnitSetup> => {
    const setup = new UnitSetup({ suite });
    await setup.select();
    return setup;
  };

  it('erases T1 and all other keys after an export, successful or not', async () => {
    const setup = await createUnit();
    const request = await requestFor(setup);
    await watched(() => create().exportKey(request, undefined));
    // T and K_D are each created twice, for the challenge and for T1. The other six secrets are
    // K_C, T1, K_M, K_E, K_R and TA.
    expectErased(10);
    watch.seen.length = 0;
    const signed = await requestFor(setup, true);
    const failing = create({ failing: true });
    await expect(watched(() => failing.exportKey(signed, undefined))).rejects.toThrow('the signer failed');
    expectErased(10);
  });

  it('erases both versions of T and the derived keys after the export of a new T', async () => {
    const request = { ...(await requestFor(await createUnit())), ref1: NEW_T, ref2: 0xfffe };
    await watched(() => create().exportKey(request, undefined));
    expectErased(11);
  });

  it('erases the derived keys after it has refused a challenge', async () => {
    const request = await requestFor(await createUnit());
    const wrong = { ...request, challengeMac: flipBit(request.challengeMac, 0) };
    await expect(watched(() => create().exportKey(wrong, undefined))).rejects.toMatchObject({
      code: 'challenge-refused',
    });
    expectErased(3);
  });

  it('erases the derived keys after it has checked a receipt, authentic or not', async () => {
    const setup = await createUnit();
    const as = create();
    const { data } = await as.exportKey(await requestFor(setup), undefined);
    const { data: receipt } = await setup.send(importCommand(data, 0x0002));
    await expect(watched(() => as.verifyReceipt(1, flipBit(receipt, 400), undefined))).rejects.toMatchObject({
      code: 'receipt-refused',
    });
    expectErased(6);
    watch.seen.length = 0;
    await watched(() => as.verifyReceipt(1, receipt, undefined));
    expectErased(6);
  });
});
