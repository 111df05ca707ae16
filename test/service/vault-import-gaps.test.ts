// Gaps in the import counters of units, which the service finds in returned vault journals.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TEST_SN } from '#test/support/as-service.ts';
import type { SoftwareVault } from '#test/support/vault.ts';
import { graveWords, VaultSetup } from '#test/support/vault-service.ts';

let setup: VaultSetup;
let vault: SoftwareVault;

beforeEach(async () => {
  setup = await VaultSetup.open();
  vault = await setup.unlock(await setup.issue());
});
afterEach(() => setup.close());

describe('a gap in the import count of a unit', () => {
  it('of several imports is one finding', async () => {
    await setup.load(vault, 1);
    await setup.load(vault, 5);
    expect(graveWords(await setup.returnJournal(vault))).toEqual([
      `No journal shows imports 2 to 4 of unit ${TEST_SN}.`,
    ]);
  });

  it('before the first receipt is a finding without alarm', async () => {
    await setup.load(vault, 4);
    const report = await setup.returnJournal(vault);
    expect(report.findings).toMatchObject([
      { grave: false, words: `Unit ${TEST_SN} had 3 imports before the first receipt at this AS.` },
    ]);
  });

  it('is not reported for two receipts with the same import count, which show a reset unit or a copy', async () => {
    await setup.load(vault, 1);
    await setup.load(vault, 1);
    expect(graveWords(await setup.returnJournal(vault))).toEqual([
      `Unit ${TEST_SN} made 2 different receipts for its import 1: it was reset, or a copy of it exists.`,
    ]);
  });
});
