// Vault journals that are returned to the service: complete journals, journals with gaps, forged
// journals, and journals of a vault whose older state was restored.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addErasing, rotateSet } from '#as-service/sets/rotation.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import type { ExportAnswerJson, VerdictJson } from '#protocol/service/messages.ts';
import { openEnvelope, sealEnvelope } from '#protocol/signing/envelope.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { JOURNAL_TYPE, nextVaultEntry, type VaultEntryJson } from '#protocol/vault/journal.ts';
import type { VaultReportJson, VaultsJson } from '#protocol/vault/messages.ts';
import { exportRequest, receiptFor, TEST_SET, TEST_SN } from '#test/support/as-service.ts';
import { type SoftwareVault, signerOf } from '#test/support/vault.ts';
import { graveWords, OTHER_SN, pathOf, VaultSetup } from '#test/support/vault-service.ts';

let setup: VaultSetup;
let vault: SoftwareVault;

beforeEach(async () => {
  setup = await VaultSetup.open();
  vault = await setup.unlock(await setup.issue());
});
afterEach(() => setup.close());

/** Links the entries in a new hash chain, as an attacker with the unlocked vault can do. */
function rechained(entries: readonly VaultEntryJson[]): VaultEntryJson[] {
  const chain: VaultEntryJson[] = [];
  for (const { time, event } of entries) {
    chain.push(nextVaultEntry(chain.at(-1), vault.vault.headerHash, time, event));
  }
  return chain;
}

async function openVerdict(envelope: VaultReportJson['verdicts'][number]['verdict']): Promise<VerdictJson> {
  const key = setup.as.state.signingKeys.verdict.publicKey;
  const payload = await openEnvelope(envelope, 'application/vnd.keyferry.verdict+json', key, isSignedBy);
  return JSON.parse(fromUtf8(payload)) as VerdictJson;
}

describe('a complete journal', () => {
  it('leads to a signed verdict for each receipt, and to no findings', async () => {
    await setup.load(vault, 1);
    await setup.load(vault, 2);
    await setup.load(vault, 1, { sn: OTHER_SN });
    const report = await setup.returnJournal(vault);
    expect(report).toMatchObject({ entries: 7, exports: 3, receipts: 3, findings: [] });
    expect(report.verdicts.map(({ xc }) => xc)).toEqual([1, 2, 3]);
    const verdict = await openVerdict(report.verdicts[0]?.verdict ?? expect.fail());
    const [{ data, receipt } = expect.fail()] = vault.exports;
    expect(verdict).toMatchObject({
      receipt: toBase64url(receipt ?? expect.fail()),
      operator: 'vault 0001',
      workOrder: null,
    });
    expect(fromBase64url(verdict.dataHash)).toHaveLength(32);
    expect(data).toBeDefined();
    expect(report.vault).toMatchObject({ exportsSeen: 3, receiptsSeen: 3, returned: setup.now.toISOString() });
  });

  it('may be returned again with more entries, and leads to the same verdicts', async () => {
    await setup.load(vault, 1);
    const first = await setup.returnJournal(vault);
    await setup.load(vault, 2);
    const second = await setup.returnJournal(vault, vault.entries, setup.custodian);
    expect(second.findings).toEqual([]);
    expect(await openVerdict(second.verdicts[0]?.verdict ?? expect.fail())).toEqual(
      await openVerdict(first.verdicts[0]?.verdict ?? expect.fail()),
    );
    const again = await setup.returnJournal(vault);
    expect(again.findings).toEqual([]);
    expect(again.verdicts).toHaveLength(2);
    expect(await setup.events('vault-returned')).toHaveLength(3);
  });

  it('without a receipt for an export leads to a finding without alarm', async () => {
    await setup.load(vault, undefined);
    const report = await setup.returnJournal(vault);
    expect(graveWords(report)).toEqual([]);
    expect(report.findings.map(({ words }) => words)).toEqual([
      `Export 1 for unit ${TEST_SN} has no receipt. Check the unit: the key may be loaded.`,
    ]);
  });

  it('may be returned long after the vault has expired', async () => {
    await setup.load(vault, 1);
    setup.passDays(300);
    const token = await setup.addOperator('oskar');
    expect((await setup.returnJournal(vault, vault.entries, token)).findings).toEqual([]);
  });

  it('is still stored, with its verdicts and counts, after a restart', async () => {
    await setup.load(vault, 1);
    const before = await setup.returnJournal(vault);
    await setup.reopen();
    const { vaults } = await setup.json<VaultsJson>(setup.auditor, '/v1/vaults');
    expect(vaults).toEqual([before.vault]);
    const report = await setup.returnJournal(vault, vault.entries.slice(0, 2));
    expect(graveWords(report)).toEqual([expect.stringContaining('put back to an older state')]);
    expect(setup.as.vaults.visible({ actor: '', sets: null })[0]?.findExports(1)).toHaveLength(1);
  });
});

describe('the erasure of a slot and a new T from a vault', () => {
  it('lead to verdicts, which the AS computes from its own keys', async () => {
    await addErasing(setup.as, 'test', { set: TEST_SET, ref1: 0x0e00, label: 'Erase', slot: 2 });
    await rotateSet(setup.as, 'test', { set: TEST_SET, ref1: 0x0f00, label: 'New T', transportKey: undefined });
    const rotating = await setup.unlock(await setup.issue({ ref1: [0x0103, 0x0e00, 0x0f00] }));
    const next = setup.as.state.sets[0]?.transportKeys[1]?.key ?? expect.fail();
    const key = deriveDeviceKey('cmac', next, { set: TEST_SET, tkv: 2, sn: fromHex(TEST_SN) });
    await setup.load(rotating, 1);
    await setup.load(rotating, 2, { ref1: 0x0e00 });
    await setup.load(rotating, 3, { ref1: 0x0f00, ref2: 0xfffe, key });
    const wrong = setup.load(rotating, 1, { sn: OTHER_SN, ref1: 0x0f00, ref2: 0xfffe, key: next });
    await expect(wrong).rejects.toMatchObject({ code: 'receipt-refused' });
    const report = await setup.returnJournal(rotating);
    expect(report.verdicts.map(({ xc }) => xc)).toEqual([1, 2, 3]);
    expect(graveWords(report)).toEqual([]);
    expect(report.findings.map(({ words }) => words)).toEqual([
      `Export 4 for unit ${OTHER_SN} has no receipt. Check the unit: the key may be loaded.`,
    ]);
  });
});

describe('a gap in a journal', () => {
  it('is found by entry number when an entry is removed', async () => {
    await setup.load(vault, 1);
    await setup.load(vault, 2);
    const report = await setup.returnJournal(
      vault,
      vault.entries.filter(({ number }) => number !== 3),
    );
    expect(graveWords(report)).toContain('The journal is incomplete: entry 3 is missing before entry 4.');
    expect(report.verdicts.map(({ xc }) => xc)).toEqual([2]);
  });

  it('is found by XC when an entry is removed and the chain is computed again', async () => {
    await setup.load(vault, undefined);
    await setup.load(vault, 1);
    const entries = rechained(vault.entries.filter(({ number }) => number !== 2));
    const report = await setup.returnJournal(vault, entries);
    expect(graveWords(report)).toContain('The journal is incomplete: export 1 is missing before export 2.');
  });

  it('is found by the import count of the unit when the last export is hidden', async () => {
    await setup.load(vault, 1);
    const other = await setup.unlock(await setup.issue());
    await setup.load(other, 3);
    expect((await setup.returnJournal(vault)).findings).toEqual([]);
    const report = await setup.returnJournal(other);
    expect(graveWords(report)).toEqual([`No journal shows import 2 of unit ${TEST_SN}.`]);
  });

  it('is not reported when the service exported the key of the missing import', async () => {
    const request = exportRequest();
    const { exportId, data } = await setup.json<ExportAnswerJson>(setup.operator, '/v1/exports', request);
    const receipt = receiptFor(data, request.random, { importCounter: 2 });
    await setup.json(setup.operator, '/v1/receipts', { exportId, receipt });
    await setup.load(vault, 1);
    await setup.load(vault, 3);
    expect((await setup.returnJournal(vault)).findings).toEqual([]);
  });
});

describe('a vault whose older state was restored', () => {
  it('is detected by different entries with one number, and by different exports with one XC', async () => {
    await setup.load(vault, 1);
    const entries = [...vault.entries];
    const exports = [...vault.exports];
    await setup.load(vault, 2);
    expect((await setup.returnJournal(vault)).findings).toEqual([]);
    vault.entries = entries;
    vault.exports = exports;
    await setup.load(vault, 3);
    const report = await setup.returnJournal(vault);
    expect(graveWords(report)).toEqual([
      expect.stringMatching(/^From entry 4 on, this journal differs .* put back to an older state/),
      'Export number 2 was used 2 times, with different DATA.',
    ]);
    expect(report.verdicts.map(({ xc }) => xc)).toEqual([1, 2]);
    expect(report.vault.exportsSeen).toBe(3);
  });

  it('is detected by a journal that is shorter than before', async () => {
    await setup.load(vault, 1);
    await setup.returnJournal(vault);
    const report = await setup.returnJournal(vault, vault.entries.slice(0, 1));
    expect(graveWords(report)).toEqual([
      'The database was put back to an older state. It ends at entry 1, but entry 3 was returned before.',
    ]);
  });

  it('is not reported when an older journal is returned again', async () => {
    await setup.load(vault, 1);
    const journal = await vault.returnJournal();
    await setup.load(vault, 2);
    await setup.returnJournal(vault);
    const report = await setup.json<VaultReportJson>(setup.operator, pathOf(vault), { journal });
    expect(graveWords(report)).toEqual([]);
    expect(report.findings.map(({ words }) => words)).toEqual([expect.stringContaining('An older journal')]);
  });

  it('is detected by exceeded quotas, counted over several returns', async () => {
    const small = await setup.unlock(await setup.issue({ exports: 2, exportsPerUnit: 2 }));
    const [entries, exports] = [[...small.entries], [...small.exports]];
    await setup.load(small, 1);
    await setup.load(small, 2);
    await setup.returnJournal(small);
    small.entries = entries;
    small.exports = exports;
    await setup.load(small, 3);
    const words = graveWords(await setup.returnJournal(small));
    expect(words).toContain('The vault made 3 exports, but its quota is 2.');
    expect(words).toContain(`The vault made 3 exports for unit ${TEST_SN}, but its quota per unit is 2.`);
  });
});

describe('a receipt', () => {
  const forged = (change: (receipt: Buffer) => void) => {
    const entries = vault.entries.map((entry) => {
      if (entry.event.kind !== 'receipt') return entry;
      const receipt = Buffer.from(entry.event.receipt, 'base64url');
      change(receipt);
      return { ...entry, event: { ...entry.event, receipt: toBase64url(receipt) } };
    });
    return setup.returnJournal(vault, rechained(entries));
  };

  it.each([
    ['MAC', 63],
    ['import counter', 47],
    ['KCV', 36],
    ['slot', 7],
    ['magic', 0],
  ])('with another %s leads to no verdict, although it is in the journal', async (_field, place) => {
    await setup.load(vault, 1);
    const report = await forged((receipt) => receipt.writeUInt8(receipt.readUInt8(place) ^ 1, place));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toEqual(['The receipt for export 1 is not from the unit of that export.']);
  });

  it('of another export leads to no verdict', async () => {
    await setup.load(vault, 1);
    await setup.load(vault, 2);
    const [first, second] = vault.exports.map(({ receipt }) => toBase64url(receipt ?? expect.fail()));
    const swapped = vault.entries.map((entry) => {
      if (entry.event.kind !== 'receipt') return entry;
      const receipt = (entry.event.receipt === first ? second : first) ?? expect.fail();
      return { ...entry, event: { ...entry.event, receipt } };
    });
    const report = await setup.returnJournal(vault, rechained(swapped));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toHaveLength(2);
  });

  it('for an export that is not in the journal leads to no verdict', async () => {
    await setup.load(vault, 1);
    const alone = vault.entries.filter(({ event }) => event.kind !== 'export');
    const report = await setup.returnJournal(vault, rechained(alone));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toHaveLength(1);
  });

  it('that contradicts an earlier receipt for the same export is a finding', async () => {
    await setup.load(vault, 1);
    await setup.returnJournal(vault);
    const [{ data, random } = expect.fail()] = vault.exports;
    const other = receiptFor(toBase64url(data), toBase64url(random), { importCounter: 5 });
    vault.write({ kind: 'receipt', xc: 1, receipt: other });
    expect(graveWords(await setup.returnJournal(vault))).toEqual(['Export 1 already has another receipt.']);
  });
});

describe('an export that the vault may not make', () => {
  it.each([
    ['another unit', 24],
    ['another REF1', 13],
    ['another slot', 15],
    ['another key version', 19],
    ['another T', 6],
    ['another set', 11],
    ['another AS number', 47],
    ['other attributes', 40],
  ])('because of %s leads to no verdict', async (_what, place) => {
    await setup.load(vault, 1);
    const entries = vault.entries.map((entry) => {
      if (entry.event.kind !== 'export') return entry;
      const header = Buffer.from(entry.event.header, 'base64url');
      header.writeUInt8(header.readUInt8(place) ^ 0x04, place);
      return { ...entry, event: { ...entry.event, header: toBase64url(header) } };
    });
    const report = await setup.returnJournal(vault, rechained(entries));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toContainEqual(expect.stringMatching(/^This vault may not make export 1 for unit /));
  });

  it('because the vault is not valid at the time or is revoked is a finding', async () => {
    await setup.load(vault, 1);
    const path = `/v1/vaults/${vault.vault.header.vaultId}/revoke`;
    await setup.json(setup.custodian, path, { reason: 'lost' });
    await setup.load(vault, 2);
    const late = vault.entries.map((entry) =>
      entry.number === 2 ? { ...entry, time: '2027-11-23T12:00:00.000Z' } : entry,
    );
    const words = graveWords(await setup.returnJournal(vault, rechained(late)));
    expect(words).toContainEqual(
      expect.stringMatching(/^Export 1 was made at 2027.* outside the validity of this vault/),
    );
    expect(words).toContainEqual(expect.stringMatching(/^Export 2 was made at .* after this vault was revoked/));
  });
});

describe('a journal is refused, and the log records it,', () => {
  const problemOf = (journal: unknown, token = setup.operator, path = pathOf(vault)) =>
    setup.problem(token, path, { journal });

  it('when another vault signed it', async () => {
    const other = await setup.unlock(await setup.issue());
    const payload = fromBase64url((await vault.returnJournal()).payload);
    const journal = await sealEnvelope(JOURNAL_TYPE, payload, signerOf(other.secrets.journalKey));
    expect(await problemOf(journal)).toBe('journal-refused');
    const byData = await sealEnvelope(JOURNAL_TYPE, payload, signerOf(vault.secrets.dataKey));
    expect(await problemOf(byData)).toBe('journal-refused');
    expect(await setup.events('vault-journal-refused')).toHaveLength(2);
  });

  it('when it is the journal of another vault', async () => {
    const other = await setup.unlock(await setup.issue());
    expect(await problemOf(await other.returnJournal())).toBe('journal-refused');
  });

  it('when a bit is flipped', async () => {
    const journal = await vault.returnJournal();
    const payload = Buffer.from(journal.payload, 'base64url');
    const place = payload.indexOf('"refused":0') + 10;
    payload.writeUInt8(0x31, place);
    expect(await problemOf({ ...journal, payload: payload.toString('base64url') })).toBe('journal-refused');
  });

  it('when it is not a journal', async () => {
    const sign = (value: unknown) =>
      sealEnvelope(JOURNAL_TYPE, utf8(JSON.stringify(value)), signerOf(vault.secrets.journalKey));
    for (const value of [null, {}, { format: 2 }, { format: 1, entries: [{ number: 1 }] }]) {
      expect(await problemOf(await sign(value))).toBe('journal-refused');
    }
  });

  it('when the vault is unknown, or of a set that the operator may not use', async () => {
    const journal = await vault.returnJournal();
    const unknown = `/v1/vaults/${toBase64url(randomBytes(16))}/journal`;
    expect(await problemOf(journal, setup.operator, unknown)).toBe('vault-unknown');
    const stranger = await setup.addOperator('stefan', 'operator', { sets: [1] });
    expect(await problemOf(journal, stranger)).toBe('vault-unknown');
  });

  it('when the role may not return journals', async () => {
    const journal = await vault.returnJournal();
    expect(await problemOf(journal, setup.auditor)).toBe('not-allowed');
    expect((await setup.call(undefined, pathOf(vault), { journal })).status).toBe(401);
  });
});
