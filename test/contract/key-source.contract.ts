// The contract that every KeySource must keep (protocol/provisioning/key-source.ts,
// docs/protocol.md clauses 3, 4 and 8). The tests of the contract use simulated units.
// key-sources.test.ts runs the contract on the service, a vault, a card and the AS core.
import { describe, expect, it } from 'vitest';
import { copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { attach, refresh } from '#protocol/provisioning/attached-unit.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision, settleByRecall } from '#protocol/provisioning/provision.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { decodeHeader, HEADER_LENGTH, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { flipBit } from '#test/support/bits.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV } from '#test/support/units.ts';

import {
  ANYWHERE,
  CONTENT,
  CONTENT_FOR_CLAUSE_8,
  type CreateSource,
  code,
  collect,
  ERASING,
  endAfterEach,
  expectSettled,
  exportRequestFor,
  KEY,
  last,
  load,
  loadRequest,
  NEWER,
  NEXT_T,
  NEXT_TA,
  OTHER_SN,
  REPLACING,
  type SourceContent,
} from './key-source-fixture.ts';

/** The part of the contract for clauses 3 and 4. */
export function describeKeySource(name: string, createSource: CreateSource, { canRecall = true } = {}): void {
  const create = endAfterEach(createSource);

  describe(`the key source contract: ${name}`, () => {
    it.each(['shared', 'diversified'] as const)(
      'loads keys into a %s unit and verifies its receipts',
      async (profile) => {
        const { source } = await create({ ...CONTENT, profile });
        const attached = await attach(createUnit({ profile }).transmit);
        for (const suite of [0x01, 0x02] as const) {
          const ref1 = suite === 0x01 ? KEY.ref1 : NEWER.ref1;
          const steps = await collect(provision(source, attached, loadRequest({ ref1, suites: [suite] })));
          expect(last(steps)).toMatchObject({
            step: 'verified',
            verdict: { time: expect.stringMatching(/^\d{4}-.*Z$/) },
          });
        }
        const { identity } = await refresh(attached);
        expect(identity.slots[1]).toMatchObject({ akv: NEWER.akv, kcv: keyCheckValue('D0AB00N', NEXT_TA).value });
      },
    );

    it('signs DATA for a unit that requires a signature', async () => {
      const { source, signatureKey } = await create(CONTENT);
      const attached = await attach(createUnit({ signatureKey }).transmit);
      expect(last(await collect(provision(source, attached, loadRequest())))).toMatchObject({ step: 'verified' });
    });

    it('returns the same DATA for a repeated request, and counts it once', async () => {
      const { source } = await create({ ...CONTENT, quota: 1 });
      const request = await exportRequestFor(await attach(createUnit().transmit));
      const first = await source.exportKey(request);
      const again = await source.exportKey(request);
      expect([again.exportId, again.data]).toEqual([first.exportId, first.data]);
    });

    it('returns DATA that the caller may wipe', async () => {
      const { source } = await create(CONTENT);
      const request = await exportRequestFor(await attach(createUnit().transmit));
      const { data } = await source.exportKey(request);
      const original = copy(data);
      data.fill(0);
      expect((await source.exportKey(request)).data).toEqual(original);
    });

    it('counts its exports and gives each export its own id', async () => {
      const { source } = await create(CONTENT);
      const attached = await attach(createUnit().transmit);
      const exports = [];
      for (let i = 0; i < 3; i++) exports.push(await source.exportKey(await exportRequestFor(attached)));
      const [first = 0, ...others] = exports.map(({ data }) => decodeHeader(data).xc);
      expect(others).toEqual([first + 1, first + 2]);
      expect(new Set(exports.map(({ exportId }) => exportId)).size).toBe(3);
    });

    it('makes a separate export for each of several concurrent requests', async () => {
      const { source } = await create(CONTENT);
      const attached = await attach(createUnit().transmit);
      const requests = [];
      for (let i = 0; i < 5; i++) requests.push(await exportRequestFor(attached));
      const exports = await Promise.all(requests.map((request) => source.exportKey(request)));
      expect(new Set(exports.map(({ data }) => decodeHeader(data).xc)).size).toBe(5);
    });

    it.each<[string, Partial<ExportRequest>, string]>([
      ['another set', { set: 0x0000ba7d }, 'set-unknown'],
      ['another version of T', { tkv: 9 }, 'set-unknown'],
      ['an unknown key', { ref1: 0x0999 }, 'key-unknown'],
      ['a slot that is not permitted', { ref2: 3 }, 'slot-not-permitted'],
      ['the transport-key slot for a key with SLOT FFFF', { ref1: 0x0104, ref2: 0xfffe }, 'slot-not-permitted'],
      ['a wrong CHM', { challengeMac: new Uint8Array(16) }, 'challenge-refused'],
      ['a suite of the other KDF family', { suite: 0x04 }, 'request-refused'],
    ])('refuses %s', async (_what, change, refusal) => {
      const { source } = await create(CONTENT);
      const unit = await attach(createUnit().transmit);
      const { suite, ...rest } = change;
      const request = { ...(await exportRequestFor(unit, rest)), ...(suite === undefined ? {} : { suite }) };
      await expect(source.exportKey(request)).rejects.toEqual(code(refusal));
    });

    it('refuses a unit that is not listed', async () => {
      const { source } = await create(CONTENT);
      const attached = await attach(createUnit({ sn: OTHER_SN }).transmit);
      await expect(source.exportKey(await exportRequestFor(attached))).rejects.toEqual(code('unit-not-listed'));
    });

    it('refuses a second key for a challenge, and a second request for an idempotency key', async () => {
      const { source } = await create(CONTENT);
      const attached = await attach(createUnit().transmit);
      const request = await exportRequestFor(attached);
      await source.exportKey(request);
      const { idempotencyKey } = loadRequest();
      const secondKey = { ...request, ref1: ANYWHERE.ref1, idempotencyKey };
      await expect(source.exportKey(secondKey)).rejects.toEqual(code('challenge-reused'));
      const secondRequest = { ...(await exportRequestFor(attached)), idempotencyKey: request.idempotencyKey };
      await expect(source.exportKey(secondRequest)).rejects.toEqual(code('idempotency-conflict'));
    });

    it('refuses an export beyond its quota', async () => {
      const { source } = await create({ ...CONTENT, quota: 2 });
      const attached = await attach(createUnit().transmit);
      for (let i = 0; i < 2; i++) await source.exportKey(await exportRequestFor(attached));
      await expect(source.exportKey(await exportRequestFor(attached))).rejects.toEqual(code('quota-used'));
    });

    it('accepts a repeated receipt, and refuses a changed one', async () => {
      const { source } = await create(CONTENT);
      const { summary, receipt } = await load(source, createUnit(), loadRequest());
      await source.verifyReceipt(summary.exportId, receipt, summary.dataHash);
      for (const byte of [0, 16, 40, 63]) {
        const changed = flipBit(receipt, 8 * byte + 7);
        const verdict = source.verifyReceipt(summary.exportId, changed, summary.dataHash);
        // If the change affects XC, the receipt may name an export that does not exist.
        await expect(verdict).rejects.toMatchObject({
          code: expect.stringMatching(/^(receipt-refused|export-unknown)$/),
        });
      }
      await source.verifyReceipt(summary.exportId, receipt, summary.dataHash);
    });

    it('refuses a receipt for an unknown export', async () => {
      const { source } = await create(CONTENT);
      const { summary, receipt } = await load(source, createUnit(), loadRequest());
      const unknown = toBase64url(new Uint8Array(16));
      await expect(source.verifyReceipt(unknown, receipt, summary.dataHash)).rejects.toEqual(code('export-unknown'));
    });

    if (canRecall) describeRecall(create);
    else
      it('has no recallExport()', async () => {
        expect((await create(CONTENT)).source.recallExport).toBeUndefined();
      });

    it('settles a load after the response to IMPORTKEY was lost', async () => {
      const { source } = await create(CONTENT);
      await expectSettled(source, createUnit(), loadRequest());
    });
  });
}

/** The part of the contract for recallExport(). */
function describeRecall(create: CreateSource): void {
  it('recalls an export without making another one', async () => {
    const { source } = await create({ ...CONTENT, quota: 1 });
    const { idempotencyKey } = loadRequest();
    expect(await source.recallExport?.(idempotencyKey)).toBeUndefined();
    const exported = await source.exportKey(
      await exportRequestFor(await attach(createUnit().transmit), { idempotencyKey }),
    );
    const recalled = await source.recallExport?.(idempotencyKey);
    const { exportId, data } = exported;
    expect(recalled).toEqual({ exportId, header: data.slice(0, HEADER_LENGTH), dataHash: sha256(data) });
  });

  it('settles a load by recall when the page has not recorded the export', async () => {
    const { source } = await create(CONTENT);
    const { idempotencyKey, ref1, ref2, ...rest } = loadRequest();
    const unit = createUnit();
    await load(source, unit, { idempotencyKey, ref1, ref2, ...rest });
    const attached = await attach(unit.powerCycle().transmit);
    const { tkv, sn } = attached.identity;
    const settled = await collect(
      settleByRecall(source, attached, { sn, tkv, suite: 0x01, ref1, ref2, idempotencyKey }),
    );
    expect(settled.map(({ step }) => step)).toEqual(['exported', 'imported', 'verified']);
  });
}

/** The part of the contract for clause 8: erasing a slot and replacing T. */
export function describeKeySourceClause8(name: string, createSource: CreateSource): void {
  const create = endAfterEach(createSource);

  describe.each(['shared', 'diversified'] as const)(`clause 8 from ${name}, a %s set`, (profile) => {
    const content: SourceContent = { ...CONTENT_FOR_CLAUSE_8, profile };
    const replacing = (): LoadRequest => loadRequest({ ref1: REPLACING.ref1, ref2: TRANSPORT_KEY_SLOT });

    it.each([0x01, 0x02] as const)('erases a slot in suite %i, with a receipt', async (suite) => {
      const { source } = await create(content);
      const unit = createUnit({ profile });
      await load(source, unit, loadRequest());
      const erasing = loadRequest({ ref1: ERASING.ref1, suites: [suite] });
      const steps = await collect(provision(source, await attach(unit.transmit), erasing));
      expect(last(steps)).toMatchObject({ step: 'verified' });
      const { identity } = await attach(unit.transmit);
      expect(identity.slots[1]).toMatchObject({ state: 'empty', akv: ERASING.akv });
      // The erased slot keeps its AKV mark, so an older key cannot be loaded.
      await expect(load(source, unit, loadRequest({ ref1: NEWER.ref1 }))).rejects.toMatchObject({ statusWord: 0x9402 });
    });

    it.each([0x01, 0x02] as const)('replaces T in suite %i, and loads a key under the new T', async (suite) => {
      const { source } = await create(content);
      const unit = createUnit({ profile });
      const attached = await attach(unit.transmit);
      const steps = await collect(provision(source, attached, { ...replacing(), suites: [suite] }));
      expect(last(steps)).toMatchObject({ step: 'verified' });
      const refreshed = await refresh(attached);
      expect(refreshed.identity.tkv).toBe(TEST_TKV + 1);
      expect(last(await collect(provision(source, refreshed, loadRequest({ suites: [suite] }))))).toMatchObject({
        step: 'verified',
      });
    });

    it('gives T to a shared unit, and only K_D to a diversified unit', async () => {
      const { source } = await create(content);
      const unit = createUnit({ profile });
      await load(source, unit, replacing());
      const memory = JSON.stringify(unit.memory.image());
      const id = { set: TEST_SET, tkv: TEST_TKV + 1, sn: TEST_SN };
      expect(memory.includes(toHex(NEXT_T))).toBe(profile === 'shared');
      expect(memory.includes(toHex(deriveDeviceKey('cmac', NEXT_T, id)))).toBe(profile === 'diversified');
    });

    it('refuses the replacement for a unit with the new T', async () => {
      const { source } = await create(content);
      const unit = createUnit({ profile });
      await load(source, unit, replacing());
      await expect(load(source, unit, replacing())).rejects.toEqual(code('transport-key-current'));
    });

    it('refuses an erasure or a replacement of T in another slot', async () => {
      const { source } = await create(content);
      const attached = await attach(createUnit({ profile }).transmit);
      for (const [ref1, ref2] of [
        [REPLACING.ref1, 2],
        [ERASING.ref1, 3],
        [ERASING.ref1, TRANSPORT_KEY_SLOT],
      ] as const) {
        const request = await exportRequestFor(attached, { ref1, ref2 });
        await expect(source.exportKey(request)).rejects.toEqual(code('slot-not-permitted'));
      }
    });

    it.each([
      ['an erasure', () => loadRequest({ ref1: ERASING.ref1 })],
      ['a replacement of T', replacing],
    ] as const)('settles %s after the response was lost', async (_what, createRequest) => {
      const { source } = await create(content);
      await expectSettled(source, createUnit({ profile }), createRequest());
    });
  });
}
