// Compares the behaviours of test/level2/fidelity between the real kernel and the fake of level 1.
// docs/reliability.md explains the differences.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from '@playwright/test';
import type { Fault } from '#device-sim/unit/faults.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Behaviour } from '../../level2/fidelity/behaviour.ts';
import { BEHAVIOURS } from '../../level2/fidelity/behaviours.ts';
import { DIFFERENCES } from '../../level2/fidelity/differences.ts';
import { installProbe } from '../../level2/fidelity/probe.ts';
import { DIFFERENCES_OF_LEVEL_3, NOT_COMPARED, THE_SAME_AT_LEVEL_3 } from '../differences.ts';
import { type Observations, observe, unitFor } from '../observe.ts';
import { openPage, TIMEOUT_MS } from './browser.ts';
import { GuestUnit } from './guest-unit.ts';
import { report, type Scenario } from './scenario.ts';

export interface FidelitySetup {
  readonly browser: () => Browser;
  /** Returns the URL of an empty page at the origin that may use only this link. */
  readonly url: (link: 'usb' | 'serial') => string;
  /** The unit of the other scenarios. It is unplugged before the comparison. */
  readonly unit: GuestUnit;
}

const COMPARED = BEHAVIOURS.filter(({ name }) => NOT_COMPARED[name] === undefined);

export function fidelityScenario(setup: FidelitySetup): Scenario {
  return {
    name: `the fake of level 1 has the same ${COMPARED.length} behaviours as the kernel with the browser, except for explained differences`,
    run: () => compareAll(setup),
  };
}

async function compareAll({ browser, url, unit: other }: FidelitySetup): Promise<void> {
  const fake = JSON.parse(readFileSync(import.meta.env.KEYFERRY_FAKE, 'utf8')) as Observations;
  await other.unplug();
  let unit: GuestUnit | undefined;
  const problems: string[] = [];
  for (const link of ['usb', 'serial'] as const) {
    const page = await openPage(browser(), url(link));
    await page.exposeFunction('probeDevice', async (method: string, sn: string, fault: Fault) => {
      // Ignores calls of an earlier behaviour that exceeded its time limit and may still run.
      if (unit?.sn === sn) await handle(unit, method, fault);
    });
    for (const [index, behaviour] of COMPARED.entries()) {
      if ((behaviour.unit.link === 'serial') !== (link === 'serial')) continue;
      const description = unitFor(behaviour, `F1D0${hexNumber(index, 4)}`);
      // On a real bus a serial port is an interface of a USB device, so the unit has both links.
      unit = new GuestUnit({ description: link === 'serial' ? { ...description, link: 'both' } : description });
      const real = await observeOn(page, behaviour, unit).catch((error: unknown) => [String(error)]);
      problems.push(...compare(behaviour.name, real, fake[behaviour.name] ?? []));
    }
    await page.close();
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function observeOn(page: Page, behaviour: Behaviour, unit: GuestUnit): Promise<readonly string[]> {
  await unit.plug();
  try {
    await page.evaluate(installProbe, unit.sn);
    return await observe(page, behaviour);
  } finally {
    await unit.unplug();
    await page.waitForFunction(
      async () => (await navigator.usb.getDevices()).length + (await navigator.serial.getPorts()).length === 0,
      undefined,
      { timeout: TIMEOUT_MS },
    );
  }
}

/** Returns one text per difference from docs/reliability.md; an empty list if there is none. */
function compare(name: string, real: readonly string[], fake: readonly string[]): string[] {
  const isTheSame = real.join('\n') === fake.join('\n');
  const explanation =
    DIFFERENCES_OF_LEVEL_3[name] ?? (THE_SAME_AT_LEVEL_3.includes(name) ? undefined : DIFFERENCES[name]);
  report({ report: 'note', text: `${isTheSame ? 'the same' : 'different'}: ${name}` });
  if (isTheSame === (explanation === undefined)) return [];
  const side = (lines: readonly string[]): string => lines.map((line) => `    ${line}`).join('\n');
  return [`${name}\n  fake:\n${side(fake)}\n  kernel:\n${side(real)}\n  documented: ${explanation ?? 'the same'}`];
}

async function handle(unit: GuestUnit, method: string, fault: Fault): Promise<void> {
  if (method === 'plug') await unit.plug();
  else if (method === 'unplug') await unit.unplug();
  else if (method === 'clearFaults') unit.unit.clearFaults();
  else unit.unit.arm(fault);
}
