// The ids of all vaults that this browser has had.
import { expect, it } from 'vitest';
import { ImportedVaults } from '#web/state/tokens/imported-vaults.ts';

function settingsOf(stored: string | null = null) {
  const settings = {
    stored,
    writes: 0,
    getItem: (name: string) => (name === 'keyferry.imported-vaults' ? settings.stored : null),
    setItem: (name: string, value: string) => {
      expect(name).toBe('keyferry.imported-vaults');
      settings.stored = value;
      settings.writes++;
    },
  };
  return settings;
}

it('are stored, and only when there is a new one', () => {
  const settings = settingsOf();
  const vaults = new ImportedVaults(settings);
  expect([vaults.has('a'), vaults.has('')]).toEqual([false, false]);
  vaults.add(['a', 'b']);
  vaults.add(['b']);
  vaults.add([]);
  expect(settings).toMatchObject({ stored: 'a,b', writes: 1 });
  expect(new ImportedVaults(settings).has('b')).toBe(true);
});

it('include those that another tab has imported', () => {
  const settings = settingsOf('a');
  const vaults = new ImportedVaults(settings);
  settings.stored = 'a,c';
  expect(vaults.has('c')).toBe(true);
  settings.stored = 'a,d';
  vaults.add(['e']);
  expect(settings.stored).toBe('a,c,d,e');
});

it('are known until the page closes if the browser cannot store them', () => {
  const settings = settingsOf();
  const vaults = new ImportedVaults({ getItem: () => null, setItem: settings.setItem });
  vaults.add(['a']);
  expect(vaults.has('a')).toBe(true);
});
