// Creates the services for work orders when the operator first opens the view of orders.
import { verifyWith } from '../as-client/web-crypto.ts';
import { WorkOrders } from '../as-client/work-orders.ts';
import { WorkOrderStore } from '../journal/work-orders.ts';
import { Orders } from '../state/orders/orders.svelte.ts';
import { Feedback } from '../state/page/feedback.svelte.ts';
import { Verification } from '../state/report/verification.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';
import { readApp } from './build-info.ts';
import type { CoreServices } from './core-services.ts';
import type { Environment } from './environment.ts';

export function openOrders(
  environment: Environment,
  { database, journal, as, site }: CoreServices,
  station: Station,
): Orders {
  const { browser, now, ticks, settings, wordsOf } = environment;
  const vibrate = (pattern: number[]): void => void browser.vibrate?.(pattern);
  // Browsers block sound before the operator has clicked or typed.
  const isActivated = (): boolean => browser.userActivation?.hasBeenActive === true;
  const sound = (): AudioContext | undefined => (typeof AudioContext === 'undefined' ? undefined : new AudioContext());
  const pinned = () => database.read(['trust'], (transaction) => transaction.objectStore('trust').getAll());
  return new Orders({
    station,
    remote: new WorkOrders(as),
    store: new WorkOrderStore(database, now),
    journal,
    feedback: new Feedback({ sound, vibrate, isActivated, settings }),
    verification: new Verification(pinned, verifyWith(crypto.subtle)),
    storage: browser.storage,
    settings,
    now,
    ticks,
    scansLabels: () => site()?.settings?.policy.scanLabels === true,
    startsAlone: () => site()?.settings?.policy.autoRun === true,
    presence: document,
    onOnline: (listener) => addEventListener('online', listener),
    head: () => (as.auditHead ? { sequence: as.auditHead.sequence, hash: as.auditHead.hash } : null),
    app: readApp,
    wordsOf,
  });
}
