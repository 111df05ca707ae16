// A vault that is unlocked by a passkey: Chromium's own WebAuthn with an authenticator of its own making, which has the PRF, or has not.
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

  /** By one that holds no passkey yet. */
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

  /** From now on the operator does not prove to be himself: by no finger, face or PIN. */
  async stopRecognising(): Promise<void> {
    await this.#session.send('WebAuthn.setUserVerified', { authenticatorId: this.#id, isUserVerified: false });
  }

  async passkeys(): Promise<number> {
    const { credentials } = await this.#session.send('WebAuthn.getCredentials', { authenticatorId: this.#id });
    return credentials.length;
  }
}

const REFUSED = 'Try the passkey again, or enter the passphrase.';

/** A vault of one unit, brought in and unlocked. */
async function openVault(page: Page, service: Service, station: StationPage) {
  const one = unit(DIVERSIFIED);
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.openVault(vault);
  return { one, vault, tokens };
}

async function enrolPasskey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Unlock with a passkey from now on' }).click();
  await expect(page.getByText('A passkey opens this vault in this browser.')).toBeVisible();
}

async function unlockByPasskey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Unlock with the passkey' }).click();
}

test('a vault is unlocked by a passkey, loads a key, and its journal says so', async ({ page, service, station }) => {
  const authenticator = await Authenticator.plug(page);
  const { one, tokens } = await openVault(page, service, station);
  await enrolPasskey(page);
  expect(await authenticator.passkeys()).toBe(1);
  await tokens.lockVault();
  await page.reload(); // a station that was closed over night
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

test('an operator who is not recognised, and a passkey that is gone, are told; the passphrase opens it still', async ({
  page,
  service,
  station,
}) => {
  const authenticator = await Authenticator.plug(page);
  const { vault, tokens } = await openVault(page, service, station);
  await authenticator.stopRecognising();
  await page.getByRole('button', { name: 'Unlock with a passkey from now on' }).click();
  await expect(page.getByText(REFUSED)).toBeVisible();
  await tokens.expectHeading('Unlocked: vault');
  // Chromium's authenticator gives up on an operator whom it did not recognise.
  await authenticator.replace();
  await enrolPasskey(page);
  await expect(page.getByText(REFUSED)).toHaveCount(0);
  await tokens.lockVault();

  await authenticator.stopRecognising();
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
  await page.getByRole('button', { name: 'Forget the passkey' }).click();
  await expect(page.getByRole('button', { name: 'Unlock with the passkey' })).toHaveCount(0);
  await tokens.unlockVault(vault.passphrase);
  await tokens.expectHeading('Unlocked: vault');
});

test('an authenticator without a PRF is said to be of no use, and the vault stays open', async ({
  page,
  service,
  station,
}) => {
  await Authenticator.plug(page, false);
  const { tokens } = await openVault(page, service, station);
  await page.getByRole('button', { name: 'Unlock with a passkey from now on' }).click();
  await expect(page.getByText('Use the passphrase.')).toBeVisible();
  await tokens.expectHeading('Unlocked: vault');
});

test('a page that was opened by numbers says how a passkey could be had', async ({ page, service, station }) => {
  const one = unit(DIVERSIFIED);
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  const byNumbers = new URL(service.url);
  byNumbers.hostname = '127.0.0.1';
  await page.goto(byNumbers.href);
  await station.signIn(service.token);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await tokens.open('Vault file');
  await tokens.openVault(vault);
  await expect(
    page.getByText('To unlock with a passkey, open this page by a name instead of by numbers'),
  ).toBeVisible();
  await expect(page.getByRole('button', { name: 'Unlock with a passkey from now on' })).toHaveCount(0);
});
