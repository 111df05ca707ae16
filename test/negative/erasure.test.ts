// Claims 16 and 17 (docs/protocol.md clauses 1 and 4.5, step 20): when an export, an import or the look at a receipt is over, however it
// ended, every key that was derived for it and every copy of T, K_D and TA is zero. Each is watched from where it is made.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import { TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { copy, isZero } from '#protocol/bytes/bytes.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { RamMemory } from '#test/support/as-memory.ts';
import { Bench, flipped, importCommand, OTHER_T, OTHER_TA, SET, SN, T, TA, TKV, word } from './fixture.ts';

/** Secrets made while `isOn`, and whether each was one when it was made. */
const watch = vi.hoisted(() => {
  const seen: { readonly secret: Uint8Array; readonly was: boolean }[] = [];
  return {
    seen,
    isOn: false,
    /** How often a BODY was opened. */
    openings: 0,
    keep<Secret extends Uint8Array | undefined>(secret: Secret): Secret {
      if (this.isOn && secret !== undefined && secret.length > 0) {
        seen.push({ secret, was: secret.some((octet) => octet !== 0) });
      }
      return secret;
    },
  };
});

// Every key below T comes out of these two, and TA in the unit out of the third.
vi.mock('#protocol/crypto/kbkdf.ts', async (original) => {
  const real = await original<typeof import('#protocol/crypto/kbkdf.ts')>();
  return {
    kbkdfCmac: (input: Parameters<typeof real.kbkdfCmac>[0]) => watch.keep(real.kbkdfCmac(input)),
    hkdfSha256: (input: Parameters<typeof real.hkdfSha256>[0]) => watch.keep(real.hkdfSha256(input)),
  };
});
vi.mock('#protocol/tkl/body.ts', async (original) => {
  const real = await original<typeof import('#protocol/tkl/body.ts')>();
  const openBody = (...given: Parameters<typeof real.openBody>) => {
    watch.openings++;
    return watch.keep(real.openBody(...given));
  };
  return { ...real, openBody };
});
// Whatever the unit reads of T, K_D and TA out of its memory comes through these two.
vi.mock('#device-sim/ei/store-codec.ts', async (original) => {
  const real = await original<typeof import('#device-sim/ei/store-codec.ts')>();
  const watching =
    <Content extends { readonly key: Uint8Array }>(decode: (octets: Uint8Array) => Content) =>
    (octets: Uint8Array): Content => {
      const content = decode(watch.keep(octets));
      watch.keep(content.key);
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

/** At least so many were made, all of them secrets then, and none is left. */
function expectErased(least: number): void {
  expect(watch.seen.length).toBeGreaterThanOrEqual(least);
  expect(watch.seen.every(({ was }) => was)).toBe(true);
  expect(watch.seen.filter(({ secret }) => !isZero(secret))).toEqual([]);
}

beforeEach(() => {
  watch.seen.length = 0;
});

const SUITE_IDS: readonly SuiteId[] = [0x01, 0x02, 0x04];
const UNITS = (['shared', 'diversified'] as const).flatMap((profile) =>
  SUITE_IDS.map((suite) => ({ profile, suite, family: SUITES[suite].family })),
);
/** T1, K_M, K_E and K_R, and T or K_D as it was read. */
const MIN_IN_UNIT = 5;

describe.each(UNITS)('a $profile unit in suite $suite', ({ profile, suite }) => {
  /** Two of its slots hold a key. */
  const create = async (): Promise<Bench> => {
    const bench = new Bench({ profile, suite });
    await bench.select();
    for (const slot of [0x0001, 0x0002]) {
      expect(word(await bench.load({ header: { slot, akv: 1 }, key: OTHER_TA }, slot))).toBe('9000');
    }
    return bench;
  };

  it.each([
    ['to give a challenge', (bench: Bench) => bench.challenge()],
    ['to say who it is', (bench: Bench) => bench.send('80CA0000 00')],
    ['to give a receipt', (bench: Bench) => bench.send('80CB0002 00')],
  ])('erases all that it read and derived %s', async (_why, ask) => {
    const bench = await create();
    await watched<unknown>(() => ask(bench));
    expectErased(2);
  });

  it.each([
    ['that succeeds', {}, 0x0002, '9000'],
    ['with a wrong TAG', 'TAG', 0x0002, '6988'],
    ['for another unit', { sn: new Uint8Array(16).fill(7) }, 0x0002, '6988'],
    ['into a slot that is not permitted', {}, 0x0003, '9401'],
    ['of an older key', { akv: 0 }, 0x0002, '9402'],
    ['that replaces T', { slot: 0xfffe, attributes: 'K0AX00N' }, 0xfffe, '9000'],
    ['that would replace T by another kind of key', { slot: 0xfffe, attributes: 'K0AB00N' }, 0xfffe, '6988'],
  ] as const)('erases T1 and all around it after an import %s', async (_what, header, ref2, sw) => {
    const bench = await create();
    const random = await bench.challenge();
    const data = bench.seal({ random, header: header === 'TAG' ? {} : header });
    const command = importCommand(header === 'TAG' ? flipped(data, 8 * data.length - 1) : data, ref2);
    const answer = await watched(() => bench.send(command));
    expect(word(answer.sw)).toBe(sw);
    expectErased(MIN_IN_UNIT);
  });

  it('looks at BODY only when TAG is right (claim 7)', async () => {
    const bench = await create();
    const openingsOf = async (octet: (data: Uint8Array) => number): Promise<number> => {
      const data = bench.seal({ random: await bench.challenge() });
      watch.openings = 0;
      const broken = flipped(data, 8 * octet(data));
      expect(word(await bench.import(broken))).toBe('6988');
      return watch.openings;
    };
    const [inBody, inTag] = [await openingsOf(() => 60), await openingsOf((data) => data.length - 1)];
    expect([inBody, inTag]).toEqual([0, 0]);
    expect(word(await bench.load())).toBe('9000');
    expect(watch.openings).toBe(1);
  });

  it('erases them when its memory fails or its power is cut', async () => {
    for (const effect of ['failure', 'cut before', 'cut during', 'cut after'] as const) {
      // The tries come first, before any key is used; the last write here is the marker.
      for (const write of [3, 4, 5]) {
        watch.seen.length = 0;
        const bench = await create();
        const data = bench.seal({ random: await bench.challenge() });
        bench.memory.arm({ write, effect });
        const outcome = await watched(() => bench.import(data).catch((error: unknown) => error));
        if (effect === 'failure') expect(outcome).toBe(0x6581);
        else expect(outcome).toMatchObject({ name: 'PowerCut' });
        // TA besides.
        expectErased(MIN_IN_UNIT + 1);
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
    const room = transportKeyStore({
      copyTransportKey: () => watch.keep(copy(T)),
      isDiversified: () => true,
      copyApplicationKey: () => watch.keep(copy(TA)),
      signData: () => {
        if (failing) throw new Error('the signer failed');
        return new Uint8Array(64).fill(1);
      },
      random: (length) => new Uint8Array(length).fill(0x5a),
    });
    return new AsUnit(memory, new TreeKeyCrypto(room));
  };
  const requestFor = async (bench: Bench, sign = false): Promise<UnitExportRequest> => {
    const { data } = await bench.send(Uint8Array.of(0x80, 0x84, 0x00, suite, 0x00));
    const unit = { set: SET, tkv: TKV, sn: SN };
    return { unit, suite, sign, ref1: REF1, ref2: 2, random: data.slice(0, 16), challengeMac: data.slice(16) };
  };
  const createUnit = async (): Promise<Bench> => {
    const bench = new Bench({ suite });
    await bench.select();
    return bench;
  };

  it('erases T1 and all around it after an export, also one that failed', async () => {
    const bench = await createUnit();
    const request = await requestFor(bench);
    await watched(() => create().exportKey(request, undefined));
    // T twice and K_D twice, for the challenge and for T1; K_C, T1, K_M, K_E, K_R, TA.
    expectErased(10);
    watch.seen.length = 0;
    const signed = await requestFor(bench, true);
    const failing = create({ failing: true });
    await expect(watched(() => failing.exportKey(signed, undefined))).rejects.toThrow('the signer failed');
    expectErased(10);
  });

  it('erases both T and what it made of them after the export of a new T', async () => {
    const request = { ...(await requestFor(await createUnit())), ref1: NEW_T, ref2: 0xfffe };
    await watched(() => create().exportKey(request, undefined));
    expectErased(11);
  });

  it('erases what it derived to refuse a challenge', async () => {
    const request = await requestFor(await createUnit());
    const wrong = { ...request, challengeMac: flipped(request.challengeMac, 0) };
    await expect(watched(() => create().exportKey(wrong, undefined))).rejects.toMatchObject({
      code: 'challenge-refused',
    });
    expectErased(3);
  });

  it('erases what it derived to verify a receipt, right or wrong', async () => {
    const bench = await createUnit();
    const as = create();
    const { data } = await as.exportKey(await requestFor(bench), undefined);
    const { data: receipt } = await bench.send(importCommand(data, 0x0002));
    await expect(watched(() => as.verifyReceipt(1, flipped(receipt, 400), undefined))).rejects.toMatchObject({
      code: 'receipt-refused',
    });
    expectErased(6);
    watch.seen.length = 0;
    await watched(() => as.verifyReceipt(1, receipt, undefined));
    expectErased(6);
  });
});
