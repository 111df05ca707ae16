// Unlocks a vault with a passkey: uses Chromium's WebAuthn with a virtual authenticator, with and
// without the PRF extension.
import type { CDPSession, Page } from '@playwright/test';
import type { Service } from './support/service.ts';
import { DIVERSIFIED, FIELD_KEY } from './support/sets.ts';
import type { StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';
import { enrol, issueVault, reconcileJournal, saveJournal } from './support/vaults.ts';

class Authenticator {
  readonly #session: CDPSession;
  #id = '';

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async plug(page: Page, hasPrf = true): Promise<Authenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const authenticator = new Authenticator(session);
    await authenticator.replace(hasPrf);
    return authenticator;
  }

  /** Replaces the authenticator with one that has no passkeys. */
  async replace(hasPrf = true): Promise<void> {
    if (this.#id !== '') await this.#session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.#id });
    const { authenticatorId } = await this.#session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        hasPrf,
      },
    });
    this.#id = authenticatorId;
  }

  /** Makes every user verification by the authenticator fail. */
  async failVerification(): Promise<void> {
    await this.#session.send('WebAuthn.setUserVerified', { authenticatorId: this.#id, isUserVerified: false });
  }

  async passkeys(): Promise<number> {
    const { credentials } = await this.#session.send('WebAuthn.getCredentials', { authenticatorId: this.#id });
    return credentials.length;
  }
}

const REFUSED = 'Try the passkey again, or enter the passphrase.';

/** Imports and unlocks a vault for one unit. */
async function openVault(page: Page, service: Service, station: StationPage) {
  const one = unit(DIVERSIFIED);
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.openVault(vault);
  return { one, vault, tokens };
}

async function addPasskey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add passkey' }).click();
  await expect(page.getByText('A passkey unlocks this vault in this browser.')).toBeVisible();
}

async function unlockByPasskey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Unlock with passkey' }).click();
}

test('a vault unlocked with a passkey loads a key, and its journal records the passkey', { tag: '@long' }, async ({
  page,
  service,
  station,
}) => {
  const authenticator = await Authenticator.plug(page);
  const { one, tokens } = await openVault(page, service, station);
  await addPasskey(page);
  expect(await authenticator.passkeys()).toBe(1);
  await tokens.lockVault();
  await page.reload();
  await tokens.open('Vault file');
  await unlockByPasskey(page);
  await tokens.expectHeading('Unlocked: vault');
  await tokens.goToStation();
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await tokens.open('Vault file');
  await tokens.lockVault();
  const journal = await saveJournal(page);
  const { payload } = JSON.parse(journal) as { readonly payload: string };
  expect(Buffer.from(payload, 'base64url').toString()).toContain('"by":"passkey"');
  expect(await reconcileJournal(service, journal)).toMatch(/1 export/);
});

test('a failed user verification and a missing passkey are reported, and the passphrase still unlocks the vault', {
  tag: '@long',
}, async ({ page, service, station }) => {
  const authenticator = await Authenticator.plug(page);
  const { vault, tokens } = await openVault(page, service, station);
  await authenticator.failVerification();
  await page.getByRole('button', { name: 'Add passkey' }).click();
  await expect(page.getByText(REFUSED)).toBeVisible();
  await tokens.expectHeading('Unlocked: vault');
  // After a failed verification, Chromium's virtual authenticator refuses every further one. So the
  // test replaces it.
  await authenticator.replace();
  await addPasskey(page);
  await expect(page.getByText(REFUSED)).toHaveCount(0);
  await tokens.lockVault();

  await authenticator.failVerification();
  await unlockByPasskey(page);
  await expect(page.getByText(REFUSED)).toBeVisible();
  await tokens.expectHeading('Locked: vault');
  await tokens.unlockVault(vault.passphrase);
  await tokens.expectHeading('Unlocked: vault');
  await tokens.lockVault();
  await expect(page.getByText(REFUSED)).toHaveCount(0);

  await authenticator.replace();
  await unlockByPasskey(page);
  await expect(page.getByText(REFUSED)).toBeVisible();
  await page.getByRole('button', { name: 'Remove passkey' }).click();
  await expect(page.getByRole('button', { name: 'Unlock with passkey' })).toHaveCount(0);
  await tokens.unlockVault(vault.passphrase);
  await tokens.expectHeading('Unlocked: vault');
});

test('an authenticator without the PRF extension is reported, and the vault stays unlocked', { tag: '@long' }, async ({
  page,
  service,
  station,
}) => {
  await Authenticator.plug(page, false);
  const { tokens } = await openVault(page, service, station);
  await page.getByRole('button', { name: 'Add passkey' }).click();
  await expect(page.getByText('Use the passphrase.')).toBeVisible();
  await tokens.expectHeading('Unlocked: vault');
});

test('a page at an IP address shows that a passkey needs a host name', { tag: '@long' }, async ({
  page,
  service,
  station,
}) => {
  const one = unit(DIVERSIFIED);
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  const address = new URL(service.url);
  address.hostname = '127.0.0.1';
  await page.goto(address.href);
  await station.signIn(service.token);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await tokens.open('Vault file');
  await tokens.openVault(vault);
  await expect(page.getByText('A passkey needs a host name.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add passkey' })).toHaveCount(0);
});
