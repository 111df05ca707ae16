// The services that the services for work orders and tokens share.
import type { RemoteAs } from '../as-client/remote-as.ts';
import type { Database } from '../journal/database.ts';
import type { Journal } from '../journal/journal.ts';

export interface CoreServices {
  readonly database: Database;
  readonly journal: Journal;
  readonly as: RemoteAs;
}
