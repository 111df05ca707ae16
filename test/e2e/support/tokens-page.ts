// The Tokens view as an operator uses it: vault files and the AS token card.
import { expect, type Locator, type Page } from '@playwright/test';
import type { TokenDescription } from '#device-sim/setup/token-description.ts';
import { PIN } from './cards.ts';
import type { IssuedVault } from './vaults.ts';

export class TokensPage {
  readonly page: Page;
  /** Heading of the card or vault panel, which contains its state. */
  readonly heading: Locator;

  constructor(page: Page) {
    this.page = page;
    this.heading = page.getByRole('main').getByRole('heading', { level: 3 });
  }

  async open(source: 'Remote AS' | 'Vault file' | 'AS token card'): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: 'Tokens' }).click();
    await this.page.getByRole('radio', { name: source }).check();
  }

  async attachCard(kind: 'USB' | 'serial', sn: string): Promise<void> {
    await this.page.evaluate((choice) => window.keyferrySimulator?.nextChoice(choice), sn);
    await this.page.getByRole('button', { name: `Attach card by ${kind}` }).click();
    await expect(this.page.getByText(/\d (try|tries) left/)).toBeVisible();
  }

  /** Attaches and unlocks a card, then opens the station view. */
  async useCard(kind: 'USB' | 'serial', { sn, pin = PIN }: Pick<TokenDescription, 'sn' | 'pin'>): Promise<void> {
    await this.open('AS token card');
    await this.attachCard(kind, sn);
    await this.enterPin(pin);
    await this.expectHeading('Unlocked');
    await this.goToStation();
  }

  async enterPin(pin: string): Promise<void> {
    await this.page.getByLabel('PIN of the card').fill(pin);
    await this.page.getByRole('button', { name: 'Unlock card' }).click();
  }

  async importVault(text: string): Promise<void> {
    const file = { name: 'vault.json', mimeType: 'application/json', buffer: Buffer.from(text) };
    await this.page.getByLabel('Add vault file').setInputFiles(file);
  }

  /** Imports and unlocks a vault. */
  async openVault({ text, passphrase }: IssuedVault): Promise<void> {
    await this.importVault(text);
    await this.unlockVault(passphrase);
    await this.expectHeading('Unlocked: vault');
  }

  async lockVault(): Promise<void> {
    await this.page.getByRole('button', { name: 'Lock vault' }).click();
    await this.expectHeading('Locked: vault');
  }

  async unlockVault(passphrase: string): Promise<void> {
    await this.page.getByLabel(/^Passphrase of vault/).fill(passphrase);
    await this.page.getByRole('button', { name: 'Unlock vault', exact: true }).click();
  }

  async expectHeading(words: string | RegExp): Promise<void> {
    await expect(this.heading.filter({ hasText: words })).toBeVisible({ timeout: 30_000 });
  }

  async goToStation(): Promise<void> {
    await this.page.getByRole('link', { name: 'Go to station' }).click();
  }
}
