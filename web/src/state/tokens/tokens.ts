// The tokens of this station: vaults in the browser's storage, and a card on a link.
import type { CardSession } from './card-session.svelte.ts';
import type { Vaults } from './vaults.svelte.ts';

export interface Tokens {
  readonly card: CardSession;
  readonly vaults: Vaults;
}
