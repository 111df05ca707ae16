// What a work order makes of the unit on one lane: the one thing that the board shows of it besides the lane itself.
import type { Refusal, UnitRow } from '../../journal/order-record.ts';
import type { Failure } from '../common/failure.ts';
import type { Lane } from '../station/lane.svelte.ts';

export type WorkPhase =
  /** It is being looked at. */
  | { readonly is: 'arriving' }
  /** The order, the operator or the AS is waited for. */
  | { readonly is: 'held' }
  | { readonly is: 'scan' }
  /** The unit was done and does not show it: a person says why it is to be loaded again. */
  | { readonly is: 'reason' }
  | { readonly is: 'loading'; readonly line: number; readonly lines: number }
  | { readonly is: 'done'; readonly how: 'loaded' | 'had-all' | 'rehearsed' }
  | { readonly is: 'refused'; readonly refusal: Refusal }
  | { readonly is: 'aside'; readonly reason: string }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'unknown'; readonly failure: Failure };

export class UnitProgress {
  phase = $state.raw<WorkPhase>({ is: 'arriving' });
  /** Milliseconds from the first line to the last. */
  took = $state.raw(0);
  readonly lane: Lane;
  readonly sn: string;
  /** By which it was here last: another one is another plugging in. */
  link: number;
  /** As the journal has it, and as it was counted. */
  row: UnitRow | undefined;
  /** What the operator scanned or typed was this unit's number. */
  isScanned = false;
  /** Why it is loaded again, in the operator's words. */
  reason: string | undefined;

  constructor(lane: Lane, sn: string) {
    this.lane = lane;
    this.sn = sn;
    this.link = lane.link.id;
  }
}
