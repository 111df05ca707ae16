// The tokens of this station: the vaults in the browser's storage, and a card that is attached.
import type { Interruptible, ReloadObstacle } from '../page/page-update.svelte.ts';
import type { CardSession } from './card-session.svelte.ts';
import type { Vaults } from './vaults.svelte.ts';

export class Tokens implements Interruptible {
  readonly card: CardSession;
  readonly vaults: Vaults;

  constructor(card: CardSession, vaults: Vaults) {
    this.card = card;
    this.vaults = vaults;
  }

  get obstacle(): ReloadObstacle | undefined {
    const { card, vaults } = this;
    const isCardBusy = card.phase.is === 'reading' || card.isChecking;
    if (isCardBusy || vaults.unlockingId || vaults.returningId || vaults.isConfirming) return 'token';
    return vaults.hasUnsavedJournal ? 'journal' : undefined;
  }
}
