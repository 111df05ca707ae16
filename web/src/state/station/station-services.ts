// The services that the station uses. web/src/app/services.ts creates them.
import type { Journal } from '../../journal/journal.ts';
import type { Leases } from '../../transport/leases.ts';
import type { Link } from '../../transport/link.ts';
import type { Links } from '../../transport/links.ts';
import type { AsAccount } from '../session/session.svelte.ts';
import type { Lane } from './lane.svelte.ts';
import type { LaneOptions } from './lane-options.ts';

export interface StationServices {
  readonly journal: Pick<Journal, 'begin' | 'append' | 'flush' | 'get' | 'list' | 'lostAt' | 'unsettled'>;
  readonly links: Pick<Links, 'chooseUsb' | 'chooseSerial' | 'remembered' | 'onChange'>;
  readonly as: AsAccount;
  readonly leases: Pick<Leases, 'open' | 'take' | 'isRequested' | 'onRequest'>;
  /** The clock of the AS. */
  readonly now: () => Date;
  readonly makeLane: (link: Link, options: LaneOptions) => Lane;
}
