// Exports keys and verifies receipts for operators (docs/protocol.md clause 6). Adds idempotency
// keys to protocol/as-unit, and records refusals in the audit log.
import { createHash } from 'node:crypto';
import type { AsUnit } from '#protocol/as-unit/as-unit.ts';
import type { KeyCrypto } from '#protocol/as-unit/key-crypto.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import type { ExportRequestJson, ReceiptRequestJson } from '#protocol/service/requests.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import type { AuditEntry } from '../audit-log/audit-line.ts';
import type { AuditLog } from '../audit-log/audit-log.ts';
import type { SharedLock } from '../common/shared-lock.ts';
import type { ExportEntry, ExportOrigin, Ledger } from '../ledger/ledger.ts';
import { type VerifiedReceipts, verdictOf } from '../ledger/receipt-verdict.ts';
import { visibleSets } from '../sets/set-access.ts';
import type { OperatorState, State } from '../storage/state.ts';
import type { Caller, ServiceMemory } from './service-memory.ts';

export interface ExporterOptions {
  readonly unit: AsUnit<Caller>;
  readonly memory: ServiceMemory;
  readonly lock: SharedLock;
  readonly crypto: KeyCrypto;
  readonly verified: VerifiedReceipts;
  readonly ledger: Ledger;
  readonly log: AuditLog;
  readonly state: () => State;
  readonly demoMode: boolean;
}

/** The operator who sends a request. */
export type Sender = Pick<Caller, 'account' | 'requireSignedIn'>;

export class Exporter {
  readonly #options: ExporterOptions;
  /** Pending exports, by operator and idempotency key. */
  readonly #pending = new Map<string, Promise<ExportEntry>>();

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /**
   * Exports a key, and resolves once the export is durable. Requests of one operator with the same
   * idempotency key lead to at most one export.
   * @throws ProtocolError idempotency-conflict, and the refusals of AsUnit.exportKey()
   */
  async export(request: ExportRequestJson, sender: Sender): Promise<ExportEntry> {
    const { set, tkv, suite, ref1, ref2, sn } = request;
    const details = { set, tkv, suite, ref1, ref2, sn };
    return this.#logRefusals('export-refused', details, sender.account, () => this.#exportSerially(request, sender));
  }

  /**
   * Verifies a receipt and returns the verdict, which is not signed yet. The same receipt always
   * leads to the same verdict.
   * @throws ProtocolError export-unknown, receipt-refused, receipt-conflict
   */
  async verifyReceipt({ exportId, receipt }: ReceiptRequestJson, sender: Sender): Promise<VerdictJson> {
    const { account } = sender;
    const entry = this.#findVisible(exportId, account);
    const noExport = { workOrder: null, reason: null, idempotencyKey: '', requestHash: '' };
    const caller: Caller = { ...sender, operator: account.name, ...noExport };
    await this.#logRefusals('receipt-refused', { exportId, xc: entry.xc }, account, () =>
      this.#options.unit.verifyReceipt(entry.xc, fromBase64url(receipt), caller),
    );
    const { ledger, crypto, verified } = this.#options;
    const verdict = await verdictOf(ledger.findByCounter(entry.xc), crypto, verified);
    if (verdict === undefined) throw new TypeError('the ledger lacks the accepted receipt');
    return verdict;
  }

  /**
   * Returns the export under an idempotency key, possibly of another operator, who began the load.
   * Idempotency keys are random, so guessing reveals nothing. An operator who may not use the set
   * gets not-allowed. From export-unknown, the page would conclude that the key is not in the unit.
   * @throws ProtocolError export-unknown, not-allowed
   */
  recall(idempotencyKey: string, account: OperatorState): ExportEntry {
    const entry = this.#options.ledger.findByIdempotencyKeyOfAnyOperator(idempotencyKey);
    if (entry === undefined) {
      throw new ProtocolError('export-unknown', `This service made no export under ${idempotencyKey}.`);
    }
    if (this.#isVisible(entry, account)) return entry;
    throw new ProtocolError('not-allowed', 'This export is of a set that you may not use.');
  }

  /**
   * Serialises requests with the same idempotency key, so that later requests find the first
   * export.
   */
  async #exportSerially(request: ExportRequestJson, sender: Sender): Promise<ExportEntry> {
    const name = `${sender.account.name} ${request.idempotencyKey}`;
    for (let other = this.#pending.get(name); other !== undefined; other = this.#pending.get(name)) {
      await other.catch(() => undefined);
    }
    const exported = this.#exportOnce(request, sender);
    this.#pending.set(name, exported);
    try {
      return await exported;
    } finally {
      this.#pending.delete(name);
    }
  }

  async #exportOnce(request: ExportRequestJson, sender: Sender): Promise<ExportEntry> {
    const { ledger, log, lock, memory, unit } = this.#options;
    const caller = callerOf(request, sender, (workOrder) => memory.orderIdOf(workOrder));
    const { operator } = caller;
    const earlier = ledger.findByIdempotencyKey(operator, request.idempotencyKey);
    if (earlier !== undefined && earlier.requestHash !== caller.requestHash) {
      throw new ProtocolError(
        'idempotency-conflict',
        'This idempotency key was used with another request. Use a new key for a new request.',
      );
    }
    // exportKey() checks policy and challenge again. If it has already exported for this challenge,
    // it returns the DATA of that export.
    const { data } = await unit.exportKey(unitRequest(request), caller);
    const { xc } = decodeHeader(data);
    if (ledger.findByIdempotencyKey(operator, request.idempotencyKey) === undefined) {
      const record = Buffer.from(JSON.stringify({ xc, ...caller, account: undefined }));
      await lock.shared(async () => {
        memory.requirePermitted(unitRequest(request), caller);
        await log.append({ event: 'export-repeated', actor: operator, details: { xc }, record });
        ledger.addRepeat(xc, caller);
      });
    }
    const entry = ledger.findByCounter(xc);
    if (entry === undefined) throw new TypeError('the ledger lacks the committed export');
    return entry;
  }

  /**
   * Finds an export by its id. If the operator may not use the set of the export, refuses as if the
   * export did not exist.
   */
  #findVisible(exportId: string, account: OperatorState): ExportEntry {
    const entry = this.#options.ledger.findById(exportId);
    if (entry !== undefined && this.#isVisible(entry, account)) return entry;
    throw new ProtocolError('export-unknown', `This service made no export ${exportId}.`);
  }

  #isVisible(entry: ExportEntry, account: OperatorState): boolean {
    const { state, demoMode } = this.#options;
    const { set } = decodeHeader(entry.data);
    return visibleSets(state(), demoMode, account).some((each) => each.set === set);
  }

  async #logRefusals<Result>(
    event: string,
    details: AuditEntry['details'],
    account: OperatorState,
    action: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await action();
    } catch (cause) {
      if (cause instanceof ProtocolError) {
        await this.#options.log.append({ event, actor: account.name, details: { code: cause.code, ...details } });
      }
      throw cause;
    }
  }
}

function unitRequest({ set, tkv, suite, sign, ref1, ref2, sn, random, challengeMac }: ExportRequestJson) {
  return {
    unit: { set, tkv, sn: fromHex(sn) },
    suite,
    sign,
    ref1,
    ref2,
    random: fromBase64url(random),
    challengeMac: fromBase64url(challengeMac),
  };
}

/**
 * Combines the sender of a request with the facts of the request. The audit log contains
 * `requestHash`, so the hashed members and their sequence must not change.
 */
function callerOf(request: ExportRequestJson, sender: Sender, orderIdOf: (workOrder: string) => string): Caller {
  const { set, tkv, suite, sign, random, ref1, ref2, sn, challengeMac, workOrder, reason, idempotencyKey } = request;
  // The members are in an array, so that their sequence in the request's JSON does not matter.
  const members = [set, tkv, suite, sign, random, ref1, ref2, sn, challengeMac, workOrder ?? null];
  const hashed = JSON.stringify(reason === undefined ? members : [...members, reason]);
  return {
    ...sender,
    operator: sender.account.name,
    workOrder: workOrder === undefined ? null : orderIdOf(workOrder),
    reason: reason ?? null,
    idempotencyKey,
    requestHash: createHash('sha256').update(hashed).digest('base64url'),
  };
}

/** Applies the sealed part of an 'export-repeated' entry to the ledger. */
export function replayRepeat(ledger: Ledger, content: Uint8Array): void {
  const { xc, ...origin } = JSON.parse(Buffer.from(content).toString()) as ExportOrigin & { readonly xc: number };
  ledger.addRepeat(xc, origin);
}
