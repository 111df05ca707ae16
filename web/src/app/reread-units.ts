// Uses the device profiles of a site file that the page accepts while units are attached.
import type { Lane } from '../state/station/lane.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';

export type RereadStation = Pick<Station, 'lanes' | 'reread' | 'refresh'>;

/**
 * Reads the units again whose profile has changed, and attaches those that only a profile of the
 * site names. A lane in use, or with a result on it, uses the new profile when it next opens its link.
 */
export async function rereadUnits(station: RereadStation): Promise<void> {
  const isIdle = ({ attached, phase: { is }, isInOtherTab }: Lane): boolean =>
    attached && (is === 'ready' || is === 'unread') && !isInOtherTab;
  for (const lane of [...station.lanes]) {
    // A load can begin while another unit is read.
    if (!lane.link.isStale || !isIdle(lane)) continue;
    await lane.close();
    await station.reread(lane);
  }
  await station.refresh();
}
