// Who may have which key for which unit. The page's own checks are a courtesy: it is here that it is decided (docs/protocol.md clause 6).
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { OperatorState, SetState, State } from '../storage/state.ts';
import { isDemoSet, isPublishedKey } from './demo-sets.ts';

/** Of a set that the operator may see. @throws ProtocolError demo-refused, unit-not-listed */
export function authorise(state: State, demoMode: boolean, { unit }: UnitExportRequest): void {
  const set = state.sets.find((each) => each.set === unit.set);
  const transportKey = set?.transportKeys.find(({ tkv }) => tkv === unit.tkv);
  if (set === undefined || transportKey === undefined) throw new RangeError('the set was looked up before');
  if (!demoMode && (isDemoSet(set.set) || isPublishedKey(transportKey.key))) {
    throw new ProtocolError('demo-refused', `${setLabel(set)} is a demo set and this service is not in demo mode.`);
  }
  if (set.units !== null && !set.units.includes(toHex(unit.sn))) {
    throw new ProtocolError('unit-not-listed', `Unit ${toHex(unit.sn)} is not on the list of ${setLabel(set)}.`);
  }
}

/** The sets that an operator may export from, as long as the service serves them at all. */
export function visibleSets({ sets }: State, demoMode: boolean, operator: OperatorState): SetState[] {
  return sets.filter(({ set }) => maySee(operator, set) && (demoMode || !isDemoSet(set)));
}

export function setLabel({ set, name }: Pick<SetState, 'set' | 'name'>): string {
  return `set ${hexNumber(set, 8)} (${name})`;
}

/** For whom it answers no, the set does not exist: nobody learns by asking which sets there are. */
export function maySee({ sets }: Pick<OperatorState, 'sets'>, set: number): boolean {
  return sets === null || sets.includes(set);
}
