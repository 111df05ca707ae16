// Makes a work order from a request (docs/protocol.md clause 6.1). Checks sets, keys, slots and
// units, so that the service does not later refuse exports under the order.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { encodeWorkOrder, type OrderLine, type WorkOrder } from '#protocol/orders/order.ts';
import type { NewOrderJson } from '#protocol/orders/requests.ts';
import { arrangeUnits, countUnits, serialNumbers, type UnitRange } from '#protocol/orders/units.ts';
import { ANY_SLOT, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { isDemoSet } from '../sets/demo-sets.ts';
import { viewEntry } from '../sets/entry-view.ts';
import { requireEnabled } from '../sets/key-status.ts';
import { demoRefused, setLabel, unitNotListed, visibleSets } from '../sets/set-access.ts';
import type { OperatorState, SetState, State } from '../storage/state.ts';

export interface DraftOptions {
  readonly state: State;
  readonly demoMode: boolean;
  readonly now: Date;
  /** Undefined for the command line, which may use every set. */
  readonly account: OperatorState | undefined;
}

/**
 * @throws ProtocolError request-refused, set-unknown, key-unknown, slot-not-permitted,
 * unit-not-listed, demo-refused
 */
export function draftOrder(request: NewOrderJson, options: DraftOptions): WorkOrder {
  const { id, title, suite, notBefore, until } = request;
  const { state, now } = options;
  const set = findSet(request.set, options);
  const lines = request.lines.map(({ ref1, ref2 }) => draftLine(set, ref1, ref2));
  const units = asRequest(() => arrangeUnits(request.units.map(rangeOf)));
  requireAdmitted(set, units);
  if (Date.parse(until) <= now.getTime()) throw refused('The work order ends in the past.');
  const order: WorkOrder = {
    format: 1,
    id,
    title,
    set: set.set,
    suite,
    units,
    count: countUnits(units),
    lines,
    options: request.options,
    issued: now.toISOString(),
    notBefore,
    until,
    service: state.name,
    asNumber: state.asNumber,
  };
  encodeOrder(order);
  return order;
}

/** Returns the JSON text to sign. @throws ProtocolError request-refused */
export function encodeOrder(order: WorkOrder): string {
  return asRequest(() => encodeWorkOrder(order));
}

function rangeOf(units: NewOrderJson['units'][number]): UnitRange {
  return typeof units === 'string' ? [units, units] : units;
}

function findSet(set: number, { state, demoMode, account }: DraftOptions): SetState {
  const visible = account === undefined ? state.sets : visibleSets(state, demoMode, account);
  const found = visible.find((each) => each.set === set);
  if (found === undefined) throw new ProtocolError('set-unknown', `There is no set ${hexNumber(set, 8)}.`);
  if (!demoMode && isDemoSet(set)) throw demoRefused(found);
  return found;
}

function draftLine(set: SetState, ref1: number, ref2: number): OrderLine {
  const entry = set.keys.find((each) => each.ref1 === ref1);
  if (entry === undefined)
    throw new ProtocolError('key-unknown', `There is no REF1 ${hexNumber(ref1, 4)} in ${setLabel(set)}.`);
  requireEnabled(set, entry);
  const isAllowed = entry.slot === ANY_SLOT ? ref2 < TRANSPORT_KEY_SLOT : ref2 === entry.slot;
  if (!isAllowed)
    throw new ProtocolError(
      'slot-not-permitted',
      `REF1 ${hexNumber(ref1, 4)} may not be loaded into slot ${hexNumber(ref2, 4)}.`,
    );
  const { akv, label } = entry;
  return { ref1, ref2, akv, kcv: viewEntry(set, entry).kcv, label };
}

function requireAdmitted(set: SetState, units: readonly UnitRange[]): void {
  if (set.units === null) return;
  const admitted = new Set(set.units);
  for (const sn of serialNumbers(units)) {
    if (!admitted.has(sn)) throw unitNotListed(set, sn);
  }
}

/** Converts the error file-refused of protocol/orders to request-refused. */
function asRequest<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code !== 'file-refused') throw cause;
    throw new ProtocolError('request-refused', `${cause.message}.`, { cause });
  }
}

function refused(message: string): ProtocolError {
  return new ProtocolError('request-refused', message);
}
