// Looks at every behaviour on the real kernel and the real browser and holds it against what is known of them.
import type { Browser, Page } from '@playwright/test';
import { type Behaviour, type Bench, prepare } from '../behaviours/bench.ts';
import { SERIAL_BEHAVIOURS } from '../behaviours/serial.ts';
import { USB_BEHAVIOURS } from '../behaviours/usb.ts';
import { EXPECTED } from '../expected.ts';
import type { BenchUnit } from './bench-unit.ts';
import { openPage, PATIENCE_MS } from './browser.ts';
import { report, type Scenario } from './scenario.ts';

export interface ObserveBench {
  readonly browser: () => Browser;
  readonly url: () => string;
  readonly unit: BenchUnit;
}

export function observationScenarios(bench: ObserveBench): Scenario[] {
  const groups = { WebUSB: USB_BEHAVIOURS, 'Web Serial': SERIAL_BEHAVIOURS };
  return Object.entries(groups).map(([name, behaviours]) => ({
    name: `${name} behaves as it is known to, in ${behaviours.length} observations`,
    run: () => observeAll(bench, behaviours),
  }));
}

async function observeAll({ browser, url, unit }: ObserveBench, behaviours: readonly Behaviour[]): Promise<void> {
  if (!unit.unit.isPlugged) await unit.plug();
  const page = await openPage(browser(), url());
  const differences: string[] = [];
  try {
    for (const { name, observe } of behaviours) {
      await page.reload();
      await prepare(page);
      const seen = await observe(benchOf(page, browser(), url(), unit)).catch((error: unknown) => `threw ${error}`);
      unit.unit.clearFaults();
      report({ report: 'observed', behaviour: name, seen });
      const expected = EXPECTED[name];
      if (seen !== expected) differences.push(`${name}\n  known: ${expected}\n  seen:  ${seen}`);
    }
  } finally {
    await page.close();
  }
  if (differences.length > 0) throw new Error(differences.join('\n'));
}

function benchOf(page: Page, browser: Browser, url: string, unit: BenchUnit): Bench {
  return {
    page,
    plug: async () => {
      await unit.plug();
      await page.waitForFunction(
        async () => (await navigator.usb.getDevices()).length > 0 && (await navigator.serial.getPorts()).length > 0,
        undefined,
        { timeout: PATIENCE_MS },
      );
    },
    unplug: () => unit.unplug(),
    arm: (fault) => unit.unit.arm(fault),
    line: () => unit.line(),
    async occupy(link) {
      const other = await openPage(browser, url);
      await prepare(other);
      await other.evaluate(async (kind) => {
        window.started = kind === 'usb' ? window.tools.claimedUsb() : window.tools.openPort();
        await window.started;
      }, link);
      return () => other.close();
    },
  };
}
