// The ASs that are here: vaults in this browser, a token card on a cable. Put together when the operator first asks for them. Is handed what
// belongs to the browser.
import { verifyWith } from '../source/web-crypto.ts';
import type { Database } from '../store/database.ts';
import { pinnedRoots } from '../store/vault-roots.ts';
import { VaultStore } from '../store/vault-store.ts';
import { Links } from '../transport/links.ts';
import { PROFILES } from '../transport/profiles.ts';
import { spawnWorker } from '../worker/spawn.ts';
import vaultWorkerUrl from '../worker/vault.worker.ts?worker&url';
import { CardDesk } from './card-desk.svelte.ts';
import { IDLE_LIMITS, watchIdle } from './idle.ts';
import type { Session } from './session.svelte.ts';
import { timer } from './timer.ts';
import { VaultDesk } from './vault-desk.svelte.ts';
import type { Outside } from './works.ts';

export type { CardDesk } from './card-desk.svelte.ts';
export type { SavedFile, ShelvedVault, VaultDesk } from './vault-desk.svelte.ts';

export interface Sources {
  readonly card: CardDesk;
  readonly vaults: VaultDesk;
}

export function openSources(outside: Outside, database: Database, session: Session, isBusy: () => boolean): Sources {
  const { usb, serial, platform, ticks, now, locks } = outside;
  const links = new Links({ usb, serial, platform, profiles: PROFILES, role: 'token', timer, now: ticks });
  let store: Promise<VaultStore> | undefined;
  const vaults = new VaultDesk({
    session,
    store: () => {
      store ??= VaultStore.open(indexedDB);
      return store;
    },
    roots: () => pinnedRoots(database),
    verify: verifyWith(crypto.subtle),
    makeWorker: () => spawnWorker(vaultWorkerUrl),
    locks,
    now,
    watchIdle: (onIdle) => watchIdle(document, IDLE_LIMITS, isBusy, onIdle),
  });
  return { card: new CardDesk(links, session, now), vaults };
}
