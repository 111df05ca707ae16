// Reconciles a returned vault journal with the records of the AS (docs/protocol.md clause 10.5):
// its new entries, the receipts that verify, and the findings. The caller writes the audit log.
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { headerOf, type VaultJournalJson } from '#protocol/vault/journal.ts';
import type { VaultFindingJson } from '#protocol/vault/messages.ts';
import { Turns } from '../common/turns.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RECEIPTS_PER_TURN, verifyOnce } from '../ledger/receipt-verdict.ts';
import { findBreaks, findImportGaps, findMissingReceipts, findMisuse, grave, isServed } from './findings.ts';
import type { ReturnPart, VaultExport, VaultLedger, VaultRecord, VerifiedReceipt } from './vault-ledger.ts';
import { isReceiptOf, type ReceiptCheck } from './vault-receipts.ts';

export interface ReconcileOptions {
  readonly check: ReceiptCheck;
  readonly vaults: VaultLedger;
  readonly ledger: Ledger;
}

export interface SignableVerdict {
  readonly xc: number;
  readonly verdict: VerdictJson;
}

/**
 * Returns the part of the journal that the audit log must record, and the findings. Does not change
 * `record`.
 */
export async function reconcile(
  options: ReconcileOptions,
  record: VaultRecord,
  journal: VaultJournalJson,
): Promise<{ readonly part: ReturnPart; readonly findings: readonly VaultFindingJson[] }> {
  const breaks = findBreaks(record, journal);
  const part = {
    entries: journal.entries.filter((entry) => !record.has(entry)),
    receipts: [] as VerifiedReceipt[],
    signed: journal.time,
  };
  const draft = record.copy();
  draft.add(part, journal.time);
  const refused: VaultFindingJson[] = [];
  const turns = new Turns(RECEIPTS_PER_TURN);
  for (const { event } of journal.entries) {
    if (event.kind !== 'receipt') continue;
    if (draft.findExports(event.xc).some(({ receipt }) => receipt?.value === event.receipt)) continue;
    await turns.next();
    const exported = await findExportOf(options.check, draft, event);
    if (exported === undefined) {
      refused.push(
        grave(
          'receipt-foreign',
          { xc: event.xc },
          `The receipt for export ${event.xc} is not from the unit of that export.`,
        ),
      );
    } else if (exported.receipt !== undefined) {
      refused.push(grave('receipt-other', { xc: event.xc }, `Export ${event.xc} already has another receipt.`));
    } else {
      const accepted = { dataHash: exported.event.dataHash, receipt: event.receipt };
      part.receipts.push(accepted);
      draft.add({ entries: [], receipts: [accepted], signed: journal.time }, journal.time);
    }
  }
  const gaps = findGaps(options, draft);
  return { part, findings: [...breaks, ...refused, ...findMisuse(draft), ...findMissingReceipts(draft), ...gaps] };
}

/**
 * Returns verdicts on the authentic receipts in this journal, including those that were verified at
 * an earlier return.
 * @throws ProtocolError receipt-refused
 */
export async function verdictsOn(
  record: VaultRecord,
  { entries }: VaultJournalJson,
  check: ReceiptCheck,
): Promise<SignableVerdict[]> {
  const returned = new Set(entries.flatMap(({ event }) => (event.kind === 'receipt' ? [event.receipt] : [])));
  const verdicts: SignableVerdict[] = [];
  const turns = new Turns(RECEIPTS_PER_TURN);
  for (const exported of record.exports) {
    if (exported.receipt === undefined || !returned.has(exported.receipt.value)) continue;
    const verdict = await verdictOnExport(record, exported, check);
    await turns.next();
    if (verdict !== undefined) verdicts.push({ xc: headerOf(exported.event).xc, verdict });
  }
  return verdicts;
}

/**
 * Returns the verdict on the stored receipt of an export, or undefined if there is no receipt.
 * @throws ProtocolError receipt-refused
 */
export async function verdictOnExport(
  record: VaultRecord,
  exported: VaultExport,
  check: ReceiptCheck,
): Promise<VerdictJson | undefined> {
  const { event, receipt } = exported;
  if (receipt === undefined) return undefined;
  const number = hexNumber(record.issued.header.asNumber, 4);
  await verifyOnce(receipt, check.verified, `export ${headerOf(event).xc} of vault ${number}`, () =>
    isReceiptOf(check, exported, fromBase64url(receipt.value)),
  );
  const { dataHash, workOrder } = event;
  const exportId = exportIdOf(fromBase64url(dataHash));
  return { exportId, receipt: receipt.value, dataHash, workOrder, operator: `vault ${number}`, time: receipt.time };
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

/** Finds gaps in the import counts of this vault's units, over all receipts of the AS. */
function findGaps({ vaults, ledger }: ReconcileOptions, draft: VaultRecord): VaultFindingJson[] {
  const units = new Set(draft.exports.map(({ event }) => toHex(headerOf(event).sn)));
  const others = vaults.all.filter(({ issued }) => issued !== draft.issued);
  const ofVaults = [draft, ...others]
    .flatMap(({ exports }) => exports)
    .flatMap(({ receipt }) => (receipt === undefined ? [] : [fromBase64url(receipt.value)]));
  const all = [...ofVaults, ...ledger.receipts()];
  return findImportGaps(all.filter((receipt) => units.has(toHex(receipt.subarray(20, 36)))));
}
