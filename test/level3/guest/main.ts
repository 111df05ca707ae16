// The program of the guest: every test of level 3, in one browser and on one unit after the other.
import type { Browser } from '@playwright/test';
import { Service } from '../../e2e/support/service.ts';
import { appScenarios, originOf } from './app.ts';
import { attachedScenarios } from './attached.ts';
import { BenchUnit } from './bench-unit.ts';
import { launch, PATIENCE_MS, serveEmptyPage } from './browser.ts';
import { cardScenarios } from './card.ts';
import { fidelityScenario } from './fidelity.ts';
import { loadScenarios } from './loads.ts';
import { pcscScenarios } from './pcsc.ts';
import { report, runScenario, type Scenario } from './scenario.ts';

const DEMO_SET_SHARED = 0xde30_0001;
/** Everything where it is empty, but for the loads in a row. */
type Part = '' | 'pcsc' | 'browser' | 'card' | 'load' | 'fidelity';

const INSTANT = { identity: 0, challenge: 0, importKey: 0 };

/** What a scenario needs that another one has made. */
function made<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}: it failed to start`);
  return value;
}

async function main(): Promise<void> {
  let browser: Browser | undefined;
  let service: Service | undefined;
  const empty = await serveEmptyPage();
  const unit = new BenchUnit({
    description: { sn: '0E1A', set: DEMO_SET_SHARED, link: 'both', latency: INSTANT },
  });
  const bench = { unit, browser: () => made(browser, 'browser'), service: () => made(service, 'service') };

  const part: Part = import.meta.env.KEYFERRY_PART;
  const start: Scenario = {
    name: 'the kernel takes the unit, the AS starts, and Chromium with it',
    async run() {
      service = await Service.start({ demo: true, bare: true, startLimitMs: PATIENCE_MS });
      await unit.plug();
      const { url } = service;
      const origins = (link: 'usb' | 'serial') => [originOf(link, empty.url), originOf(link, url)];
      browser = await launch(import.meta.env.KEYFERRY_CHROMIUM, { usb: origins('usb'), serial: origins('serial') });
    },
  };
  const stop: Scenario = {
    name: 'all of it ends',
    async run() {
      await browser?.close();
      await service?.stop();
      empty.close();
      await unit.unplug();
    },
  };
  const isWanted = (one: Part): boolean => part === '' || part === one;
  const needsBrowser = part !== 'pcsc';
  const scenarios = [
    ...(isWanted('pcsc') ? [...attachedScenarios(), ...pcscScenarios()] : []),
    ...(needsBrowser ? [start] : []),
    ...(isWanted('browser') ? appScenarios(bench) : []),
    ...(isWanted('card') ? cardScenarios(bench, DEMO_SET_SHARED) : []),
    ...(part === 'load' ? loadScenarios(bench, DEMO_SET_SHARED, Number(import.meta.env.KEYFERRY_TIMES)) : []),
    ...(isWanted('fidelity') ? [fidelityScenario({ ...bench, url: (link) => originOf(link, empty.url) })] : []),
    ...(needsBrowser ? [stop] : []),
  ];
  report({ report: 'plan', names: scenarios.map(({ name }) => name) });
  for (const scenario of scenarios) if (!(await runScenario(scenario))) return;
  report({ report: 'end' });
}

await main();
process.exit(0);
