// Injects the simulator into a page before its first script. The page itself is the unchanged
// production build.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { TokenDescription } from '#device-sim/setup/token-description.ts';

/** If `persist` is true, the memories of the units and the granted permissions survive a reload. */
export async function injectSimulator(
  page: Page,
  units: readonly UnitDescription[],
  { persist = true, tokens = [] }: { readonly persist?: boolean; readonly tokens?: readonly TokenDescription[] } = {},
): Promise<void> {
  const configuration = JSON.stringify({ units, tokens, persist });
  const simulator = readFileSync('dist/simulator/install.js', 'utf8');
  await page.addInitScript(`window.keyferrySimulatorConfig = ${configuration};\n${simulator}`);
}
