// Vaults below HTTP: issued, revoked and returned, with their entries in the audit log.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { isReceiptOf } from '#as-service/vaults/vault-receipts.ts';
import type { VaultCaller } from '#as-service/vaults/vaults.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { NO_KCV } from '#protocol/tkl/body.ts';
import { NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { JOURNAL_TYPE, type VaultEntryJson } from '#protocol/vault/journal.ts';
import { openVaultSentence } from '#protocol/vault/policy.ts';
import type { VaultRequestJson } from '#protocol/vault/requests.ts';
import { TEST_SET, TEST_SN, TEST_T } from '#test/support/as-service.ts';
import { KEY_LOSSES } from '#test/support/memory-exporter.ts';
import { MemoryVaults, VAULT_REQUEST } from '#test/support/memory-vaults.ts';
import type { SoftwareVault } from '#test/support/vault.ts';
import { exportEvent, OTHER_SN } from '#test/support/vault-records.ts';
import { findingText } from '#web/ui/tokens/finding-text.ts';

const CORA: VaultCaller = { actor: 'cora', sets: null };
const STRANGER: VaultCaller = { actor: 'stranger', sets: [1] };

let setup: MemoryVaults;
let vaults: MemoryVaults['vaults'];
beforeEach(async () => {
  setup = await MemoryVaults.open();
  vaults = setup.vaults;
});

const issue = (change: Partial<VaultRequestJson> = {}, caller = CORA, chosen?: string) =>
  vaults.issue({ ...VAULT_REQUEST, ...change }, caller, chosen);
const openNew = async (change: Partial<VaultRequestJson> = {}) => setup.unlock(await issue(change));
const reconcile = async (vault: SoftwareVault, entries?: readonly VaultEntryJson[]) =>
  vaults.reconcile(await vault.returnJournal(entries), CORA);
const newest = async () => (await setup.service.entries()).at(-1);
const refusal = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });
const graveWords = ({ findings }: Awaited<ReturnType<typeof reconcile>>) =>
  findings
    .filter(({ grave }) => grave)
    .map((finding) => {
      expect(findingText(finding)).toBe(finding.words);
      return finding.words;
    });

describe('issuing a vault', () => {
  it('has an entry in the log with the facts, and the record in sealed form', async () => {
    const { text, passphrase, record } = await issue({
      ref1: [0x0103, 0x0104],
      units: [TEST_SN, OTHER_SN],
      exportsPerUnit: 2,
    });
    const { header } = record.issued;
    expect(header).toMatchObject({ custodian: 'cora', asNumber: 1 });
    expect(passphrase).toMatch(/^KV(-[0-9A-Z]{5}){4}$/);
    expect(text).toContain('{');
    expect(await newest()).toMatchObject({ event: 'vault-issued', actor: 'cora' });
    const { vaultId, expires } = header;
    expect((await newest())?.details).toEqual({
      ...{ vaultId, asNumber: 1, set: TEST_SET, ref1: '0103 0104', units: `${TEST_SN} ${OTHER_SN}`, exports: 10 },
      ...{ exportsPerUnit: 2, expires, confirmed: null },
    });
    const { headerHash, journalPublicKey } = record.issued;
    const hashes = { headerHash: toBase64url(headerHash), journalPublicKey: toBase64url(journalPublicKey) };
    expect(JSON.parse(setup.service.newestRecord())).toEqual({ header, ...hashes });
    expect(setup.ledger.find(vaultId)).toBe(record);
  });

  it('records the confirmation of an open vault', async () => {
    const confirm = openVaultSentence(TEST_SET);
    await issue({ units: null, confirm });
    expect((await newest())?.details).toMatchObject({ units: 'open: it holds T', confirmed: confirm });
  });

  it('assigns the next AS number, up to 65535', async () => {
    await issue();
    const { record } = await issue();
    expect(record.issued.header.asNumber).toBe(2);
    const { issued } = record;
    setup.ledger.addVault({ ...issued, header: { ...issued.header, vaultId: 'other', asNumber: 0xfffe } });
    expect((await issue()).record.issued.header.asNumber).toBe(0xffff);
    await expect(issue()).rejects.toThrow(refusal('request-refused', 'All 65535 vault numbers are used.'));
  });

  it('accepts a chosen passphrase of 15 to 256 characters', async () => {
    for (const chosen of ['x'.repeat(15), '🔑'.repeat(15), 'x'.repeat(256)]) {
      expect((await issue({}, CORA, chosen)).passphrase).toBe(chosen);
    }
    for (const chosen of ['x'.repeat(14), '🔑'.repeat(14), 'x'.repeat(257)]) {
      const length = [...chosen].length;
      const why = `A passphrase has 15 to 256 characters, not ${length}.`;
      await expect(issue({}, CORA, chosen)).rejects.toThrow(refusal('request-refused', why));
    }
    const why = 'The passphrase contains a control character. Type it again.';
    await expect(issue({}, CORA, `${'x'.repeat(15)}\u0007y`)).rejects.toThrow(refusal('request-refused', why));
  });

  it('is refused to a custodian of other sets, and after signing out', async () => {
    await expect(issue({}, STRANGER)).rejects.toThrow(refusal('set-unknown'));
    const requireSignedIn = () => {
      throw new ProtocolError('signed-out', 'scripted');
    };
    await expect(issue({}, { ...CORA, requireSignedIn })).rejects.toThrow(refusal('signed-out'));
    expect([await setup.service.entries(), vaults.visible(CORA)]).toEqual([[], []]);
  });

  it.each(KEY_LOSSES)('is refused if %s while its passphrase is derived', async (_what, code, next) => {
    await expect(setup.service.changeDuring(() => issue(), next)).rejects.toThrow(refusal(code));
    expect(await setup.service.entries()).toEqual([]);
  });

  it('happens one after the other', async () => {
    const made = await Promise.all([issue(), issue()]);
    expect(made.map(({ record }) => record.issued.header.asNumber)).toEqual([1, 2]);
  });
});

describe('the list of vaults', () => {
  it('has those of the sets that the caller may use', async () => {
    const { record } = await issue();
    expect([vaults.visible(CORA), vaults.visible(STRANGER)]).toEqual([[record], []]);
    expect(vaults.visible({ actor: 'x', sets: [TEST_SET] })).toEqual([record]);
  });
});

describe('a revocation', () => {
  it('is recorded once', async () => {
    const { record } = await issue();
    const { vaultId } = record.issued.header;
    expect((await vaults.revoke(vaultId, 'lost', CORA)).revoked).toBe(setup.service.clock.now);
    expect(await newest()).toMatchObject({ event: 'vault-revoked', actor: 'cora' });
    expect((await newest())?.details).toEqual({ vaultId, asNumber: 1, reason: 'lost' });
    await vaults.revoke(vaultId, 'again', CORA);
    expect((await newest())?.details.reason).toBe('lost');
  });

  it('is refused for an unknown vault, or one of another set', async () => {
    const { record } = await issue();
    const refused = refusal('vault-unknown', 'This AS has not issued such a vault.');
    await expect(vaults.revoke('unknown', 'lost', CORA)).rejects.toThrow(refused);
    await expect(vaults.revoke(record.issued.header.vaultId, 'lost', STRANGER)).rejects.toThrow(refused);
  });
});

describe('a returned journal', () => {
  it('leads to verdicts on its receipts and to an entry in the log', async () => {
    const vault = await openNew();
    vault.workOrder = 'JOB';
    const receipt = await setup.load(vault, { counter: 1 });
    await setup.load(vault);
    const report = await reconcile(vault);
    expect(report).toMatchObject({ entries: 4, exports: 2, receipts: 1 });
    expect(report.findings).toMatchObject([
      { grave: false, words: `Export 2 for unit ${TEST_SN} has no receipt. Check the unit: the key may be loaded.` },
    ]);
    const [exported] = report.record.exports;
    expect(report.verdicts).toEqual([
      {
        xc: 1,
        verdict: {
          ...{ exportId: expect.any(String), receipt, dataHash: exported?.event.dataHash, workOrder: 'JOB' },
          ...{ operator: 'vault 0001', time: setup.service.clock.now },
        },
      },
    ]);
    expect(await newest()).toMatchObject({ event: 'vault-returned', actor: 'cora' });
    const { vaultId } = vault.vault.header;
    expect((await newest())?.details).toEqual({
      ...{ vaultId, asNumber: 1, entries: 4, exports: 2, receipts: 1, newEntries: 4, grave: 0 },
      findings: report.findings.map(({ words }) => words).join(' '),
    });
    expect(JSON.parse(setup.service.newestRecord())).toEqual({
      ...{ entries: vault.entries, receipts: [{ dataHash: exported?.event.dataHash, receipt }] },
      signed: setup.service.clock.now,
    });
    expect(setup.service.verified.has(exported?.receipt ?? {})).toBe(true);
  });

  it('leads to the same verdicts when it is returned again, and the log has only what is new', async () => {
    const vault = await openNew();
    await setup.load(vault, { counter: 1 });
    const { verdicts } = await reconcile(vault);
    setup.service.clock.now = '2026-11-24T00:00:00.000Z';
    await setup.load(vault, { counter: 2 });
    const again = await reconcile(vault);
    expect(again.findings).toEqual([]);
    expect(again.verdicts).toEqual([...verdicts, expect.objectContaining({ xc: 2 })]);
    expect((await newest())?.details).toMatchObject({ entries: 5, newEntries: 2 });
    expect(JSON.parse(setup.service.newestRecord()).receipts).toHaveLength(1);
    // The AS makes again only the verdicts on receipts in this journal.
    setup.service.clock.now = '2026-11-23T11:00:00.000Z';
    expect((await reconcile(vault, vault.entries.slice(0, 3))).verdicts).toEqual(verdicts);
  });

  it('does not make a stored receipt count as verified that it does not contain', async () => {
    const vault = await openNew();
    await setup.load(vault, { counter: 1 });
    const { record } = await reconcile(vault);
    // After a restart, no receipt in the log counts as verified.
    const stored = record.exports[0]?.receipt ?? {};
    setup.service.verified.delete(stored);
    await setup.load(vault, { counter: 2 });
    await reconcile(
      vault,
      vault.entries.filter(({ number }) => number !== 3),
    );
    expect(setup.service.verified.has(stored)).toBe(false);
    expect(setup.service.verified.has(record.exports[1]?.receipt ?? {})).toBe(true);
  });

  it('has findings: a receipt that is not from the unit, and a second receipt', async () => {
    const vault = await openNew();
    const receipt = await setup.load(vault, { counter: 1 });
    const forged = fromBase64url(receipt);
    forged[60] = (forged[60] ?? 0) ^ 1;
    vault.write({ kind: 'receipt', xc: 1, receipt: toBase64url(forged) });
    vault.write({ kind: 'receipt', xc: 7, receipt });
    vault.write({ kind: 'receipt', xc: 1, receipt: toBase64url(new Uint8Array(64)) });
    vault.write({ kind: 'receipt', xc: 1, receipt });
    const report = await reconcile(vault);
    const notOfUnit = (xc: number) => `The receipt for export ${xc} is not from the unit of that export.`;
    expect(graveWords(report)).toEqual([notOfUnit(1), notOfUnit(7), notOfUnit(1)]);
    expect(report.verdicts.map(({ verdict }) => verdict.receipt)).toEqual([receipt]);
    expect((await newest())?.details).toMatchObject({ grave: 3, receipts: 5 });
  });

  it('has a finding for another authentic receipt of the same export', async () => {
    const vault = await openNew();
    const receipt = await setup.load(vault, { counter: 1 });
    vi.spyOn(setup.service.crypto, 'verifyReceipt').mockResolvedValue(undefined as never);
    const other = fromBase64url(receipt);
    other[47] = 2;
    vault.write({ kind: 'receipt', xc: 1, receipt: toBase64url(other) });
    expect(graveWords(await reconcile(vault))[0]).toBe('Export 1 already has another receipt.');
  });

  it('accepts no receipt of an export that the vault may not make', async () => {
    const vault = await openNew({ units: null, confirm: openVaultSentence(TEST_SET) });
    await setup.load(vault, { counter: 1 });
    const { issued } = setup.ledger.find(vault.vault.header.vaultId) ?? {};
    if (issued === undefined) throw new Error('no vault');
    setup.ledger.addVault({ ...issued, header: { ...issued.header, units: [OTHER_SN] } });
    const report = await reconcile(vault);
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toEqual([
      'The receipt for export 1 is not from the unit of that export.',
      `This vault may not make export 1 for unit ${TEST_SN}.`,
    ]);
  });

  it('is compared with the receipts of the service and of other vaults, for its own units', async () => {
    const [one, two] = [await openNew(), await openNew({ units: [TEST_SN, OTHER_SN] })];
    await setup.load(one, { counter: 1 });
    await reconcile(one);
    await setup.load(two, { counter: 3 });
    expect(graveWords(await reconcile(two))).toEqual([`No journal shows import 2 of unit ${TEST_SN}.`]);
    await setup.load(two, { sn: OTHER_SN, counter: 1 });
    await reconcile(two);
    // Only the gaps of units in the journal are findings of this vault.
    await setup.load(one, { counter: 2 });
    expect(graveWords(await reconcile(one))).toEqual([]);
    await setup.load(two, { sn: OTHER_SN, counter: 5 });
    expect(graveWords(await reconcile(one))).toEqual([]);
    expect(graveWords(await reconcile(two))).toEqual([`No journal shows imports 2 to 4 of unit ${OTHER_SN}.`]);
  });

  it('has at most 4000 characters of findings in the log', async () => {
    const vault = await openNew();
    for (let i = 0; i < 70; i++) vault.write({ kind: 'receipt', xc: 7, receipt: toBase64url(new Uint8Array(64)) });
    const { findings } = await reconcile(vault);
    const words = findings.map((each) => each.words).join(' ');
    expect(words.length).toBeGreaterThan(4000);
    expect((await newest())?.details.findings).toBe(words.slice(0, 4000));
  });
});

describe('a journal is refused', () => {
  async function refused(journal: Envelope, code: string, words: string, caller = CORA, vaultId?: string) {
    await expect(vaults.reconcile(journal, caller, vaultId)).rejects.toThrow(refusal(code, words));
    expect(await newest()).toMatchObject({ event: 'vault-journal-refused', actor: caller.actor });
    expect((await newest())?.details).toEqual({ code, words });
  }

  it('of an unknown vault, of another vault, and with a signature of another key', async () => {
    const [one, two] = [await openNew(), await openNew()];
    const journal = await one.returnJournal();
    const { vaultId } = two.vault.header;
    const unknown = ['vault-unknown', 'This AS has not issued such a vault.'] as const;
    await refused(journal, ...unknown, STRANGER);
    await refused(journal, ...unknown, CORA, 'unknown');
    await refused(journal, 'journal-refused', 'This is the journal of another vault.', CORA, vaultId);
    const other = await two.returnJournal();
    const swapped = { ...journal, signatures: other.signatures };
    await refused(swapped, 'journal-refused', 'The vault that the journal names did not sign it.');
    expect(await vaults.reconcile(journal, CORA, one.vault.header.vaultId)).toMatchObject({ entries: 1 });
  });

  it('with another AS number than that of its vault', async () => {
    const vault = await openNew();
    const { issued } = setup.ledger.find(vault.vault.header.vaultId) ?? {};
    if (issued === undefined) throw new Error('no vault');
    setup.ledger.addVault({ ...issued, header: { ...issued.header, asNumber: 5 } });
    const why = 'The AS number in the journal is not that of its vault.';
    await refused(await vault.returnJournal(), 'journal-refused', why);
  });

  it.each(['not JSON', '{}'])('that is %s', async (payload) => {
    const signatures: Envelope['signatures'] = [{ keyid: '', sig: '' }];
    const journal = { payloadType: JOURNAL_TYPE, payload: toBase64url(Buffer.from(payload)), signatures };
    await refused(journal, 'journal-refused', 'This is not a vault journal of a known version.');
  });

  it('but a bug is no refusal', async () => {
    const journal = await (await openNew()).returnJournal();
    vi.spyOn(setup.ledger, 'find').mockImplementation(() => {
      throw new RangeError('scripted');
    });
    await expect(vaults.reconcile(journal, CORA)).rejects.toThrow('scripted');
    expect((await newest())?.event).toBe('vault-issued');
  });
});

describe('the check of a receipt', () => {
  it('compares with the key that the service has: TA, the next T or nothing', async () => {
    const { keys, crypto, verified } = setup.service;
    const expected: unknown[] = [];
    const verify = vi.spyOn(crypto, 'verifyReceipt').mockImplementation(async (_receipt, { kcv }) => {
      expected.push(kcv);
      return undefined as never;
    });
    const vault = await openNew();
    const receipt = fromBase64url(await setup.load(vault, { counter: 1 }));
    const next = { ref1: 0x0200, slot: TRANSPORT_KEY_SLOT, akv: 1, attributes: TRANSPORT_KEY_ATTRIBUTES };
    for (const change of [{}, next, { attributes: NO_ATTRIBUTES }]) {
      const exported = { event: exportEvent(1, change), time: '', receipt: undefined };
      expect(await isReceiptOf({ keys, crypto, verified }, exported, receipt)).toBe(true);
    }
    const [ta, t, none] = expected.slice(-3);
    expect(none).toEqual(NO_KCV);
    expect(new Set([ta, t, none].map((kcv) => JSON.stringify(kcv))).size).toBe(3);
    verify.mockRejectedValueOnce(new RangeError('scripted'));
    const exported = { event: exportEvent(1), time: '', receipt: undefined };
    await expect(isReceiptOf({ keys, crypto, verified }, exported, receipt)).rejects.toThrow('scripted');
    expect(await isReceiptOf({ keys, crypto, verified }, exported, new Uint8Array(64))).toBe(false);
    expect(setup.service.state.sets[0]?.transportKeys[0]?.key).toEqual(TEST_T);
  });
});
