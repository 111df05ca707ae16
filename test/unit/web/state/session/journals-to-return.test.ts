// The station stores which vault journals the AS lacks, so that the next page shows them at its
// start.
import { describe, expect, it } from 'vitest';
import { JournalsToReturn } from '#web/state/session/journals-to-return.svelte.ts';

function storage(values = new Map<string, string>()) {
  const settings = {
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
  };
  return { values, settings };
}

describe('the journals to return', () => {
  it('are listed after a reload, until they are returned', () => {
    const { settings, values } = storage();
    const first = new JournalsToReturn(settings);
    expect(first.list).toEqual([]);
    const vaults = [
      { id: 'AAAAAAAAAAAAAAAAAAAAAA', number: '0001' },
      { id: 'b-_', number: '00FF' },
    ];
    first.update(vaults, new Set());
    expect(new JournalsToReturn(settings).list).toEqual(vaults);
    expect(values).toEqual(new Map([['keyferry.to-return', '0001 AAAAAAAAAAAAAAAAAAAAAA,00FF b-_']]));
    first.update([], new Set(vaults.map(({ id }) => id)));
    expect(new JournalsToReturn(settings).list).toEqual([]);
  });

  it('keep the vaults that another tab has added', () => {
    const { settings } = storage();
    const [a, b] = [new JournalsToReturn(settings), new JournalsToReturn(settings)];
    const [one, two] = [
      { id: 'A', number: '0001' },
      { id: 'B', number: '0002' },
    ];
    b.update([one], new Set());
    a.update([two], new Set());
    expect(a.list).toEqual([one, two]);
    expect(b.read()).toEqual([one, two]);
  });

  it.each(['x', '0001', '0001 a b', '00g1 AA', ',,'])(
    'are an empty list when the stored setting is damaged: %j',
    (text) => {
      const { settings } = storage(new Map([['keyferry.to-return', text]]));
      expect(new JournalsToReturn(settings).list).toEqual([]);
    },
  );
});
