// Holds a returned journal against what the AS knows (docs/protocol.md clause 10.5): what is new in it, which receipts verify, and what
// somebody must look into. Writes nothing down.
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import type { VaultFindingJson } from '#protocol/service/vaults.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { headerOf, type VaultJournalJson } from '#protocol/vault/journal.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { findBreaks, findImportGaps, findMisuse, findOpenEnds, grave, isServed } from './findings.ts';
import { isReceiptOf, type ReceiptCheck } from './receipts.ts';
import type { AcceptedReceipt, ReturnPart, VaultExport, VaultLedger, VaultRecord } from './vault-ledger.ts';

export interface Known {
  readonly check: ReceiptCheck;
  readonly vaults: VaultLedger;
  readonly ledger: Ledger;
}

export interface SignableVerdict {
  readonly xc: number;
  readonly verdict: VerdictJson;
}

/** So many receipts are verified in one go before others have their turn. */
const RECEIPTS_PER_TURN = 16;

/** What is to be written down of this return, and what it shows; `record` stays as it was. */
export async function reconcile(
  known: Known,
  record: VaultRecord,
  journal: VaultJournalJson,
): Promise<{ readonly part: ReturnPart; readonly findings: readonly VaultFindingJson[] }> {
  const breaks = findBreaks(record, journal);
  const part = {
    entries: journal.entries.filter((entry) => !record.has(entry)),
    receipts: [] as AcceptedReceipt[],
    signed: journal.time,
  };
  const draft = record.copy();
  draft.add(part, journal.time);
  const refused: VaultFindingJson[] = [];
  let turn = 0;
  for (const { event } of journal.entries) {
    if (event.kind !== 'receipt') continue;
    if (draft.findExports(event.xc).some(({ receipt }) => receipt?.octets === event.receipt)) continue;
    if (++turn % RECEIPTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    const exported = await findExportOf(known.check, draft, event);
    if (exported === undefined) {
      refused.push(grave(`The receipt for export ${event.xc} is not what the unit of that export answers.`));
    } else if (exported.receipt !== undefined) {
      refused.push(grave(`Another receipt is on file for export ${event.xc}.`));
    } else {
      const accepted = { dataHash: exported.event.dataHash, receipt: event.receipt };
      part.receipts.push(accepted);
      draft.add({ entries: [], receipts: [accepted], signed: journal.time }, journal.time);
    }
  }
  const gaps = findGaps(known, draft);
  return { part, findings: [...breaks, ...refused, ...findMisuse(draft), ...findOpenEnds(draft), ...gaps] };
}

/** On each receipt in this journal that was verified, now or before. */
export function verdictsOn(record: VaultRecord, { entries }: VaultJournalJson): SignableVerdict[] {
  const inIt = new Set(entries.flatMap(({ event }) => (event.kind === 'receipt' ? [event.receipt] : [])));
  return record.exports.flatMap((exported) => {
    const verdict = verdictOnExport(record, exported);
    return verdict !== undefined && inIt.has(verdict.receipt) ? [{ xc: headerOf(exported.event).xc, verdict }] : [];
  });
}

/** What the AS says of an export of a vault, once its receipt was verified. */
export function verdictOnExport(record: VaultRecord, { event, receipt }: VaultExport): VerdictJson | undefined {
  if (receipt === undefined) return undefined;
  const number = hexNumber(record.issued.header.asNumber, 4);
  const { dataHash, workOrder } = event;
  const exportId = exportIdOf(fromBase64url(dataHash));
  return { exportId, receipt: receipt.octets, dataHash, workOrder, operator: `vault ${number}`, time: receipt.time };
}

async function findExportOf(
  check: ReceiptCheck,
  draft: VaultRecord,
  { xc, receipt }: { readonly xc: number; readonly receipt: string },
): Promise<VaultExport | undefined> {
  for (const exported of draft.findExports(xc)) {
    if (!isServed(draft.issued.header, headerOf(exported.event))) continue;
    if (await isReceiptOf(check, exported, fromBase64url(receipt))) return exported;
  }
  return undefined;
}

/** Over the receipts of the service and of every vault, for the units of this one. */
function findGaps({ vaults, ledger }: Known, draft: VaultRecord): VaultFindingJson[] {
  const units = new Set(draft.exports.map(({ event }) => toHex(headerOf(event).sn)));
  const others = vaults.all.filter(({ issued }) => issued !== draft.issued);
  const ofVaults = [draft, ...others]
    .flatMap(({ exports }) => exports)
    .flatMap(({ receipt }) => (receipt === undefined ? [] : [fromBase64url(receipt.octets)]));
  const all = [...ofVaults, ...ledger.receipts()];
  return findImportGaps(all.filter((octets) => units.has(toHex(octets.subarray(20, 36)))));
}
