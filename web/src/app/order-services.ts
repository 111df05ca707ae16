// What work orders need beyond the station itself. Put together when the operator first asks for them. Is handed what belongs to the browser.
import type { RemoteAs } from '../as-client/remote-as.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import { WorkOrders } from '../as-client/work-orders.ts';
import type { Database } from '../journal/database.ts';
import type { Journal } from '../journal/journal.ts';
import { WorkOrderStore } from '../journal/work-orders.ts';
import { Orders } from '../state/orders/order-list.svelte.ts';
import { Feedback } from '../state/page/feedback.svelte.ts';
import { Verification } from '../state/report/verification.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';
import type { Environment } from './services.ts';

export interface CoreServices {
  readonly database: Database;
  readonly journal: Journal;
  readonly as: RemoteAs;
}

export function openOrders(outside: Environment, { database, journal, as }: CoreServices, station: Station): Orders {
  const { now, ticks, storage, kept, vibrate, isTouched } = outside;
  const sound = (): AudioContext | undefined => (typeof AudioContext === 'undefined' ? undefined : new AudioContext());
  const pinned = () => database.run(['trust'], 'readonly', (transaction) => transaction.objectStore('trust').getAll());
  return new Orders({
    station,
    remote: new WorkOrders(as),
    store: new WorkOrderStore(database, now),
    journal,
    signals: new Feedback({ sound, vibrate, isTouched, kept }),
    verification: new Verification(pinned, verifyWith(crypto.subtle)),
    storage,
    kept,
    now,
    ticks,
    head: () => (as.auditHead ? { sequence: as.auditHead.sequence, hash: as.auditHead.hash } : null),
    app: readBuild,
  });
}

/** The page's own build; the sources under development have none. */
async function readBuild(): Promise<{ readonly version: string; readonly build: string }> {
  const answer = await fetch('/build.json').catch(() => undefined);
  if (!answer?.ok) return { version: 'development', build: 'development' };
  const { version, hash } = (await answer.json()) as { readonly version: string; readonly hash: string };
  return { version, build: hash };
}
