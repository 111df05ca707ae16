// A vault that is open, and one that was locked: what of its secrets a search of the browser's whole memory finds, with the unit outside the
// page. What our own code handles must be gone; what the browser itself keeps is written down in docs/threat-model.md.
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
import { type Role, scanBrowser } from './memory/browser-memory.ts';
import type { Pattern } from './memory/pattern-search.ts';
import { spellings } from './memory/spellings.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

async function saveJournal(page: Page): Promise<Envelope> {
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the journal' }).click();
  return JSON.parse(await readFile(await (await saving).path(), 'utf8')) as Envelope;
}

/** HDR and R of the only export, as the vault's journal tells them. */
function exportIn(journal: Envelope): { readonly header: Uint8Array; readonly random: Uint8Array } {
  const { entries } = decodeVaultJournal(JSON.parse(fromUtf8(fromBase64url(journal.payload))));
  const event = entries.map((entry) => entry.event).find(({ kind }) => kind === 'export');
  if (event?.kind !== 'export') throw new Error('the journal tells of no export');
  return { header: fromBase64url(event.header), random: fromBase64url(event.random) };
}

/** Also by its second half: memory that was given back begins with a pointer to the next free piece. */
function secret(name: string, octets: Uint8Array): Pattern[] {
  return [...spellings(name, octets), { name: `${name}, second half`, octets: octets.subarray(16) }];
}

async function secretsOf({ text, passphrase }: IssuedVault, sn: Uint8Array, journal: Envelope): Promise<Pattern[]> {
  const payload = JSON.parse(fromUtf8(fromBase64url(decodeVaultFile(text).header.payload)));
  const key = await deriveVaultKey(passphrase, vaultCost(decodeVaultHeader(payload)), argon2id);
  const deviceKey = deriveDeviceKey('cmac', fromHex(DIVERSIFIED.transportKey), { set: DIVERSIFIED.set, tkv: 1, sn });
  const { header, random } = exportIn(journal);
  const meant = passphrase.replaceAll('-', '');
  return [
    ...secret('T', fromHex(DIVERSIFIED.transportKey)),
    ...secret('K_D', deviceKey),
    ...secret('T1', deriveKey('cmac', deviceKey, 'TKL1OPK', operationContext(header, random))),
    ...secret('TA', fromHex(FIELD_KEY.key)),
    ...secret('KEK', key),
    { name: 'passphrase', octets: ascii(passphrase) },
    { name: 'passphrase, UTF-16', octets: Buffer.from(passphrase, 'utf16le') },
    { name: 'passphrase as it is meant', octets: ascii(meant) },
    { name: 'passphrase as it is meant, UTF-16', octets: Buffer.from(meant, 'utf16le') },
  ];
}

/** What was found of keys. The passphrase is also the text that was typed, which is the browser's. */
function keysIn(found: Record<Role, string[]>): string[] {
  return Object.values(found)
    .flat()
    .filter((name) => /^(T|K_D|T1|TA|KEK),/.test(name));
}

test('the keys of an open vault are in the renderer alone, and of a locked one no whole key is left', async ({
  bring,
  open,
  page,
  service,
}) => {
  test.setTimeout(240_000);
  const one = await bring(unit(DIVERSIFIED, { link: 'usb' }));
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

  // WebCrypto keeps K_D in the memory of the same process; that the scan finds it shows that it sees the worker's. Of the rest the garbage
  // collector may have left copies, but in that process alone.
  const { renderer = [], ...others } = await scanBrowser(secrets);
  expect(renderer).toContain('K_D, octets');
  expect(keysIn(others)).toEqual([]);

  await page.getByRole('button', { name: 'Lock the vault' }).click();
  await tokens.expectHeading('Locked: vault');
  // Of K_D the browser may leave a half in memory that it has given back: docs/threat-model.md.
  // The browser takes a worker down in its own time.
  const whole = async () => keysIn(await scanBrowser(secrets)).filter((name) => !name.endsWith('second half'));
  await expect.poll(whole, { timeout: 60_000 }).toEqual([]);

  // Planted in the page, TA is found: the scan would have seen it.
  const key = [...fromHex(FIELD_KEY.key)];
  await page.evaluate((octets) => Object.assign(window, { planted: Uint8Array.from(octets) }), key);
  expect((await scanBrowser(secrets)).renderer).toContain('TA, octets');
});
