// Screens of vaults and AS token cards, and of the station while it loads keys from them.
import { card, PIN } from '../e2e/support/cards.ts';
import { DIVERSIFIED } from '../e2e/support/sets.ts';
import { type IssuedVault, issueVault } from '../e2e/support/vaults.ts';
import { type Driver, type ScreenCase, unit } from './driver.ts';

const ONE = unit(1);
/**
 * Two units, each for one case only. Every case starts with a new import counter in the unit, and
 * the AS compares the import counters of all receipts of a unit.
 */
const [TWO, THREE] = [unit(42), unit(43)];
const DAY_MS = 86_400_000;
const UNLOCKED = 'main a[href="#station"]';
const PASSPHRASE = 'article input[type=password]:enabled';

/** Issues a vault, and shows the vaults on a page that has pinned the root key of the AS. */
async function showVaults(driver: Driver, one = ONE, ...options: readonly string[]): Promise<IssuedVault> {
  const vault = await issueVault(driver.service, DIVERSIFIED, [one], '--exports', '5', ...options);
  await driver.start([one]);
  await driver.signOut();
  await driver.showSource('vault');
  return vault;
}

async function lock(driver: Driver): Promise<void> {
  await driver.click(`${UNLOCKED} + button`);
  await driver.find(PASSPHRASE).waitFor();
}

async function signInAndReturnJournal(driver: Driver): Promise<void> {
  await driver.go('station');
  await driver.signIn();
  await driver.showSource('vault');
  const button = driver.button('Return journal');
  await button.waitFor();
  await driver.take('journal-to-return');
  await button.click();
}

/** Opens the page and attaches a card over USB. */
async function attachCard(driver: Driver, more: Parameters<typeof card>[1] = {}): Promise<void> {
  const token = card(DIVERSIFIED, more);
  await driver.open([ONE], { tokens: [token] });
  await driver.showSource('card');
  await driver.page.evaluate((sn) => window.keyferrySimulator?.nextChoice(sn), token.sn);
  await driver.click('main button:has(svg)');
}

const enterPin = (driver: Driver, pin: string): Promise<void> => driver.send(driver.find('main form'), pin);

export const TOKEN_CASES: Readonly<Record<string, ScreenCase>> = {
  'tokens-source': async (driver) => {
    await driver.open([]);
    for (const source of ['remote', 'vault', 'card'] as const) {
      await driver.showSource(source);
      await driver.take(source, 'main section > .panel');
    }
    await driver.go('station');
    await driver.signIn();
    await driver.go('tokens');
    await driver.take('remote-in-use', UNLOCKED);
  },

  'tokens-vault': async (driver) => {
    const vault = await showVaults(driver, TWO);
    await driver.giveFile('vault.json', '{"not": "a vault"}');
    await driver.take('file-refused', 'main [role=alert]');
    await driver.giveFile('vault.json', vault.text);
    await driver.click('article summary');
    await driver.take('imported');
    const release = await driver.hold('**/vault.worker-*');
    await driver.send(driver.find('article form'), 'passphrase is wrong');
    await driver.take('unlocking', 'article input:disabled');
    release();
    await driver.take('passphrase-wrong', 'article [role=alert]');
    await driver.send(driver.find('article form'), vault.passphrase);
    await driver.take('unlocked', UNLOCKED);
    await driver.click(UNLOCKED);
    await driver.take('station-ready', 'article.waiting input');
    await driver.load(TWO);
    await driver.take('station-done', 'article.done');
    await driver.go('tokens');
    await lock(driver);
    await driver.take('locked');
    await signInAndReturnJournal(driver);
    await driver.take('journal-returned', 'article div[role=status] p');
  },

  'tokens-findings': async (driver) => {
    const vault = await showVaults(driver, THREE);
    const { header } = JSON.parse(vault.text) as { readonly header: { readonly payload: string } };
    const { asNumber } = JSON.parse(Buffer.from(header.payload, 'base64url').toString()) as {
      readonly asNumber: number;
    };
    await driver.service.cli('vault', 'revoke', asNumber.toString(16), driver.texts.reason('Computer was lost'));
    await driver.openVault(vault);
    await driver.go('station');
    await driver.load(THREE);
    await driver.until('done', THREE);
    await driver.page.reload();
    await driver.showSource('vault');
    await driver.take('journal-unsigned', PASSPHRASE);
    await driver.send(driver.find('article form'), vault.passphrase);
    await lock(driver);
    await signInAndReturnJournal(driver);
    await driver.take('', 'article div[role=status] li');
  },

  'tokens-expired': async (driver) => {
    const { text } = await showVaults(driver, ONE, '--days', '2');
    await driver.giveFile('vault.json', text);
    await driver.find('article').waitFor();
    await driver.page.clock.setSystemTime(Date.now() + 3 * DAY_MS);
    await driver.go('station');
    await driver.showSource('vault');
    await driver.take('', 'article');
  },

  'tokens-passkey': async (driver) => {
    const session = await driver.page.context().newCDPSession(driver.page);
    const [protocol, transport] = ['ctap2', 'internal'] as const;
    const has = { hasResidentKey: true, hasUserVerification: true, isUserVerified: true, hasPrf: true };
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', { options: { protocol, transport, ...has } });
    await driver.openVault(await showVaults(driver));
    const enrol = driver.button('Add passkey');
    await enrol.click();
    await enrol.waitFor({ state: 'detached' });
    await driver.take('unlocked', 'article button.plain:enabled');
    await lock(driver);
    await driver.take('locked');
  },

  'tokens-card': async (driver) => {
    const { page } = driver;
    await attachCard(driver, { latency: { data: 4000, pin: 0, exportKey: 0, verifyReceipt: 0 } });
    await driver.take('reading', 'main button:disabled');
    await driver.take('locked', 'main form');
    await enterPin(driver, '12');
    await driver.take('pin-short');
    await enterPin(driver, '000000');
    await driver.take('pin-wrong', 'main [role=alert]');
    await enterPin(driver, PIN);
    await driver.take('unlocked', UNLOCKED);
    await driver.click('main summary');
    await driver.take('change-pin');
    await page.locator('details input').last().fill('31415926');
    await driver.send(driver.find('details form'), PIN);
    await driver.take('pin-changed', 'main p[role=status] strong');
  },

  'tokens-blocked': async (driver) => {
    await attachCard(driver, { pinTries: 2 });
    await enterPin(driver, '000000');
    await driver.take('last-try', 'main [role=alert]');
    await enterPin(driver, '000000');
    await driver.gone('main form');
    await driver.take();
  },

  // The page is reloaded during the export, before it has sent the key to the unit.
  'tokens-interrupted': async (driver) => {
    await attachCard(driver, { latency: { data: 0, pin: 0, exportKey: 20_000, verifyReceipt: 0 } });
    await enterPin(driver, PIN);
    await driver.click(UNLOCKED);
    await driver.load(ONE);
    await driver.find('article li:nth-child(3)[aria-current=step]').waitFor();
    await driver.page.reload();
    await driver.until('waiting', ONE);
    await driver.take();
  },
};
