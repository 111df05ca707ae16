// Journals of vaults that come back: what the service makes of a whole one, of one with a gap, of one that was forged or doubled, and of
// one that goes on from an older state.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addErasing, rotateSet } from '#as-service/sets/rotation.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import type { ExportAnswerJson, ProblemJson, VerdictJson } from '#protocol/service/messages.ts';
import type { VaultReportJson, VaultsJson } from '#protocol/service/vaults.ts';
import { openEnvelope, sealEnvelope } from '#protocol/signing/envelope.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { JOURNAL_TYPE, nextVaultEntry, type VaultEntryJson } from '#protocol/vault/journal.ts';
import {
  addTestOperator,
  call,
  callJson,
  createTestApp,
  exportRequest,
  receiptFor,
  TEST_SET,
  TEST_SN,
} from '#test/support/as-service.ts';
import { type SoftwareVault, signerOf } from '#test/support/vault.ts';
import { graveWords, OTHER_SN, pathOf, VaultBench } from '#test/support/vault-service.ts';

let bench: VaultBench;
let vault: SoftwareVault;

beforeEach(async () => {
  bench = await VaultBench.open();
  vault = await bench.take(await bench.issue());
});
afterEach(() => bench.close());

const codeOf = (problem: ProblemJson): string => problem.type?.split(':').at(-1) ?? 'none';

/** The entries with their chain made anew, as somebody who opened the vault could write them. */
function rechained(entries: readonly VaultEntryJson[]): VaultEntryJson[] {
  const chain: VaultEntryJson[] = [];
  for (const { time, event } of entries) {
    chain.push(nextVaultEntry(chain.at(-1), vault.vault.headerHash, time, event));
  }
  return chain;
}

async function openVerdict(envelope: VaultReportJson['verdicts'][number]['verdict']): Promise<VerdictJson> {
  const key = bench.as.state.signingKeys.verdict.publicKey;
  const payload = await openEnvelope(envelope, 'application/vnd.keyferry.verdict+json', key, isSignedBy);
  return JSON.parse(fromUtf8(payload)) as VerdictJson;
}

describe('a journal that is whole', () => {
  it('has a signed verdict for each receipt, and nothing to look into', async () => {
    await bench.load(vault, 1);
    await bench.load(vault, 2);
    await bench.load(vault, 1, { sn: OTHER_SN });
    const report = await bench.giveBack(vault);
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
    expect(report.vault).toMatchObject({ exportsSeen: 3, receiptsSeen: 3, returned: bench.now.toISOString() });
  });

  it('may come again, shorter first and longer later, and has the same verdicts', async () => {
    await bench.load(vault, 1);
    const first = await bench.giveBack(vault);
    await bench.load(vault, 2);
    const second = await bench.giveBack(vault, vault.entries, bench.custodian);
    expect(second.findings).toEqual([]);
    expect(await openVerdict(second.verdicts[0]?.verdict ?? expect.fail())).toEqual(
      await openVerdict(first.verdicts[0]?.verdict ?? expect.fail()),
    );
    const again = await bench.giveBack(vault);
    expect(again.findings).toEqual([]);
    expect(again.verdicts).toHaveLength(2);
    expect(await bench.events('vault-returned')).toHaveLength(3);
  });

  it('says which exports have no receipt, without alarm', async () => {
    await bench.load(vault, undefined);
    const report = await bench.giveBack(vault);
    expect(graveWords(report)).toEqual([]);
    expect(report.findings.map(({ words }) => words)).toEqual([
      `Export 1 for unit ${TEST_SN} has no receipt. Ask the unit for it: the key may be in.`,
    ]);
  });

  it('may come back long after the vault has ended', async () => {
    await bench.load(vault, 1);
    bench.passDays(300);
    const token = await addTestOperator(bench.as, 'oskar');
    expect((await bench.giveBack(vault, vault.entries, token)).findings).toEqual([]);
  });

  it('is remembered over a restart, with its verdicts and what was seen', async () => {
    await bench.load(vault, 1);
    const before = await bench.giveBack(vault);
    const as = await bench.restart();
    try {
      const app = createTestApp(as);
      const { vaults } = await callJson<VaultsJson>(app, bench.auditor, '/v1/vaults');
      expect(vaults).toEqual([before.vault]);
      const journal = await vault.returnJournal(vault.entries.slice(0, 2));
      const report = await callJson<VaultReportJson>(app, bench.operator, pathOf(vault), { journal });
      expect(graveWords(report)).toEqual([expect.stringContaining('put back to an older state')]);
      expect(as.vaults.visible({ actor: '', sets: null })[0]?.findExports(1)).toHaveLength(1);
    } finally {
      await as.close();
    }
  });
});

describe('docs/protocol.md clause 8 from a vault', () => {
  it('has verdicts on an erased slot and on a new T, each by what the AS knows of it', async () => {
    await addErasing(bench.as, 'test', { set: TEST_SET, ref1: 0x0e00, label: 'Erase', slot: 2 });
    await rotateSet(bench.as, 'test', { set: TEST_SET, ref1: 0x0f00, label: 'New T', transportKey: undefined });
    const rotating = await bench.take(await bench.issue({ ref1: [0x0103, 0x0e00, 0x0f00] }));
    const next = bench.as.state.sets[0]?.transportKeys[1]?.key ?? expect.fail();
    const key = deriveDeviceKey('cmac', next, { set: TEST_SET, tkv: 2, sn: fromHex(TEST_SN) });
    await bench.load(rotating, 1);
    await bench.load(rotating, 2, { ref1: 0x0e00 });
    await bench.load(rotating, 3, { ref1: 0x0f00, ref2: 0xfffe, key });
    const wrong = bench.load(rotating, 1, { sn: OTHER_SN, ref1: 0x0f00, ref2: 0xfffe, key: next });
    await expect(wrong).rejects.toMatchObject({ code: 'receipt-refused' });
    const report = await bench.giveBack(rotating);
    expect(report.verdicts.map(({ xc }) => xc)).toEqual([1, 2, 3]);
    expect(graveWords(report)).toEqual([]);
    expect(report.findings.map(({ words }) => words)).toEqual([
      `Export 4 for unit ${OTHER_SN} has no receipt. Ask the unit for it: the key may be in.`,
    ]);
  });
});

describe('a journal with a gap', () => {
  it('is told by its entry where one was taken out', async () => {
    await bench.load(vault, 1);
    await bench.load(vault, 2);
    const report = await bench.giveBack(
      vault,
      vault.entries.filter(({ number }) => number !== 3),
    );
    expect(graveWords(report)).toContain('The journal is not whole: entry 3 is missing before entry 4.');
    expect(report.verdicts.map(({ xc }) => xc)).toEqual([2]);
  });

  it('is told by XC where the chain was made anew around it', async () => {
    await bench.load(vault, undefined);
    await bench.load(vault, 1);
    const entries = rechained(vault.entries.filter(({ number }) => number !== 2));
    const report = await bench.giveBack(vault, entries);
    expect(graveWords(report)).toContain('The journal is not whole: export 1 is missing before export 2.');
  });

  it("is told by the unit's own count of imports where an export was hidden at the end", async () => {
    await bench.load(vault, 1);
    const other = await bench.take(await bench.issue());
    await bench.load(other, 3);
    expect((await bench.giveBack(vault)).findings).toEqual([]);
    const report = await bench.giveBack(other);
    expect(graveWords(report)).toEqual([`No journal shows import 2 of unit ${TEST_SN}.`]);
  });

  it("is closed by the service's own exports and by other vaults", async () => {
    const request = exportRequest();
    const { exportId, data } = await callJson<ExportAnswerJson>(bench.app, bench.operator, '/v1/exports', request);
    const receipt = receiptFor(data, request.random, { importCounter: 2 });
    await callJson(bench.app, bench.operator, '/v1/receipts', { exportId, receipt });
    await bench.load(vault, 1);
    await bench.load(vault, 3);
    expect((await bench.giveBack(vault)).findings).toEqual([]);
  });
});

describe('a vault that was put back to an older state', () => {
  it('is noticed by the entries that part, and by each export number that was used twice', async () => {
    await bench.load(vault, 1);
    const entries = [...vault.entries];
    const exports = [...vault.exports];
    await bench.load(vault, 2);
    expect((await bench.giveBack(vault)).findings).toEqual([]);
    vault.entries = entries;
    vault.exports = exports;
    await bench.load(vault, 3);
    const report = await bench.giveBack(vault);
    expect(graveWords(report)).toEqual([
      expect.stringMatching(/^From entry 4 on this is another journal .* put back to an older state/),
      'Export number 2 was used 2 times, for different DATA.',
    ]);
    expect(report.verdicts.map(({ xc }) => xc)).toEqual([1, 2]);
    expect(report.vault.exportsSeen).toBe(3);
  });

  it('is noticed where it did nothing since, and its journal is shorter than before', async () => {
    await bench.load(vault, 1);
    await bench.giveBack(vault);
    const report = await bench.giveBack(vault, vault.entries.slice(0, 1));
    expect(graveWords(report)).toEqual([
      'The database was put back to an older state. It ends at entry 1, and 3 entries came before.',
    ]);
  });

  it('is not thought of where an older journal is returned once more', async () => {
    await bench.load(vault, 1);
    const journal = await vault.returnJournal();
    await bench.load(vault, 2);
    await bench.giveBack(vault);
    const report = await callJson<VaultReportJson>(bench.app, bench.operator, pathOf(vault), { journal });
    expect(graveWords(report)).toEqual([]);
    expect(report.findings.map(({ words }) => words)).toEqual([expect.stringContaining('An older journal')]);
  });

  it('is noticed by quotas that were used twice, over several returns', async () => {
    const small = await bench.take(await bench.issue({ exports: 2, exportsPerUnit: 2 }));
    const [entries, exports] = [[...small.entries], [...small.exports]];
    await bench.load(small, 1);
    await bench.load(small, 2);
    await bench.giveBack(small);
    small.entries = entries;
    small.exports = exports;
    await bench.load(small, 3);
    const words = graveWords(await bench.giveBack(small));
    expect(words).toContain('The vault made 3 exports, and 2 were allowed.');
    expect(words).toContain(`Unit ${TEST_SN} was given 3 exports, and 2 were allowed.`);
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
    return bench.giveBack(vault, rechained(entries));
  };

  it.each([
    ['MAC', 63],
    ['import counter', 47],
    ['KCV', 36],
    ['slot', 7],
    ['magic', 0],
  ])('with another %s has no verdict, although the vault vouched for it', async (_field, place) => {
    await bench.load(vault, 1);
    const report = await forged((receipt) => receipt.writeUInt8(receipt.readUInt8(place) ^ 1, place));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toEqual(['The receipt for export 1 is not what the unit of that export answers.']);
  });

  it('of another export has no verdict', async () => {
    await bench.load(vault, 1);
    await bench.load(vault, 2);
    const [first, second] = vault.exports.map(({ receipt }) => toBase64url(receipt ?? expect.fail()));
    const swapped = vault.entries.map((entry) => {
      if (entry.event.kind !== 'receipt') return entry;
      const receipt = (entry.event.receipt === first ? second : first) ?? expect.fail();
      return { ...entry, event: { ...entry.event, receipt } };
    });
    const report = await bench.giveBack(vault, rechained(swapped));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toHaveLength(2);
  });

  it('for an export that the vault does not have has none', async () => {
    await bench.load(vault, 1);
    const alone = vault.entries.filter(({ event }) => event.kind !== 'export');
    const report = await bench.giveBack(vault, rechained(alone));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toHaveLength(1);
  });

  it('that another one contradicts is said so', async () => {
    await bench.load(vault, 1);
    await bench.giveBack(vault);
    const [{ data, random } = expect.fail()] = vault.exports;
    const other = receiptFor(toBase64url(data), toBase64url(random), { importCounter: 5 });
    vault.write({ kind: 'receipt', xc: 1, receipt: other });
    expect(graveWords(await bench.giveBack(vault))).toEqual(['Another receipt is on file for export 1.']);
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
  ])('because of %s has no verdict', async (_what, place) => {
    await bench.load(vault, 1);
    const entries = vault.entries.map((entry) => {
      if (entry.event.kind !== 'export') return entry;
      const header = Buffer.from(entry.event.header, 'base64url');
      header.writeUInt8(header.readUInt8(place) ^ 0x04, place);
      return { ...entry, event: { ...entry.event, header: toBase64url(header) } };
    });
    const report = await bench.giveBack(vault, rechained(entries));
    expect(report.verdicts).toEqual([]);
    expect(graveWords(report)).toContainEqual(
      expect.stringMatching(/^Export 1 for unit .* is none that this vault may/),
    );
  });

  it('because of its time is said so, and so is one after the vault was revoked', async () => {
    await bench.load(vault, 1);
    const path = `/v1/vaults/${vault.vault.header.vaultId}/revoke`;
    await callJson(bench.app, bench.custodian, path, { reason: 'lost' });
    await bench.load(vault, 2);
    const late = vault.entries.map((entry) =>
      entry.number === 2 ? { ...entry, time: '2027-11-23T12:00:00.000Z' } : entry,
    );
    const words = graveWords(await bench.giveBack(vault, rechained(late)));
    expect(words).toContainEqual(expect.stringMatching(/^Export 1 was made at 2027.* outside the time of this vault/));
    expect(words).toContainEqual(expect.stringMatching(/^Export 2 was made at .* after this vault was revoked/));
  });
});

describe('a journal is refused, and that is on the record,', () => {
  const give = (journal: unknown, token = bench.operator, path = pathOf(vault)) =>
    callJson<ProblemJson>(bench.app, token, path, { journal });

  it('where another vault signed it', async () => {
    const other = await bench.take(await bench.issue());
    const payload = fromBase64url((await vault.returnJournal()).payload);
    const journal = await sealEnvelope(JOURNAL_TYPE, payload, signerOf(other.secrets.journalKey));
    expect(codeOf(await give(journal))).toBe('journal-refused');
    const byData = await sealEnvelope(JOURNAL_TYPE, payload, signerOf(vault.secrets.dataKey));
    expect(codeOf(await give(byData))).toBe('journal-refused');
    expect(await bench.events('vault-journal-refused')).toHaveLength(2);
  });

  it('where it is that of another vault', async () => {
    const other = await bench.take(await bench.issue());
    expect(codeOf(await give(await other.returnJournal()))).toBe('journal-refused');
  });

  it('where a bit of it was turned', async () => {
    const journal = await vault.returnJournal();
    const payload = Buffer.from(journal.payload, 'base64url');
    const place = payload.indexOf('"refused":0') + 10;
    payload.writeUInt8(0x31, place);
    expect(codeOf(await give({ ...journal, payload: payload.toString('base64url') }))).toBe('journal-refused');
  });

  it('where it is no journal', async () => {
    const sign = (value: unknown) =>
      sealEnvelope(JOURNAL_TYPE, utf8(JSON.stringify(value)), signerOf(vault.secrets.journalKey));
    for (const value of [null, {}, { format: 2 }, { format: 1, entries: [{ number: 1 }] }]) {
      expect(codeOf(await give(await sign(value)))).toBe('journal-refused');
    }
  });

  it('where the vault is unknown, or of a set that the operator does not see', async () => {
    const journal = await vault.returnJournal();
    const unknown = `/v1/vaults/${toBase64url(randomBytes(16))}/journal`;
    expect(codeOf(await give(journal, bench.operator, unknown))).toBe('vault-unknown');
    const stranger = await addTestOperator(bench.as, 'stefan', 'operator', { sets: [1] });
    expect(codeOf(await give(journal, stranger))).toBe('vault-unknown');
  });

  it('where the role may not return one', async () => {
    const journal = await vault.returnJournal();
    expect(codeOf(await give(journal, bench.auditor))).toBe('not-allowed');
    expect((await call(bench.app, undefined, pathOf(vault), { journal })).status).toBe(401);
  });
});
