// Decides which operator may export from which set, and for which units (docs/protocol.md clause
// 6).
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { OperatorState, SetState, State } from '../storage/state.ts';
import { isDemoSet, isPublishedKey } from './demo-sets.ts';

/**
 * Checks demo mode and the list of units. The caller has checked that the operator may use the set.
 * @throws ProtocolError demo-refused, unit-not-listed
 */
export function authorise(state: State, demoMode: boolean, { unit }: UnitExportRequest): void {
  const set = state.sets.find((each) => each.set === unit.set);
  const transportKey = set?.transportKeys.find(({ tkv }) => tkv === unit.tkv);
  if (set === undefined || transportKey === undefined) throw new RangeError('the set is unknown');
  if (!demoMode && (isDemoSet(set.set) || isPublishedKey(transportKey.key))) throw demoRefused(set);
  if (set.units !== null && !set.units.includes(toHex(unit.sn))) throw unitNotListed(set, toHex(unit.sn));
}

export function demoRefused(set: SetState): ProtocolError {
  return new ProtocolError('demo-refused', `${setLabel(set)} is a demo set, and this service is not in demo mode.`);
}

export function unitNotListed(set: SetState, sn: string): ProtocolError {
  return new ProtocolError('unit-not-listed', `Unit ${sn} is not on the list of ${setLabel(set)}.`);
}

/** Returns the sets that the operator may use. Demo sets are among them in demo mode only. */
export function visibleSets({ sets }: State, demoMode: boolean, operator: OperatorState): SetState[] {
  return sets.filter(({ set }) => mayUse(operator, set) && (demoMode || !isDemoSet(set)));
}

export function setLabel({ set, name }: Pick<SetState, 'set' | 'name'>): string {
  return `set ${hexNumber(set, 8)} (${name})`;
}

/**
 * Whether the operator may use a set. If not, the service answers as if the set did not exist, so
 * that requests do not reveal which sets exist.
 */
export function mayUse({ sets }: Pick<OperatorState, 'sets'>, set: number): boolean {
  return sets === null || sets.includes(set);
}
