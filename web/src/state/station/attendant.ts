// Interface between the station and the run of a work order: the station reports each unit, the run
// loads it.
import type { Lane } from './lane.svelte.ts';

/** Loads the units that are attached while a work order is open. */
export interface Attendant {
  /**
   * The station calls this after a unit was attached: its identity is read, and its open attempts
   * are settled as far as possible.
   */
  arrive(lane: Lane): Promise<void>;
  /**
   * The station calls this after the operator has signed in, when the open attempts of all attached
   * units are settled as far as possible.
   */
  recover(): Promise<void>;
  /** The station calls this when a second unit with the serial number `sn` was attached. */
  refuseDuplicate(sn: string): Promise<void>;
  readonly progress: OrderProgress;
}

/** Numbers of units of the open order, for views other than the order board. */
export interface OrderProgress {
  readonly id: string;
  readonly done: number;
  readonly total: number;
  readonly failed: number;
}
