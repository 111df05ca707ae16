// Findings of a reconciliation, as sentences for a custodian and an auditor (docs/protocol.md
// clause 10.5). Each function computes one kind of finding.
import { toHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { counted } from '#protocol/text/counted.ts';
import type { Header } from '#protocol/tkl/header.ts';
import { decodeReceipt, type Receipt } from '#protocol/tkl/receipt.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import type { VaultFindingKind, VaultFindingValues } from '#protocol/vault/findings.ts';
import { familyOf, keyFactsOf, type VaultHeaderJson } from '#protocol/vault/header.ts';
import { findChainBreaks, headerOf, type VaultJournalJson } from '#protocol/vault/journal.ts';
import type { VaultFindingJson } from '#protocol/vault/messages.ts';
import { requireServed } from '#protocol/vault/policy.ts';
import type { VaultRecord } from './vault-ledger.ts';

/** Makes a finding of a kind, with its values and its sentence. */
type MakeFinding = <Kind extends VaultFindingKind>(
  kind: Kind,
  values: VaultFindingValues[Kind],
  words: string,
) => VaultFindingJson;

/** Makes a finding that a person must investigate. */
export const grave: MakeFinding = (kind, values, words) => ({ grave: true, kind, values: { ...values }, words });
/** Makes a finding that requires no action. */
const note: MakeFinding = (kind, values, words) => ({ grave: false, kind, values: { ...values }, words });

/**
 * Finds gaps in the journal, and contradictions with earlier journals. `record` does not contain
 * this journal yet.
 */
export function findBreaks(record: VaultRecord, journal: VaultJournalJson): VaultFindingJson[] {
  const breaks = findChainBreaks(journal.entries, record.issued.headerHash);
  const last = journal.entries.at(-1)?.number ?? 0;
  const found = breaks.map(({ kind, values, words }) => grave(kind, values, `The journal is incomplete: ${words}.`));
  const fork = journal.entries.find((entry) => record.hasNumber(entry.number) && !record.has(entry));
  if (fork !== undefined) {
    found.push(
      grave(
        'journal-differs',
        { entry: fork.number },
        `From entry ${fork.number} on, this journal differs from the one returned before. The database was put back to an older state, or the vault was used in two places.`,
      ),
    );
  } else if (last < record.lastNumber) {
    const values = { last, returned: record.lastNumber };
    const ends = `It ends at entry ${last}, but entry ${record.lastNumber} was returned before.`;
    found.push(
      journal.time < record.signed
        ? note('journal-older', values, `An older journal was returned again. ${ends}`)
        : grave('database-older', values, `The database was put back to an older state. ${ends}`),
    );
  }
  return found;
}

/** Finds exports that the vault was not allowed to make, over all returned journals. */
export function findMisuse({ issued: { header }, exports, revoked }: VaultRecord): VaultFindingJson[] {
  const found: VaultFindingJson[] = [];
  const perCounter = new Map<number, number>();
  const perUnit = new Map<string, number>();
  for (const { event, time } of exports) {
    const hdr = headerOf(event);
    const sn = toHex(hdr.sn);
    count(perCounter, hdr.xc);
    count(perUnit, sn);
    if (!isServed(header, hdr))
      found.push(
        grave('export-not-permitted', { xc: hdr.xc, sn }, `This vault may not make export ${hdr.xc} for unit ${sn}.`),
      );
    if (time < header.notBefore || time >= header.expires) {
      found.push(
        grave(
          'export-outside-validity',
          { xc: hdr.xc, time },
          `Export ${hdr.xc} was made at ${time}, outside the validity of this vault.`,
        ),
      );
    }
    if (revoked !== undefined && time > revoked) {
      found.push(
        grave(
          'export-after-revocation',
          { xc: hdr.xc, time },
          `Export ${hdr.xc} was made at ${time}, after this vault was revoked.`,
        ),
      );
    }
  }
  for (const [xc, times] of perCounter) {
    if (times > 1)
      found.push(
        grave(
          'export-number-reused',
          { xc, times },
          `Export number ${xc} was used ${counted(times, 'time')}, with different DATA.`,
        ),
      );
  }
  const { quota } = header;
  if (exports.length > quota.exports) {
    found.push(
      grave(
        'quota-exceeded',
        { exports: exports.length, quota: quota.exports },
        `The vault made ${counted(exports.length, 'export')}, but its quota is ${quota.exports}.`,
      ),
    );
  }
  for (const [sn, times] of perUnit) {
    if (quota.perUnit === null || times <= quota.perUnit) continue;
    found.push(
      grave(
        'unit-quota-exceeded',
        { exports: times, quota: quota.perUnit, sn },
        `The vault made ${counted(times, 'export')} for unit ${sn}, but its quota per unit is ${quota.perUnit}.`,
      ),
    );
  }
  return found;
}

/** True when the header of the vault permits an export with this HDR. */
export function isServed(header: VaultHeaderJson, hdr: Header): boolean {
  const key = header.set.keys.find(({ ref1 }) => ref1 === hdr.ref1);
  if (key === undefined || hdr.asNumber !== header.asNumber) return false;
  const facts = keyFactsOf(key);
  if (facts.akv !== hdr.akv || facts.attributes !== hdr.attributes) return false;
  if (facts.slot !== 0xffff && facts.slot !== hdr.slot) return false;
  if (familyOf(header, hdr.tkv) !== SUITES[hdr.suite].family) return false;
  try {
    requireServed(header, { unit: hdr });
    return true;
  } catch (cause) {
    if (cause instanceof ProtocolError) return false;
    throw cause;
  }
}

/** Finds exports without a receipt. */
export function findMissingReceipts({ exports }: VaultRecord): VaultFindingJson[] {
  return exports
    .filter(({ receipt }) => receipt === undefined)
    .map(({ event }) => {
      const header = headerOf(event);
      const [xc, sn] = [header.xc, toHex(header.sn)];
      return note(
        'receipt-missing',
        { xc, sn },
        `Export ${xc} for unit ${sn} has no receipt. Check the unit: the key may be loaded.`,
      );
    });
}

/**
 * Finds imports whose receipt the AS does not have. A unit counts its imports and puts the count
 * into each receipt, so a gap between two counts is a missing receipt. `receipts` are those of the
 * service and of all vaults, 64 bytes each.
 */
export function findImportGaps(receipts: Iterable<Uint8Array>): VaultFindingJson[] {
  const byUnit = new Map<string, Map<string, Receipt>>();
  for (const bytes of receipts) {
    const receipt = decodeReceipt(bytes);
    const sn = toHex(receipt.sn);
    byUnit.set(sn, (byUnit.get(sn) ?? new Map()).set(toBase64url(bytes), receipt));
  }
  return [...byUnit].flatMap(([sn, distinct]) => gapsOf(sn, [...distinct.values()]));
}

function gapsOf(sn: string, receipts: readonly Receipt[]): VaultFindingJson[] {
  const found: VaultFindingJson[] = [];
  const times = new Map<number, number>();
  for (const { importCounter } of receipts) count(times, importCounter);
  const sorted = [...times].sort(([a], [b]) => a - b);
  sorted.forEach(([counter, receiptCount], index) => {
    const before = sorted[index - 1]?.[0];
    if (receiptCount > 1) {
      found.push(
        grave(
          'import-repeated',
          { sn, count: counter, receipts: receiptCount },
          `Unit ${sn} made ${receiptCount} different receipts for its import ${counter}: it was reset, or a copy of it exists.`,
        ),
      );
    }
    if (before === undefined) {
      const imports = counter - 1;
      const earlier = counted(imports, 'import');
      if (imports > 0)
        found.push(
          note('imports-before', { sn, imports }, `Unit ${sn} had ${earlier} before the first receipt at this AS.`),
        );
    } else if (counter > before + 1) {
      const [first, last] = [before + 1, counter - 1];
      const which = first === last ? `import ${first}` : `imports ${first} to ${last}`;
      found.push(grave('imports-missing', { sn, first, last }, `No journal shows ${which} of unit ${sn}.`));
    }
  });
  return found;
}

function count<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
