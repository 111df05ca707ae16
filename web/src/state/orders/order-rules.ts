// The rules of a work order (docs/protocol.md clause 6.1), as functions of the order, of the unit's
// identity and of the unit's row in the journal. The AS enforces the same rules; checking them here
// first avoids requests that the AS would refuse.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { lists, type OrderLine, type WorkOrder } from '#protocol/orders/order.ts';
import type { KeyJson } from '#protocol/service/messages.ts';
import type { Attempt } from '../../journal/attempt.ts';
import type { Refusal, UnitRow, UnitState } from '../../journal/order-record.ts';
import type { Failure } from '../common/failure.ts';
import type { SignedIn } from '../session/session.svelte.ts';
import type { Chosen } from '../station/key-choice.svelte.ts';
import type { LoadStatus } from '../station/load-attempt.ts';
import type { SlotFacts, UnitFacts } from '../station/unit-facts.ts';

/** Returns why this unit does not belong to the order; undefined if it does. */
export function refusalOf(order: WorkOrder, { sn, set }: UnitFacts): Refusal | undefined {
  if (!lists(order, sn)) return 'unlisted';
  return set === order.set ? undefined : 'wrong-set';
}

function holds(slot: SlotFacts | undefined, { akv, kcv }: OrderLine): boolean {
  if (slot === undefined || slot.akv !== akv) return false;
  return isErasing(kcv) ? !slot.holdsKey : slot.holdsKey && slot.kcv === kcv;
}

const isErasing = (kcv: string): boolean => /^0+$/.test(kcv);

/**
 * Returns the lines of the order that the unit's slots do not show as loaded. `isDone` states
 * whether the unit was done before. If it was, a slot may since have received a newer key or an
 * erasure. Such a slot accepts no older version, so its line is not returned.
 */
export function missingLines({ lines }: WorkOrder, { slots }: UnitFacts, isDone: boolean): readonly OrderLine[] {
  return lines.filter((line) => {
    const slot = slots.find(({ ref2 }) => ref2 === line.ref2);
    return !holds(slot, line) && !(isDone && slot !== undefined && slot.akv >= line.akv);
  });
}

/**
 * Returns the key and slot of a line in the form that a lane needs for a load. Returns undefined if
 * the AS does not list the order's set. If the unit does not have the slot, returns an empty one;
 * the unit then refuses the import.
 */
export function choiceOf(
  line: OrderLine,
  { slots }: UnitFacts,
  { sets }: SignedIn,
  setNumber: number,
): Chosen | undefined {
  const set = sets.find((each) => each.set === setNumber);
  if (!set) return undefined;
  const { ref1, ref2, akv, kcv, label } = line;
  const listed = set.keys.find((key) => key.ref1 === ref1);
  const key: KeyJson = { ref1, label, akv, kcv, slot: ref2, attributes: listed?.attributes ?? '' };
  const slot = slots.find((each) => each.ref2 === ref2);
  return { set, key, slot: slot ?? { ref2, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' } };
}

/** Failures that the unit did not cause. They would affect the next unit too, so the run halts. */
const SYSTEM_FAILURES: ReadonlySet<string> = new Set([
  ...['service-unreachable', 'service-timeout', 'gateway-failed', 'not-the-as'],
  ...['service-nonsense', 'service-failed', 'service-changed', 'log-changed'],
  ...['not-signed-in', 'signed-out', 'not-allowed', 'too-many-requests', 'quota-used', 'order-unknown', 'order-ended'],
  ...['token-locked', 'token-blocked', 'token-lost', 'token-failed', 'vault-locked', 'vault-expired', 'vault-lost'],
  ...['journal-full', 'journal-failed', 'journal-lost', 'journal-elsewhere', 'part-unreachable', 'cancelled'],
]);

export function isSystemFailure({ code }: Failure): boolean {
  return SYSTEM_FAILURES.has(code);
}

/**
 * Temporary failures. They end when the network or the AS works again, or when the operator signs
 * in or unlocks the token again.
 */
const TEMPORARY_FAILURES: ReadonlySet<string> = new Set([
  ...['service-unreachable', 'service-timeout', 'gateway-failed', 'not-the-as', 'too-many-requests'],
  ...['not-signed-in', 'signed-out', 'token-locked', 'token-lost', 'vault-locked'],
]);

export function isTemporary({ code }: Failure): boolean {
  return TEMPORARY_FAILURES.has(code);
}

/** Result of repeatReason() when the operator must enter the reason. */
export const ASK_OPERATOR = Symbol('ask the operator');

/**
 * Returns the reason for exporting the key of a line to this unit again, derived from the unit's
 * row. Returns undefined for the first export. Returns ASK_OPERATOR if the row does not contain the
 * reason. This is the case if the unit was done, but its slot does not hold the key. It is also the
 * case if another station made an export, and the AS therefore requires a reason.
 */
export function repeatReason(row: UnitRow | undefined, { ref2 }: OrderLine): string | typeof ASK_OPERATOR | undefined {
  if (row?.needsReason === ref2) return ASK_OPERATOR;
  if (!row?.exported.includes(ref2)) return undefined;
  if (row.state === 'done' || row.failure?.code === 'reason-needed') return ASK_OPERATOR;
  if (row.failure === undefined) return 'The station stopped during the previous attempt';
  const { code, statusWord } = row.failure;
  if (statusWord !== undefined)
    return `The unit refused the previous attempt with status word ${hexNumber(statusWord)}`;
  return ENDINGS[code] ?? 'The previous attempt was not completed';
}

/** How the previous attempt ended. An auditor reads it, so it contains no code of this page. */
const ENDINGS: Partial<Record<Failure['code'], string>> = {
  'device-lost': 'The unit was unplugged during the previous attempt',
  'no-receipt': 'The unit did not store the key of the previous attempt',
};

/**
 * State of a unit after the newest attempt on it; undefined while the attempt is running. The lines
 * of an order are loaded in sequence, so after the last line all lines are done. After any other
 * line, only the unit's slots show which lines are missing, and the state is unknown.
 */
export function stateAfter({ lines }: WorkOrder, attempt: Attempt | undefined): UnitState | undefined {
  switch (attempt?.outcome) {
    case 'running':
      return undefined;
    case 'unknown':
    case 'unverified':
      return 'unknown';
    case 'done': {
      const last = lines.at(-1);
      return last?.ref2 === attempt.ref2 && last.akv === attempt.akv ? 'done' : 'unknown';
    }
    default:
      return 'failed';
  }
}

const STATES: Readonly<Record<LoadStatus['outcome'], UnitState>> = {
  running: 'running',
  done: 'running',
  unverified: 'unknown',
  unknown: 'unknown',
  failed: 'failed',
};

/** Creates the row of a unit that has none. `at` is the current time, ISO 8601, UTC. */
export function newRow(chain: number, sn: string, state: UnitState, at: string): UnitRow {
  return { order: chain, sn, state, tries: 0, exported: [], begun: at, at };
}

/**
 * Returns the row of a unit after its load of `line` has reached a new status. `isLast` states
 * whether `line` is the last missing line. `took` is the time since the start of the first line, in
 * milliseconds.
 */
export function rowAfter(
  before: UnitRow,
  line: OrderLine,
  { outcome, failure, stage }: LoadStatus,
  { isLast, took, at }: { readonly isLast: boolean; readonly took: number; readonly at: string },
): UnitRow {
  const { failure: _, took: __, needsReason: asked, ...rest } = before;
  const isNotExported = outcome === 'failed' && (stage === 'identity' || stage === 'challenge');
  const others = before.exported.filter((ref2) => ref2 !== line.ref2);
  const isDone = outcome === 'done' && isLast;
  const isExported = outcome === 'done' || stage === 'import' || stage === 'receipt';
  const isAnswered = isDone || (asked === line.ref2 && isExported);
  const needsReason = failure?.code === 'reason-needed' ? line.ref2 : isAnswered ? undefined : asked;
  return {
    ...rest,
    state: isDone ? 'done' : STATES[outcome],
    exported: isNotExported ? others : [...others, line.ref2],
    at,
    ...(failure === undefined ? {} : { failure }),
    ...(needsReason === undefined ? {} : { needsReason }),
    ...(isDone ? { took: Math.round(took) } : {}),
  };
}
