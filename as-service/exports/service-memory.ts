// Implements Memory of protocol/as-unit. Facts come from the state and the ledger. Each export and
// receipt becomes an audit log entry, from which the next start rebuilds the ledger.
import type {
  ExportRecord,
  KeyFacts,
  Memory,
  Reservation,
  TransportKeyFacts,
  UnitExportRequest,
} from '#protocol/as-unit/memory.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { counted } from '#protocol/text/counted.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeHeader, isErasing } from '#protocol/tkl/header.ts';
import type { AuditEntry } from '../audit-log/audit-line.ts';
import type { AuditLog } from '../audit-log/audit-log.ts';
import type { SharedLock } from '../common/shared-lock.ts';
import { type ExportOrigin, encodeExport, type Ledger } from '../ledger/ledger.ts';
import type { VerifiedReceipts } from '../ledger/receipt-verdict.ts';
import type { OrderLedger } from '../orders/order-ledger.ts';
import { authoriseOrder } from '../orders/order-policy.ts';
import { requireEnabled } from '../sets/key-status.ts';
import { authorise, mayUse, setLabel } from '../sets/set-access.ts';
import type { OperatorState, SetState, State } from '../storage/state.ts';

/** The operator and the facts of one request. */
export interface Caller extends ExportOrigin {
  readonly account: OperatorState;
  /** @throws ProtocolError signed-out when the access code has expired or was revoked */
  readonly requireSignedIn: () => void;
}

export interface ServiceMemoryOptions {
  readonly state: () => State;
  readonly ledger: Ledger;
  readonly log: AuditLog;
  readonly lock: SharedLock;
  readonly demoMode: boolean;
  readonly orders: OrderLedger;
  /**
   * The receipts whose MAC is verified. commitReceipt() adds each receipt, because protocol/as-unit
   * has verified it.
   */
  readonly verified: VerifiedReceipts;
  readonly now: () => Date;
}

export class ServiceMemory implements Memory<Caller> {
  readonly #options: ServiceMemoryOptions;
  /**
   * How many exports are pending for each operator, unit and load. Pending exports already count
   * against quotas.
   */
  readonly #pending = new Map<string, number>();
  #lastXc: number;

  constructor(options: ServiceMemoryOptions) {
    this.#options = options;
    this.#lastXc = options.ledger.lastXc;
  }

  get asNumber(): number {
    return this.#options.state().asNumber;
  }

  /**
   * Returns the id of the order that `workOrder` names. `workOrder` may be another form of that id.
   * Returns `workOrder` itself if there is no such order.
   */
  orderIdOf(workOrder: string): string {
    return this.#options.orders.find(workOrder)?.order.id ?? workOrder;
  }

  async findTransportKey(
    set: number,
    tkv: number,
    { account }: Pick<Caller, 'account'>,
  ): Promise<TransportKeyFacts | undefined> {
    if (!mayUse(account, set)) return undefined;
    return this.#findSet(set)?.transportKeys.find((key) => key.tkv === tkv);
  }

  async findKey(set: number, ref1: number): Promise<KeyFacts | undefined> {
    return this.#findSet(set)?.keys.find((key) => key.ref1 === ref1);
  }

  async findExport(sn: Uint8Array, random: Uint8Array): Promise<ExportRecord | undefined> {
    return this.#options.ledger.findByChallenge(sn, random);
  }

  async findExportByCounter(xc: number): Promise<ExportRecord | undefined> {
    return this.#options.ledger.findByCounter(xc);
  }

  async authorise(request: UnitExportRequest, caller: Caller): Promise<void> {
    this.requirePermitted(request, caller);
  }

  /**
   * Checks everything that can change during a request. Called at the beginning of a request and
   * again by commit().
   * @throws ProtocolError
   */
  requirePermitted(request: UnitExportRequest, { account, workOrder, requireSignedIn }: Caller): void {
    const { state, demoMode, orders, now } = this.#options;
    requireSignedIn();
    authorise(state(), demoMode, request);
    this.#requireEnabledKey(request);
    authoriseOrder(orders, state(), request, { account, workOrder, now: now() });
  }

  async reserveExport(request: UnitExportRequest, caller: Caller): Promise<Reservation> {
    const { unit } = request;
    const { ledger } = this.#options;
    const set = this.#findSet(unit.set);
    if (set === undefined) throw new RangeError('the set is unknown');
    const ofOperator = `operator ${caller.operator}`;
    const ofUnit = `unit ${unit.set} ${toHex(unit.sn)}`;
    const { quota } = caller.account;
    if (quota !== null && ledger.countOfOperator(caller.operator) + this.#pendingOf(ofOperator) >= quota) {
      throw new ProtocolError(
        'quota-used',
        `${caller.operator} may make ${counted(quota, 'export')}, and none is left.`,
      );
    }
    if (
      set.quotaPerUnit !== null &&
      ledger.countOfUnit(unit.set, unit.sn) + this.#pendingOf(ofUnit) >= set.quotaPerUnit
    ) {
      throw new ProtocolError(
        'unit-quota-used',
        `Unit ${toHex(unit.sn)} has no exports left: ${setLabel(set)} allows ${counted(set.quotaPerUnit, 'export')} per unit.`,
      );
    }
    const ofLoad = this.#requireReason(request, caller);
    const count = (change: 1 | -1) => {
      for (const name of [ofOperator, ofUnit, ofLoad]) {
        const pending = this.#pendingOf(name) + change;
        if (pending === 0) this.#pending.delete(name);
        else this.#pending.set(name, pending);
      }
    };
    count(1);
    return {
      xc: ++this.#lastXc,
      commit: async (record) => {
        await this.#options.lock.shared(async () => {
          // While this lock is held, no order is revoked or closed, so the check still holds when
          // the entry is recorded.
          this.requirePermitted(request, caller);
          const { time } = await this.#options.log.append({
            event: 'export',
            actor: caller.operator,
            details: exportDetails(record, caller),
            record: encodeExport(record, originOf(caller)),
          });
          ledger.addExport(record, originOf(caller), time);
        });
        count(-1);
      },
      release: () => count(-1),
    };
  }

  async commitReceipt(record: ExportRecord, receipt: Uint8Array, { operator, requireSignedIn }: Caller): Promise<void> {
    const { xc } = decodeHeader(record.data);
    const details = {
      exportId: exportIdOf(sha256(record.data)),
      xc,
      receipt: toBase64url(receipt),
      kcv: toHex(record.kcv.value),
    };
    const { lock, log, ledger, verified } = this.#options;
    await lock.shared(async () => {
      requireSignedIn();
      const { time } = await log.append({ event: 'receipt', actor: operator, details });
      const stored = copy(receipt);
      verified.add(stored);
      ledger.addReceipt(xc, stored, time);
    });
  }

  /** @throws ProtocolError key-unknown when the key is disabled or destroyed */
  #requireEnabledKey({ unit, ref1 }: UnitExportRequest): void {
    const set = this.#findSet(unit.set);
    const entry = set?.keys.find((each) => each.ref1 === ref1);
    if (set !== undefined && entry !== undefined) requireEnabled(set, entry);
  }

  /**
   * Requires a reason if the same load was already exported under its work order. Returns the name
   * under which pending exports of the load are counted.
   * @throws ProtocolError reason-needed
   */
  #requireReason({ unit, ref1, ref2 }: UnitExportRequest, { workOrder, reason }: Caller): string {
    const { ledger, orders } = this.#options;
    const sn = toHex(unit.sn);
    const name = `load ${unit.set} ${sn} ${ref1} ${ref2} ${workOrder}`;
    if (workOrder === null || ref2 === undefined || orders.find(workOrder) === undefined) return name;
    const before = ledger.countOfLoad(workOrder, unit.set, unit.sn, ref1, ref2);
    if (reason !== null || before + this.#pendingOf(name) === 0) return name;
    throw new ProtocolError(
      'reason-needed',
      `REF1 ${hexNumber(ref1, 4)} was already exported to slot ${hexNumber(ref2, 4)} of unit ${sn} under work order ${workOrder}. Give a reason to export it again.`,
    );
  }

  #findSet(set: number): SetState | undefined {
    return this.#options.state().sets.find((each) => each.set === set);
  }

  #pendingOf(name: string): number {
    return this.#pending.get(name) ?? 0;
  }
}

function originOf({ operator, workOrder, reason, idempotencyKey, requestHash }: Caller): ExportOrigin {
  return { operator, workOrder, reason, idempotencyKey, requestHash };
}

/**
 * Returns the readable part of an 'export' entry. It contains nothing from which a key can be
 * computed.
 */
function exportDetails({ data, kcv }: ExportRecord, { workOrder, reason }: Caller): AuditEntry['details'] {
  const header = decodeHeader(data);
  const dataHash = sha256(data);
  return {
    exportId: exportIdOf(dataHash),
    set: header.set,
    tkv: header.tkv,
    suite: header.suite,
    signed: header.signed,
    ref1: header.ref1,
    slot: header.slot,
    akv: header.akv,
    xc: header.xc,
    sn: toHex(header.sn),
    attributes: isErasing(header) ? '' : header.attributes,
    kcv: toHex(kcv.value),
    dataHash: toBase64url(dataHash),
    workOrder,
    ...(reason === null ? {} : { reason }),
  };
}
