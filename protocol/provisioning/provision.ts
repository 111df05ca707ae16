// Loads one key (docs/protocol.md clause 1). The EI returns SN and R, and the AS seals TA under T1.
// The EI imports the sealed key and returns a receipt, which the AS verifies. provision() is an
// async generator that yields each step. return() cancels it. DATA is wiped in any case.

import { copy, equalBytes, wipe } from '../bytes/bytes.ts';
import { hexNumber } from '../bytes/hex.ts';
import { run } from '../commands/command.ts';
import { getChallenge } from '../commands/get-challenge.ts';
import { getReceipt } from '../commands/get-receipt.ts';
import type { Identity } from '../commands/identity.ts';
import { importKey } from '../commands/import-key.ts';
import type { ReceiptAnswer } from '../commands/receipt-answer.ts';
import { sha256 } from '../crypto/prf.ts';
import { ProtocolError, StatusWordError } from '../errors.ts';
import { decodeData } from '../tkl/data.ts';
import { decodeHeader, isAddressedTo, isSlotPermitted, TRANSPORT_KEY_SLOT } from '../tkl/header.ts';
import type { Receipt } from '../tkl/receipt.ts';
import type { SuiteId } from '../tkl/suites.ts';
import { type AttachedUnit, requireSameUnit } from './attached-unit.ts';
import type { ExportedKey, ExportRequest, KeySource, RecalledExport } from './key-source.ts';
import type { LoadRequest } from './load-request.ts';
import type { ExportIntent, ExportSummary, Step } from './step.ts';

/** Status word of GET RECEIPT for a slot without a receipt (docs/protocol.md clause 4.8). */
const NOT_FOUND = 0x6a88;

/**
 * Loads one key into one slot, erases a slot or replaces T (clause 8). After a replacement of T the
 * caller calls refresh(), because TKV has changed. The caller can cancel by leaving the loop at a
 * step up to `import-intended`. The import itself cannot be cancelled.
 * @throws ProtocolError unit-blank, slot-unknown, suite-unsupported before a command is sent; later
 * any error of the unit, the link or the AS
 */
export async function* provision(
  source: KeySource,
  unit: AttachedUnit,
  request: LoadRequest,
): AsyncGenerator<Step, void, void> {
  const { transmit, identity } = unit;
  const suite = request.unused?.suite ?? chooseSuite(identity, request);
  yield { step: 'challenge', suite };
  const exportRequest = request.unused ?? (await makeExportRequest(unit, request, suite));
  yield { step: 'export-intended', suite };
  const exported = await source.exportKey(exportRequest);
  try {
    const summary = summarise(exported, exportRequest);
    yield { step: 'exported', export: summary };
    yield { step: 'import-intended', export: summary };
    const { extendedLength } = identity.capabilities;
    const answer = await run(transmit, importKey, { data: exported.data, ref2: request.ref2 }, { extendedLength });
    if (!isReceiptOf(answer.receipt, summary)) {
      throw new ProtocolError('unit-nonsense', 'IMPORTKEY: the receipt is that of another import');
    }
    yield* confirm(source, summary, answer);
  } finally {
    wipe(exported.data);
  }
}

async function makeExportRequest(
  { transmit, identity }: AttachedUnit,
  request: LoadRequest,
  suite: SuiteId,
): Promise<ExportRequest> {
  const challenge = await run(transmit, getChallenge, { suite });
  return {
    set: identity.set,
    tkv: identity.tkv,
    suite,
    sign: request.sign || identity.signatureRequired,
    ref1: request.ref1,
    ref2: request.ref2,
    sn: identity.sn,
    random: challenge.random,
    challengeMac: challenge.challengeMac,
    idempotencyKey: request.idempotencyKey,
    ...(request.workOrder === undefined ? {} : { workOrder: request.workOrder }),
    ...(request.reason === undefined ? {} : { reason: request.reason }),
  };
}

/**
 * Finds out how an import ended if its response was lost. Reads the receipt that the unit stores
 * for the last import into the slot, and has the AS verify the receipt.
 * @throws ProtocolError no-receipt if the key was not stored, so that a new attempt is safe;
 * unit-changed for another unit
 */
export async function* settle(
  source: KeySource,
  unit: AttachedUnit,
  summary: ExportSummary,
): AsyncGenerator<Step, void, void> {
  requireSameUnit(unit.identity.sn, summary.sn);
  const answer = await fetchReceipt(unit, summary.ref2);
  if (answer === undefined || !isReceiptOf(answer.receipt, summary)) {
    throw new ProtocolError(
      'no-receipt',
      `slot ${hexNumber(summary.ref2, 4)} has no receipt of export ${summary.exportId}`,
    );
  }
  yield* confirm(source, summary, answer);
}

/**
 * Does the same as settle() for an attempt whose export was not recorded. Looks the export up at
 * the AS by its idempotency key.
 * @throws ProtocolError no-receipt if the key was not stored; unit-changed for another unit
 * @throws TypeError if the AS has no recallExport()
 */
export async function* settleByRecall(
  source: KeySource,
  unit: AttachedUnit,
  intent: ExportIntent,
): AsyncGenerator<Step, void, void> {
  if (!source.recallExport) throw new TypeError('this AS cannot recall exports');
  requireSameUnit(unit.identity.sn, intent.sn);
  const answer = await fetchReceipt(unit, intent.ref2);
  const isPossible = answer !== undefined && INTENT_FIELDS.every((field) => answer.receipt[field] === intent[field]);
  const exported = isPossible ? await source.recallExport(intent.idempotencyKey) : undefined;
  const summary = exported && summaryOf(exported, intent.ref2);
  if (answer === undefined || summary === undefined || !isReceiptOf(answer.receipt, summary)) {
    throw new ProtocolError('no-receipt', `slot ${hexNumber(intent.ref2, 4)} has no receipt of the requested export`);
  }
  yield { step: 'exported', export: summary };
  yield* confirm(source, summary, answer);
}

const INTENT_FIELDS = ['suite', 'tkv', 'ref1', 'ref2'] as const;

/** Has the AS verify the receipt of a key that the unit has stored. */
async function* confirm(
  source: KeySource,
  summary: ExportSummary,
  answer: ReceiptAnswer,
): AsyncGenerator<Step, void, void> {
  yield { step: 'imported', ...answer };
  const verdict = await source.verifyReceipt(summary.exportId, answer.receiptBytes, summary.dataHash);
  yield { step: 'verified', verdict };
}

async function fetchReceipt({ transmit }: AttachedUnit, ref2: number): Promise<ReceiptAnswer | undefined> {
  try {
    return await run(transmit, getReceipt, { ref2 });
  } catch (cause) {
    if (cause instanceof StatusWordError && cause.statusWord === NOT_FOUND) return undefined;
    throw cause;
  }
}

function chooseSuite(identity: Identity, request: LoadRequest): SuiteId {
  if (identity.lifecycle === 'blank') throw new ProtocolError('unit-blank', 'the unit has no transport key');
  // The identity never lists the transport-key slot, which every unit has (clause 8).
  if (request.ref2 !== TRANSPORT_KEY_SLOT && !identity.slots.some((slot) => slot.ref2 === request.ref2)) {
    throw new ProtocolError('slot-unknown', `the unit has no slot ${hexNumber(request.ref2, 4)}`);
  }
  const suite = request.suites.find((id) => identity.suites.includes(id));
  if (suite !== undefined) return suite;
  throw new ProtocolError(
    'suite-unsupported',
    `the unit allows suites ${identity.suites.join(', ')}, the AS has ${request.suites.join(', ')}`,
  );
}

/**
 * Compares HDR with the request and returns the facts of the export. The unit would also refuse
 * DATA for another request, but the refusal would cost a try and hide that the AS is at fault.
 */
function summarise(exported: ExportedKey, request: ExportRequest): ExportSummary {
  const { header } = decodeData(exported.data);
  const isRequested =
    isAddressedTo(header, request) &&
    header.suite === request.suite &&
    header.signed === request.sign &&
    header.ref1 === request.ref1 &&
    isSlotPermitted(header, request.ref2);
  if (!isRequested) throw new ProtocolError('service-nonsense', 'the AS returned DATA for another request');
  const { exportId, data } = exported;
  return summaryOf({ exportId, header: data, dataHash: sha256(data) }, request.ref2);
}

/**
 * Returns the facts of an export from its HDR. `header` may be DATA, because only the first 48
 * bytes are read.
 */
export function summaryOf({ exportId, header, dataHash }: RecalledExport, ref2: number): ExportSummary {
  const { suite, tkv, sn, ref1, akv, xc, asNumber } = decodeHeader(header);
  return { exportId, dataHash, suite, tkv, sn: copy(sn), ref1, ref2, akv, xc, asNumber };
}

/** True iff the receipt names this export. Only the AS can verify the receipt's MAC. */
function isReceiptOf(receipt: Receipt, summary: ExportSummary): boolean {
  const fields = ['suite', 'tkv', 'ref1', 'ref2', 'akv', 'xc', 'asNumber'] as const;
  return fields.every((field) => receipt[field] === summary[field]) && equalBytes(receipt.sn, summary.sn);
}
