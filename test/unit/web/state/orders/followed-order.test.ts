// The AS decides the state of an order. Tests the progress of all stations, the end of the order,
// and what happens when the network or the operator returns.
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { OrderProgressJson } from '#protocol/orders/messages.ts';
import { NOW } from '#test/unit/web/state/station/station-fixture.ts';
import { OpenOrder, type OpenOrderOptions } from '#web/state/orders/open-order.svelte.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';
import { stateWords, unitMessage } from '#web/ui/messages/order.ts';
import { ONE_LINE, sn, truth, unit, World } from './order-fixture.ts';

/** Opens an order of three units at an AS whose answers the test sets. */
async function openOrder(units = 3) {
  const world = new World(
    Array.from({ length: units }, (_, index) => unit(index + 1)),
    ONE_LINE,
  );
  const page = await world.open();
  await page.start();
  const seen: (string | undefined)[] = [];
  const state = {
    isDown: false,
    progress: { state: 'open', done: 0, units: [] } as Partial<OrderProgressJson>,
  };
  const remote = {
    progress: async (_: string, version: string | undefined) => {
      seen.push(version);
      if (state.isDown) throw new ProtocolError('service-unreachable', 'down');
      return { reason: null, time: '', version: `v${seen.length}`, ...state.progress };
    },
    report: async () => ({ closed: false, balance: { missing: [] } }),
    reportFile: async () => '{"report":1}',
  };
  const { station, journal } = page.bench;
  const open = async (): Promise<OpenOrder> =>
    new OpenOrder({
      station,
      remote,
      journal,
      store: page.store,
      feedback: { give: () => undefined },
      now: NOW,
      ticks: () => 0,
      app: async () => ({ version: '1', build: 'b' }),
      head: () => null,
      order: { ...world.order, service: 'Test AS' },
      record: { order: page.chain },
      counts: await page.store.counts(page.chain),
      elsewhere: new Set(),
    } as unknown as OpenOrderOptions);
  const order = await open();
  station.assign(order.run);
  return { page, order, state, seen, cables: world.cables, world };
}

const done = (...numbers: number[]) => numbers.map((n) => ({ sn: sn(n), exports: 1, proven: 1 }));

describe('the progress of an order', () => {
  it('is that of the AS: units that another station has loaded are also done here', async () => {
    const { page, order, state, seen } = await openOrder();
    await order.run.explain([{ sn: sn(1), reason: 'No contact' }]);
    state.progress = { state: 'open', done: 2, units: done(1, 2) };
    await order.remote.follow();
    expect(order.run.counts).toMatchObject({ done: 2, unseen: 1 });
    expect(await page.store.unit(page.chain, sn(1))).toMatchObject({ state: 'done' });
    expect(await page.store.unit(page.chain, sn(1))).not.toHaveProperty('reason');
    state.progress = { state: 'open', done: 3, units: done(3) };
    await order.remote.follow();
    expect(order.run.counts).toMatchObject({ done: 3, unseen: 0 });
    expect(order.isComplete).toBe(true);
    expect(seen).toEqual([undefined, 'v1']);
    expect(await page.store.check(page.chain)).toBeUndefined();
  });

  it.each(['running', 'paused'] as const)('is requested again if the journal of a %s run fails once', async (is) => {
    const { page, order, state, seen } = await openOrder();
    if (is === 'running') await order.run.start();
    state.progress = { state: 'open', done: 2, units: done(1, 2) };
    const { store } = page;
    const rowsOf = vi.spyOn(store, 'rowsOf');
    rowsOf.mockRejectedValueOnce(new ProtocolError('journal-failed', 'the disk is busy'));
    await order.remote.follow();
    expect(order.remote.failure).toEqual({ code: 'journal-failed' });
    expect(order.run.state.is).toBe(is === 'running' ? 'halted' : 'paused');
    await order.remote.follow();
    expect(seen).toEqual([undefined, undefined]);
    expect(order.run.counts).toMatchObject({ done: 2, unseen: 1 });
    expect(order.remote.failure).toBeUndefined();
  });

  it('lacks the units of a vault until its journal is returned', async () => {
    const { page, order, state } = await openOrder(1);
    const { store, chain } = page;
    const row = { order: chain, sn: sn(1), state: 'done', tries: 1, exported: [2], begun: '', at: '' } as const;
    await page.bench.journal.note(chain, { step: 'unit-had-all', sn: sn(1) }, row);
    order.run.counts.reset(await store.counts(chain));
    await order.remote.follow();
    expect([order.isComplete, order.hasUnproven]).toEqual([true, true]);
    state.progress = { state: 'open', done: 1, units: done(1) };
    await order.remote.follow();
    expect([order.isComplete, order.hasUnproven]).toEqual([true, false]);
  });

  it('does not count a unit as done while some of its receipts are missing', async () => {
    const { order, state } = await openOrder();
    state.progress = { state: 'open', done: 0, units: [{ sn: sn(1), exports: 1, proven: 0 }] };
    await order.remote.follow();
    expect(order.run.counts.done).toBe(0);
  });

  it('is not requested from an AS that did not issue the order', async () => {
    const { page, order, seen } = await openOrder();
    const vault = { kind: 'vault', origin: 'vault 1', name: 'Vault 1', asNumber: 1 } as const;
    await page.bench.session.use({ ...page.bench.account, ...vault });
    await order.remote.follow();
    expect(seen).toEqual([]);
  });
});

describe.each(['closed', 'revoked'] as const)('an order that is %s elsewhere', (as) => {
  it('is detected with the next answer, and can no longer be worked', async () => {
    const { page, order, state, cables } = await openOrder();
    const [one = unit(1), two = unit(2)] = cables;
    await order.run.start();
    await page.plug(one);
    const [first] = order.run.units;
    if (!first) throw new TypeError('no unit');
    state.progress = { state: as, done: 0, units: [] };
    page.bench.account.refuse('exportKey', 'order-ended');
    await page.plug(two);
    await order.remote.follow();
    expect(order.isReadOnly).toBe(true);
    expect(order.run.state.is).toBe('paused');
    expect(order.report).toBe(as === 'closed' ? '{"report":1}' : undefined);
    const before = await page.store.all(page.chain).next();
    const [, second = first] = order.run.units;
    await order.run.start();
    await order.run.retry(second, 'again');
    await order.run.skip(second, 'other');
    await page.plug(unit(3));
    expect(order.run.state.is).toBe('paused');
    expect(order.run.units.at(-1)?.phase).toEqual({ is: 'waiting' });
    expect(await page.store.all(page.chain).next()).toEqual(before);
    expect(unitMessage(order.run.units.at(-1) ?? first, order.run, 'linux').sentence).toContain(as);
    expect(stateWords(order.run, { from: '', until: '' }).word).toBe(as === 'closed' ? 'Closed' : 'Revoked');
    const imported = new File([`SN,REASON\n${sn(3)},Lost\n`], 'reasons.csv');
    await order.lists.importReasons(imported);
    expect(order.lists.failure).toEqual({ code: 'order-ended' });
    const [record] = await page.store.list();
    expect(record).toMatchObject({ endedAs: as });
  });
});

describe('a hands-free order', () => {
  it('checks the outcomes and continues without a click when the network returns', async () => {
    const { page, order, state, cables } = await openOrder(8);
    await order.run.start();
    state.isDown = true;
    const { verifyReceipt, exportKey } = page.bench.account;
    let verified = 0;
    page.bench.account.verifyReceipt = () => {
      verified++;
      return Promise.reject(new ProtocolError('service-unreachable', 'down'));
    };
    await page.plug(...cables.slice(0, 7));
    expect(verified).toBe(7);
    expect(order.run.state).toMatchObject({ is: 'halted', failure: { code: 'service-unreachable' } });
    expect(order.run.units.map(({ phase }) => phase.is)).toEqual(Array(7).fill('unknown'));
    await order.remote.follow();
    await page.plug(...cables.slice(7));
    page.bench.account.verifyReceipt = verifyReceipt;
    page.bench.account.exportKey = exportKey;
    state.isDown = false;
    await order.remote.follow();
    expect(order.run.state.is).toBe('running');
    expect(order.run.counts.here).toMatchObject({ done: 8, unknown: 0, failed: 0 });
  });

  it('checks the outcomes when the operator starts it, without a further click', async () => {
    const { page, order, state, cables } = await openOrder(2);
    state.isDown = true;
    await order.run.start();
    page.bench.account.refuse('verifyReceipt', 'gateway-failed');
    await page.plug(...cables.slice(0, 1));
    await order.run.pause();
    await order.run.start();
    expect(order.run.counts.here).toMatchObject({ done: 1, unknown: 0 });
  });

  it('continues after a sign-out when the operator has signed in again', async () => {
    const { page, order, cables } = await openOrder(2);
    await order.run.start();
    page.bench.account.refuse('exportKey', 'signed-out');
    await page.plug(...cables.slice(0, 1));
    expect(page.bench.session.signedIn).toBeUndefined();
    expect(order.run.state.is).toBe('halted');
    await page.plug(...cables.slice(1));
    await page.bench.session.signIn('token');
    await page.bench.station.settle();
    await vi.waitFor(() => expect(order.run.counts.here.done).toBe(2));
    expect(order.run.state.is).toBe('running');
    expect(cables.map((cable) => truth(cable, ONE_LINE))).toEqual([[true], [true]]);
  });

  it('continues without a click at most three times before a unit is done', async () => {
    const { page, order, state, cables, world } = await openOrder(1);
    state.isDown = true;
    await order.run.start();
    let tries = 0;
    page.bench.account.exportKey = () => {
      tries++;
      return Promise.reject(new ProtocolError('gateway-failed', '502'));
    };
    await page.plug(...cables);
    for (let round = 0; round < 8; round++) await order.run.recoverAutomatically();
    expect(tries).toBe(4);
    expect(order.run.state.is).toBe('halted');
    expect(world.exports).toEqual([]);
  });

  it('counts no recovery while nothing waits for one', async () => {
    const { page, order, state, cables } = await openOrder(1);
    await order.run.start();
    for (let round = 0; round < 5; round++) {
      state.isDown = true;
      await order.remote.follow();
      state.isDown = false;
      await order.remote.reconnect();
    }
    page.bench.account.refuse('exportKey', 'gateway-failed');
    state.isDown = true;
    await page.plug(...cables);
    expect(order.run.state.is).toBe('halted');
    state.isDown = false;
    await order.remote.follow();
    expect(order.run.counts.here.done).toBe(1);
  });

  it.each(['the network returns', 'a done unit is plugged in again'])(
    'continues at most three times, also when %s',
    async (event) => {
      const { page, order, state, cables } = await openOrder(2);
      const [one = unit(1), two = unit(2)] = cables;
      await order.run.start();
      await page.plug(one);
      let tries = 0;
      page.bench.account.exportKey = () => {
        tries++;
        return Promise.reject(new ProtocolError('gateway-failed', '502'));
      };
      state.isDown = true;
      await page.plug(two);
      state.isDown = false;
      for (let round = 0; round < 6; round++) {
        if (event === 'a done unit is plugged in again') {
          cables[0]?.pull();
          await page.bench.station.remove(order.run.units.find(({ sn: own }) => own === sn(1))?.lane as Lane);
          page.bench.remembered = [];
          await page.plug(one);
        }
        await order.remote.reconnect();
      }
      expect(tries).toBe(4);
    },
  );

  it('asks the AS during a recovery, and learns that the order is closed', async () => {
    const { page, order, state, seen, cables } = await openOrder(1);
    await order.run.start();
    page.bench.account.refuse('exportKey', 'gateway-failed');
    state.isDown = true;
    await page.plug(...cables);
    state.isDown = false;
    let answer = (): void => undefined;
    page.bench.account.exportKey = () =>
      new Promise((_, reject) => {
        answer = () => reject(new ProtocolError('order-ended', 'closed'));
      });
    const before = seen.length;
    const recovery = order.remote.follow();
    await vi.waitFor(() => expect(order.run.isIdle).toBe(false));
    state.progress = { state: 'closed', done: 0, units: [] };
    await order.remote.follow();
    expect(seen).toHaveLength(before + 2);
    expect(order.run.ended).toBe('closed');
    answer();
    await recovery;
  });

  it('stays paused when the operator has paused it', async () => {
    const { order } = await openOrder(1);
    await order.run.start();
    await order.run.pause();
    await order.run.recover();
    expect(order.run.state.is).toBe('paused');
  });
});
