// Starts to store the traces of attempts after the first failure, so that the page does not load
// this code before the first key.
import { once } from '../state/common/once.ts';
import type { Station } from '../state/station/station.svelte.ts';
import { ignoreFetchFailure } from '../transport/lazy-part.ts';

/**
 * Calls `keep`, which loads the code, once a lane shows a failure. If the code cannot be fetched, the
 * next change of a lane tries again.
 */
export function keepTraces(station: Pick<Station, 'lanes' | 'onActivity'>, keep: () => Promise<void>): void {
  const start = once(keep);
  station.onActivity(() => {
    if (station.lanes.some(({ phase }) => 'failure' in phase)) start().catch(ignoreFetchFailure);
  });
}
