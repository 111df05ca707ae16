import { expect, it } from 'vitest';
import { rereadUnits } from '#web/app/reread-units.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';

it('reads the idle units again whose profile has changed, then attaches the others', async () => {
  const calls: string[] = [];
  const lane = (label: string, more: object = {}) => ({
    ...{ attached: true, phase: { is: 'ready' }, isInOtherTab: false, link: { label, isStale: true } },
    close: async () => void calls.push(`close ${label}`),
    ...more,
  });
  const lanes = [
    lane('ready'),
    lane('unread', { phase: { is: 'unread' } }),
    lane('of the same profile', { link: { label: '', isStale: false } }),
    lane('unplugged', { attached: false }),
    lane('in another tab', { phase: { is: 'unread' }, isInOtherTab: true }),
    ...['reading', 'running', 'settling', 'done', 'unknown'].map((is) => lane(is, { phase: { is } })),
  ] as unknown as Lane[];
  await rereadUnits({
    lanes,
    reread: async ({ link }) => void calls.push(`reread ${link.label}`),
    refresh: async () => void calls.push('refresh'),
  });
  expect(calls).toEqual(['close ready', 'reread ready', 'close unread', 'reread unread', 'refresh']);
});
