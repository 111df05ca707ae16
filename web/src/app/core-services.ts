// The services that order-services.ts and token-services.ts both use.
import type { RemoteAs } from '../as-client/remote-as.ts';
import type { Database } from '../journal/database.ts';
import type { Journal } from '../journal/journal.ts';
import type { StationSite } from './site.ts';

export interface CoreServices {
  readonly database: Database;
  readonly journal: Journal;
  readonly as: RemoteAs;
  /** Returns undefined if there is no site file, or if it has not arrived yet. */
  readonly site: () => StationSite | undefined;
}
