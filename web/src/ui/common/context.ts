// The objects that main.ts creates, available to every component.
import { createContext } from 'svelte';
import type { Help } from '../../state/help/help.svelte.ts';
import type { Orders } from '../../state/orders/orders.svelte.ts';
import type { PageHealth } from '../../state/page/page-health.svelte.ts';
import type { Preferences } from '../../state/page/preferences.svelte.ts';
import type { AsClock } from '../../state/session/as-clock.svelte.ts';
import type { JournalsToReturn } from '../../state/session/journals-to-return.svelte.ts';
import type { Station } from '../../state/station/station.svelte.ts';
import type { Tokens } from '../../state/tokens/tokens.ts';

/**
 * The partly typed access code. It must survive a change of view, but is neither reactive nor
 * stored.
 */
export interface Draft {
  code: string;
}

export interface AppContext {
  readonly station: Station;
  readonly preferences: Preferences;
  readonly health: PageHealth;
  readonly asClock: AsClock;
  readonly toReturn: JournalsToReturn;
  /** Creates the object at the first call. Every call resolves with the same object. */
  readonly orders: () => Promise<Orders>;
  /** Creates the object at the first call. Every call resolves with the same object. */
  readonly tokens: () => Promise<Tokens>;
  /** Creates the object at the first call. Every call resolves with the same object. */
  readonly help: () => Promise<Help>;
}

export const [appContext, setAppContext] = createContext<Omit<AppContext, 'help'> & { readonly draft: Draft }>();
