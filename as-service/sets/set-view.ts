// A set without its keys, for GET /v1/keys and the headers of vaults.
import type { SetJson } from '#protocol/service/messages.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import type { SetState } from '../storage/state.ts';
import { isDemoSet } from './demo-sets.ts';
import { viewEntry } from './entry-view.ts';
import { keyStatus } from './key-status.ts';

/** Omits the entries that the AS does not export. */
export function viewSet(found: SetState): SetJson {
  const { set, name, profile, transportKeys, keys } = found;
  return {
    set,
    name,
    profile,
    demo: isDemoSet(set),
    transportKeys: transportKeys.map(({ tkv, family }) => ({
      tkv,
      suites: Object.values(SUITES)
        .filter((suite) => suite.family === family)
        .map(({ id }) => id),
    })),
    keys: keys
      .filter((entry) => keyStatus(entry) === 'enabled')
      .map((entry) => {
        const { ref1, label, akv, slot } = entry;
        const { attributes, kcv } = viewEntry(found, entry);
        return { ref1, label, attributes, akv, slot, kcv };
      }),
  };
}
