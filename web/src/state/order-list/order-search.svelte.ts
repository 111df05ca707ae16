// Searches the orders for a text in their id or title, and for a unit by its serial number or its
// last digits. The AS searches the units of the orders that this station does not store.
import { findUnits, readLastDigits, type UnitsFound } from '#protocol/orders/units.ts';
import type { ListedOrder, WorkOrders } from '../../as-client/work-orders.ts';
import { type ListedState, listedState } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import type { Failure } from '../common/failure.ts';
import { Task } from '../common/task.svelte.ts';
import type { SignedIn } from '../session/session.svelte.ts';
import { hasText, type OrderRow, orderName } from './order-rows.ts';
import type { StoredOrder } from './stored-order.ts';

/** Time from the last change of the text to the start of the search, in milliseconds. */
const PAUSE_MS = 300;

/** The unit that the search found on an order, or the number of units that end with the digits. */
export type UnitMatch =
  | { readonly sn: string; readonly state: ListedState | 'unseen' }
  | { readonly count: number; readonly digits: string };

export interface OrderSearchOptions {
  readonly store: Pick<WorkOrderStore, 'unit'>;
  readonly remote: Pick<WorkOrders, 'find'>;
  readonly stored: () => readonly StoredOrder[];
  readonly account: () => SignedIn | undefined;
}

export class OrderSearch {
  #text = $state.raw('');
  #units = $state.raw<ReadonlyMap<string, UnitMatch>>(new Map());
  #isSearching = $state.raw(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #task = new Task();
  readonly #options: OrderSearchOptions;

  constructor(options: OrderSearchOptions) {
    this.#options = options;
  }

  get text(): string {
    return this.#text;
  }

  /** The typed serial number, or its last 4 digits or more; undefined for any other text. */
  get digits(): string | undefined {
    return readLastDigits(this.#text);
  }

  /** Whether the units are still being searched. */
  get isSearching(): boolean {
    return this.#isSearching;
  }

  get failure(): Failure | undefined {
    return this.#task.failure;
  }

  /** Returns the unit because of which the search found the order. */
  unitOf({ name }: OrderRow): UnitMatch | undefined {
    return this.#units.get(name);
  }

  isMatch(row: OrderRow): boolean {
    return hasText(row, this.#text) || this.#units.has(row.name);
  }

  search(text: string): void {
    this.#text = text;
    this.#units = new Map();
    clearTimeout(this.#timer);
    const { digits } = this;
    this.#isSearching = digits !== undefined;
    if (digits !== undefined) this.#timer = setTimeout(() => void this.#find(digits), PAUSE_MS);
  }

  async #find(digits: string): Promise<void> {
    const units = new Map<string, UnitMatch>();
    await this.#task.run(async () => {
      for (const { record, order } of this.#options.stored()) {
        const found = findUnits(order.units, digits);
        if (found === undefined) continue;
        units.set(record.name, await this.#matchHere(record.order, found, digits));
      }
      for (const [name, match] of await this.#findAtAs(digits, units)) units.set(name, match);
    });
    if (this.digits !== digits) return; // the operator has typed on
    this.#units = units;
    this.#isSearching = false;
  }

  async #matchHere(chain: number, { sn, count }: UnitsFound, digits: string): Promise<UnitMatch> {
    if (count > 1) return { count, digits };
    const row = await this.#options.store.unit(chain, sn);
    return { sn, state: row ? listedState(row) : 'unseen' };
  }

  async #findAtAs(
    digits: string,
    here: ReadonlyMap<string, UnitMatch>,
  ): Promise<readonly (readonly [string, UnitMatch])[]> {
    const account = this.#options.account();
    if (account?.kind !== 'remote') return [];
    const found = await this.#options.remote.find(digits);
    return found.flatMap((order) => {
      const name = orderName(account.service, order.id);
      if (order.unit === null) return [];
      const { count } = order.unit;
      return [[name, count > 1 ? { count, digits } : matchAtAs(order, order.unit, here.get(name))] as const];
    });
  }
}

/**
 * Returns the unit that the AS found, with its state. The unit is done if the AS has all its
 * receipts. Otherwise the state is the one in the journal of this station. If the journal has none,
 * the state is unknown if the AS has made an export for the unit, else unseen.
 */
function matchAtAs(
  { lines }: ListedOrder,
  { sn, exports, proven }: NonNullable<ListedOrder['unit']>,
  here: UnitMatch | undefined,
): UnitMatch {
  if (proven >= lines) return { sn, state: 'done' };
  if (here && 'sn' in here && here.sn === sn && here.state !== 'unseen') return here;
  return { sn, state: exports > 0 ? 'unknown' : 'unseen' };
}
