// The demo bench: its commands to the simulator, and its device chooser.
import { describe, expect, it } from 'vitest';
import { FileError } from '#protocol/errors.ts';
import { type BenchControl, type BenchUnit, DemoBench } from '#web/state/demo/demo-bench.svelte.ts';
import type { Replay } from '#web/state/demo/read-replay.ts';

const CANDIDATE = { sn: '07', kind: 'usb', label: 'Unit 7' } as const;

function createBench() {
  let units: readonly BenchUnit[] = [{ sn: '07', name: 'Unit 7', links: ['usb'], plugged: true }];
  const done: string[] = [];
  const set = (plugged: boolean): void => {
    units = units.map((unit) => ({ ...unit, plugged }));
  };
  const control: BenchControl<string> = {
    units: () => units,
    plug: () => set(true),
    unplug: () => set(false),
    fault: (sn, fault) => void done.push(`${fault} at ${sn}`),
    clearFaults: (sn) => void done.push(`clear ${sn}`),
  };
  const bench = new DemoBench<string>([
    { name: 'late', fault: 'LATE' },
    { name: 'gone', fault: 'GONE' },
  ]);
  bench.use(control);
  const unit = (): BenchUnit => {
    const [first] = bench.units;
    if (!first) throw new TypeError('no unit');
    return first;
  };
  return { bench, control, done, unit };
}

describe('the demo bench', () => {
  it('has no units and no fault before the simulator is connected', async () => {
    const bench = new DemoBench<string>([{ name: 'late', fault: 'LATE' }]);
    expect([bench.units, bench.hub, bench.armed, bench.chooser]).toEqual([[], [], {}, undefined]);
    expect([bench.isServiceDown, bench.isChooserDenied]).toEqual([false, false]);
    const unit = { sn: '07', name: 'Unit 7', links: ['usb'], plugged: true } as const;
    bench.toggle(unit);
    bench.toggle({ ...unit, plugged: false });
    bench.arm('07', 'late');
    bench.refresh();
    expect(bench.units).toEqual([]);
  });

  it('plugs and unplugs a unit', () => {
    const { bench, unit } = createBench();
    bench.toggle(unit());
    expect(unit().plugged).toBe(false);
    bench.toggle(unit());
    expect(unit().plugged).toBe(true);
  });

  it('refuses the device chooser as a policy does, and stops the AS', async () => {
    const { bench } = createBench();
    const open = bench.choose([CANDIDATE]);
    bench.toggleChooser();
    expect(bench.isChooserDenied).toBe(true);
    await expect(bench.choose([CANDIDATE])).rejects.toMatchObject({ name: 'SecurityError' });
    await expect(open).resolves.toBeUndefined();
    expect(bench.chooser).toBeUndefined();
    bench.toggleChooser();
    expect(bench.isChooserDenied).toBe(false);
    const choice = bench.choose([CANDIDATE]);
    bench.chooser?.answer(CANDIDATE);
    expect(await choice).toBe(CANDIDATE);
    expect(bench.isServiceDown).toBe(false);
    bench.toggleService();
    expect(bench.isServiceDown).toBe(true);
  });

  it('plugs and unplugs all units on the hub, and no other units', () => {
    const plugged = new Set(['07']);
    const bench = new DemoBench<string>([], ['47', '48']);
    bench.use({
      units: () =>
        ['07', '47', '48'].map((sn) => ({ sn, name: sn, links: ['usb'], plugged: plugged.has(sn) }) as const),
      plug: (sn) => void plugged.add(sn),
      unplug: (sn) => void plugged.delete(sn),
      fault: () => undefined,
      clearFaults: () => undefined,
    });
    expect([bench.units, bench.hub].map((some) => some.map(({ sn }) => sn))).toEqual([['07'], ['47', '48']]);
    bench.plugHub(true);
    expect([...plugged]).toEqual(['07', '47', '48']);
    expect(bench.hub.every((unit) => unit.plugged)).toBe(true);
    bench.plugHub(false);
    expect([...plugged]).toEqual(['07']);
    expect(bench.hub.every((unit) => !unit.plugged)).toBe(true);
  });

  it('replaces the armed fault', () => {
    const { bench, done } = createBench();
    bench.arm('07', 'late');
    bench.arm('07', 'gone');
    bench.arm('07', '');
    expect(done).toEqual(['clear 07', 'LATE at 07', 'clear 07', 'GONE at 07', 'clear 07']);
    expect(bench.armed).toEqual({ '07': '' });
  });

  it('disarms a fault that has unplugged its unit', () => {
    const { bench, control, unit } = createBench();
    bench.arm('07', 'gone');
    control.unplug('07');
    bench.refresh();
    expect(unit().plugged).toBe(false);
    expect(bench.armed).toEqual({ '07': '' });
  });

  it('keeps a fault while its unit stays plugged or unplugged', () => {
    const { bench, control } = createBench();
    bench.arm('07', 'gone');
    bench.refresh();
    expect(bench.armed).toEqual({ '07': 'gone' });
    control.unplug('07');
    bench.refresh();
    bench.arm('07', 'late');
    bench.refresh();
    expect(bench.armed).toEqual({ '07': 'late' });
    control.plug('07');
    bench.refresh();
    expect(bench.armed).toEqual({ '07': 'late' });
  });

  it('arms no fault with an unknown name', () => {
    const { bench, done } = createBench();
    bench.arm('07', 'unknown');
    expect(done).toEqual(['clear 07']);
    expect(bench.armed).toEqual({ '07': '' });
  });

  describe('with a support file', () => {
    const end = { code: 'quota-used' } as const;
    const service = { path: '/v1/exports', code: 'quota-used' } as const;
    const replay = { at: '2026-11-30T10:00:00.000Z', link: 'serial', end, faults: [], service } as const;
    const file = { name: 'f.json', size: 0, arrayBuffer: async () => new ArrayBuffer(0) };

    function openWith(read: () => Promise<Replay>) {
      let units: readonly BenchUnit[] = [
        { sn: '07', name: 'Unit 7', links: ['usb'], plugged: true },
        { sn: '08', name: 'Unit 8', links: ['serial'], plugged: false },
      ];
      const done: string[] = [];
      const bench = new DemoBench<string>([{ name: 'late', fault: 'LATE' }], [], {
        read,
        asFault: (faults) => `${faults.length} faults`,
      });
      bench.use({
        units: () => units,
        plug: (sn) => {
          units = units.map((each) => (each.sn === sn ? { ...each, plugged: true } : each));
        },
        unplug: () => undefined,
        fault: (sn, fault) => void done.push(`${fault} at ${sn}`),
        clearFaults: (sn) => void done.push(`clear ${sn}`),
      });
      return { bench, done };
    }

    it('arms its failed load for a unit with that interface, and plugs the unit in', async () => {
      const { bench, done } = openWith(async () => replay);
      await bench.openSupportFile(file);
      expect(bench.replay).toMatchObject({ end, unit: { sn: '08' } });
      expect(bench.units[1]?.plugged).toBe(true);
      expect(done).toEqual(['clear 08', '0 faults at 08']);
      expect(bench.faults.map(({ name }) => name)).toEqual(['late', 'as in the support file']);
      expect(bench.armed).toEqual({ '08': 'as in the support file' });
      expect(bench.serviceFault).toEqual(service);
    });

    it('lets the AS answer as usual when the replay is disarmed', async () => {
      const { bench } = openWith(async () => replay);
      await bench.openSupportFile(file);
      bench.arm('08', '');
      expect(bench.serviceFault).toBeUndefined();
      bench.arm('07', 'as in the support file');
      expect(bench.serviceFault).toEqual(service);
    });

    it('says why a file is refused, and disarms the earlier one', async () => {
      let next: Promise<Replay> = Promise.resolve(replay);
      const { bench, done } = openWith(() => next);
      await bench.openSupportFile(file);
      next = Promise.reject(new FileError('This is not a support file.', 'Choose another file'));
      await bench.openSupportFile(file);
      expect(bench.replayFailure?.message?.title).toBe('This is not a support file.');
      expect([bench.replay, bench.serviceFault]).toEqual([undefined, undefined]);
      expect(done.at(-1)).toBe('clear 08');
      expect(bench.faults).toHaveLength(1);
    });
  });

  it('opens the chooser, and returns the choice to the simulator', async () => {
    const { bench } = createBench();
    const chosen = bench.choose([CANDIDATE]);
    expect(bench.chooser?.candidates).toEqual([CANDIDATE]);
    bench.chooser?.answer(CANDIDATE);
    await expect(chosen).resolves.toBe(CANDIDATE);
    expect(bench.chooser).toBeUndefined();
  });

  it('cancels a chooser when another chooser is opened', async () => {
    const { bench } = createBench();
    const first = bench.choose([CANDIDATE]);
    const second = bench.choose([CANDIDATE]);
    await expect(first).resolves.toBeUndefined();
    bench.chooser?.answer(CANDIDATE);
    await expect(second).resolves.toBe(CANDIDATE);
  });
});
