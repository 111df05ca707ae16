// What every KeySource does, whether the AS behind it is a service, a vault or a card (protocol/provisioning/key-source.ts, docs/protocol.md
// clauses 3, 4 and 8): one suite, run on each of them, with simulated units on the other side.

import { describe, expect, it } from 'vitest';
import { copy } from '#protocol/bytes/bytes.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision, settleByRecall } from '#protocol/provisioning/provision.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { decodeHeader, HEADER_LENGTH, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV } from '../support/units.ts';

import {
  ANYWHERE,
  code,
  collect,
  ERASING,
  expectSettled,
  HELD,
  HELD_FOR_CLAUSE_8,
  type Held,
  KEY,
  last,
  load,
  type MakeSource,
  makesSources,
  NEWER,
  NEXT_T,
  NEXT_TA,
  order,
  REPLACING,
  requestFrom,
  STRANGER,
} from './key-source-fixture.ts';

/** The parts of clauses 3 and 4. */
export function describeKeySource(name: string, makeSource: MakeSource, { remembers = true } = {}): void {
  const using = makesSources(makeSource);

  describe(`the key source contract: ${name}`, () => {
    it.each(['shared', 'diversified'] as const)(
      'loads keys into a %s unit and verifies its receipts',
      async (profile) => {
        const { source } = await using({ ...HELD, profile });
        const device = await attach(createUnit({ profile }).transmit);
        for (const suite of [0x01, 0x02] as const) {
          const ref1 = suite === 0x01 ? KEY.ref1 : NEWER.ref1;
          const steps = await collect(provision(source, device, order({ ref1, suites: [suite] })));
          expect(last(steps)).toMatchObject({
            step: 'verified',
            verdict: { time: expect.stringMatching(/^\d{4}-.*Z$/) },
          });
        }
        const { identity } = await refresh(device);
        expect(identity.slots[1]).toMatchObject({ akv: NEWER.akv, kcv: keyCheckValue('D0AB00N', NEXT_TA).value });
      },
    );

    it('signs DATA for a unit that requires it', async () => {
      const { source, signatureKey } = await using(HELD);
      const device = await attach(createUnit({ signatureKey }).transmit);
      expect(last(await collect(provision(source, device, order())))).toMatchObject({ step: 'verified' });
    });

    it('gives the same DATA for the same request, and counts it once', async () => {
      const { source } = await using({ ...HELD, quota: 1 });
      const request = await requestFrom(await attach(createUnit().transmit));
      const first = await source.exportKey(request);
      const again = await source.exportKey(request);
      expect([again.exportId, again.data]).toEqual([first.exportId, first.data]);
    });

    it('gives DATA that its caller may wipe', async () => {
      const { source } = await using(HELD);
      const request = await requestFrom(await attach(createUnit().transmit));
      const { data } = await source.exportKey(request);
      const kept = copy(data);
      data.fill(0);
      expect((await source.exportKey(request)).data).toEqual(kept);
    });

    it('numbers its exports, each with another id', async () => {
      const { source } = await using(HELD);
      const device = await attach(createUnit().transmit);
      const made = [];
      for (let i = 0; i < 3; i++) made.push(await source.exportKey(await requestFrom(device)));
      const [first = 0, ...others] = made.map(({ data }) => decodeHeader(data).xc);
      expect(others).toEqual([first + 1, first + 2]);
      expect(new Set(made.map(({ exportId }) => exportId)).size).toBe(3);
    });

    it('serves lanes that come at once, each with its own export', async () => {
      const { source } = await using(HELD);
      const device = await attach(createUnit().transmit);
      const requests = [];
      for (let i = 0; i < 5; i++) requests.push(await requestFrom(device));
      const made = await Promise.all(requests.map((request) => source.exportKey(request)));
      expect(new Set(made.map(({ data }) => decodeHeader(data).xc)).size).toBe(5);
    });

    it.each<[string, Partial<ExportRequest>, string]>([
      ['another set', { set: 0x0000ba7d }, 'set-unknown'],
      ['another version of T', { tkv: 9 }, 'set-unknown'],
      ['a key that it does not hold', { ref1: 0x0999 }, 'key-unknown'],
      ['a slot that the key may not go into', { ref2: 3 }, 'slot-not-permitted'],
      ['the transport-key slot for a key that may go anywhere', { ref1: 0x0104, ref2: 0xfffe }, 'slot-not-permitted'],
      ['a wrong CHM', { challengeMac: new Uint8Array(16) }, 'challenge-refused'],
      ['a suite of the other KDF family', { suite: 0x04 }, 'request-refused'],
    ])('refuses %s', async (_what, change, refusal) => {
      const { source } = await using(HELD);
      const unit = await attach(createUnit().transmit);
      const { suite, ...rest } = change;
      const request = { ...(await requestFrom(unit, rest)), ...(suite === undefined ? {} : { suite }) };
      await expect(source.exportKey(request)).rejects.toEqual(code(refusal));
    });

    it('refuses a unit that it was not set up for', async () => {
      const { source } = await using(HELD);
      const device = await attach(createUnit({ sn: STRANGER }).transmit);
      await expect(source.exportKey(await requestFrom(device))).rejects.toEqual(code('unit-not-listed'));
    });

    it('refuses a challenge for a second key, and an idempotency key for a second request', async () => {
      const { source } = await using(HELD);
      const device = await attach(createUnit().transmit);
      const request = await requestFrom(device);
      await source.exportKey(request);
      const { idempotencyKey } = order();
      const secondKey = { ...request, ref1: ANYWHERE.ref1, idempotencyKey };
      await expect(source.exportKey(secondKey)).rejects.toEqual(code('challenge-reused'));
      const secondRequest = { ...(await requestFrom(device)), idempotencyKey: request.idempotencyKey };
      await expect(source.exportKey(secondRequest)).rejects.toEqual(code('idempotency-conflict'));
    });

    it('stops at its quota', async () => {
      const { source } = await using({ ...HELD, quota: 2 });
      const device = await attach(createUnit().transmit);
      for (let i = 0; i < 2; i++) await source.exportKey(await requestFrom(device));
      await expect(source.exportKey(await requestFrom(device))).rejects.toEqual(code('quota-used'));
    });

    it('accepts a receipt again, and refuses one that was changed', async () => {
      const { source } = await using(HELD);
      const { summary, receipt } = await load(source, createUnit(), order());
      await source.verifyReceipt(summary.exportId, receipt, summary.dataHash);
      for (const octet of [0, 16, 40, 63]) {
        const changed = copy(receipt);
        changed[octet] = (changed[octet] ?? 0) ^ 1;
        const verdict = source.verifyReceipt(summary.exportId, changed, summary.dataHash);
        // A changed XC may name an export that the AS never made.
        await expect(verdict).rejects.toMatchObject({
          code: expect.stringMatching(/^(receipt-refused|export-unknown)$/),
        });
      }
      await source.verifyReceipt(summary.exportId, receipt, summary.dataHash);
    });

    it('does not know an export that it never made', async () => {
      const { source } = await using(HELD);
      const { summary, receipt } = await load(source, createUnit(), order());
      const unknown = toBase64url(new Uint8Array(16));
      await expect(source.verifyReceipt(unknown, receipt, summary.dataHash)).rejects.toEqual(code('export-unknown'));
    });

    if (remembers) describeRecall(using);
    else
      it('says that it does not recall what it exported', async () => {
        expect((await using(HELD)).source.recallExport).toBeUndefined();
      });

    it('verifies a receipt whose answer was lost', async () => {
      const { source } = await using(HELD);
      await expectSettled(source, createUnit(), order());
    });
  });
}

/** By the idempotency key. */
function describeRecall(using: MakeSource): void {
  it('recalls what it exported, and exports nothing by that', async () => {
    const { source } = await using({ ...HELD, quota: 1 });
    const { idempotencyKey } = order();
    expect(await source.recallExport?.(idempotencyKey)).toBeUndefined();
    const made = await source.exportKey(await requestFrom(await attach(createUnit().transmit), { idempotencyKey }));
    const recalled = await source.recallExport?.(idempotencyKey);
    const { exportId, data } = made;
    expect(recalled).toEqual({ exportId, header: data.slice(0, HEADER_LENGTH), dataHash: sha256(data) });
  });

  it('settles what a page did not live to write down', async () => {
    const { source } = await using(HELD);
    const { idempotencyKey, ref1, ref2, ...rest } = order();
    const unit = createUnit();
    await load(source, unit, { idempotencyKey, ref1, ref2, ...rest });
    const device = await attach(unit.powerCycle().transmit);
    const { tkv, sn } = device.identity;
    const settled = await collect(settleByRecall(source, device, { sn, tkv, suite: 0x01, ref1, ref2, idempotencyKey }));
    expect(settled.map(({ step }) => step)).toEqual(['exported', 'imported', 'verified']);
  });
}

/** Clause 8: erasing a key and replacing T, as entries of REF1 like any other. */
export function describeKeySourceClause8(name: string, makeSource: MakeSource): void {
  const using = makesSources(makeSource);

  describe.each(['shared', 'diversified'] as const)(`clause 8 from ${name}, a %s set`, (profile) => {
    const held: Held = { ...HELD_FOR_CLAUSE_8, profile };
    const replacing = (): LoadRequest => order({ ref1: REPLACING.ref1, ref2: TRANSPORT_KEY_SLOT });

    it.each([0x01, 0x02] as const)('erases a slot in suite %i, and proves it', async (suite) => {
      const { source } = await using(held);
      const unit = createUnit({ profile });
      await load(source, unit, order());
      const erasing = order({ ref1: ERASING.ref1, suites: [suite] });
      const steps = await collect(provision(source, await attach(unit.transmit), erasing));
      expect(last(steps)).toMatchObject({ step: 'verified' });
      const { identity } = await attach(unit.transmit);
      expect(identity.slots[1]).toMatchObject({ state: 'empty', akv: ERASING.akv });
      // The mark stays: what was erased does not come back.
      await expect(load(source, unit, order({ ref1: NEWER.ref1 }))).rejects.toMatchObject({ statusWord: 0x9402 });
    });

    it.each([0x01, 0x02] as const)('replaces T in suite %i, and goes on under the new one', async (suite) => {
      const { source } = await using(held);
      const unit = createUnit({ profile });
      const device = await attach(unit.transmit);
      const steps = await collect(provision(source, device, { ...replacing(), suites: [suite] }));
      expect(last(steps)).toMatchObject({ step: 'verified' });
      const renewed = await refresh(device);
      expect(renewed.identity.tkv).toBe(TEST_TKV + 1);
      expect(last(await collect(provision(source, renewed, order({ suites: [suite] }))))).toMatchObject({
        step: 'verified',
      });
    });

    it('gives the unit what its set is entitled to, and nothing of T to a diversified one', async () => {
      const { source } = await using(held);
      const unit = createUnit({ profile });
      await load(source, unit, replacing());
      const memory = JSON.stringify(unit.memory.image());
      const id = { set: TEST_SET, tkv: TEST_TKV + 1, sn: TEST_SN };
      const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex').toUpperCase();
      expect(memory.includes(hex(NEXT_T))).toBe(profile === 'shared');
      expect(memory.includes(hex(deriveDeviceKey('cmac', NEXT_T, id)))).toBe(profile === 'diversified');
    });

    it('refuses a unit that has the new T already', async () => {
      const { source } = await using(held);
      const unit = createUnit({ profile });
      await load(source, unit, replacing());
      await expect(load(source, unit, replacing())).rejects.toEqual(code('transport-key-current'));
    });

    it('refuses another slot for either', async () => {
      const { source } = await using(held);
      const device = await attach(createUnit({ profile }).transmit);
      for (const [ref1, ref2] of [
        [REPLACING.ref1, 2],
        [ERASING.ref1, 3],
        [ERASING.ref1, TRANSPORT_KEY_SLOT],
      ] as const) {
        const request = await requestFrom(device, { ref1, ref2 });
        await expect(source.exportKey(request)).rejects.toEqual(code('slot-not-permitted'));
      }
    });

    it.each([
      ['an erasing', () => order({ ref1: ERASING.ref1 })],
      ['a replacement of T', replacing],
    ] as const)('settles %s whose answer was lost', async (_what, makeOrder) => {
      const { source } = await using(held);
      await expectSettled(source, createUnit({ profile }), makeOrder());
    });
  });
}
