// Applies the device profiles of a site file to the units that were attached before the page
// accepted the file.
import type { Lane } from '../state/station/lane.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';

export type RereadStation = Pick<Station, 'lanes' | 'reread' | 'refresh'>;

/**
 * Reads again each unit whose profile has changed. Attaches each device that has a profile only in
 * the site file. A lane that is in use or shows a result uses the new profile when it next opens
 * its link.
 */
export async function rereadUnits(station: RereadStation): Promise<void> {
  const isIdle = ({ attached, phase: { is }, isInOtherTab }: Lane): boolean =>
    attached && (is === 'ready' || is === 'unread') && !isInOtherTab;
  for (const lane of [...station.lanes]) {
    // Checked for each unit, because a load can begin while another unit is read.
    if (!lane.link.isStale || !isIdle(lane)) continue;
    await lane.close();
    await station.reread(lane);
  }
  await station.refresh();
}
