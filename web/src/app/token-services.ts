// Creates the services for vaults and cards when the operator first opens them. Makes the browser ask
// for confirmation before the operator leaves the page and loses the only journal of a lost vault.
import { Passkeys } from '../as-client/passkeys.ts';
import { VaultReturns } from '../as-client/vault-returns.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import { spawnWorker } from '../browser/trusted-script.ts';
import { withPrefix } from '../journal/indexed-db.ts';
import { once } from '../state/common/once.ts';
import { IDLE_LIMITS, type StationActivity, watchInactivity } from '../state/page/inactivity.ts';
import type { Session } from '../state/session/session.svelte.ts';
import { CardSession } from '../state/tokens/card-session.svelte.ts';
import { ImportedVaults } from '../state/tokens/imported-vaults.ts';
import { Tokens } from '../state/tokens/tokens.ts';
import { returnVaultJournal } from '../state/tokens/vault-return.ts';
import { Vaults } from '../state/tokens/vaults.svelte.ts';
import { PROFILES } from '../transport/device-profiles.ts';
import { Links } from '../transport/links.ts';
import { pinnedRoots } from '../trust-store/pinned-roots.ts';
import { VaultStore } from '../vault-store/vault-store.ts';
import vaultWorkerUrl from '../vault-worker/vault.worker.ts?worker&url';
import type { CoreServices } from './core-services.ts';
import type { Environment } from './environment.ts';
import { timer } from './timer.ts';

export function openTokens(
  environment: Environment,
  { database, journal, as, site }: CoreServices,
  session: Session,
  activity: StationActivity,
  settle: () => Promise<void>,
): Tokens {
  const { platform, ticks, now, clockOffset, storagePrefix, toReturn, settings } = environment;
  const { usb, serial, credentials, locks } = environment.browser;
  const links = new Links({
    usb,
    serial,
    platform,
    profiles: () => site()?.profiles ?? PROFILES,
    role: 'token',
    timer,
    now: ticks,
  });
  const store = once(async () => {
    const opened = await VaultStore.open(withPrefix(indexedDB, storagePrefix));
    opened.onClosed(() => void vaults.read());
    return opened;
  });
  const returns = new VaultReturns(as);
  const vaults: Vaults = new Vaults({
    session,
    store,
    roots: () => pinnedRoots(database),
    verify: verifyWith(crypto.subtle),
    // The worker opens its own databases and uses the clock of this computer. The name of the
    // worker passes it two values: the time of the AS minus the time of this computer, in
    // milliseconds, and the prefix of the database names.
    makeWorker: () => spawnWorker(vaultWorkerUrl, `${clockOffset()} ${storagePrefix}`),
    passkeys: new Passkeys(credentials, location.hostname),
    locks,
    now,
    toReturn,
    imported: new ImportedVaults(settings),
    returnJournal: async (vault, signed) =>
      returnVaultJournal({ returns, store: await store(), journal }, vault, signed),
    watchInactivity: (onIdle) => watchInactivity(document, IDLE_LIMITS, activity, onIdle, now),
  });
  addEventListener('beforeunload', (event) => {
    if (vaults.hasUnsavedJournal) event.preventDefault();
  });
  return new Tokens(new CardSession(links, session, now, settle), vaults);
}
