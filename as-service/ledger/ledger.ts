// Index of all exports and receipts of this service, with counts for quotas and work orders. Each
// start of the service builds the index from the audit log. Then each log entry updates it once the
// entry is durable.
import type { ExportRecord } from '#protocol/as-unit/memory.ts';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import type { KcvAlgorithm } from '#protocol/crypto/kcv.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { NamedOrderJson } from '#protocol/orders/messages.ts';
import { repairReason } from '#protocol/text/permitted-text.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';

/** Facts of an export request that DATA does not contain. */
export interface ExportOrigin {
  readonly operator: string;
  readonly workOrder: string | null;
  /** Reason for exporting the same load again. Null if no reason was given. */
  readonly reason: string | null;
  readonly idempotencyKey: string;
  /**
   * SHA-256 of the request, base64url. Detects a different request with the same idempotency key.
   */
  readonly requestHash: string;
}

export interface ExportEntry extends ExportRecord {
  readonly exportId: string;
  readonly dataHash: Bytes;
  readonly xc: number;
  readonly operator: string;
  readonly workOrder: string | null;
  readonly reason: string | null;
  /** Time at which the export was made. */
  readonly time: string;
  /** Time at which the receipt was accepted. */
  readonly receiptTime: string | undefined;
}

interface WorkOrderCount {
  exports: number;
  receipts: number;
  time: string;
}

export class Ledger {
  readonly #byCounter = new Map<number, ExportEntry>();
  readonly #byChallenge = new Map<string, number>();
  readonly #byId = new Map<string, number>();
  /** Exports by idempotency key, then by operator. */
  readonly #byIdempotencyKey = new Map<string, Map<string, { readonly requestHash: string; readonly xc: number }>>();
  readonly #perOperator = new Map<string, number>();
  readonly #perUnit = new Map<string, number>();
  /** Counts by operator, then by work order. */
  readonly #workOrders = new Map<string, Map<string, WorkOrderCount>>();
  /** XC of each export, by work order. */
  readonly #ofWorkOrder = new Map<string, number[]>();
  /**
   * Key: id of the work order. Value: the XC of each export, and the same XC once more for its
   * receipt, in the sequence of their log entries.
   */
  readonly #changes = new Map<string, number[]>();
  readonly #perLoad = new Map<string, number>();
  #lastXc = 0;

  /** The highest XC of any export. */
  get lastXc(): number {
    return this.#lastXc;
  }

  all(): Iterable<ExportEntry> {
    return this.#byCounter.values();
  }

  findByChallenge(sn: Uint8Array, random: Uint8Array): ExportEntry | undefined {
    return this.#find(this.#byChallenge.get(challengeName(sn, random)));
  }

  findByCounter(xc: number): ExportEntry | undefined {
    return this.#byCounter.get(xc);
  }

  findById(exportId: string): ExportEntry | undefined {
    return this.#find(this.#byId.get(exportId));
  }

  findByIdempotencyKey(operator: string, key: string): { requestHash: string; entry: ExportEntry } | undefined {
    const found = this.#byIdempotencyKey.get(key)?.get(operator);
    const entry = this.#find(found?.xc);
    return found === undefined || entry === undefined ? undefined : { requestHash: found.requestHash, entry };
  }

  /**
   * Returns the export under this key, of any operator. Idempotency keys are random, so there is at
   * most one.
   */
  findByIdempotencyKeyOfAnyOperator(key: string): ExportEntry | undefined {
    const [first] = this.#byIdempotencyKey.get(key)?.values() ?? [];
    return this.#find(first?.xc);
  }

  /** Yields the accepted receipts, 64 bytes each. */
  *receipts(): Generator<Bytes> {
    for (const { receipt } of this.#byCounter.values()) if (receipt !== undefined) yield receipt;
  }

  countOfOperator(operator: string): number {
    return this.#perOperator.get(operator) ?? 0;
  }

  countOfUnit(set: number, sn: Uint8Array): number {
    return this.#perUnit.get(unitName(set, sn)) ?? 0;
  }

  /** Yields the exports under a work order, oldest first. */
  *exportsOf(workOrder: string): Generator<ExportEntry> {
    for (const xc of this.#ofWorkOrder.get(workOrder) ?? []) {
      const entry = this.#find(xc);
      if (entry !== undefined) yield entry;
    }
  }

  /**
   * Returns one XC for each change under a work order, oldest first. A change is an export, or the
   * receipt of an export.
   */
  changesOf(workOrder: string): readonly number[] {
    return this.#changes.get(workOrder) ?? [];
  }

  /** Counts the exports of one load: one key for one slot of one unit, under a work order. */
  countOfLoad(workOrder: string, set: number, sn: Uint8Array, ref1: number, slot: number): number {
    return this.#perLoad.get(loadName(workOrder, set, sn, ref1, slot)) ?? 0;
  }

  /**
   * Counts the exports and receipts of each work order, the most recently used order first. Counts
   * only those of `operator`, or those of all operators if undefined.
   */
  workOrders(operator: string | undefined): NamedOrderJson[] {
    const merged = new Map<string, WorkOrderCount>();
    for (const [name, counts] of this.#workOrders) {
      if (operator !== undefined && name !== operator) continue;
      for (const [workOrder, { exports, receipts, time }] of counts) {
        const sum = merged.get(workOrder) ?? { exports: 0, receipts: 0, time };
        sum.exports += exports;
        sum.receipts += receipts;
        if (time > sum.time) sum.time = time;
        merged.set(workOrder, sum);
      }
    }
    const list = [...merged].map(([workOrder, count]) => ({ workOrder, ...count }));
    return list.sort((a, b) => (a.time < b.time ? 1 : -1));
  }

  addExport(record: ExportRecord, origin: ExportOrigin, time: string): ExportEntry {
    const { xc, set, sn, ref1, slot } = decodeHeader(record.data);
    const { operator, workOrder, reason, idempotencyKey, requestHash } = origin;
    const dataHash = sha256(record.data);
    const exportId = exportIdOf(dataHash);
    const facts = { operator, workOrder, reason, time, receiptTime: undefined };
    const entry: ExportEntry = { ...record, ...facts, exportId, dataHash, xc };
    this.#byCounter.set(xc, entry);
    this.#byChallenge.set(challengeName(sn, record.random), xc);
    this.#byId.set(exportId, xc);
    this.#remember(operator, idempotencyKey, { requestHash, xc });
    increment(this.#perOperator, operator);
    increment(this.#perUnit, unitName(set, sn));
    this.#lastXc = Math.max(this.#lastXc, xc);
    this.#count(operator, workOrder, time, 'exports');
    if (workOrder !== null) {
      entryOf(this.#changes, workOrder, (): number[] => []).push(xc);
      entryOf(this.#ofWorkOrder, workOrder, (): number[] => []).push(xc);
      increment(this.#perLoad, loadName(workOrder, set, sn, ref1, slot));
    }
    return entry;
  }

  /** Records another idempotency key of the same export. */
  addRepeat(xc: number, { operator, idempotencyKey, requestHash }: ExportOrigin): void {
    this.#remember(operator, idempotencyKey, { requestHash, xc });
  }

  addReceipt(xc: number, receipt: Bytes, time: string): void {
    const entry = this.#byCounter.get(xc);
    if (entry === undefined) throw new RangeError(`there is no export ${xc}`);
    this.#byCounter.set(xc, { ...entry, receipt, receiptTime: time });
    this.#count(entry.operator, entry.workOrder, time, 'receipts');
    if (entry.workOrder !== null) entryOf(this.#changes, entry.workOrder, (): number[] => []).push(xc);
  }

  #remember(operator: string, key: string, use: { readonly requestHash: string; readonly xc: number }): void {
    entryOf(this.#byIdempotencyKey, key, () => new Map<string, typeof use>()).set(operator, use);
  }

  #find(xc: number | undefined): ExportEntry | undefined {
    return xc === undefined ? undefined : this.#byCounter.get(xc);
  }

  #count(operator: string, workOrder: string | null, time: string, what: 'exports' | 'receipts'): void {
    if (workOrder === null) return;
    const ofOperator = entryOf(this.#workOrders, operator, () => new Map<string, WorkOrderCount>());
    const count = entryOf(ofOperator, workOrder, () => ({ exports: 0, receipts: 0, time }));
    count[what]++;
    if (what === 'exports') count.time = time;
  }
}

/** Content of the sealed part of an 'export' entry. */
interface ExportPart {
  readonly data: string;
  readonly random: string;
  readonly kcv: string;
  readonly kcvAlgorithm: KcvAlgorithm;
  readonly origin: ExportOrigin;
}

/** Encodes the sealed part of an 'export' entry in the audit log. */
export function encodeExport({ data, random, kcv }: ExportRecord, origin: ExportOrigin): Uint8Array {
  const part: ExportPart = {
    data: toBase64url(data),
    random: toBase64url(random),
    kcv: toBase64url(kcv.value),
    kcvAlgorithm: kcv.algorithm,
    origin,
  };
  return Buffer.from(JSON.stringify(part));
}

export function decodeExport(content: Uint8Array): { record: ExportRecord; origin: ExportOrigin } {
  const part = JSON.parse(Buffer.from(content).toString('utf8')) as ExportPart;
  const record: ExportRecord = {
    data: decodeBase64url(part.data),
    random: decodeBase64url(part.random),
    kcv: { value: decodeBase64url(part.kcv), algorithm: part.kcvAlgorithm },
    receipt: undefined,
  };
  // Versions that had no reasons wrote entries without this member.
  const { reason = null } = part.origin;
  return { record, origin: { ...part.origin, reason: reason === null ? null : repairReason(reason) } };
}

/**
 * Decodes base64url. Each start replays the whole log, and Node's decoder is 20 times as fast as
 * fromBase64url(). Node's decoder also accepts malformed base64url, which does not matter here,
 * because the log is authenticated.
 */
function decodeBase64url(text: string): Bytes {
  return copy(Buffer.from(text, 'base64url'));
}

function entryOf<Value>(map: Map<string, Value>, name: string, create: () => Value): Value {
  const value = map.get(name) ?? create();
  map.set(name, value);
  return value;
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function challengeName(sn: Uint8Array, random: Uint8Array): string {
  return Buffer.concat([sn, random]).toString('latin1');
}

function unitName(set: number, sn: Uint8Array): string {
  return `${set} ${Buffer.from(sn).toString('latin1')}`;
}

function loadName(workOrder: string, set: number, sn: Uint8Array, ref1: number, slot: number): string {
  return `${unitName(set, sn)} ${ref1} ${slot} ${workOrder}`;
}
