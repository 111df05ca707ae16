// The data of one load in a lane: the part that the page shows, the part that a work order
// determines, and the request to the AS.
import type { AttachedUnit } from '#protocol/provisioning/attached-unit.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import type { SetJson } from '#protocol/service/messages.ts';
import type { SuiteId } from '#protocol/tkl/suites.ts';
import type { NewAttempt } from '../../journal/attempt.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import type { SignedIn } from '../session/session.svelte.ts';
import { type KeyAction, keyActionOf } from './key-action.ts';
import type { Chosen } from './key-choice.svelte.ts';
import type { LoadStatus } from './load-attempt.ts';
import type { UnitFacts } from './unit-facts.ts';

/** The load to which the phase of a lane refers. */
export interface LaneLoad {
  readonly label: string;
  readonly kcv: string;
  readonly ref2: number;
  readonly action: KeyAction;
  /**
   * Equal for two loads with the same key, slot, unit and AS. Undefined for a load of a work order,
   * because the run repeats such loads, not the operator.
   */
  readonly identity: string | undefined;
}

/** The part of a load that a work order determines. */
export interface OrderLoad {
  /** Id of the order at the AS. */
  readonly workOrder: string;
  /** Number of the order's hash chain in the journal. */
  readonly orderChain: number;
  /** The only permitted suite; null permits every suite. */
  readonly suite: SuiteId | null;
  /** Reason for exporting the key to this unit again. */
  readonly reason?: string | undefined;
  /** Returns the unit's row in the order for a load that has reached `status`. */
  readonly row: (status: LoadStatus) => UnitRow | undefined;
}

/** Returns LaneLoad.identity for an attempt. */
function loadIdentity(attempt: LoadIdentity): string | undefined {
  const { sn, set, ref1, akv, kcv, ref2, service, workOrder } = attempt;
  return workOrder === undefined ? [sn, set, ref1, akv, kcv, ref2, service].join() : undefined;
}

/** Returns LaneLoad.identity for a choice of key and slot without a work order. */
export function identityOf({ key, slot }: Chosen, { sn, set }: UnitFacts, service: string): string | undefined {
  const { ref1, akv, kcv } = key;
  return loadIdentity({ sn, set, ref1, akv, kcv, ref2: slot.ref2, service });
}

type LoadIdentity = Pick<NewAttempt, 'sn' | 'set' | 'ref1' | 'akv' | 'kcv' | 'ref2' | 'service' | 'workOrder'>;

/**
 * Returns the suites that the AS supports for the unit's version of T. If the order names a suite,
 * returns only that suite, or none if the AS does not support it.
 */
export function suitesFor(
  { transportKeys }: SetJson,
  { identity }: AttachedUnit,
  orderLoad?: Pick<OrderLoad, 'suite'>,
): readonly SuiteId[] {
  const suites = transportKeys.find(({ tkv }) => tkv === identity.tkv)?.suites ?? [];
  return suites.filter((suite) => (orderLoad?.suite ?? suite) === suite);
}

export function loadRequest(
  { ref1, ref2, idempotencyKey, workOrder, reason }: NewAttempt,
  suites: readonly SuiteId[],
  unused?: ExportRequest,
): LoadRequest {
  const named = workOrder === undefined ? {} : { workOrder };
  const explained = reason === undefined ? {} : { reason };
  return { ref1, ref2, idempotencyKey, suites, sign: false, ...named, ...explained, unused };
}

/**
 * Returns the attempt for a load that sends an unused request again (unused-export.ts). The attempt
 * gets the idempotency key and the reason of that request, because the AS has recorded them.
 */
export function asSent(attempt: NewAttempt, { idempotencyKey, reason }: ExportRequest): NewAttempt {
  const { reason: _, ...rest } = attempt;
  return { ...rest, idempotencyKey, ...(reason === undefined ? {} : { reason }) };
}

/** The part of an attempt that depends on the chosen key, the slot and the work order. */
export type AttemptDetails = Pick<
  NewAttempt,
  'ref1' | 'ref2' | 'keyLabel' | 'akv' | 'kcv' | 'demo' | 'workOrder' | 'order' | 'reason'
>;

export function newAttempt(
  { sn, set, tkv, profile }: UnitFacts,
  link: NewAttempt['link'],
  details: AttemptDetails & Pick<NewAttempt, 'operator' | 'service' | 'idempotencyKey'>,
): NewAttempt {
  return { ...details, link, sn, set, tkv, profile };
}

/** Returns what the lane shows of an attempt. */
export function laneLoad(attempt: NewAttempt): LaneLoad {
  const { keyLabel: label, kcv, ref2 } = attempt;
  return { label, kcv, ref2, action: keyActionOf(ref2, kcv), identity: loadIdentity(attempt) };
}

/** Returns the part of an attempt that depends on the chosen key, the slot and the work order. */
export function detailsOf({ set, key, slot }: Chosen, { service }: SignedIn, orderLoad?: OrderLoad): AttemptDetails {
  const { ref1, label: keyLabel, akv, kcv } = key;
  const details = { ref1, ref2: slot.ref2, keyLabel, akv, kcv, demo: service.demo || set.demo };
  if (orderLoad === undefined) return details;
  const { workOrder, orderChain: order, reason } = orderLoad;
  return { ...details, workOrder, order, ...(reason === undefined ? {} : { reason }) };
}
