// Progress of one unit of a work order in its lane. The run of the order changes it; the order
// board shows it.
import { lists, type OrderLine, type WorkOrder } from '#protocol/orders/order.ts';
import type { OrderEvent, Refusal, UnitRow } from '../../journal/order-record.ts';
import { storedReason } from '../common/entered-text.ts';
import type { Failure } from '../common/failure.ts';
import { ReasonDraft } from '../common/reason-draft.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';
import { ASK_OPERATOR, isSystemFailure, repeatReason } from './order-rules.ts';

export type UnitPhase =
  /** The identity and the row of the unit are being read. */
  | { readonly is: 'arriving' }
  /** The order has not been started, no operator is signed in, or the AS cannot be used. */
  | { readonly is: 'waiting' }
  /** The operator must scan the label. */
  | { readonly is: 'scan' }
  /**
   * The operator must enter the reason for loading the unit again, because the journal has none.
   */
  | { readonly is: 'reason' }
  /** `line` counts from 0. */
  | { readonly is: 'loading'; readonly line: number; readonly lines: number }
  | { readonly is: 'done'; readonly how: 'loaded' | 'had-all' | 'rehearsed' }
  | { readonly is: 'refused'; readonly refusal: Refusal }
  /** The operator has set the unit aside. */
  | { readonly is: 'aside'; readonly reason: string }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'unknown'; readonly failure: Failure };

export class UnitProgress {
  #phase = $state.raw<UnitPhase>({ is: 'arriving' });
  #duration = $state.raw(0);
  #row: UnitRow | undefined;
  /** The unit has no row here, and the AS lists it as done. */
  #isElsewhere = false;
  #linkId: number;
  #isScanned = false;
  #isRecording = false;
  #reason: string | undefined;
  /** The reason that the operator is typing for this unit. */
  readonly draft = new ReasonDraft();
  readonly lane: Lane;
  /** 32 hex digits. */
  readonly sn: string;

  constructor(lane: Lane, sn: string) {
    this.lane = lane;
    this.sn = sn;
    this.#linkId = lane.link.id;
  }

  get phase(): UnitPhase {
    return this.#phase;
  }

  /** The failure that the phase contains; undefined if it contains none. */
  get failure(): Failure | undefined {
    return 'failure' in this.#phase ? this.#phase.failure : undefined;
  }

  /** Whether the unit is being loaded, or only the operator can try it again. */
  get isSettledOrLoading(): boolean {
    const isUnitFailure = this.#phase.is === 'failed' && !isSystemFailure(this.#phase.failure);
    return isUnitFailure || ['done', 'refused', 'aside', 'loading'].includes(this.#phase.is);
  }

  /** Ends a phase in which the unit waits for the operator or is being read. */
  interrupt(): void {
    if (['arriving', 'scan', 'reason'].includes(this.#phase.is)) this.#phase = { is: 'waiting' };
  }

  /** Time from the start of the first line to the end of the last, in milliseconds. */
  get duration(): number {
    return this.#duration;
  }

  /** The unit's row as last read or written. */
  get row(): UnitRow | undefined {
    return this.#row;
  }

  /** Id of the unit's link. Another id means that the unit was plugged in again. */
  get linkId(): number {
    return this.#linkId;
  }

  /** Whether the operator scanned or typed the serial number of this unit. */
  get isScanned(): boolean {
    return this.#isScanned;
  }

  /** Whether the unit is done, here or at another station. */
  get isDone(): boolean {
    return this.#isElsewhere || this.#row?.state === 'done';
  }

  /**
   * State of a unit of the order that is attached, and whose load has not begun. `ready`: the unit
   * waits for its load. `failed`: it cannot be loaded as it is. Undefined for any other unit.
   */
  get unloaded(): 'ready' | 'failed' | undefined {
    if (this.#row !== undefined || this.isDone) return undefined;
    switch (this.#phase.is) {
      case 'waiting':
      case 'scan':
        return 'ready';
      case 'failed':
        return 'failed';
      case 'refused':
        return this.#phase.refusal === 'unlisted' ? undefined : 'failed';
      default:
        return undefined;
    }
  }

  /** Whether the operator must enter a reason before `lines` may be loaded. */
  needsReason(lines: readonly OrderLine[]): boolean {
    if (this.#reason !== undefined) return false;
    return this.isDone || lines.some((line) => repeatReason(this.#row, line) === ASK_OPERATOR);
  }

  /**
   * Returns the reason for exporting a key again: the operator's reason or, if there is none, the
   * reason in the row. Returns undefined for the first export. `row` and `wasDone` describe the
   * unit before the load.
   */
  reasonFor(line: OrderLine, row: UnitRow | undefined, wasDone: boolean): string | undefined {
    const recorded = wasDone ? ASK_OPERATOR : repeatReason(row, line);
    if (recorded === undefined) return undefined;
    const reason = this.#reason ?? (recorded === ASK_OPERATOR ? undefined : recorded);
    return reason === undefined ? undefined : storedReason(reason);
  }

  enter(phase: UnitPhase): void {
    this.#phase = phase;
  }

  /** Enters the phase that the unit's row records. Called when the order has ended. */
  showRow(): void {
    const { state, failure, aside, reason = '' } = this.#row ?? {};
    if (aside) this.enter({ is: 'aside', reason });
    else if (state === 'done') this.enter({ is: 'done', how: 'had-all' });
    else this.enter(state === 'failed' && failure ? { is: 'failed', failure } : { is: 'waiting' });
  }

  measure(duration: number): void {
    this.#duration = duration;
  }

  setLink(id: number): void {
    this.#linkId = id;
  }

  /** `isElsewhere`: the AS lists the unit as done, and this station has no row of it. */
  setRow(row: UnitRow | undefined, isElsewhere = false): void {
    this.#row = row;
    this.#isElsewhere = isElsewhere;
  }

  /**
   * Calls `record` to record that the label matches. If `record` rejects, the label must be scanned
   * again. A call while the match is being recorded has no effect.
   */
  async confirmLabel(record: (event: OrderEvent) => Promise<unknown>): Promise<void> {
    if (this.#isRecording) return;
    this.#isRecording = true;
    try {
      await record({ step: 'label-matched', sn: this.sn });
      this.#isScanned = true;
    } finally {
      this.#isRecording = false;
    }
  }

  setReason(reason: string | undefined): void {
    this.#reason = reason;
  }
}

/** Returns the serial numbers of the attached units of the order whose load has not begun. */
export function unloadedUnits(order: WorkOrder, units: readonly UnitProgress[]): readonly string[] {
  return units.filter(({ sn, unloaded }) => unloaded !== undefined && lists(order, sn)).map(({ sn }) => sn);
}
