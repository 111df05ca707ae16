// The closing of an order on the desk: what the AS is told of each unit, over the real journal.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { StationUnitJson } from '#protocol/orders/messages.ts';
import { NOW } from '#test/unit/web/state/station/station-fixture.ts';
import { OpenOrder, type PreferencesOptions } from '#web/state/orders/open-order.svelte.ts';
import { ONE_LINE, sn, unit, World } from './order-fixture.ts';

/** An AS that says of no report that it balances, and hears all of them. */
async function desk() {
  const world = new World([1, 2].map(unit), ONE_LINE);
  const page = await world.open();
  await page.start();
  const told: (readonly StationUnitJson[])[] = [];
  const remote = {
    report: async (_: string, { units }: { readonly units: readonly StationUnitJson[] }) => {
      told.push(units);
      return { closed: false };
    },
  };
  const { station, journal } = page.bench;
  const made = new OpenOrder({
    station,
    remote,
    journal,
    store: page.store,
    signals: { give: () => undefined },
    now: NOW,
    ticks: () => 0,
    app: async () => ({ version: '1', build: 'b' }),
    head: () => null,
    order: world.order,
    record: { order: page.number },
    counts: await page.store.counts(page.number),
    elsewhere: new Set(),
  } as unknown as PreferencesOptions);
  station.attendant = made.run;
  return { page, made, told, cables: world.cables };
}

describe('an order that is closed', () => {
  it('tells a verdict that came after the unit had left, and the reasons that were given', async () => {
    const { page, made, told, cables } = await desk();
    await made.run.resume();
    page.bench.account.refuse('verifyReceipt', 'service-unreachable');
    const [cable] = cables;
    if (cable) await page.plug(cable);
    const attempt = (await page.store.unit(page.number, sn(1)))?.attempt ?? 0;
    await page.bench.journal.append(attempt, { step: 'verify', state: 'confirmed', time: '2026-01-02T03:04:05Z' });
    await made.close('', [{ sn: sn(2), reason: 'Stolen' }]);
    expect(made.failure).toBeUndefined();
    expect(told).toMatchObject([
      [
        { sn: sn(1), outcome: 'done', reason: null },
        { sn: sn(2), outcome: 'absent', reason: 'Stolen' },
      ],
    ]);
  });

  it('says why a reason could not be kept, and tells the AS nothing', async () => {
    const { page, made, told } = await desk();
    page.bench.journal.note = () => Promise.reject(new ProtocolError('journal-full', 'no room'));
    await made.close('', [{ sn: sn(2), reason: 'Stolen' }]);
    expect(made.failure).toEqual({ code: 'journal-full' });
    expect(made.busy).toBe(false);
    expect(told).toEqual([]);
  });
});
