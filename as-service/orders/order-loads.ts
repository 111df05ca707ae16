// Collects the exports and verdicts under one work order, by unit and line: those of the service,
// and those in the returned journals of vaults.
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import type { OrderLine, WorkOrder } from '#protocol/orders/order.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import { decodeHeader, type Header } from '#protocol/tkl/header.ts';
import { headerOf } from '#protocol/vault/journal.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { verdictOf } from '../ledger/receipt-verdict.ts';
import { verdictOnExport } from '../vaults/reconcile.ts';
import type { VaultLedger } from '../vaults/vault-ledger.ts';
import type { ReceiptCheck } from '../vaults/vault-receipts.ts';

/** One export of a load. */
export interface LoadExport {
  /** The export has a receipt. */
  readonly isProven: boolean;
  /**
   * Resolves with undefined if there is no receipt. This is a function, so that the loads can be
   * counted without making verdicts.
   * @throws ProtocolError receipt-refused
   */
  readonly verdict: () => Promise<VerdictJson | undefined>;
  readonly reason: string | null;
  /** Time of the export. */
  readonly begun: string;
  /**
   * Time of the receipt. Undefined for an export of a vault: the AS verifies such a receipt only
   * when the vault journal is returned, and the time of the return is not the end of the load.
   */
  readonly ended: string | undefined;
}

export interface UnitLoads {
  readonly exports: number;
  /** Number of order lines with a verdict. */
  readonly proven: number;
}

export class OrderLoads {
  readonly #order: WorkOrder;
  /** Exports by SN, then by the index of the line in the order. */
  readonly #units = new Map<string, LoadExport[][]>();

  constructor(order: WorkOrder, ledger: Ledger, vaults: VaultLedger, check: ReceiptCheck) {
    this.#order = order;
    for (const entry of ledger.exportsOf(order.id)) {
      this.#add(decodeHeader(entry.data), {
        isProven: entry.receipt !== undefined,
        verdict: () => verdictOf(entry, check.crypto, check.verified),
        reason: entry.reason,
        begun: entry.time,
        ended: entry.receiptTime,
      });
    }
    for (const record of vaults.all) {
      for (const exported of record.exports) {
        if (exported.event.workOrder !== order.id) continue;
        this.#add(headerOf(exported.event), {
          isProven: exported.receipt !== undefined,
          verdict: () => verdictOnExport(record, exported, check),
          // Vaults do not ask for a reason, so the report gives the vault as the reason.
          reason: `sent by vault ${hexNumber(record.issued.header.asNumber, 4)}`,
          begun: exported.time,
          ended: undefined,
        });
      }
    }
  }

  /** Returns the SN of each unit that has an export for a line of this order. */
  units(): Iterable<string> {
    return this.#units.keys();
  }

  /** Sums over all units. */
  get total(): UnitLoads {
    const all = [...this.#units.keys()].map((sn) => this.of(sn));
    return {
      exports: all.reduce((sum, { exports }) => sum + exports, 0),
      proven: all.reduce((sum, { proven }) => sum + proven, 0),
    };
  }

  /** Number of units with a verdict on every line. */
  get done(): number {
    return [...this.#units.keys()].filter((sn) => this.of(sn).proven === this.#order.lines.length).length;
  }

  of(sn: string): UnitLoads {
    const lines = this.#units.get(sn) ?? [];
    return {
      exports: lines.reduce((sum, { length }) => sum + length, 0),
      proven: lines.filter((loads) => loads.some(({ isProven }) => isProven)).length,
    };
  }

  /**
   * Returns the exports of one line for one unit: first those of the service, then those of each
   * vault. Exports of the same AS are in the sequence in which they were made.
   */
  ofLine(sn: string, line: OrderLine): readonly LoadExport[] {
    return this.#units.get(sn)?.[this.#order.lines.indexOf(line)] ?? [];
  }

  /** Ignores exports that name this order but match none of its lines. */
  #add({ set, sn, ref1, slot, akv }: Header, load: LoadExport): void {
    const { lines } = this.#order;
    const index = lines.findIndex((line) => line.ref1 === ref1 && line.ref2 === slot && line.akv === akv);
    if (set !== this.#order.set || index < 0) return;
    const name = toHex(sn);
    const unit = this.#units.get(name) ?? lines.map((): LoadExport[] => []);
    this.#units.set(name, unit);
    unit[index]?.push(load);
  }
}
