// Vaults that a custodian issues with the command line of the service.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { injectSimulator } from './inject.ts';
import type { Service } from './service.ts';
import { KEYS, type TestSet } from './sets.ts';
import type { StationPage } from './station-page.ts';
import { TokensPage } from './tokens-page.ts';

export interface IssuedVault {
  /** Content of the file. */
  readonly text: string;
  readonly passphrase: string;
}

let files = 0;

/**
 * Issues a vault with all test keys for these units. `more` holds further options of `vault issue`.
 */
export async function issueVault(
  service: Service,
  set: TestSet,
  units: readonly UnitDescription[],
  ...more: string[]
): Promise<IssuedVault> {
  const file = join(service.folder, `vault-${process.pid}-${++files}.json`);
  const number = set.set.toString(16).padStart(8, '0');
  const keys = KEYS.flatMap(({ ref1 }) => ['--ref1', ref1.toString(16).padStart(4, '0')]);
  const sns = units.flatMap(({ sn }) => ['--unit', sn]);
  const printed = await service.cli('vault', 'issue', number, file, ...keys, ...sns, ...more);
  const text = await readFile(file, 'utf8');
  await rm(file);
  return { text, passphrase: /KV(-[0-9A-Z]{5}){4}/.exec(printed)?.[0] ?? '' };
}

/** Signs in once, so that the station pins the root key of the AS, then opens the vault view. */
export async function enrol(
  page: Page,
  station: StationPage,
  service: Service,
  units: readonly UnitDescription[],
): Promise<TokensPage> {
  await injectSimulator(page, units);
  await page.goto(service.url);
  await station.signIn(service.token);
  await page.getByRole('button', { name: 'Sign out' }).click();
  const tokens = new TokensPage(page);
  await tokens.open('Vault file');
  return tokens;
}

/** Saves the vault journal. Returns the content of the file. */
export async function saveJournal(page: Page): Promise<string> {
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save journal' }).click();
  return await readFile(await (await saving).path(), 'utf8');
}

/** Sends a vault journal to the service, which reconciles it. Returns the report of the service. */
export async function reconcileJournal(service: Service, journal: string): Promise<string> {
  const file = join(service.folder, `journal-${process.pid}-${++files}.json`);
  await writeFile(file, journal);
  try {
    return await service.cli('vault', 'reconcile', file);
  } finally {
    await rm(file);
  }
}
