// Loads keys from a vault or a card instead of the service, with the same lanes and the same
// journal. Only the AS that sealed a key can settle its load.
import { describe, expect, it } from 'vitest';
import type { Lane } from '#web/state/station/lane.svelte.ts';
import { laneMessage } from '#web/ui/messages/lane.ts';
import { type BenchParts, cable, createBench, localOf, SETS } from './station-fixture.ts';

async function attachedLane(bench: BenchParts): Promise<Lane> {
  bench.choice = cable().link(1);
  await bench.station.attach('usb');
  const [lane] = bench.station.lanes;
  if (lane === undefined) throw new Error('nothing is attached');
  return lane;
}

async function load(lane: Lane): Promise<void> {
  lane.choice.chooseSlot(1);
  lane.choice.chooseKey(2);
  if (lane.choice.chosen === undefined) throw new Error('nothing can be chosen');
  await lane.load(lane.choice.chosen);
}

describe('a local source', () => {
  it('loads keys, and the journal names the vault', async () => {
    const bench = await createBench();
    await bench.session.use(localOf(bench));
    const lane = await attachedLane(bench);
    await load(lane);
    expect(laneMessage(lane, 'linux')).toMatchObject({ word: 'Unplug' });
    const [attempt] = await bench.journal.list(1);
    expect(attempt).toMatchObject({ outcome: 'done', service: 'vault AAAA', operator: 'Vault 0007', demo: false });
  });

  it('marks the loads of a demo set in the journal', async () => {
    const bench = await createBench();
    const demoSets = SETS.map((set) => ({ ...set, demo: true }));
    await bench.session.use({ ...localOf(bench), keys: async () => demoSets });
    await load(await attachedLane(bench));
    expect(await bench.journal.list(1)).toMatchObject([{ demo: true }]);
  });

  it('loads a key into a unit that was attached before the vault was unlocked', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const lane = await attachedLane(bench);
    bench.session.signOut();
    expect(lane.choice.obstacle).toBe('signed-out');
    await bench.session.use(localOf(bench));
    await load(lane);
    expect(lane.phase.is).toBe('done');
  });

  it('replaces the service, which is signed out, and is locked when the operator signs in again', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const local = localOf(bench);
    await bench.session.use(local);
    expect([bench.account.signedOut, bench.session.signedIn?.kind, bench.session.signedIn?.expires]).toEqual([
      1,
      'vault',
      undefined,
    ]);
    await bench.session.signIn('token');
    expect([local.locked, bench.session.signedIn?.kind, bench.session.local]).toEqual([1, 'remote', undefined]);
  });

  it.each(['vault-locked', 'vault-expired'] as const)(
    'that fails with %s during a load is locked, and the session ends',
    async (code) => {
      const bench = await createBench();
      const local = localOf(bench);
      await bench.session.use(local);
      const lane = await attachedLane(bench);
      bench.account.refuse('exportKey', code);
      await load(lane);
      expect(lane.phase).toMatchObject({ is: 'failed', failure: { code } });
      expect([bench.session.state, local.locked]).toEqual([{ is: 'out', failure: { code } }, 1]);
    },
  );

  it('does not verify the receipt of a key that another AS has sealed', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    bench.account.refuse('verifyReceipt', 'service-unreachable');
    const lane = await attachedLane(bench);
    await load(lane);
    expect(lane.phase.is).toBe('unverified');
    await bench.session.use(localOf(bench));
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unverified', failure: { code: 'source-other' } });
    expect(bench.station.elsewhere).toHaveLength(1);
    await bench.session.signIn('token');
    await lane.retry();
    expect(lane.phase.is).toBe('done');
    expect(bench.station.elsewhere).toEqual([]);
  });
});
