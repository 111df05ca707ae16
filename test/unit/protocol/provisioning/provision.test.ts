// The flow of one key: its steps and round trips, what it refuses before anything is lost, and how a lost answer is settled.
import { describe, expect, it } from 'vitest';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Bytes, isZero } from '#protocol/bytes/bytes.ts';
import { run } from '#protocol/commands/command.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { KeySource } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision, settle, settleByRecall } from '#protocol/provisioning/provision.ts';
import type { ExportSummary, Step } from '#protocol/provisioning/step.ts';
import { createTestAs } from '../../../support/as-memory.ts';
import { createTestSource } from '../../../support/test-source.ts';
import {
  createUnit,
  TEST_SET,
  TEST_SN,
  TEST_TKV,
  TEST_TRANSPORT_KEY,
  type UnitOptions,
} from '../../../support/units.ts';

const ORDER: LoadRequest = { ref1: 0x0103, ref2: 2, suites: [0x01, 0x02], sign: false, idempotencyKey: 'A'.repeat(22) };
const IMPORTKEY = 0xd8;

function createStation(options: UnitOptions = {}) {
  const keys = [
    { ref1: 0x0103, attributes: 'D0AB00N', akv: 5, slot: 2, key: new Uint8Array(32).fill(1) },
    { ref1: 0x0104, attributes: 'D0AB00N', akv: 6, slot: 2, key: new Uint8Array(32).fill(2) },
  ];
  const room = { set: TEST_SET, tkv: TEST_TKV, family: 'cmac', transportKey: TEST_TRANSPORT_KEY, keys } as const;
  const { as, publicKey } = createTestAs(room);
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
  it('reports each step before and after it changes the world', async () => {
    const { source, transmit } = createStation();
    const steps = await collect(provision(source, await attach(transmit), ORDER));
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

  it('takes exactly two command round trips per key, and SELECT once for the first key of a unit', async () => {
    const { source, transmit, commands } = createStation();
    const device = await attach(transmit);
    await collect(provision(source, device, ORDER));
    expect(commands).toEqual([0xa4, 0x84, IMPORTKEY]);
    await collect(provision(source, device, { ...ORDER, ref1: 0x0104, idempotencyKey: 'B'.repeat(22) }));
    expect(commands).toEqual([0xa4, 0x84, IMPORTKEY, 0x84, IMPORTKEY]);
  });

  it('can be left at any step before the import, and then nothing is in the unit', async () => {
    for (const last of ['challenge', 'export-intended', 'exported', 'import-intended']) {
      const { source, transmit, commands } = createStation();
      const device = await attach(transmit);
      for await (const { step } of provision(source, device, ORDER)) if (step === last) break;
      expect(commands).not.toContain(IMPORTKEY);
      expect((await refresh(device)).identity.slots[1]?.state).toBe('empty');
    }
  });

  it('wipes DATA in the end, also when the unit is lost', async () => {
    const { source, transmit } = createStation();
    const handed: Bytes[] = [];
    const watched: KeySource = {
      ...source,
      exportKey: async (request) => {
        const exported = await source.exportKey(request);
        handed.push(exported.data);
        return exported;
      },
    };
    const dying: Transmit = (command) => {
      if (command[1] === IMPORTKEY) throw new ProtocolError('device-lost', 'unplugged');
      return transmit(command);
    };
    await expect(collect(provision(watched, await attach(dying), ORDER))).rejects.toEqual(code('device-lost'));
    expect(handed.map(isZero)).toEqual([true]);
  });

  it('asks for a signature where the unit requires one', async () => {
    const { as, publicKey } = createStation();
    const signed = createUnit({ signatureKey: publicKey });
    const steps = await collect(provision(createTestSource(as), await attach(signed.transmit), ORDER));
    expect(steps.at(-1)?.step).toBe('verified');
  });

  it('refuses before anything is sent: a blank unit, a slot that is not there, suites that do not meet', async () => {
    const refusals = [
      { options: { blank: true }, order: ORDER, expected: 'unit-blank' },
      { options: {}, order: { ...ORDER, ref2: 9 }, expected: 'slot-unknown' },
      {
        options: { suites: [0x02] } as UnitOptions,
        order: { ...ORDER, suites: [0x01] } as LoadRequest,
        expected: 'suite-unsupported',
      },
    ];
    for (const { options, order, expected } of refusals) {
      const { source, transmit, commands } = createStation(options);
      await expect(collect(provision(source, await attach(transmit), order))).rejects.toEqual(code(expected));
      expect(commands).toEqual([0xa4]);
      expect(source.calls).toEqual([]);
    }
  });

  it('never sends the unit DATA that was made for another key, slot or unit, nor what is no DATA', async () => {
    const { source, transmit, commands } = createStation();
    const device = await attach(transmit);
    const asking = (change: object): KeySource => ({
      ...source,
      exportKey: (request) => source.exportKey({ ...request, ...change }),
    });
    const foreign = asking({ ref1: 0x0104 });
    await expect(collect(provision(foreign, device, ORDER))).rejects.toEqual(code('service-nonsense'));
    const garbage: KeySource = { ...source, exportKey: async () => ({ exportId: 'x', data: new Uint8Array(226) }) };
    await expect(collect(provision(garbage, device, ORDER))).rejects.toEqual(code('data-malformed'));
    expect(commands).not.toContain(IMPORTKEY);
  });
});

describe('attach', () => {
  const answering =
    (...octets: number[]): Transmit =>
    () =>
      Promise.resolve(Uint8Array.from(octets));

  it('names what is no EI, whether it refuses or talks nonsense', async () => {
    await expect(attach(answering(0x6a, 0x82))).rejects.toEqual(code('not-a-unit'));
    await expect(attach(answering(0x6f, 0x65, 0x90, 0x00))).rejects.toEqual(code('not-a-unit'));
    await expect(attach(answering(0x00))).rejects.toEqual(code('not-a-unit'));
  });

  it('leaves a failure of the link what it is', async () => {
    const dead: Transmit = () => Promise.reject(new ProtocolError('device-lost', 'unplugged'));
    await expect(attach(dead)).rejects.toEqual(code('device-lost'));
  });
});

describe('settle', () => {
  /** Imports, but the answer to IMPORTKEY never arrives; the unit then comes back over the same memory. */
  async function loseTheAnswer(reached: boolean) {
    const station = createStation();
    let summary: ExportSummary | undefined;
    const cutting: Transmit = async (command) => {
      if (command[1] !== IMPORTKEY) return station.transmit(command);
      if (reached) await station.transmit(command);
      throw new ProtocolError('device-lost', 'unplugged');
    };
    const steps = provision(station.source, await attach(cutting), ORDER);
    await expect(
      (async () => {
        for await (const step of steps) if (step.step === 'import-intended') summary = step.export;
      })(),
    ).rejects.toEqual(code('device-lost'));
    if (summary === undefined) throw new Error('the import was never intended');
    return { ...station, summary, returned: station.unit.powerCycle() };
  }

  it('finds the key that arrived although its receipt was lost, and has it verified', async () => {
    const { source, summary, returned } = await loseTheAnswer(true);
    const steps = await collect(settle(source, await attach(returned.transmit), summary));
    expect(names(steps)).toEqual(['imported', 'verified']);
  });

  it('says that the key is not in, so that a fresh attempt may be made', async () => {
    const { source, summary, returned } = await loseTheAnswer(false);
    const device = await attach(returned.transmit);
    await expect(collect(settle(source, device, summary))).rejects.toEqual(code('no-receipt'));
    const steps = await collect(provision(source, device, { ...ORDER, idempotencyKey: 'C'.repeat(22) }));
    expect(steps.at(-1)?.step).toBe('verified');
  });

  it('does not take the receipt of another import for this one', async () => {
    const { source, summary, returned } = await loseTheAnswer(true);
    const device = await attach(returned.transmit);
    await expect(collect(settle(source, device, { ...summary, xc: summary.xc + 1 }))).rejects.toEqual(
      code('no-receipt'),
    );
  });

  describe('where not even the export was written down', () => {
    const INTENT = { sn: TEST_SN, tkv: TEST_TKV, suite: 0x01, ref1: ORDER.ref1, ref2: ORDER.ref2 };
    const asked = { ...INTENT, idempotencyKey: ORDER.idempotencyKey };

    it('has the AS recall it, and finds the key that arrived', async () => {
      const { source, summary, returned } = await loseTheAnswer(true);
      const steps = await collect(settleByRecall(source, await attach(returned.transmit), asked));
      expect(names(steps)).toEqual(['exported', 'imported', 'verified']);
      expect(steps[0]).toEqual({ step: 'exported', export: summary });
    });

    it('says that the key is not in, and asks no AS where the unit has no receipt', async () => {
      const { source, returned } = await loseTheAnswer(false);
      const device = await attach(returned.transmit);
      await expect(collect(settleByRecall(source, device, asked))).rejects.toEqual(code('no-receipt'));
      expect(source.calls).toEqual(['exportKey']);
    });

    it('does not take the receipt of an earlier import for this one, asked of the AS or not', async () => {
      const { source, returned } = await loseTheAnswer(true);
      const device = await attach(returned.transmit);
      const later = { ...asked, idempotencyKey: 'C'.repeat(22) };
      await expect(collect(settleByRecall(source, device, later))).rejects.toEqual(code('no-receipt'));
      const request = source.exportKey.bind(source);
      const { challengeMac, random } = await run(device.transmit, getChallenge, { suite: 0x01 });
      await request({ ...later, set: TEST_SET, suite: 0x01, sign: false, challengeMac, random });
      await expect(collect(settleByRecall(source, device, later))).rejects.toEqual(code('no-receipt'));
      for (const field of ['tkv', 'suite', 'ref1'] as const) {
        const other = { ...asked, [field]: asked[field] + 1 };
        await expect(collect(settleByRecall(source, device, other))).rejects.toEqual(code('no-receipt'));
      }
    });

    it('is nothing to ask an AS that does not remember', async () => {
      const { source, returned } = await loseTheAnswer(true);
      const { exportKey, verifyReceipt } = source;
      const device = await attach(returned.transmit);
      await expect(collect(settleByRecall({ exportKey, verifyReceipt }, device, asked))).rejects.toThrow(TypeError);
    });
  });

  it('refuses another unit', async () => {
    const { source, summary } = await loseTheAnswer(true);
    const other = createUnit({ sn: TEST_SN.map((octet, i) => (i === 15 ? octet + 1 : octet)) });
    await expect(collect(settle(source, await attach(other.transmit), summary))).rejects.toEqual(code('unit-changed'));
  });
});
