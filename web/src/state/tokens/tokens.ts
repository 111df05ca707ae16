// The tokens of this station: the vaults in the browser's storage, and a card that is attached.
import type { CardSession } from './card-session.svelte.ts';
import type { Vaults } from './vaults.svelte.ts';

export interface Tokens {
  readonly card: CardSession;
  readonly vaults: Vaults;
}
