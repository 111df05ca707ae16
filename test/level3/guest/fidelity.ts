// The behaviours of test/level2/fidelity once more, on the real kernel: what a page sees there, held against the fake of level 1 and
// against what docs/reliability.md says of the two.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from '@playwright/test';
import type { Fault } from '#device-sim/unit/faults.ts';
import { BEHAVIOURS, type Behaviour } from '../../level2/fidelity/behaviours.ts';
import { DIFFERENCES } from '../../level2/fidelity/differences.ts';
import { install } from '../../level2/fidelity/toolkit.ts';
import { DIFFERENCES_OF_LEVEL_3, LEFT_OUT, THE_SAME_AT_LEVEL_3 } from '../differences.ts';
import { look, type Sights, unitFor } from '../look.ts';
import { BenchUnit } from './bench-unit.ts';
import { openPage, PATIENCE_MS } from './browser.ts';
import { report, type Scenario } from './scenario.ts';

export interface FidelityBench {
  readonly browser: () => Browser;
  /** A page without code of its own, at the origin that may use that link only. */
  readonly url: (link: 'usb' | 'serial') => string;
  /** Of the other scenarios: it must be out. */
  readonly unit: BenchUnit;
}

const LOOKED_AT = BEHAVIOURS.filter(({ name }) => LEFT_OUT[name] === undefined);

export function fidelityScenario(bench: FidelityBench): Scenario {
  return {
    name: `the fake of level 1 is what the kernel and the browser are, in ${LOOKED_AT.length} behaviours, but for what is explained`,
    run: () => lookAtAll(bench),
  };
}

async function lookAtAll({ browser, url, unit: other }: FidelityBench): Promise<void> {
  const fake = JSON.parse(readFileSync(import.meta.env.KEYFERRY_FAKE, 'utf8')) as Sights;
  await other.unplug();
  let unit: BenchUnit | undefined;
  const surprises: string[] = [];
  for (const link of ['usb', 'serial'] as const) {
    const page = await openPage(browser(), url(link));
    await page.exposeFunction('probeDevice', async (method: string, sn: string, fault: Fault) => {
      // A probe that was given up may go on, with a unit that is there no more.
      if (unit?.sn === sn) await handle(unit, method, fault);
    });
    for (const [index, behaviour] of LOOKED_AT.entries()) {
      if ((behaviour.unit.link === 'serial') !== (link === 'serial')) continue;
      const sn = `F1D0${index.toString(16).padStart(4, '0')}`.toUpperCase();
      const described = unitFor(behaviour, sn);
      // On a real bus a serial port is one interface of a USB device.
      unit = new BenchUnit({ description: link === 'serial' ? { ...described, link: 'both' } : described });
      const seen = await lookAt(page, behaviour, unit).catch((error: unknown) => [String(error)]);
      surprises.push(...surpriseAt(behaviour.name, seen, fake[behaviour.name] ?? []));
    }
    await page.close();
  }
  if (surprises.length > 0) throw new Error(surprises.join('\n'));
}

async function lookAt(page: Page, behaviour: Behaviour, unit: BenchUnit): Promise<readonly string[]> {
  await unit.plug();
  try {
    await page.evaluate(install, unit.sn);
    return await look(page, behaviour);
  } finally {
    await unit.unplug();
    await page.waitForFunction(
      async () => (await navigator.usb.getDevices()).length + (await navigator.serial.getPorts()).length === 0,
      undefined,
      { timeout: PATIENCE_MS },
    );
  }
}

/** Nothing, or what is not as the documents say. */
function surpriseAt(name: string, seen: readonly string[], fake: readonly string[]): string[] {
  const isTheSame = seen.join('\n') === fake.join('\n');
  const explanation =
    DIFFERENCES_OF_LEVEL_3[name] ?? (THE_SAME_AT_LEVEL_3.includes(name) ? undefined : DIFFERENCES[name]);
  report({ report: 'note', text: `${isTheSame ? 'the same' : 'different'}: ${name}` });
  if (isTheSame === (explanation === undefined)) return [];
  const side = (lines: readonly string[]): string => lines.map((line) => `    ${line}`).join('\n');
  return [`${name}\n  the fake:\n${side(fake)}\n  the kernel:\n${side(seen)}\n  known: ${explanation ?? 'the same'}`];
}

async function handle(unit: BenchUnit, method: string, fault: Fault): Promise<void> {
  if (method === 'plug') await unit.plug();
  else if (method === 'unplug') await unit.unplug();
  else if (method === 'clearFaults') unit.unit.clearFaults();
  else unit.unit.arm(fault);
}
