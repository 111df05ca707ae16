// The program of the guest. Runs the tests of level 3 one at a time, in one browser.
import type { Browser } from '@playwright/test';
import { Service } from '../../e2e/support/service.ts';
import { appScenarios, originOf } from './app.ts';
import { launch, serveEmptyPage, TIMEOUT_MS } from './browser.ts';
import { cardScenarios } from './card.ts';
import { fidelityScenario } from './fidelity.ts';
import { GuestUnit } from './guest-unit.ts';
import { loadScenarios } from './loads.ts';
import { pcscScenarios } from './pcsc.ts';
import { report, runScenario, type Scenario } from './scenario.ts';
import { usbipScenarios } from './usbip.ts';

const DEMO_SET_SHARED = 0xde30_0001;
/** The part of the tests to run. An empty string selects all parts except 'load'. */
type Part = '' | 'pcsc' | 'browser' | 'card' | 'load' | 'fidelity';

const NO_LATENCY = { identity: 0, challenge: 0, importKey: 0 };

/** Returns a value that an earlier scenario has started. @throws Error when that scenario failed */
function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the ${what} failed to start`);
  return value;
}

async function main(): Promise<void> {
  let browser: Browser | undefined;
  let service: Service | undefined;
  const empty = await serveEmptyPage();
  const unit = new GuestUnit({
    description: { sn: '0E1A', set: DEMO_SET_SHARED, link: 'both', latency: NO_LATENCY },
  });
  const setup = { unit, browser: () => required(browser, 'browser'), service: () => required(service, 'service') };

  const part: Part = import.meta.env.KEYFERRY_PART;
  const start: Scenario = {
    name: 'the AS starts, the kernel enumerates the unit, and Chromium starts',
    async run() {
      service = await Service.start({ demo: true, bare: true, startLimitMs: TIMEOUT_MS });
      await unit.plug();
      const { url } = service;
      const origins = (link: 'usb' | 'serial') => [originOf(link, empty.url), originOf(link, url)];
      browser = await launch(import.meta.env.KEYFERRY_CHROMIUM, { usb: origins('usb'), serial: origins('serial') });
    },
  };
  const stop: Scenario = {
    name: 'browser, AS and unit stop',
    async run() {
      await browser?.close();
      await service?.stop();
      empty.close();
      await unit.unplug();
    },
  };
  const includes = (one: Part): boolean => part === '' || part === one;
  const needsBrowser = part !== 'pcsc';
  const scenarios = [
    ...(includes('pcsc') ? [...usbipScenarios(), ...pcscScenarios()] : []),
    ...(needsBrowser ? [start] : []),
    ...(includes('browser') ? appScenarios(setup) : []),
    ...(includes('card') ? cardScenarios(setup, DEMO_SET_SHARED) : []),
    ...(part === 'load' ? loadScenarios(setup, DEMO_SET_SHARED, Number(import.meta.env.KEYFERRY_TIMES)) : []),
    ...(includes('fidelity') ? [fidelityScenario({ ...setup, url: (link) => originOf(link, empty.url) })] : []),
    ...(needsBrowser ? [stop] : []),
  ];
  report({ report: 'plan', names: scenarios.map(({ name }) => name) });
  for (const scenario of scenarios) if (!(await runScenario(scenario))) return;
  report({ report: 'end' });
}

await main();
process.exit(0);
