// Exports and receipts for operators: idempotency keys around as-unit, refusals in the audit log, verdicts signed. Knows nothing of HTTP.
import { createHash } from 'node:crypto';
import type { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { ExportRequestJson, ReceiptRequestJson, VerdictJson } from '#protocol/service/messages.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import type { AuditEntry } from '../audit-log/audit-line.ts';
import type { AuditLog } from '../audit-log/audit-log.ts';
import type { ExportEntry, ExportOrigin, Ledger } from '../ledger/ledger.ts';
import { verdictOf } from '../ledger/verdict.ts';
import { visibleSets } from '../sets/policy.ts';
import type { OperatorState, State } from '../storage/state.ts';
import type { Caller } from './service-memory.ts';

export interface ExporterOptions {
  readonly unit: AsUnit<Caller>;
  readonly ledger: Ledger;
  readonly log: AuditLog;
  readonly state: () => State;
  readonly demoMode: boolean;
}

export class Exporter {
  readonly #options: ExporterOptions;
  /** Exports that are being made, by operator and idempotency key. */
  readonly #underway = new Map<string, Promise<ExportEntry>>();

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /**
   * Durable before it resolves. One idempotency key of one operator never yields two exports.
   * @throws ProtocolError idempotency-conflict and what AsUnit.exportKey refuses
   */
  async export(request: ExportRequestJson, account: OperatorState): Promise<ExportEntry> {
    const { set, tkv, suite, ref1, ref2, sn } = request;
    const about = { set, tkv, suite, ref1, ref2, sn };
    return this.#logRefusals('export-refused', about, account, () => this.#exportInTurn(request, account));
  }

  /**
   * The verdict to be signed. The same receipt again gives the same verdict.
   * @throws ProtocolError export-unknown, receipt-refused, receipt-conflict
   */
  async verifyReceipt({ exportId, receipt }: ReceiptRequestJson, account: OperatorState): Promise<VerdictJson> {
    const entry = this.#findVisible(exportId, account);
    const nothing = { workOrder: null, reason: null, idempotencyKey: '', requestHash: '' };
    const caller: Caller = { account, operator: account.name, ...nothing };
    await this.#logRefusals('receipt-refused', { exportId, xc: entry.xc }, account, () =>
      this.#options.unit.verifyReceipt(entry.xc, fromBase64url(receipt), caller),
    );
    const verdict = verdictOf(this.#options.ledger.findByCounter(entry.xc));
    if (verdict === undefined) throw new TypeError('an accepted receipt is in the ledger');
    return verdict;
  }

  /**
   * What was exported under that key, by any operator: another one may go on. One who may not see its set is told so, since "no such export" would be
   * taken for "not in the unit"; the key is random, so nobody learns by trying.
   * @throws ProtocolError export-unknown, not-allowed
   */
  recall(idempotencyKey: string, account: OperatorState): ExportEntry {
    const entry = this.#options.ledger.findByKeyOfAnyone(idempotencyKey);
    if (entry === undefined)
      throw new ProtocolError('export-unknown', `This service made no export under ${idempotencyKey}.`);
    if (this.#isVisible(entry, account)) return entry;
    throw new ProtocolError('not-allowed', 'This export is of a set that you may not see.');
  }

  /** A twin under the same key waits, and then finds what the first one made. */
  async #exportInTurn(request: ExportRequestJson, account: OperatorState): Promise<ExportEntry> {
    const name = `${account.name} ${request.idempotencyKey}`;
    for (let twin = this.#underway.get(name); twin !== undefined; twin = this.#underway.get(name)) {
      await twin.catch(() => undefined);
    }
    const made = this.#exportOnce(request, account);
    this.#underway.set(name, made);
    try {
      return await made;
    } finally {
      this.#underway.delete(name);
    }
  }

  async #exportOnce(request: ExportRequestJson, account: OperatorState): Promise<ExportEntry> {
    const { ledger, log, unit } = this.#options;
    const caller = callerOf(request, account);
    const known = ledger.findByIdempotencyKey(account.name, request.idempotencyKey);
    if (known !== undefined && known.requestHash !== caller.requestHash) {
      throw new ProtocolError(
        'idempotency-conflict',
        'This idempotency key was used with another request. Use a new key for a new request.',
      );
    }
    // as-unit asks policy and challenge again, and finds the export by its challenge.
    const { data } = await unit.exportKey(unitRequest(request), caller);
    const { xc } = decodeHeader(data);
    if (ledger.findByIdempotencyKey(account.name, request.idempotencyKey) === undefined) {
      const record = Buffer.from(JSON.stringify({ xc, ...caller, account: undefined }));
      await log.append({ event: 'export-repeated', actor: account.name, details: { xc }, record });
      ledger.addRepeat(xc, caller);
    }
    const entry = ledger.findByCounter(xc);
    if (entry === undefined) throw new TypeError('a committed export is in the ledger');
    return entry;
  }

  /** An export of a set that this operator may not see does not exist for them. */
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
    about: AuditEntry['details'],
    account: OperatorState,
    action: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await action();
    } catch (cause) {
      if (cause instanceof ProtocolError) {
        await this.#options.log.append({ event, actor: account.name, details: { code: cause.code, ...about } });
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

function callerOf(request: ExportRequestJson, account: OperatorState): Caller {
  const { set, tkv, suite, sign, random, ref1, ref2, sn, challengeMac, workOrder, reason, idempotencyKey } = request;
  // An array, so that the order in which a client writes its members does not matter.
  const members = [set, tkv, suite, sign, random, ref1, ref2, sn, challengeMac, workOrder ?? null];
  const said = JSON.stringify(reason === undefined ? members : [...members, reason]);
  return {
    account,
    operator: account.name,
    workOrder: workOrder ?? null,
    reason: reason ?? null,
    idempotencyKey,
    requestHash: createHash('sha256').update(said).digest('base64url'),
  };
}

/** Puts an 'export-repeated' entry of the log back into the ledger. */
export function replayRepeat(ledger: Ledger, octets: Uint8Array): void {
  const { xc, ...origin } = JSON.parse(Buffer.from(copy(octets)).toString()) as ExportOrigin & { readonly xc: number };
  ledger.addRepeat(xc, origin);
}
