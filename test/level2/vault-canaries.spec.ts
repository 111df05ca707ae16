// Searches the memory of all browser processes for the secrets of a vault while the vault is
// unlocked, and again after it is locked. The unit is outside the page. The product must wipe its
// copies; docs/threat-model.md lists the copies that the browser keeps.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii, fromBase64url, fromUtf8 } from '#protocol/bytes/text.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { deriveDeviceKey, deriveKey, operationContext } from '#protocol/tkl/key-tree.ts';
import { decodeVaultFile } from '#protocol/vault/file.ts';
import { decodeVaultHeader, vaultCost } from '#protocol/vault/header.ts';
import { decodeVaultJournal } from '#protocol/vault/journal.ts';
import { deriveVaultKey } from '#protocol/vault/passphrase.ts';
import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { unit } from '#test/e2e/support/test.ts';
import { TokensPage } from '#test/e2e/support/tokens-page.ts';
import { type IssuedVault, issueVault } from '#test/e2e/support/vaults.ts';
import { plant, type Role, scanBrowser } from './memory/browser-memory.ts';
import type { Pattern } from './memory/pattern-search.ts';
import { spellings } from './memory/spellings.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

async function saveJournal(page: Page): Promise<Envelope> {
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save journal' }).click();
  return JSON.parse(await readFile(await (await saving).path(), 'utf8')) as Envelope;
}

/** Returns HDR and R of the only export in the vault journal. */
function exportIn(journal: Envelope): { readonly header: Uint8Array; readonly random: Uint8Array } {
  const { entries } = decodeVaultJournal(JSON.parse(fromUtf8(fromBase64url(journal.payload))));
  const event = entries.map((entry) => entry.event).find(({ kind }) => kind === 'export');
  if (event?.kind !== 'export') throw new Error('the vault journal has no export');
  return { header: fromBase64url(event.header), random: fromBase64url(event.random) };
}

/**
 * Returns patterns for the whole value and for its second half. An allocator overwrites the start
 * of freed memory, so only the second half may remain.
 */
function secret(name: string, bytes: Uint8Array): Pattern[] {
  return [...spellings(name, bytes), { name: `${name}, second half`, bytes: bytes.subarray(16) }];
}

async function secretsOf({ text, passphrase }: IssuedVault, sn: Uint8Array, journal: Envelope): Promise<Pattern[]> {
  const payload = JSON.parse(fromUtf8(fromBase64url(decodeVaultFile(text).header.payload)));
  const key = await deriveVaultKey(passphrase, vaultCost(decodeVaultHeader(payload)), argon2id);
  const deviceKey = deriveDeviceKey('cmac', fromHex(DIVERSIFIED.transportKey), { set: DIVERSIFIED.set, tkv: 1, sn });
  const { header, random } = exportIn(journal);
  const normalised = passphrase.replaceAll('-', '');
  return [
    ...secret('T', fromHex(DIVERSIFIED.transportKey)),
    ...secret('K_D', deviceKey),
    ...secret('T1', deriveKey('cmac', deviceKey, 'TKL1OPK', operationContext(header, random))),
    ...secret('TA', fromHex(FIELD_KEY.key)),
    ...secret('KEK', key),
    { name: 'passphrase', bytes: ascii(passphrase) },
    { name: 'passphrase, UTF-16', bytes: Buffer.from(passphrase, 'utf16le') },
    { name: 'normalised passphrase', bytes: ascii(normalised) },
    { name: 'normalised passphrase, UTF-16', bytes: Buffer.from(normalised, 'utf16le') },
  ];
}

/**
 * Returns the names of the keys that were found. Leaves out the passphrase, because the browser
 * keeps text that was typed.
 */
function keysIn(found: Record<Role, string[]>): string[] {
  return Object.values(found)
    .flat()
    .filter((name) => /^(T|K_D|T1|TA|KEK),/.test(name));
}

test('only the renderer contains keys of an unlocked vault, and no whole key remains after locking', async ({
  addUnit,
  open,
  page,
  service,
}) => {
  test.setTimeout(240_000);
  const one = await addUnit(unit(DIVERSIFIED, { link: 'usb' }));
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const station = await open();
  await page.getByRole('button', { name: 'Sign out' }).click();
  const tokens = new TokensPage(page);
  await tokens.open('Vault file');
  await tokens.importVault(vault.text);
  await tokens.unlockVault(vault.passphrase);
  await tokens.expectHeading('Unlocked: vault');
  await tokens.goToStation();
  const lane = station.lane(one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await tokens.open('Vault file');
  const secrets = await secretsOf(vault, fromHex(one.sn.padStart(32, '0')), await saveJournal(page));

  // WebCrypto keeps K_D in the memory of the renderer, so finding K_D shows that the scan covers
  // the worker. The garbage collector may leave copies of other keys in the renderer. No other
  // process may contain a key.
  const { renderer = [], ...others } = await scanBrowser(secrets);
  expect(renderer).toContain('K_D, bytes');
  expect(keysIn(others)).toEqual([]);

  await page.getByRole('button', { name: 'Lock vault' }).click();
  await tokens.expectHeading('Locked: vault');
  // After locking, no whole key may remain. Half of K_D may remain in freed memory
  // (docs/threat-model.md). The test polls, because the browser stops the worker with a delay.
  const whole = async () => keysIn(await scanBrowser(secrets)).filter((name) => !name.endsWith('second half'));
  await expect.poll(whole, { timeout: 60_000 }).toEqual([]);

  // Control: after TA is planted in the page, the search must find it.
  await plant(page, FIELD_KEY.key);
  expect((await scanBrowser(secrets)).renderer).toContain('TA, bytes');
});
