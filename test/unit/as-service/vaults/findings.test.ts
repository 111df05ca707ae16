// The findings of a reconciliation, one kind after the other (docs/protocol.md clause 10.5).
import { describe, expect, it } from 'vitest';
import { findBreaks, findImportGaps, findMissingReceipts, findMisuse, isServed } from '#as-service/vaults/findings.ts';
import type { VaultRecord } from '#as-service/vaults/vault-ledger.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import type { VaultEntryJson, VaultEventJson, VaultJournalJson } from '#protocol/vault/journal.ts';
import type { VaultFindingJson } from '#protocol/vault/messages.ts';
import { TEST_SET, TEST_SN } from '#test/support/as-service.ts';
import {
  entriesOf,
  exportEvent,
  exportHeader,
  OTHER_SN,
  receiptOf,
  VAULT_HEADER,
  vaultRecord,
} from '#test/support/vault-records.ts';
import { moment } from '#web/ui/common/format.ts';
import { findingText } from '#web/ui/tokens/finding-text.ts';

const UNLOCKED: VaultEventJson = { kind: 'unlocked', by: 'passphrase', refused: 0 };
const LOCKED: VaultEventJson = { kind: 'locked', why: 'idle' };
const [T1, T2, T3] = ['2026-11-11T00:00:00.000Z', '2026-11-12T00:00:00.000Z', '2026-11-13T00:00:00.000Z'];
const journal = (entries: readonly VaultEntryJson[], time = T2): VaultJournalJson => {
  return { format: 1, vaultId: VAULT_HEADER.vaultId, asNumber: 7, time, entries };
};

function returned(
  events: readonly VaultEventJson[],
  { header = {}, signed = T2 }: { header?: Partial<VaultHeaderJson>; signed?: string } = {},
): VaultRecord {
  const record = vaultRecord(header);
  record.add({ entries: entriesOf(events), receipts: [], signed }, T3);
  return record;
}

const ISO_TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** Returns the sentences, after comparing each with that of the page. */
function words(found: readonly VaultFindingJson[]): string[] {
  for (const finding of found) expect(findingText(finding)).toBe(finding.words.replace(ISO_TIME, moment));
  return found.map(({ grave, words: text }) => `${grave ? 'grave' : 'note'}: ${text}`);
}

describe('breaks of a journal', () => {
  const events = [UNLOCKED, exportEvent(1), LOCKED, UNLOCKED];

  it('are not in a complete journal, at its first, second and longer return', () => {
    expect(findBreaks(vaultRecord(), journal(entriesOf(events)))).toEqual([]);
    expect(findBreaks(returned(events), journal(entriesOf(events), T3))).toEqual([]);
    expect(findBreaks(returned(events.slice(0, 2)), journal(entriesOf(events), T3))).toEqual([]);
    expect(findBreaks(vaultRecord(), journal([]))).toEqual([]);
  });

  it('are entries that are missing', () => {
    const entries = entriesOf(events);
    expect(words(findBreaks(vaultRecord(), journal([...entries.slice(0, 1), ...entries.slice(2)])))).toEqual([
      'grave: The journal is incomplete: entry 2 is missing before entry 3.',
    ]);
    expect(words(findBreaks(vaultRecord(), journal(entries.slice(1))))).toEqual([
      'grave: The journal is incomplete: entry 1 is missing before entry 2.',
    ]);
  });

  it('are entries that differ from those returned before', () => {
    const other = entriesOf([UNLOCKED, exportEvent(1), UNLOCKED, LOCKED]);
    expect(words(findBreaks(returned(events), journal(other)))).toEqual([
      'grave: From entry 3 on, this journal differs from the one returned before. The database was put back to an older state, or the vault was used in two places.',
    ]);
    // The shorter one of two different journals.
    expect(words(findBreaks(returned(events), journal(other.slice(0, 3))))).toHaveLength(1);
  });

  it('are an older journal, or an older state of the database', () => {
    const entries = entriesOf(events).slice(0, 2);
    const ends = 'It ends at entry 2, but entry 4 was returned before.';
    expect(words(findBreaks(returned(events), journal(entries, T1)))).toEqual([
      `note: An older journal was returned again. ${ends}`,
    ]);
    for (const time of [T2, T3]) {
      expect(words(findBreaks(returned(events), journal(entries, time)))).toEqual([
        `grave: The database was put back to an older state. ${ends}`,
      ]);
    }
    expect(words(findBreaks(returned(events), journal([], T1)))).toEqual([
      'note: An older journal was returned again. It ends at entry 0, but entry 4 was returned before.',
    ]);
  });
});

describe('misuse', () => {
  it('is not in exports that the vault may make', () => {
    const events = [exportEvent(1), exportEvent(2, { sn: fromHex(OTHER_SN), ref1: 0x0104, slot: 9 })];
    expect(findMisuse(returned(events))).toEqual([]);
  });

  it('is an export that the vault may not make', () => {
    expect(words(findMisuse(returned([exportEvent(1, { slot: 3 })])))).toEqual([
      `grave: This vault may not make export 1 for unit ${TEST_SN}.`,
    ]);
  });

  it('is an export before the vault is valid, from its end on, and after its revocation', () => {
    const at = (header: Partial<VaultHeaderJson>) => words(findMisuse(returned([exportEvent(1)], { header })));
    const [made, later] = ['2026-11-10T12:00:00.000Z', '2026-11-10T12:00:00.001Z'];
    const outside = `grave: Export 1 was made at ${made}, outside the validity of this vault.`;
    expect(at({ notBefore: made, expires: later })).toEqual([]);
    expect(at({ notBefore: later })).toEqual([outside]);
    expect(at({ expires: made })).toEqual([outside]);
    const revoked = returned([exportEvent(1)]);
    revoked.revoked = made;
    expect(findMisuse(revoked)).toEqual([]);
    revoked.revoked = '2026-11-10T11:59:59.999Z';
    expect(words(findMisuse(revoked))).toEqual([`grave: Export 1 was made at ${made}, after this vault was revoked.`]);
  });

  it('is an export number that was used with different DATA', () => {
    const record = returned([exportEvent(1), exportEvent(2)]);
    record.add({ entries: entriesOf([exportEvent(1, {}, { fill: 8 })]), receipts: [], signed: T2 }, T3);
    expect(words(findMisuse(record))).toEqual(['grave: Export number 1 was used 2 times, with different DATA.']);
  });

  it('is more exports than a quota permits', () => {
    const events = [exportEvent(1), exportEvent(2), exportEvent(3, { sn: fromHex(OTHER_SN) })];
    const at = (exports: number, perUnit: number | null) =>
      words(findMisuse(returned(events, { header: { quota: { exports, perUnit } } })));
    expect(at(3, 2)).toEqual([]);
    expect(at(2, null)).toEqual(['grave: The vault made 3 exports, but its quota is 2.']);
    expect(at(3, 1)).toEqual([`grave: The vault made 2 exports for unit ${TEST_SN}, but its quota per unit is 1.`]);
  });
});

describe('what a vault serves', () => {
  it('are its keys, in their slots, for its units', () => {
    expect(isServed(VAULT_HEADER, exportHeader(1))).toBe(true);
    expect(isServed(VAULT_HEADER, exportHeader(1, { ref1: 0x0104, slot: 9 }))).toBe(true);
    expect(isServed(VAULT_HEADER, exportHeader(1, { ref1: 0x0105, slot: 4, attributes: NO_ATTRIBUTES }))).toBe(true);
    expect(isServed({ ...VAULT_HEADER, units: null }, exportHeader(1, { sn: new Uint8Array(16).fill(1) }))).toBe(true);
  });

  it.each([
    ['an unknown key', { ref1: 0x0106 }],
    ['another AS number', { asNumber: 8 }],
    ['another version', { akv: 2 }],
    ['other attributes', { attributes: 'D0AB00E' }],
    ['another slot', { slot: 3 }],
    ['any slot, for a key with one slot', { slot: 0xffff }],
    ['an unknown version of T', { tkv: 2 }],
    ['a suite of another family', { suite: 4 }],
    ['another set', { set: TEST_SET + 1 }],
    ['another unit', { sn: new Uint8Array(16).fill(1) }],
  ] as const)('is not %s', (_name, change) => {
    expect(isServed(VAULT_HEADER, exportHeader(1, change))).toBe(false);
  });

  it('is no answer to a bug', () => {
    const broken = { ...VAULT_HEADER, units: undefined } as unknown as VaultHeaderJson;
    expect(() => isServed(broken, exportHeader(1))).toThrow(TypeError);
  });
});

describe('missing receipts', () => {
  it('are those of exports that a unit may have imported', () => {
    const record = returned([exportEvent(1), exportEvent(2, { sn: fromHex(OTHER_SN) })]);
    const accepted = { dataHash: exportEvent(1).dataHash, receipt: toBase64url(receiptOf(1, 1)) };
    record.add({ entries: [], receipts: [accepted], signed: T2 }, T3);
    expect(words(findMissingReceipts(record))).toEqual([
      `note: Export 2 for unit ${OTHER_SN} has no receipt. Check the unit: the key may be loaded.`,
    ]);
  });
});

describe('imports that no journal contains', () => {
  const gaps = (...receipts: Uint8Array[]) => words(findImportGaps(receipts));

  it('are not between receipts with consecutive counts, in any sequence', () => {
    expect(gaps()).toEqual([]);
    expect(gaps(receiptOf(1, 3), receiptOf(2, 1), receiptOf(3, 2), receiptOf(3, 2))).toEqual([]);
    expect(gaps(receiptOf(1, 9), receiptOf(2, 10), receiptOf(3, 11))[1]).toBeUndefined();
  });

  it('are gaps between the counts of one unit', () => {
    const first = [receiptOf(1, 1), receiptOf(1, 1, OTHER_SN)];
    expect(gaps(...first, receiptOf(2, 3))).toEqual([`grave: No journal shows import 2 of unit ${TEST_SN}.`]);
    expect(gaps(...first, receiptOf(2, 5, OTHER_SN))).toEqual([
      `grave: No journal shows imports 2 to 4 of unit ${OTHER_SN}.`,
    ]);
  });

  it('may be those before the first receipt', () => {
    expect(gaps(receiptOf(1, 2))).toEqual([`note: Unit ${TEST_SN} had 1 import before the first receipt at this AS.`]);
    expect(gaps(receiptOf(1, 4))).toEqual([`note: Unit ${TEST_SN} had 3 imports before the first receipt at this AS.`]);
  });

  it('are possible when a unit made different receipts for one import', () => {
    const reset = `grave: Unit ${TEST_SN} made 2 different receipts for its import 1: it was reset, or a copy of it exists.`;
    expect(gaps(receiptOf(1, 1), receiptOf(2, 1))).toEqual([reset]);
    expect(gaps(receiptOf(1, 1), receiptOf(2, 1), receiptOf(3, 2))).toEqual([reset]);
  });
});
