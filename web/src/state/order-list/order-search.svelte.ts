// Searches the orders for a text in their id or title, and for a unit by its serial number or its
// last digits. The AS searches the units of the orders that this station does not store.
import { findUnits, readLastDigits, type UnitsFound } from '#protocol/orders/units.ts';
import type { ListedOrder, WorkOrders } from '../../as-client/work-orders.ts';
import { type ListedState, listedState } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { SignedIn } from '../session/session.svelte.ts';
import { accountName, hasText, type OrderRow, orderName } from './order-rows.ts';
import type { StoredOrder } from './stored-order.ts';

/** Time from the last change of the text to the start of the search, in milliseconds. */
const PAUSE_MS = 300;

/**
 * The unit of an order that the search found, or the number of its units whose SN ends with the
 * digits.
 */
export type UnitMatch =
  | { readonly sn: string; readonly state: ListedState | 'unseen' }
  | { readonly count: number; readonly digits: string };

export interface OrderSearchOptions {
  readonly store: Pick<WorkOrderStore, 'unit'>;
  readonly remote: Pick<WorkOrders, 'find'>;
  readonly stored: () => readonly StoredOrder[];
  readonly account: () => SignedIn | undefined;
  /** Ends the session if the failure requires a new sign-in. */
  readonly endOn: (failure: Failure) => void;
}

/** What one search has found so far. */
interface Result {
  /** Name of the account that was signed in. */
  readonly account: string | undefined;
  readonly units: Map<string, UnitMatch>;
  /** The orders that the AS found. */
  listed: readonly ListedOrder[];
  failure: Failure | undefined;
}

export class OrderSearch {
  #text = $state.raw('');
  #result = $state.raw<Readonly<Result> | undefined>();
  #isSearching = $state.raw(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of searches so far. Only the last one may set the result. */
  #searches = 0;
  readonly #options: OrderSearchOptions;

  constructor(options: OrderSearchOptions) {
    this.#options = options;
  }

  get text(): string {
    return this.#text;
  }

  /** The typed serial number, or at least its last 4 digits; undefined for any other text. */
  get digits(): string | undefined {
    return readLastDigits(this.#text);
  }

  /** Whether the units are still being searched. */
  get isSearching(): boolean {
    return this.#isSearching;
  }

  /** The failure that left the search incomplete. */
  get failure(): Failure | undefined {
    return this.#current?.failure;
  }

  /** The orders that the AS found. */
  get listed(): readonly ListedOrder[] {
    return this.#current?.listed ?? [];
  }

  /** Returns the unit on this order that matches the search. */
  unitOf({ name }: OrderRow): UnitMatch | undefined {
    return this.#current?.units.get(name);
  }

  isMatch(row: OrderRow): boolean {
    return hasText(row, this.#text) || this.unitOf(row) !== undefined;
  }

  search(text: string): void {
    this.#text = text;
    this.#result = undefined;
    this.#searches++;
    clearTimeout(this.#timer);
    const { digits } = this;
    this.#isSearching = digits !== undefined;
    if (digits !== undefined) this.#timer = setTimeout(() => void this.#find(digits), PAUSE_MS);
  }

  /** The result, unless another account has signed in since. */
  get #current(): Readonly<Result> | undefined {
    return this.#result?.account === this.#account ? this.#result : undefined;
  }

  get #account(): string | undefined {
    const account = this.#options.account();
    return account && accountName(account);
  }

  async #find(digits: string): Promise<void> {
    const search = this.#searches;
    const result: Result = { account: this.#account, units: new Map(), listed: [], failure: undefined };
    try {
      await this.#findHere(digits, result);
      await this.#findAtAs(digits, result);
    } catch (error) {
      result.failure = failureOf(error);
    }
    if (search !== this.#searches) return; // the operator has typed more
    this.#result = result;
    this.#isSearching = false;
    if (this.failure) this.#options.endOn(this.failure);
  }

  async #findHere(digits: string, { units }: Result): Promise<void> {
    for (const { record, order } of this.#options.stored()) {
      const found = findUnits(order.units, digits);
      if (found !== undefined) units.set(record.name, await this.#matchHere(record.order, found, digits));
    }
  }

  async #matchHere(chain: number, { sn, count }: UnitsFound, digits: string): Promise<UnitMatch> {
    if (count > 1) return { count, digits };
    const row = await this.#options.store.unit(chain, sn);
    return { sn, state: row ? listedState(row) : 'unseen' };
  }

  async #findAtAs(digits: string, result: Result): Promise<void> {
    const account = this.#options.account();
    if (account?.kind !== 'remote') return;
    result.listed = await this.#options.remote.find(digits);
    for (const order of result.listed) {
      const { unit } = order;
      if (unit === null) continue;
      const name = orderName(account.service, order.id);
      const { count } = unit;
      result.units.set(name, count > 1 ? { count, digits } : matchAtAs(order, unit, result.units.get(name)));
    }
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
