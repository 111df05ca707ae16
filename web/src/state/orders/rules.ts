// The rules by which a work order is worked, as functions of the order and of what the unit and the journal say (docs/protocol.md clause 6). The AS holds to
// them as well; here they spare a unit a question that would be refused. Knows no lanes and no screen.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { lists, type OrderLine, type WorkOrder } from '#protocol/orders/order.ts';
import type { KeyJson } from '#protocol/service/messages.ts';
import type { Attempt } from '../../journal/attempt.ts';
import type { Refusal, UnitRow, UnitState } from '../../journal/order-record.ts';
import type { Counts } from '../../journal/work-orders.ts';
import type { Failure } from '../common/failure.ts';
import type { SignedIn } from '../session/session.svelte.ts';
import type { Chosen } from '../station/key-choice.svelte.ts';
import type { LoadStatus } from '../station/load-attempt.ts';
import type { SlotFacts, UnitFacts } from '../station/unit-facts.ts';

/** Why nothing may be asked of this unit, or undefined. */
export function refusalOf(order: WorkOrder, { sn, set }: UnitFacts): Refusal | undefined {
  if (!lists(order, sn)) return 'unlisted';
  return set === order.set ? undefined : 'wrong-set';
}

function holds(slot: SlotFacts | undefined, { akv, kcv }: OrderLine): boolean {
  if (slot === undefined || slot.akv !== akv) return false;
  return isErasing(kcv) ? !slot.holdsKey : slot.holdsKey && slot.kcv === kcv;
}

const isErasing = (kcv: string): boolean => /^0+$/.test(kcv);

/** The lines that the unit's slots do not show as done already. */
export function missingLines({ lines }: WorkOrder, { slots }: UnitFacts): readonly OrderLine[] {
  return lines.filter(
    (line) =>
      !holds(
        slots.find(({ ref2 }) => ref2 === line.ref2),
        line,
      ),
  );
}

/** The line as a lane loads it; the unit itself says when it lacks the slot. */
export function choiceOf(line: OrderLine, { slots }: UnitFacts, { sets }: SignedIn, set: number): Chosen | undefined {
  const found = sets.find((each) => each.set === set);
  if (!found) return undefined;
  const { ref1, ref2, akv, kcv, label } = line;
  const listed = found.keys.find((key) => key.ref1 === ref1);
  const key: KeyJson = { ref1, label, akv, kcv, slot: ref2, attributes: listed?.attributes ?? '' };
  const slot = slots.find((each) => each.ref2 === ref2);
  return { set: found, key, slot: slot ?? { ref2, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' } };
}

/** Not the unit's doing: the next one would fare no better, so the order waits instead of failing unit after unit. */
const NOT_THE_UNIT: ReadonlySet<string> = new Set([
  ...['service-unreachable', 'service-timeout', 'service-nonsense', 'service-failed', 'service-changed'],
  ...['not-signed-in', 'signed-out', 'not-allowed', 'too-many-requests', 'quota-used', 'order-unknown', 'order-ended'],
  ...['token-locked', 'token-blocked', 'token-lost', 'token-failed', 'vault-locked', 'vault-expired'],
  ...['journal-full', 'journal-failed', 'journal-elsewhere', 'part-unreachable', 'cancelled'],
]);

export function isNotTheUnit({ code }: Failure): boolean {
  return NOT_THE_UNIT.has(code);
}

/** Only a person can say why. */
export const ASK = 'ask';

/**
 * Why this key is exported once more, where the journal itself has the reason; `undefined` where it is the first time, ASK where
 * only a person can say: the unit was done, and its slot does not show it.
 */
export function reasonFor(row: UnitRow | undefined, { ref2 }: OrderLine): string | undefined {
  if (!row?.exported.includes(ref2)) return undefined;
  if (row.state === 'done') return ASK;
  if (row.failure === undefined) return 'The station stopped in the attempt before';
  const { code, command = '', statusWord } = row.failure;
  const said = statusWord === undefined ? code : `${command} ${hexNumber(statusWord)}`;
  return `The attempt before ended with ${said}`;
}

/**
 * How a unit stands whose row is not settled, by the newest attempt on it; undefined while a page is at work on it. Several lines are loaded one after the
 * other: with the last of them all are in, and with another one only the unit's own slots say what is.
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

/** Of a unit that has none yet; `at` is now. */
export function newRow(order: number, sn: string, state: UnitState, at: string): UnitRow {
  return { order, sn, state, tries: 0, exported: [], begun: at, at };
}

/** How many units of each state there are, after one has changed its row. */
export function countsAfter(counts: Counts, before: UnitRow | undefined, after: UnitRow): Counts {
  const changed = { ...counts };
  if (before) changed[before.state]--;
  changed[after.state]++;
  return changed;
}

/** The row of a unit, after one line of the order has come so far. */
export function rowAfter(
  before: UnitRow,
  line: OrderLine,
  { outcome, failure, stage }: LoadStatus,
  last: { readonly isLast: boolean; readonly took: number; readonly at: string },
): UnitRow {
  const { failure: _, took: __, ...kept } = before;
  const neverAsked = outcome === 'failed' && (stage === 'identity' || stage === 'challenge');
  const others = before.exported.filter((ref2) => ref2 !== line.ref2);
  const isDone = outcome === 'done' && last.isLast;
  return {
    ...kept,
    state: isDone ? 'done' : STATES[outcome],
    exported: neverAsked ? others : [...others, line.ref2],
    at: last.at,
    ...(failure === undefined ? {} : { failure }),
    ...(isDone ? { took: Math.round(last.took) } : {}),
  };
}
