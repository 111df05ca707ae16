// The method itself (docs/protocol.md clause 1): the EI gives SN and a random number, the AS exports TA under a key for this one
// download, the EI imports it and gives a receipt, the AS verifies it. One async generator: progress is what it yields, cancelling is
// its return(), erasing is its finally. Knows nothing of cables, HTTP, journals and screens.
import { copy, equalBytes, wipe } from '../bytes/bytes.ts';
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
import { type Device, requireSameUnit } from './device.ts';
import type { ExportedKey, ExportRequest, KeySource, RecalledExport } from './source.ts';
import type { ExportSummary, Intent, LoadRequest, Step } from './step.ts';

/** Status word of GET RECEIPT where there is none (docs/protocol.md clause 4). */
const NOT_FOUND = 0x6a88;

/**
 * Loads one key into one slot; by clause 8 this also erases a slot, or replaces T: then refresh() the device, whose TKV is another now. To stop
 * it before the import, leave the loop at a step; once `import-intended` was passed the import runs to its end.
 * @throws ProtocolError whatever the unit, the link or the AS refuses; unit-blank, slot-unknown, suite-unsupported before anything is sent
 */
export async function* provision(
  source: KeySource,
  device: Device,
  order: LoadRequest,
): AsyncGenerator<Step, void, void> {
  const { transmit, identity } = device;
  const suite = chooseSuite(identity, order);
  yield { step: 'challenge', suite };
  const challenge = await run(transmit, getChallenge, { suite });
  const request: ExportRequest = {
    set: identity.set,
    tkv: identity.tkv,
    suite,
    sign: order.sign || identity.signatureRequired,
    ref1: order.ref1,
    ref2: order.ref2,
    sn: identity.sn,
    random: challenge.random,
    challengeMac: challenge.challengeMac,
    idempotencyKey: order.idempotencyKey,
    ...(order.workOrder === undefined ? {} : { workOrder: order.workOrder }),
    ...(order.reason === undefined ? {} : { reason: order.reason }),
  };
  yield { step: 'export-intended', suite };
  const exported = await source.exportKey(request);
  try {
    const summary = summarise(exported, request);
    yield { step: 'exported', export: summary };
    yield { step: 'import-intended', export: summary };
    const { extendedLength } = identity.capabilities;
    const answer = await run(transmit, importKey, { data: exported.data, ref2: order.ref2 }, { extendedLength });
    if (!isReceiptOf(answer.receipt, summary)) {
      throw new ProtocolError('unit-nonsense', 'IMPORTKEY: the receipt is of another import');
    }
    yield* confirm(source, summary, answer);
  } finally {
    wipe(exported.data);
  }
}

/**
 * Finds out how an import ended whose answer was lost: the unit keeps the receipt of the last import into each slot.
 * @throws ProtocolError no-receipt when the key is not in, so that a fresh attempt may be made; unit-changed on another unit
 */
export async function* settle(
  source: KeySource,
  device: Device,
  summary: ExportSummary,
): AsyncGenerator<Step, void, void> {
  requireSameUnit(device.identity.sn, summary.sn);
  const answer = await fetchReceipt(device, summary.ref2);
  if (answer === undefined || !isReceiptOf(answer.receipt, summary)) {
    throw new ProtocolError('no-receipt', `slot ${summary.ref2} holds no receipt of export ${summary.exportId}`);
  }
  yield* confirm(source, summary, answer);
}

/**
 * The same where the AS's answer was not written down either: the AS tells what it exported under the idempotency key.
 * @throws ProtocolError no-receipt when the key is not in; unit-changed on another unit
 */
export async function* settleByRecall(
  source: KeySource,
  device: Device,
  intent: Intent,
): AsyncGenerator<Step, void, void> {
  if (!source.recallExport) throw new TypeError('this AS does not remember what it exported');
  requireSameUnit(device.identity.sn, intent.sn);
  const answer = await fetchReceipt(device, intent.ref2);
  const isPossible = answer !== undefined && INTENDED.every((field) => answer.receipt[field] === intent[field]);
  const exported = isPossible ? await source.recallExport(intent.idempotencyKey) : undefined;
  const summary = exported && summaryOf(exported, intent.ref2);
  if (answer === undefined || summary === undefined || !isReceiptOf(answer.receipt, summary)) {
    throw new ProtocolError('no-receipt', `slot ${intent.ref2} holds no receipt of what was asked for`);
  }
  yield { step: 'exported', export: summary };
  yield* confirm(source, summary, answer);
}

const INTENDED = ['suite', 'tkv', 'ref1', 'ref2'] as const;

/** The key is in; what is left is the AS's word on the receipt. */
async function* confirm(
  source: KeySource,
  summary: ExportSummary,
  answer: ReceiptAnswer,
): AsyncGenerator<Step, void, void> {
  yield { step: 'imported', ...answer };
  const verdict = await source.verifyReceipt(summary.exportId, answer.receiptBytes, summary.dataHash);
  yield { step: 'verified', verdict };
}

async function fetchReceipt({ transmit }: Device, ref2: number): Promise<ReceiptAnswer | undefined> {
  try {
    return await run(transmit, getReceipt, { ref2 });
  } catch (cause) {
    if (cause instanceof StatusWordError && cause.statusWord === NOT_FOUND) return undefined;
    throw cause;
  }
}

function chooseSuite(identity: Identity, order: LoadRequest): SuiteId {
  if (identity.lifecycle === 'blank') throw new ProtocolError('unit-blank', 'the unit holds no transport key');
  // The transport-key slot is never listed, and every unit has it (clause 8).
  if (order.ref2 !== TRANSPORT_KEY_SLOT && !identity.slots.some((slot) => slot.ref2 === order.ref2)) {
    throw new ProtocolError('slot-unknown', `the unit has no slot ${order.ref2}`);
  }
  const suite = order.suites.find((id) => identity.suites.includes(id));
  if (suite !== undefined) return suite;
  throw new ProtocolError(
    'suite-unsupported',
    `the unit allows suites ${identity.suites.join(', ')}, the AS has ${order.suites.join(', ')}`,
  );
}

/** What HDR says of the export. The unit would refuse DATA that is not its own: a try is spared, and the AS is the one to blame. */
function summarise(exported: ExportedKey, request: ExportRequest): ExportSummary {
  const { header } = decodeData(exported.data);
  const asked =
    isAddressedTo(header, request) &&
    header.suite === request.suite &&
    header.signed === request.sign &&
    header.ref1 === request.ref1 &&
    isSlotPermitted(header, request.ref2);
  if (!asked) throw new ProtocolError('service-nonsense', 'the AS answered with DATA that was not asked for');
  const { exportId, data } = exported;
  return summaryOf({ exportId, header: data, dataHash: sha256(data) }, request.ref2);
}

/** @param exported its header may be all of DATA */
export function summaryOf({ exportId, header, dataHash }: RecalledExport, ref2: number): ExportSummary {
  const { suite, tkv, sn, ref1, akv, xc, asNumber } = decodeHeader(header);
  return { exportId, dataHash, suite, tkv, sn: copy(sn), ref1, ref2, akv, xc, asNumber };
}

/** True iff the receipt's fields are those of the export. Whether it is authentic only the AS can say. */
function isReceiptOf(receipt: Receipt, summary: ExportSummary): boolean {
  const fields = ['suite', 'tkv', 'ref1', 'ref2', 'akv', 'xc', 'asNumber'] as const;
  return fields.every((field) => receipt[field] === summary[field]) && equalBytes(receipt.sn, summary.sn);
}
