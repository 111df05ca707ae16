// Every export that this service ever made, as the audit log tells it: found by challenge, number, id and idempotency key, and counted
// for quotas and work orders. Filled by replaying the log at the start and by each entry after it is durable; writes nothing itself.
import type { ExportRecord } from '#protocol/as-unit/memory.ts';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import type { KcvAlgorithm } from '#protocol/crypto/kcv.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { WorkOrderJson } from '#protocol/service/messages.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';

/** What an export was asked with, besides what DATA tells. */
export interface ExportOrigin {
  readonly operator: string;
  readonly workOrder: string | null;
  /** Why it was asked for again. */
  readonly reason: string | null;
  readonly idempotencyKey: string;
  /** SHA-256 of the request, so that the same key with another request is noticed. */
  readonly requestHash: string;
}

export interface ExportEntry extends ExportRecord {
  readonly exportId: string;
  readonly dataHash: Bytes;
  readonly xc: number;
  readonly operator: string;
  readonly workOrder: string | null;
  readonly reason: string | null;
  /** When the receipt was accepted. */
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
  /** By key, then by operator. */
  readonly #byIdempotencyKey = new Map<string, Map<string, { readonly requestHash: string; readonly xc: number }>>();
  readonly #perOperator = new Map<string, number>();
  readonly #perUnit = new Map<string, number>();
  /** By operator, then by work order. */
  readonly #workOrders = new Map<string, Map<string, WorkOrderCount>>();
  /** XC of each export, by work order. */
  readonly #ofWorkOrder = new Map<string, number[]>();
  readonly #perLoad = new Map<string, number>();
  #lastXc = 0;

  /** The highest XC of any export. */
  get lastXc(): number {
    return this.#lastXc;
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

  /** Under that key, whoever asked: a key is random, so that there is one export at most. */
  findByKeyOfAnyone(key: string): ExportEntry | undefined {
    const [first] = this.#byIdempotencyKey.get(key)?.values() ?? [];
    return this.#find(first?.xc);
  }

  /** Every receipt that was accepted, 64 bytes each. */
  *receipts(): Generator<Bytes> {
    for (const { receipt } of this.#byCounter.values()) if (receipt !== undefined) yield receipt;
  }

  countOfOperator(operator: string): number {
    return this.#perOperator.get(operator) ?? 0;
  }

  countOfUnit(set: number, sn: Uint8Array): number {
    return this.#perUnit.get(unitName(set, sn)) ?? 0;
  }

  /** Every export that named that work order, oldest first. */
  *exportsOf(workOrder: string): Generator<ExportEntry> {
    for (const xc of this.#ofWorkOrder.get(workOrder) ?? []) {
      const entry = this.#find(xc);
      if (entry !== undefined) yield entry;
    }
  }

  /** Exports of that key for that unit and slot in a work order. */
  countOfLoad(workOrder: string, set: number, sn: Uint8Array, ref1: number, slot: number): number {
    return this.#perLoad.get(loadName(workOrder, set, sn, ref1, slot)) ?? 0;
  }

  /** Newest first; those of one operator, or all. */
  workOrders(operator: string | undefined): Omit<WorkOrderJson, 'order'>[] {
    const merged = new Map<string, WorkOrderCount>();
    for (const [who, counts] of this.#workOrders) {
      if (operator !== undefined && who !== operator) continue;
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
    const entry: ExportEntry = {
      ...record,
      exportId,
      dataHash,
      xc,
      operator,
      workOrder,
      reason,
      receiptTime: undefined,
    };
    this.#byCounter.set(xc, entry);
    this.#byChallenge.set(challengeName(sn, record.random), xc);
    this.#byId.set(exportId, xc);
    this.#remember(operator, idempotencyKey, { requestHash, xc });
    increment(this.#perOperator, operator);
    increment(this.#perUnit, unitName(set, sn));
    this.#lastXc = Math.max(this.#lastXc, xc);
    this.#count(operator, workOrder, time, 'exports');
    if (workOrder !== null) {
      entryOf(this.#ofWorkOrder, workOrder, (): number[] => []).push(xc);
      increment(this.#perLoad, loadName(workOrder, set, sn, ref1, slot));
    }
    return entry;
  }

  /** The same export was asked for again, under another idempotency key. */
  addRepeat(xc: number, { operator, idempotencyKey, requestHash }: ExportOrigin): void {
    this.#remember(operator, idempotencyKey, { requestHash, xc });
  }

  addReceipt(xc: number, receipt: Bytes, time: string): void {
    const entry = this.#byCounter.get(xc);
    if (entry === undefined) throw new RangeError(`there is no export ${xc}`);
    this.#byCounter.set(xc, { ...entry, receipt, receiptTime: time });
    this.#count(entry.operator, entry.workOrder, time, 'receipts');
  }

  #remember(operator: string, key: string, what: { readonly requestHash: string; readonly xc: number }): void {
    entryOf(this.#byIdempotencyKey, key, () => new Map<string, typeof what>()).set(operator, what);
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

interface ExportPart {
  readonly data: string;
  readonly random: string;
  readonly kcv: string;
  readonly kcvAlgorithm: KcvAlgorithm;
  readonly origin: ExportOrigin;
}

/** The sealed part of an export's entry in the log. */
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

export function decodeExport(octets: Uint8Array): { record: ExportRecord; origin: ExportOrigin } {
  const part = JSON.parse(Buffer.from(octets).toString('utf8')) as ExportPart;
  const record: ExportRecord = {
    data: fast(part.data),
    random: fast(part.random),
    kcv: { value: fast(part.kcv), algorithm: part.kcvAlgorithm },
    receipt: undefined,
  };
  // An export of the time before reasons has none.
  return { record, origin: { ...part.origin, reason: part.origin.reason ?? null } };
}

/** Node's own decoder, twenty times as fast: a long log is replayed at each start, and what it holds we wrote ourselves. */
function fast(text: string): Bytes {
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
