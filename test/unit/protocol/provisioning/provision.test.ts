// The load of one key: its steps and round trips, early refusals, and how a load with a lost
// response is settled.
import { describe, expect, it } from 'vitest';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Bytes, concat, isZero } from '#protocol/bytes/bytes.ts';
import { run } from '#protocol/commands/command.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { KeySource } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision, settle, settleByRecall } from '#protocol/provisioning/provision.ts';
import type { ExportSummary, Step } from '#protocol/provisioning/step.ts';
import { createTestAs } from '#test/support/as-memory.ts';
import { createTestSource } from '#test/support/test-source.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY, type UnitOptions } from '#test/support/units.ts';

const REQUEST: LoadRequest = {
  ref1: 0x0103,
  ref2: 2,
  suites: [0x01, 0x02],
  sign: false,
  idempotencyKey: 'A'.repeat(22),
};
const IMPORTKEY = 0xd8;

function createStation(options: UnitOptions = {}) {
  const keys = [
    { ref1: 0x0103, attributes: 'D0AB00N', akv: 5, slot: 2, key: new Uint8Array(32).fill(1) },
    { ref1: 0x0104, attributes: 'D0AB00N', akv: 6, slot: 2, key: new Uint8Array(32).fill(2) },
  ];
  const content = { set: TEST_SET, tkv: TEST_TKV, family: 'cmac', transportKey: TEST_TRANSPORT_KEY, keys } as const;
  const { as, publicKey } = createTestAs(content);
  const unit = createUnit({ ...options });
  const commands: number[] = [];
  const transmit: Transmit = (command) => {
    commands.push(command[1] ?? 0);
    return unit.transmit(command);
  };
  return { source: createTestSource(as), unit, transmit, commands, publicKey, as };
}

async function collect(steps: AsyncGenerator<Step>): Promise<Step[]> {
  const seen: Step[] = [];
  for await (const step of steps) seen.push(step);
  return seen;
}

const names = (steps: readonly Step[]) => steps.map(({ step }) => step);
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('provision', () => {
  it('yields a step before and after each change', async () => {
    const { source, transmit } = createStation();
    const steps = await collect(provision(source, await attach(transmit), REQUEST));
    expect(names(steps)).toEqual([
      'challenge',
      'export-intended',
      'exported',
      'import-intended',
      'imported',
      'verified',
    ]);
    expect(source.calls).toEqual(['exportKey', 'verifyReceipt']);
  });

  it('takes two command round trips per key, and one SELECT per unit', async () => {
    const { source, transmit, commands } = createStation();
    const attached = await attach(transmit);
    await collect(provision(source, attached, REQUEST));
    expect(commands).toEqual([0xa4, 0x84, IMPORTKEY]);
    await collect(provision(source, attached, { ...REQUEST, ref1: 0x0104, idempotencyKey: 'B'.repeat(22) }));
    expect(commands).toEqual([0xa4, 0x84, IMPORTKEY, 0x84, IMPORTKEY]);
  });

  it('stores nothing in the unit when the caller leaves before the import', async () => {
    for (const last of ['challenge', 'export-intended', 'exported', 'import-intended']) {
      const { source, transmit, commands } = createStation();
      const attached = await attach(transmit);
      for await (const { step } of provision(source, attached, REQUEST)) if (step === last) break;
      expect(commands).not.toContain(IMPORTKEY);
      expect((await refresh(attached)).identity.slots[1]?.state).toBe('empty');
    }
  });

  it('wipes DATA after the load, even when the unit is unplugged', async () => {
    const { source, transmit } = createStation();
    const returned: Bytes[] = [];
    const watched: KeySource = {
      ...source,
      exportKey: async (request) => {
        const exported = await source.exportKey(request);
        returned.push(exported.data);
        return exported;
      },
    };
    const unplugged: Transmit = (command) => {
      if (command[1] === IMPORTKEY) throw new ProtocolError('device-lost', 'unplugged');
      return transmit(command);
    };
    await expect(collect(provision(watched, await attach(unplugged), REQUEST))).rejects.toEqual(code('device-lost'));
    expect(returned.map(isZero)).toEqual([true]);
  });

  it('requests a signature for a unit that requires one', async () => {
    const { as, publicKey } = createStation();
    const signed = createUnit({ signatureKey: publicKey });
    const steps = await collect(provision(createTestSource(as), await attach(signed.transmit), REQUEST));
    expect(steps.at(-1)?.step).toBe('verified');
  });

  it('refuses a blank unit, an unknown slot and unsupported suites before it sends a command', async () => {
    const refusals = [
      { options: { blank: true }, request: REQUEST, expected: 'unit-blank' },
      { options: {}, request: { ...REQUEST, ref2: 9 }, expected: 'slot-unknown', message: 'the unit has no slot 0009' },
      {
        options: { suites: [0x02] } as UnitOptions,
        request: { ...REQUEST, suites: [0x01] } as LoadRequest,
        expected: 'suite-unsupported',
      },
    ];
    for (const { options, request, expected, message } of refusals) {
      const { source, transmit, commands } = createStation(options);
      await expect(collect(provision(source, await attach(transmit), request))).rejects.toMatchObject({
        ...{ code: expected, ...(message !== undefined && { message }) },
      });
      expect(commands).toEqual([0xa4]);
      expect(source.calls).toEqual([]);
    }
  });

  it('permits the transport-key slot, which no unit lists', async () => {
    const { source, transmit } = createStation();
    const steps = provision(source, await attach(transmit), { ...REQUEST, ref2: 0xfffe });
    expect((await steps.next()).value).toEqual({ step: 'challenge', suite: 0x01 });
    await steps.return();
  });

  it('sends signed DATA in one command only to a unit with extended length', async () => {
    for (const extendedLength of [true, false]) {
      const { as, publicKey } = createStation();
      const unit = createUnit({ signatureKey: publicKey });
      const lengths: number[] = [];
      const transmit: Transmit = (command) => {
        if (command[1] === IMPORTKEY) lengths.push(command.length);
        return unit.transmit(command);
      };
      const { identity } = await attach(transmit);
      const capabilities = { ...identity.capabilities, extendedLength };
      const attached = { transmit, identity: { ...identity, capabilities } };
      const load = provision(createTestSource(as), attached, REQUEST);
      // The simulated unit refuses a command of extended length.
      if (extendedLength) await expect(collect(load)).rejects.toMatchObject({ statusWord: 0x6700 });
      else await collect(load);
      // Without extended length, DATA of a command has at most 255 bytes behind a header of 5.
      if (extendedLength) expect(lengths).toEqual([expect.toSatisfy((length: number) => length > 260)]);
      else expect(lengths).toEqual([260, expect.any(Number)]);
    }
  });

  it('requests the export for the work order and the reason of the load, if it has them', async () => {
    const { source, transmit } = createStation();
    const requests: object[] = [];
    const watched: KeySource = {
      ...source,
      exportKey: (request) => {
        requests.push(request);
        return source.exportKey(request);
      },
    };
    const attached = await attach(transmit);
    await collect(provision(watched, attached, REQUEST));
    const order = { workOrder: 'JOB-4711', reason: 'the unit was replaced' };
    await collect(provision(watched, attached, { ...REQUEST, ...order, ref1: 0x0104, idempotencyKey: 'B'.repeat(22) }));
    expect(Object.keys(requests[0] ?? {}).filter((name) => name in order)).toEqual([]);
    expect(requests[1]).toMatchObject(order);
  });

  it('does not send DATA of another suite to the unit', async () => {
    const { source, transmit, commands } = createStation();
    const attached = await attach(transmit);
    const other: KeySource = {
      ...source,
      exportKey: async (request) => {
        const { random, challengeMac } = await run(transmit, getChallenge, { suite: 0x02 });
        return await source.exportKey({ ...request, suite: 0x02, random, challengeMac });
      },
    };
    await expect(collect(provision(other, attached, REQUEST))).rejects.toEqual(code('service-nonsense'));
    expect(commands).not.toContain(IMPORTKEY);
  });

  it('does not send malformed DATA, or DATA for another key, to the unit', async () => {
    const { source, transmit, commands } = createStation();
    const attached = await attach(transmit);
    const foreign: KeySource = {
      ...source,
      exportKey: (request) => source.exportKey({ ...request, ref1: 0x0104 }),
    };
    await expect(collect(provision(foreign, attached, REQUEST))).rejects.toEqual(code('service-nonsense'));
    const garbage: KeySource = { ...source, exportKey: async () => ({ exportId: 'x', data: new Uint8Array(226) }) };
    await expect(collect(provision(garbage, attached, REQUEST))).rejects.toEqual(code('data-malformed'));
    expect(commands).not.toContain(IMPORTKEY);
  });
});

/** Offsets in HDR (docs/protocol.md clause 3.3). */
const HEADER_FIELDS = { flags: 5, TKV: 6, SET: 11, REF1: 13, SLOT: 15, SN: 39 } as const;
/** Offsets in the receipt (clause 3.8). */
const RECEIPT_FIELDS = { suite: 4, REF2: 7, REF1: 9, TKV: 10, AKV: 15, XC: 19, SN: 35, 'AS number': 43 } as const;

function changedAt(bytes: Uint8Array, offset: number): Bytes {
  const changed = bytes.slice();
  changed[offset] = (changed[offset] ?? 0) ^ (offset === 4 ? 0x03 : 0x02);
  return changed;
}

describe('an answer of the AS or the unit about another load', () => {
  it.each(Object.entries(HEADER_FIELDS))(
    'DATA for another unit or request (%s) is not sent to the unit',
    async (_, offset) => {
      const { source, transmit, commands } = createStation();
      const other: KeySource = {
        ...source,
        exportKey: async (request) => {
          const exported = await source.exportKey(request);
          const data = changedAt(exported.data, offset);
          return { ...exported, data: offset === HEADER_FIELDS.flags ? concat(data, new Uint8Array(64)) : data };
        },
      };
      await expect(collect(provision(other, await attach(transmit), REQUEST))).rejects.toEqual(
        code('service-nonsense'),
      );
      expect(commands).not.toContain(IMPORTKEY);
    },
  );

  it.each(Object.entries(RECEIPT_FIELDS))('the receipt of another import (%s) is not accepted', async (_, offset) => {
    const { source, transmit } = createStation();
    const other: Transmit = async (command) => {
      const answer = await transmit(command);
      return command[1] === IMPORTKEY ? changedAt(answer, offset) : answer;
    };
    await expect(collect(provision(source, await attach(other), REQUEST))).rejects.toEqual(code('unit-nonsense'));
    expect(source.calls).toEqual(['exportKey']);
  });

  it.each(Object.entries(RECEIPT_FIELDS))(
    'after a lost answer, the receipt of another import (%s) is not accepted',
    async (_, offset) => {
      const { source, transmit, unit } = createStation();
      let summary: ExportSummary | undefined;
      for await (const step of provision(source, await attach(transmit), REQUEST)) {
        if (step.step === 'exported') summary = step.export;
        if (step.step === 'imported') break;
      }
      if (summary === undefined) throw new Error('no export');
      const returned = unit.powerCycle();
      const other: Transmit = async (command) => {
        const answer = await returned.transmit(command);
        return command[1] === 0xcb ? changedAt(answer, offset) : answer;
      };
      await expect(collect(settle(source, await attach(other), summary))).rejects.toEqual(code('no-receipt'));
      expect(source.calls).toEqual(['exportKey']);
    },
  );
});

describe('settle', () => {
  /** Loads a key. The response to IMPORTKEY is lost, and the unit restarts with the same memory. */
  async function loseResponse(isImported: boolean) {
    const station = createStation();
    let summary: ExportSummary | undefined;
    const cutting: Transmit = async (command) => {
      if (command[1] !== IMPORTKEY) return station.transmit(command);
      if (isImported) await station.transmit(command);
      throw new ProtocolError('device-lost', 'unplugged');
    };
    const steps = provision(station.source, await attach(cutting), REQUEST);
    await expect(
      (async () => {
        for await (const step of steps) if (step.step === 'import-intended') summary = step.export;
      })(),
    ).rejects.toEqual(code('device-lost'));
    if (summary === undefined) throw new Error('the load ended before the import');
    return { ...station, summary, returned: station.unit.powerCycle() };
  }

  it('finds the stored key and has its receipt verified', async () => {
    const { source, summary, returned } = await loseResponse(true);
    const steps = await collect(settle(source, await attach(returned.transmit), summary));
    expect(names(steps)).toEqual(['imported', 'verified']);
  });

  it('rejects with no-receipt when the key was not stored, and a new attempt succeeds', async () => {
    const { source, summary, returned } = await loseResponse(false);
    const attached = await attach(returned.transmit);
    await expect(collect(settle(source, attached, summary))).rejects.toMatchObject({
      ...{ code: 'no-receipt', message: `slot 0002 has no receipt of export ${summary.exportId}` },
    });
    const steps = await collect(provision(source, attached, { ...REQUEST, idempotencyKey: 'C'.repeat(22) }));
    expect(steps.at(-1)?.step).toBe('verified');
  });

  it('rejects with no-receipt for the receipt of another import', async () => {
    const { source, summary, returned } = await loseResponse(true);
    const attached = await attach(returned.transmit);
    await expect(collect(settle(source, attached, { ...summary, xc: summary.xc + 1 }))).rejects.toEqual(
      code('no-receipt'),
    );
  });

  describe('by recall, when the export was not recorded', () => {
    const INTENT = { sn: TEST_SN, tkv: TEST_TKV, suite: 0x01, ref1: REQUEST.ref1, ref2: REQUEST.ref2 };
    const intent = { ...INTENT, idempotencyKey: REQUEST.idempotencyKey };

    it('finds the stored key', async () => {
      const { source, summary, returned } = await loseResponse(true);
      const steps = await collect(settleByRecall(source, await attach(returned.transmit), intent));
      expect(names(steps)).toEqual(['exported', 'imported', 'verified']);
      expect(steps[0]).toEqual({ step: 'exported', export: summary });
    });

    it('rejects with no-receipt when the unit has no receipt, and sends no request to the AS', async () => {
      const { source, returned } = await loseResponse(false);
      const attached = await attach(returned.transmit);
      await expect(collect(settleByRecall(source, attached, intent))).rejects.toMatchObject({
        ...{ code: 'no-receipt', message: 'slot 0002 has no receipt of the requested export' },
      });
      expect(source.calls).toEqual(['exportKey']);
    });

    it('sends no request to the AS for the receipt of another slot', async () => {
      const { source, returned } = await loseResponse(true);
      // A faulty unit that returns the receipt of slot 2 for each slot.
      const faulty: Transmit = (command) => {
        const [cla = 0, ins = 0, ...rest] = command;
        return returned.transmit(ins === 0xcb ? Uint8Array.of(cla, ins, 0, 2, ...rest.slice(2)) : command);
      };
      const other = settleByRecall(source, await attach(faulty), { ...intent, ref2: 1 });
      await expect(collect(other)).rejects.toEqual(code('no-receipt'));
      expect(source.calls).toEqual(['exportKey']);
    });

    it('refuses another unit, before it sends a command', async () => {
      const { source, transmit, commands } = createStation();
      const attached = await attach(transmit);
      const other = { ...intent, sn: TEST_SN.map((byte, i) => (i === 15 ? byte + 1 : byte)) };
      await expect(collect(settleByRecall(source, attached, other))).rejects.toEqual(code('unit-changed'));
      expect([commands, source.calls]).toEqual([[0xa4], []]);
    });

    it('rejects with no-receipt for the receipt of another import, even if the AS has no export', async () => {
      const { source, returned } = await loseResponse(true);
      const attached = await attach(returned.transmit);
      const later = { ...intent, idempotencyKey: 'C'.repeat(22) };
      await expect(collect(settleByRecall(source, attached, later))).rejects.toEqual(code('no-receipt'));
      const request = source.exportKey.bind(source);
      const { challengeMac, random } = await run(attached.transmit, getChallenge, { suite: 0x01 });
      await request({ ...later, set: TEST_SET, suite: 0x01, sign: false, challengeMac, random });
      await expect(collect(settleByRecall(source, attached, later))).rejects.toEqual(code('no-receipt'));
      for (const field of ['tkv', 'suite', 'ref1'] as const) {
        const other = { ...intent, [field]: intent[field] + 1 };
        await expect(collect(settleByRecall(source, attached, other))).rejects.toEqual(code('no-receipt'));
      }
    });

    it('throws for an AS without recallExport()', async () => {
      const { source, returned } = await loseResponse(true);
      const { exportKey, verifyReceipt } = source;
      const attached = await attach(returned.transmit);
      await expect(collect(settleByRecall({ exportKey, verifyReceipt }, attached, intent))).rejects.toThrow(
        new TypeError('this AS cannot recall exports'),
      );
    });
  });

  it('refuses another unit', async () => {
    const { source, summary } = await loseResponse(true);
    const other = createUnit({ sn: TEST_SN.map((byte, i) => (i === 15 ? byte + 1 : byte)) });
    await expect(collect(settle(source, await attach(other.transmit), summary))).rejects.toEqual(code('unit-changed'));
  });
});
