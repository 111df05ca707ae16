// What the run of an order writes to the journal for each action, and what the operator may do with
// a unit.
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { ONE_LINE, type Page, sn, TWO_LINES, unit, World, working } from './order-fixture.ts';

const AT = '2026-11-23T12:00:00.000Z';

/** Returns the events of the order since the last call, without the attempts. */
function watchEvents(page: Page) {
  const note = vi.spyOn(page.bench.journal, 'note');
  return () => note.mock.calls.splice(0).map(([chain, event, row]) => [chain === page.chain, event, row?.state]);
}

describe('the journal of an order', () => {
  it('has each refusal of a unit, with its cause', async () => {
    const world = new World([unit(1)], ONE_LINE, { requireLabelScan: true });
    const page = await working(world);
    const events = watchEvents(page);
    await page.plug(unit(77));
    await page.plug(...world.cables);
    await page.plug(unit(1));
    await page.run.scan('45490099');
    expect(events()).toEqual([
      [true, { step: 'unit-refused', sn: sn(77), refusal: 'unlisted' }, undefined],
      [true, { step: 'unit-refused', sn: sn(1), refusal: 'twice' }, undefined],
      [true, { step: 'unit-refused', sn: sn(1), refusal: 'scan-differs' }, undefined],
    ]);
    expect(page.signals).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect([page.run.duplicate, page.run.waitsForScan]).toEqual([sn(1), false]);
  });

  it('has a label that matches, before the load', async () => {
    const world = new World([unit(1)], ONE_LINE, { requireLabelScan: true });
    const page = await working(world);
    await page.plug(...world.cables);
    const events = watchEvents(page);
    await page.run.scan('45490001');
    expect(events()).toEqual([[true, { step: 'label-matched', sn: sn(1) }, undefined]]);
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['done']);
  });

  it('has a matching label before the unit is loaded: a label that was not recorded is scanned again', async () => {
    const world = new World([unit(1)], ONE_LINE, { requireLabelScan: true });
    const page = await working(world);
    await page.plug(...world.cables);
    const failure = new ProtocolError('journal-full', 'full');
    const note = vi.spyOn(page.bench.journal, 'note').mockRejectedValueOnce(failure);
    await page.run.scan('45490001');
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['scan']);
    expect(page.run.state).toMatchObject({ is: 'halted', failure: { code: 'journal-full' } });
    await page.run.start();
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['scan']);
    note.mockClear();
    await Promise.all([page.run.scan('45490001'), page.run.scan('45490001')]);
    expect(page.run.units.map(({ phase }) => phase.is)).toEqual(['done']);
    expect(note.mock.calls.filter(([, { step }]) => step === 'label-matched')).toHaveLength(1);
  });

  it('has a unit that was set aside and retried, and one that had all keys', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    await page.run.pause();
    await page.plug(cable);
    const events = watchEvents(page);
    await page.run.skip(page.unit(cable), 'Broken');
    expect(page.unit(cable).row).toEqual({
      ...{ order: page.chain, sn: sn(1), state: 'failed', aside: true, reason: 'Broken' },
      ...{ tries: 0, exported: [], begun: AT, at: AT },
    });
    expect(page.run.counts.here).toMatchObject({ aside: 1, failed: 0 });
    await page.run.start();
    await page.run.retry(page.unit(cable));
    expect(page.unit(cable).row).toMatchObject({ state: 'done', tries: 1, begun: AT, at: AT });
    expect(page.unit(cable).row).not.toHaveProperty('reason');
    expect(events()).toEqual([
      [true, { step: 'unit-skipped', sn: sn(1), reason: 'Broken' }, 'failed'],
      [true, { step: 'order-resumed' }, undefined],
      [true, { step: 'unit-retaken', sn: sn(1) }, 'failed'],
    ]);
    const other = await working(new World([cable]));
    const had = watchEvents(other);
    await other.plug(cable);
    expect(had()).toEqual([[true, { step: 'unit-had-all', sn: sn(1) }, 'done']]);
    expect(other.signals).toEqual(['done']);
  });

  it('has a rehearsed unit, which is done', async () => {
    const world = new World([unit(1)], TWO_LINES, { dryRun: true });
    const page = await working(world);
    const events = watchEvents(page);
    await page.plug(...world.cables);
    expect(events()).toEqual([[true, { step: 'unit-rehearsed', sn: sn(1) }, 'done']]);
    expect([page.signals, page.run.counts.here.done]).toEqual([['done'], 1]);
  });

  it('has the failure of a rehearsal only in the state of the unit', async () => {
    const world = new World([unit(1)], ONE_LINE, { dryRun: true });
    const page = await working(world);
    const [cable = unit(1)] = world.cables;
    cable.lie = { ins: 0x84, statusWord: 0x6982 };
    await page.plug(cable);
    expect(page.unit(cable).phase).toMatchObject({ is: 'failed', failure: { statusWord: 0x6982 } });
    expect(page.signals).toEqual(['failed']);
  });
});

describe('a unit of an order', () => {
  it('cannot be set aside or retried during its load', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    const { exportKey } = page.bench.account;
    let isRefused = false;
    page.bench.account.exportKey = async (request) => {
      const progress = page.unit(cable);
      expect([progress.phase, page.run.isIdle]).toEqual([{ is: 'loading', line: 0, lines: 1 }, false]);
      await expect(page.run.skip(progress, 'Broken')).rejects.toThrow(RangeError);
      await page.run.retry(progress, 'Again');
      expect([progress.phase.is, progress.lane.busy]).toEqual(['loading', true]);
      isRefused = true;
      return await exportKey(request);
    };
    await page.plug(cable);
    expect([isRefused, page.run.isIdle, page.unit(cable).phase.is]).toEqual([true, true, 'done']);
    expect(page.unit(cable).row?.reason).toBeUndefined();
    expect(world.exports).toHaveLength(1);
  });

  it('is not changed after the end of the order', async () => {
    const world = new World([unit(1)], ONE_LINE, { requireLabelScan: true });
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    await page.plug(cable);
    expect([page.unit(cable).phase.is, page.run.waitsForScan]).toEqual(['scan', true]);
    await page.run.end('revoked');
    expect([page.run.ended, page.run.waitReason, page.unit(cable).phase.is]).toEqual(['revoked', 'revoked', 'waiting']);
    const events = watchEvents(page);
    await page.run.end('revoked');
    await page.run.start();
    await page.run.scan('45490001');
    await page.run.retry(page.unit(cable));
    await page.run.skip(page.unit(cable), 'Broken');
    expect([events(), page.run.state, page.unit(cable).phase.is]).toEqual([[], { is: 'paused' }, 'waiting']);
    expect(world.exports).toEqual([]);
  });

  it('waits without a sign-in, and after the period of the order', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    page.bench.session.signOut();
    await page.plug(...world.cables);
    expect([page.run.waitReason, page.run.units[0]?.phase.is]).toEqual(['sign-in', 'waiting']);
    page.now = () => new Date(Date.parse(world.order.until) + 1);
    await page.run.checkValidity();
    expect(page.run.waitReason).toBe('over');
  });

  it('is tried again without the operator after a temporary failure, even if the run did not halt', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    page.bench.account.refuse('exportKey', 'service-unreachable');
    await page.plug(cable);
    await page.run.pause();
    await page.run.recoverAutomatically();
    expect(page.unit(cable).phase.is).toBe('waiting');
    await page.run.start();
    expect(page.unit(cable).phase.is).toBe('done');
  });

  it('is in use while it is read or loaded', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    const seen: boolean[] = [];
    const { exportKey } = page.bench.account;
    page.bench.account.exportKey = async (request) => {
      seen.push(page.run.isInUse(sn(1)), page.run.isInUse(sn(2)));
      return await exportKey(request);
    };
    await page.plug(cable);
    expect([seen, page.run.isInUse(sn(1))]).toEqual([[true, false], false]);
  });

  it('has the time of its load, and names itself when it is plugged in again', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    await page.plug(cable);
    expect(page.unit(cable).duration).toBeGreaterThan(0);
    const { linkId } = page.unit(cable);
    await page.unplug(cable);
    await page.plug(cable);
    expect(page.unit(cable).linkId).not.toBe(linkId);
    expect(page.run.units).toHaveLength(1);
  });

  it('waits, and the run halts, if its row cannot be read', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    const read = vi.spyOn(page.store, 'unit').mockRejectedValue(new ProtocolError('journal-failed', 'scripted'));
    await page.plug(cable);
    expect(page.unit(cable).phase).toEqual({ is: 'waiting' });
    expect(page.run.state).toMatchObject({ is: 'halted', failure: { code: 'journal-failed' } });
    expect(page.run.isInUse(sn(1))).toBe(false);
    read.mockRestore();
    await page.run.start();
    expect(page.unit(cable).phase.is).toBe('done');
  });

  it('is tried again without the operator three times, and three times more after the operator has acted', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    let requests = 0;
    page.bench.account.exportKey = async () => {
      requests++;
      throw new ProtocolError('service-unreachable', 'scripted');
    };
    await page.plug(...world.cables);
    const recover = async (): Promise<number> => {
      for (let times = 0; times < 5; times++) await page.run.recoverAutomatically();
      return requests;
    };
    expect(await recover()).toBe(1 + 3);
    await page.run.start();
    expect(await recover()).toBe(4 + 1 + 3);
    await page.run.recover();
    expect(await recover()).toBe(8 + 1 + 3);
  });

  it('that is plugged in again does not hide that two other units share a serial number', async () => {
    const world = new World([1, 2].map(unit));
    const [, second = unit(2)] = world.cables;
    const page = await working(world);
    await page.plug(...world.cables);
    await page.plug(unit(1));
    expect(page.run.duplicate).toBe(sn(1));
    await page.unplug(second);
    await page.plug(second);
    expect(page.run.duplicate).toBe(sn(1));
  });
});
