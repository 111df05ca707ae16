// The services that order-services.ts and token-services.ts both use.
import type { RemoteAs } from '../as-client/remote-as.ts';
import type { Database } from '../journal/database.ts';
import type { Journal } from '../journal/journal.ts';
import type { StationSite } from './site.ts';

export interface CoreServices {
  readonly database: Database;
  readonly journal: Journal;
  readonly as: RemoteAs;
  /** Returns undefined without a site file, and until the page has it. */
  readonly site: () => StationSite | undefined;
}
