// What was sent to which unit under a work order, by this service and by the vaults whose journals came back: the exports, the reasons
// given for those that were not the first, and the verdicts where a receipt verified.
import { toHex } from '#protocol/bytes/hex.ts';
import type { OrderLine, WorkOrder } from '#protocol/orders/order.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import { decodeHeader, type Header } from '#protocol/tkl/header.ts';
import { headerOf } from '#protocol/vault/journal.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { verdictOf } from '../ledger/verdict.ts';
import { verdictOnExport } from '../vaults/reconcile.ts';
import type { VaultLedger } from '../vaults/vault-ledger.ts';

export interface Load {
  /** Its receipt verified. */
  readonly isProven: boolean;
  /** Undefined while no receipt verified. Made when it is asked for: a tally needs none. */
  readonly verdict: () => VerdictJson | undefined;
  readonly reason: string | null;
}

export interface UnitLoads {
  readonly exports: number;
  /** Lines of the order that have a verdict. */
  readonly proven: number;
}

export class OrderLoads {
  readonly #order: WorkOrder;
  /** By SN, then by the line's place in the order. */
  readonly #units = new Map<string, Load[][]>();

  constructor(order: WorkOrder, ledger: Ledger, vaults: VaultLedger) {
    this.#order = order;
    for (const entry of ledger.exportsOf(order.id)) {
      this.#add(decodeHeader(entry.data), {
        isProven: entry.receipt !== undefined,
        verdict: () => verdictOf(entry),
        reason: entry.reason,
      });
    }
    for (const record of vaults.all) {
      for (const exported of record.exports) {
        if (exported.event.workOrder !== order.id) continue;
        this.#add(headerOf(exported.event), {
          isProven: exported.receipt !== undefined,
          verdict: () => verdictOnExport(record, exported),
          // A vault is asked for no reason: that it sent the key is one.
          reason: `sent by vault ${record.issued.header.asNumber}`,
        });
      }
    }
  }

  /** The units that something was sent to, those that are not on the order left out. */
  units(): Iterable<string> {
    return this.#units.keys();
  }

  /** Of all units. */
  get total(): UnitLoads {
    const all = [...this.#units.keys()].map((sn) => this.of(sn));
    return {
      exports: all.reduce((sum, { exports }) => sum + exports, 0),
      proven: all.reduce((sum, { proven }) => sum + proven, 0),
    };
  }

  of(sn: string): UnitLoads {
    const lines = this.#units.get(sn) ?? [];
    return {
      exports: lines.reduce((sum, { length }) => sum + length, 0),
      proven: lines.filter((loads) => loads.some(({ isProven }) => isProven)).length,
    };
  }

  /** Oldest first, by where it came from. */
  ofLine(sn: string, line: OrderLine): readonly Load[] {
    return this.#units.get(sn)?.[this.#order.lines.indexOf(line)] ?? [];
  }

  /** What a number was used for before an order had it does not count, unless it is what the order asks for. */
  #add({ set, sn, ref1, slot, akv }: Header, load: Load): void {
    const { lines } = this.#order;
    const index = lines.findIndex((line) => line.ref1 === ref1 && line.ref2 === slot && line.akv === akv);
    if (set !== this.#order.set || index < 0) return;
    const name = toHex(sn);
    const unit = this.#units.get(name) ?? lines.map((): Load[] => []);
    this.#units.set(name, unit);
    unit[index]?.push(load);
  }
}
