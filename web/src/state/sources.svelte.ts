// The ASs that are here: vaults in this browser, a token card on a cable. Put together when the operator first asks for them. Is handed what
// belongs to the browser.
import { Passkeys } from '../source/passkeys.ts';
import { VaultReturns } from '../source/vault-returns.ts';
import { verifyWith } from '../source/web-crypto.ts';
import { pinnedRoots } from '../store/vault-roots.ts';
import { VaultStore } from '../store/vault-store.ts';
import { Links } from '../transport/links.ts';
import { PROFILES } from '../transport/profiles.ts';
import { spawnWorker } from '../worker/spawn.ts';
import vaultWorkerUrl from '../worker/vault.worker.ts?worker&url';
import { CardDesk } from './card-desk.svelte.ts';
import { IDLE_LIMITS, type Work, watchIdle } from './idle.ts';
import { once } from './once.ts';
import type { Ground } from './orders-works.ts';
import type { Session } from './session.svelte.ts';
import { timer } from './timer.ts';
import { VaultDesk } from './vault-desk.svelte.ts';
import { returnVaultJournal } from './vault-return.ts';
import type { Outside } from './works.ts';

export type { CardDesk } from './card-desk.svelte.ts';
export type { SavedFile, ShelvedVault, VaultDesk } from './vault-desk.svelte.ts';

export interface Sources {
  readonly card: CardDesk;
  readonly vaults: VaultDesk;
}

export function openSources(
  outside: Outside,
  { database, journal, as }: Ground,
  session: Session,
  work: Work,
): Sources {
  const { usb, serial, credentials, platform, ticks, now, locks } = outside;
  const links = new Links({ usb, serial, platform, profiles: PROFILES, role: 'token', timer, now: ticks });
  const store = once(() => VaultStore.open(indexedDB));
  const returns = new VaultReturns(as);
  const vaults = new VaultDesk({
    session,
    store,
    roots: () => pinnedRoots(database),
    verify: verifyWith(crypto.subtle),
    makeWorker: () => spawnWorker(vaultWorkerUrl),
    passkeys: new Passkeys(credentials, location.hostname),
    locks,
    now,
    giveBack: async (vault, signed) => returnVaultJournal({ returns, store: await store(), journal }, vault, signed),
    watchIdle: (onIdle) => watchIdle(document, IDLE_LIMITS, work, onIdle),
  });
  return { card: new CardDesk(links, session, now), vaults };
}
