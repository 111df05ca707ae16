// A work order as it is asked for, and as it is issued: checked against the sets and keys that there are, so that nobody is sent out
// with an order that the service would then refuse.
import { ProtocolError } from '#protocol/errors.ts';
import type { NewOrderJson } from '#protocol/orders/messages.ts';
import { encodeWorkOrder, type OrderLine, type WorkOrder } from '#protocol/orders/order.ts';
import { arrangeUnits, countUnits, serialNumbers, type UnitRange } from '#protocol/orders/units.ts';
import { ANY_SLOT, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { isDemoSet } from '../sets/demo-sets.ts';
import { viewEntry } from '../sets/entry-view.ts';
import { setLabel, visibleSets } from '../sets/policy.ts';
import type { OperatorState, SetState, State } from '../storage/state.ts';

export interface Draft {
  readonly state: State;
  readonly demoMode: boolean;
  readonly now: Date;
  /** Who asks; nobody in particular sees every set. */
  readonly account: OperatorState | undefined;
}

/** @throws ProtocolError request-refused, set-unknown, key-unknown, slot-not-permitted, unit-not-listed, demo-refused */
export function draftOrder(given: NewOrderJson, draft: Draft): WorkOrder {
  const { id, title, suite, options, notBefore, until } = given;
  const set = findSet(given.set, draft);
  const lines = given.lines.map(({ ref1, ref2 }) => draftLine(set, ref1, ref2));
  const units = asRequest(() => arrangeUnits(given.units.map(rangeOf)));
  requireAdmitted(set, units);
  if (Date.parse(until) <= draft.now.getTime()) throw refused('The work order would be over before it begins.');
  const order: WorkOrder = {
    format: 1,
    id,
    title,
    set: set.set,
    suite,
    units,
    count: countUnits(units),
    lines,
    options,
    issued: draft.now.toISOString(),
    notBefore,
    until,
    service: draft.state.name,
    asNumber: draft.state.asNumber,
  };
  writeOrder(order);
  return order;
}

/** The JSON text to be signed. @throws ProtocolError request-refused */
export function writeOrder(order: WorkOrder): string {
  return asRequest(() => encodeWorkOrder(order));
}

function rangeOf(given: NewOrderJson['units'][number]): UnitRange {
  return typeof given === 'string' ? [given, given] : given;
}

function findSet(set: number, { state, demoMode, account }: Draft): SetState {
  const seen = account === undefined ? state.sets : visibleSets(state, demoMode, account);
  const found = seen.find((each) => each.set === set);
  if (found === undefined) throw new ProtocolError('set-unknown', `There is no set ${set}.`);
  if (!demoMode && isDemoSet(set)) {
    throw new ProtocolError('demo-refused', `${setLabel(found)} is a demo set and this service is not in demo mode.`);
  }
  return found;
}

function draftLine(set: SetState, ref1: number, ref2: number): OrderLine {
  const entry = set.keys.find((each) => each.ref1 === ref1);
  if (entry === undefined) throw new ProtocolError('key-unknown', `There is no REF1 ${ref1} in ${setLabel(set)}.`);
  const isAllowed = entry.slot === ANY_SLOT ? ref2 < TRANSPORT_KEY_SLOT : ref2 === entry.slot;
  if (!isAllowed) throw new ProtocolError('slot-not-permitted', `REF1 ${ref1} may not go into slot ${ref2}.`);
  const { akv, label } = entry;
  return { ref1, ref2, akv, kcv: viewEntry(set, entry).kcv, label };
}

function requireAdmitted(set: SetState, units: readonly UnitRange[]): void {
  if (set.units === null) return;
  const admitted = new Set(set.units);
  for (const sn of serialNumbers(units)) {
    if (!admitted.has(sn))
      throw new ProtocolError('unit-not-listed', `Unit ${sn} is not on the list of ${setLabel(set)}.`);
  }
}

/** A refusal of protocol/orders is about what the client sent. */
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
