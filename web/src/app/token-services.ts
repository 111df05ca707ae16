// The ASs that are here: vaults in this browser, a token card on a cable. Put together when the operator first asks for them. Is handed what
// belongs to the browser.
import { Passkeys } from '../as-client/passkeys.ts';
import { VaultReturns } from '../as-client/vault-returns.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import { spawnWorker } from '../browser/trusted-script.ts';
import { once } from '../state/common/once.ts';
import { IDLE_LIMITS, type Work, watchInactivity } from '../state/page/inactivity.ts';
import type { Session } from '../state/session/session.svelte.ts';
import { CardSession } from '../state/tokens/card.svelte.ts';
import { returnVaultJournal } from '../state/tokens/vault-return.ts';
import { Vaults } from '../state/tokens/vaults.svelte.ts';
import { Links } from '../transport/links.ts';
import { PROFILES } from '../transport/profiles.ts';
import { pinnedRoots } from '../trust-store/pinned-roots.ts';
import { VaultStore } from '../vault-store/vault-store.ts';
import vaultWorkerUrl from '../vault-worker/vault.worker.ts?worker&url';
import { timer } from './alarms.ts';
import type { CoreServices } from './order-services.ts';
import type { Environment } from './services.ts';

export type { CardSession } from '../state/tokens/card.svelte.ts';
export type { SavedFile, ShelvedVault, Vaults } from '../state/tokens/vaults.svelte.ts';

export interface Sources {
  readonly card: CardSession;
  readonly vaults: Vaults;
}

export function openSources(
  outside: Environment,
  { database, journal, as }: CoreServices,
  session: Session,
  work: Work,
): Sources {
  const { usb, serial, credentials, platform, ticks, now, locks } = outside;
  const links = new Links({ usb, serial, platform, profiles: PROFILES, role: 'token', timer, now: ticks });
  const store = once(() => VaultStore.open(indexedDB));
  const returns = new VaultReturns(as);
  const vaults = new Vaults({
    session,
    store,
    roots: () => pinnedRoots(database),
    verify: verifyWith(crypto.subtle),
    makeWorker: () => spawnWorker(vaultWorkerUrl),
    passkeys: new Passkeys(credentials, location.hostname),
    locks,
    now,
    giveBack: async (vault, signed) => returnVaultJournal({ returns, store: await store(), journal }, vault, signed),
    watchInactivity: (onIdle) => watchInactivity(document, IDLE_LIMITS, work, onIdle),
  });
  return { card: new CardSession(links, session, now), vaults };
}
