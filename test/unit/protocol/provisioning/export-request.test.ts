// What a load requests from the AS, and which refusals of a unit settle() passes on.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { type AttachedUnit, attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { ExportRequest, KeySource } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision, settle } from '#protocol/provisioning/provision.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV, type UnitOptions } from '#test/support/units.ts';

const REQUEST: LoadRequest = {
  ...{ ref1: 0x0103, ref2: 2, suites: [0x01, 0x02], sign: false, idempotencyKey: 'A'.repeat(22) },
};

/**
 * Loads a key from an AS that refuses every request. Returns the request and the commands that the
 * unit received.
 */
async function requested(change: Partial<LoadRequest>, options: UnitOptions = {}) {
  const seen: ExportRequest[] = [];
  const commands: number[] = [];
  const source = {
    exportKey: (request: ExportRequest) => {
      seen.push(request);
      return Promise.reject(new ProtocolError('not-allowed', 'seen'));
    },
  } as unknown as KeySource;
  const unit = createUnit(options);
  const attached = await attach((command) => {
    commands.push(command[1] ?? 0);
    return unit.transmit(command);
  });
  const steps = provision(source, attached, { ...REQUEST, ...change });
  const run = async (): Promise<void> => {
    for await (const _ of steps);
  };
  await expect(run()).rejects.toMatchObject({ code: 'not-allowed' });
  expect(seen).toHaveLength(1);
  return { request: seen[0] ?? expect.fail('no request'), commands };
}

describe('the export request', () => {
  it('has the identity and the challenge of the unit, and of the load no more than it has', async () => {
    const { request } = await requested({});
    expect(request).toEqual({
      ...{ set: TEST_SET, tkv: TEST_TKV, suite: 0x01, sign: false, ref1: 0x0103, ref2: 2, sn: TEST_SN },
      ...{ random: request.random, challengeMac: request.challengeMac, idempotencyKey: REQUEST.idempotencyKey },
    });
    expect([request.random.length, request.challengeMac.length]).toEqual([16, 16]);
  });

  it('has the work order and the reason of the load', async () => {
    const { request } = await requested({ workOrder: 'JOB', reason: 'lost' });
    expect(request).toMatchObject({ workOrder: 'JOB', reason: 'lost' });
  });

  it('asks for a signature when the load does', async () => {
    expect((await requested({ sign: true })).request.sign).toBe(true);
  });

  it('has the first suite of the AS that the unit allows', async () => {
    expect((await requested({ suites: [0x02, 0x01] })).request.suite).toBe(0x02);
    expect((await requested({ suites: [0x04, 0x02] }, { suites: [0x01, 0x02] })).request.suite).toBe(0x02);
  });

  it('is not made without a common suite, and the error lists the suites of both', async () => {
    const attached = await attach(createUnit({ suites: [0x01, 0x02] }).transmit);
    const steps = provision({} as KeySource, attached, { ...REQUEST, suites: [0x04, 0x04] });
    await expect(steps.next()).rejects.toThrow('the unit allows suites 1, 2, the AS has 4, 4');
  });

  it('that got no answer is sent again as it was, without a new challenge', async () => {
    const { request: unused } = await requested({});
    const { request, commands } = await requested({ unused, idempotencyKey: 'B'.repeat(22), suites: [] });
    expect(request).toBe(unused);
    expect(commands.map((ins) => toHex(concat(ins)))).toEqual(['A4']);
  });
});

describe('another answer than expected', () => {
  const answering = async (sw: number): Promise<AttachedUnit> => {
    const { identity } = await attach(createUnit().transmit);
    return { identity, transmit: async () => concat(sw >> 8, sw & 0xff) };
  };
  const summary = {
    ...{ exportId: '1', dataHash: concat(), sn: TEST_SN, tkv: 1, suite: 0x01, ref1: 1, ref2: 2, akv: 1, xc: 1 },
  };

  it('to GET RECEIPT is passed on, and only 6A88 means that there is no receipt', async () => {
    const settling = async (sw: number) => {
      for await (const _ of settle({} as KeySource, await answering(sw), summary as never));
    };
    await expect(settling(0x6a88)).rejects.toMatchObject({ code: 'no-receipt' });
    await expect(settling(0x6f00)).rejects.toMatchObject({ code: 'status-word', statusWord: 0x6f00 });
  });

  it('to GET IDENTITY, from another unit, names both serial numbers', async () => {
    const attached = await attach(createUnit().transmit);
    const sn = TEST_SN.map((byte, i) => (i === 15 ? byte + 1 : byte));
    const other = createUnit({ sn });
    await attach(other.transmit);
    const refreshed = refresh({ ...attached, transmit: other.transmit });
    await expect(refreshed).rejects.toMatchObject({ code: 'unit-changed' });
    await expect(refreshed).rejects.toThrow(`found unit ${toHex(sn)}, expected ${toHex(TEST_SN)}`);
  });
});
