// The last attempts of this station with their exchanges: those of the lanes, or those that were
// stored before a reload.
import type { Attempt, StepEntry } from '../../journal/attempt.ts';
import type { TraceRecord } from '../../journal/unchained-records.ts';
import type { Failure } from '../common/failure.ts';
import type { Lane } from '../station/lane.svelte.ts';
import type { Exchange } from '../station/trace.svelte.ts';
import type { PastAttempt } from './facts.ts';

/** The part of a lane whose exchanges are shown. */
export type TracedLane = Pick<Lane, 'facts' | 'trace'>;

/** Failures of a later try to settle an attempt. They do not show how the load ended. */
const NOT_ASKED: ReadonlySet<string> = new Set(['not-signed-in', 'signed-out', 'source-other']);

const askedIn = (steps: readonly StepEntry[]): readonly StepEntry[] =>
  steps.filter((entry) => entry.step !== 'failure' || !NOT_ASKED.has(entry.failure.code));

/**
 * Returns a function that decides whether an exchange belongs to the attempt. It does if it
 * happened during the attempt and the page, not an expert, sent the command.
 */
export function isWithin({ startedAt, outcome, steps }: Pick<Attempt, 'startedAt' | 'outcome' | 'steps'>) {
  const end = outcome === 'running' ? undefined : askedIn(steps).at(-1)?.at;
  return ({ at, isByHand }: Pick<Exchange, 'at' | 'isByHand'>): boolean =>
    !isByHand && at >= startedAt && (end === undefined || at <= end);
}

/** `attempts` are sorted newest first, and so is the result. */
export function pastAttempts(
  attempts: readonly Attempt[],
  stored: readonly TraceRecord[],
  lanes: readonly TracedLane[],
): readonly PastAttempt[] {
  return attempts.map(({ id, startedAt, link, sn, outcome, steps }) => {
    const asked = askedIn(steps);
    const within = isWithin({ startedAt, outcome, steps });
    const live = lanes.filter(({ facts }) => facts?.sn === sn).flatMap(({ trace }) => trace.exchanges);
    const kept = stored.filter((trace) => trace.attempt === id).flatMap(({ exchanges }) => exchanges);
    const [ofLane, ofStore] = [live.filter(within), kept.filter(within)];
    const exchanges = ofLane.length >= ofStore.length ? ofLane : ofStore;
    const failure = endOf(asked);
    return { at: startedAt, link, sn, outcome, ...(failure ? { failure } : {}), exchanges };
  });
}

/**
 * The failure with which the load ended. It remains even if the unit is later found to have no
 * receipt. Only a load that was interrupted without a failure ends with `no-receipt`.
 */
function endOf(steps: readonly StepEntry[]): Failure | undefined {
  let end: Failure | undefined;
  for (const entry of steps) {
    if (entry.step === 'failure') end = entry.failure;
    if (entry.step === 'not-imported') end ??= { code: 'no-receipt' };
    if (entry.step === 'verify') end = undefined;
  }
  return end;
}
