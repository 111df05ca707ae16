// Interface between the station and the run of a work order: the station reports each unit, the run
// loads it.
import type { Lane } from './lane.svelte.ts';

/** Loads the units that are attached while a work order is open. */
export interface UnitLoader {
  /**
   * The station calls this for each unit that is attached, after reading its identity and settling
   * its open attempts as far as possible.
   */
  arrive(lane: Lane): Promise<void>;
  /**
   * The station calls this after each sign-in, once it has settled the open attempts of all
   * attached units as far as possible.
   */
  recover(): Promise<void>;
  /** The station calls this when a second unit with the serial number `sn` was attached. */
  refuseDuplicate(sn: string): Promise<void>;
  readonly progress: OrderProgress;
}

/** Unit counts of the open order, for views other than the order board. */
export interface OrderProgress {
  readonly id: string;
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  /** Whether the run loads each unit that is attached. */
  readonly isRunning: boolean;
}
