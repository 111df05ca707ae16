// Benchmark 1: the number of round trips for one key. Runs the product's code with a simulated EI
// and an AS in this process, and counts the calls.
import type { Browser } from '@playwright/test';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type AttachedUnit, attach } from '#protocol/provisioning/attached-unit.ts';
import { provision } from '#protocol/provisioning/provision.ts';
import { createTestAs } from '#test/support/as-memory.ts';
import { createTestSource } from '#test/support/test-source.ts';
import { createUnit, TEST_SET, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import { bundle } from './bundle.ts';
import { type Row, row } from './row.ts';

export async function roundTrips(browser: Browser): Promise<Row[]> {
  const keys = [1, 2].map((ref1) => ({
    ref1,
    attributes: 'D0AB00N',
    akv: ref1,
    slot: ref1,
    key: new Uint8Array(32).fill(ref1),
  }));
  const transportKey = TEST_TRANSPORT_KEY;
  const { as } = createTestAs({ set: TEST_SET, tkv: TEST_TKV, family: 'cmac', transportKey, keys });
  const source = createTestSource(as);
  const unit = createUnit();
  let trips = 0;
  const transmit: Transmit = (command) => {
    trips++;
    return unit.transmit(command);
  };
  const device = await attach(transmit);
  const requests: number[] = [];
  const load = async (to: AttachedUnit, ref1: number): Promise<number> => {
    const order = {
      ref1,
      ref2: ref1,
      sign: false,
      suites: [0x01],
      idempotencyKey: `bench${ref1}`.padEnd(22, 'A'),
    } as const;
    source.calls.length = 0;
    for await (const { step } of provision(source, to, order)) {
      if (step === 'imported') requests.push(source.calls.length);
    }
    const counted = trips;
    trips = 0;
    return counted;
  };
  const first = await load(device, 1);
  const second = await load(device, 2);
  const calls = await countUsbCalls(browser);
  return [
    row(1, 'command round trips, first key of a unit', first, 3, '', 0),
    row(1, 'command round trips, each further key', second, 2, '', 0),
    row(1, 'AS requests until a key is in (its receipt follows in another)', Math.max(...requests), 1, '', 0),
    row(1, 'USB calls per exchange, out', calls.out, 1, '', 0),
    row(1, 'USB calls per exchange, in', calls.in, 1, '', 0),
  ];
}

async function countUsbCalls(browser: Browser): Promise<{ readonly out: number; readonly in: number }> {
  const page = await browser.newPage();
  await page.addScriptTag({ content: await bundle('host-cost/page.ts') });
  const calls = await page.evaluate(() => globalThis.keyferryUsbCalls());
  await page.close();
  return calls;
}
