// The instances that main.ts made, as every component finds them.
import { createContext } from 'svelte';
import type { Desk } from '../../state/page/preferences.svelte.ts';
import type { Station } from '../../state/station/station.svelte.ts';

/** What is being typed while another view is looked at. Never reactive, never stored. */
export interface Draft {
  code: string;
}

export interface AppContext {
  readonly station: Station;
  readonly desk: Desk;
}

export const [appContext, setAppContext] = createContext<AppContext & { readonly draft: Draft }>();
