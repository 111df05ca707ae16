// What a returned journal shows, in words for a custodian and an auditor (docs/protocol.md clause 10.5). Each function looks at one kind
// of thing, and none writes anything down.
import { toHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { VaultFindingJson } from '#protocol/service/vaults.ts';
import type { Header } from '#protocol/tkl/header.ts';
import { decodeReceipt, type Receipt } from '#protocol/tkl/receipt.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import { familyOf, keyFactsOf, type VaultHeaderJson } from '#protocol/vault/header.ts';
import { findChainBreaks, headerOf, type VaultJournalJson } from '#protocol/vault/journal.ts';
import { requireServed } from '#protocol/vault/policy.ts';
import type { VaultExport, VaultRecord } from './vault-ledger.ts';

export const grave = (words: string): VaultFindingJson => ({ grave: true, words });
export const note = (words: string): VaultFindingJson => ({ grave: false, words });

/** Gaps in the journal, and how it goes together with those that came before. To be asked before its entries are added. */
export function findBreaks(record: VaultRecord, journal: VaultJournalJson): VaultFindingJson[] {
  const breaks = findChainBreaks(journal.entries, record.issued.headerHash);
  const last = journal.entries.at(-1)?.number ?? 0;
  const found = breaks.map((words) => grave(`The journal is not whole: ${words}.`));
  const parting = journal.entries.find((entry) => record.hasNumber(entry.number) && !record.has(entry));
  if (parting !== undefined) {
    found.push(
      grave(
        `From entry ${parting.number} on this is another journal than the one that came before: the database was put back to an older state, or the vault was used in two places.`,
      ),
    );
  } else if (last < record.lastNumber) {
    const older = `It ends at entry ${last}, and ${record.lastNumber} entries came before.`;
    found.push(
      journal.time < record.signed
        ? note(`An older journal was returned again. ${older}`)
        : grave(`The database was put back to an older state. ${older}`),
    );
  }
  return found;
}

/** Exports that the vault should not have made, over all journals that came: doublets, quotas, units, keys and times. */
export function findMisuse({ issued: { header }, exports, revoked }: VaultRecord): VaultFindingJson[] {
  const found: VaultFindingJson[] = [];
  const perCounter = new Map<number, number>();
  const perUnit = new Map<string, number>();
  for (const { event, time } of exports) {
    const hdr = headerOf(event);
    const sn = toHex(hdr.sn);
    count(perCounter, hdr.xc);
    count(perUnit, sn);
    if (!isServed(header, hdr)) found.push(grave(`Export ${hdr.xc} for unit ${sn} is none that this vault may make.`));
    if (time < header.notBefore || time >= header.expires) {
      found.push(grave(`Export ${hdr.xc} was made at ${time}, outside the time of this vault.`));
    }
    if (revoked !== undefined && time > revoked) {
      found.push(grave(`Export ${hdr.xc} was made at ${time}, after this vault was revoked.`));
    }
  }
  for (const [xc, times] of perCounter) {
    if (times > 1) found.push(grave(`Export number ${xc} was used ${times} times, for different DATA.`));
  }
  const { quota } = header;
  if (exports.length > quota.exports) {
    found.push(grave(`The vault made ${exports.length} exports, and ${quota.exports} were allowed.`));
  }
  for (const [sn, times] of perUnit) {
    if (quota.perUnit === null || times <= quota.perUnit) continue;
    found.push(grave(`Unit ${sn} was given ${times} exports, and ${quota.perUnit} were allowed.`));
  }
  return found;
}

/** True iff the vault may make such an export, by its header. */
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

/** Exports whose outcome nobody knows. */
export function findOpenEnds({ exports }: VaultRecord): VaultFindingJson[] {
  return exports.filter(({ receipt }) => receipt === undefined).map(openEnd);
}

function openEnd({ event }: VaultExport): VaultFindingJson {
  const { xc, sn } = headerOf(event);
  return note(`Export ${xc} for unit ${toHex(sn)} has no receipt. Ask the unit for it: the key may be in.`);
}

/**
 * Each unit counts its imports. What lies between two receipts that this AS knows, from all its journals, was imported by an export
 * that none of them shows. `receipts` are those of the units in question, 64 bytes each.
 */
export function findImportGaps(receipts: Iterable<Uint8Array>): VaultFindingJson[] {
  const byUnit = new Map<string, Map<string, Receipt>>();
  for (const octets of receipts) {
    const receipt = decodeReceipt(octets);
    const sn = toHex(receipt.sn);
    byUnit.set(sn, (byUnit.get(sn) ?? new Map()).set(toBase64url(octets), receipt));
  }
  return [...byUnit].flatMap(([sn, known]) =>
    gapsOf(
      sn,
      [...known.values()].map(({ importCounter }) => importCounter),
    ),
  );
}

function gapsOf(sn: string, counters: number[]): VaultFindingJson[] {
  const found: VaultFindingJson[] = [];
  const times = new Map<number, number>();
  for (const counter of counters) times.set(counter, (times.get(counter) ?? 0) + 1);
  const sorted = [...times].sort(([a], [b]) => a - b);
  sorted.forEach(([counter, count], index) => {
    const before = sorted[index - 1]?.[0];
    if (count > 1)
      found.push(
        grave(
          `Unit ${sn} gave ${count} different receipts for its import ${counter}: it was set back, or there are two of it.`,
        ),
      );
    if (before === undefined) {
      const earlier = counter === 2 ? '1 import' : `${counter - 1} imports`;
      if (counter > 1) found.push(note(`Unit ${sn} had ${earlier} before the first that this AS knows of.`));
    } else if (counter > before + 1) {
      const which = counter === before + 2 ? `import ${before + 1}` : `imports ${before + 1} to ${counter - 1}`;
      found.push(grave(`No journal shows ${which} of unit ${sn}.`));
    }
  });
  return found;
}

function count<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
