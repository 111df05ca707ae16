// The units' own counts of imports, held against the journals of vaults that came back: what they show of imports that no journal tells of.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TEST_SN } from '#test/support/as-service.ts';
import type { SoftwareVault } from '#test/support/vault.ts';
import { graveWords, VaultBench } from '#test/support/vault-service.ts';

let bench: VaultBench;
let vault: SoftwareVault;

beforeEach(async () => {
  bench = await VaultBench.open();
  vault = await bench.take(await bench.issue());
});
afterEach(() => bench.close());

describe("a gap in a unit's imports", () => {
  it('is told in one sentence where several imports in a row are missing', async () => {
    await bench.load(vault, 1);
    await bench.load(vault, 5);
    expect(graveWords(await bench.giveBack(vault))).toEqual([`No journal shows imports 2 to 4 of unit ${TEST_SN}.`]);
  });

  it('is none before the first import that the AS knows of: that is said without alarm', async () => {
    await bench.load(vault, 4);
    const report = await bench.giveBack(vault);
    expect(report.findings).toEqual([
      { grave: false, words: `Unit ${TEST_SN} had 3 imports before the first that this AS knows of.` },
    ]);
  });

  it('is not one where a unit counts an import twice: that is a unit that was set back, or two of it', async () => {
    await bench.load(vault, 1);
    await bench.load(vault, 1);
    expect(graveWords(await bench.giveBack(vault))).toEqual([
      `Unit ${TEST_SN} gave 2 different receipts for its import 1: it was set back, or there are two of it.`,
    ]);
  });
});
