// The conditions of the page, its preferences and the journal's space: each condition
// is shown by itself, and a setting remains for the next page.
import { expect, it } from 'vitest';
import { keysIn } from '#web/state/page/journal-space.ts';
import { PageHealth } from '#web/state/page/page-health.svelte.ts';
import { Preferences } from '#web/state/page/preferences.svelte.ts';

const stateOf = ({ isBroken, isSuperseded, isCutOff, hasLostJournal, isServiceReachable }: PageHealth) => ({
  ...{ isBroken, isSuperseded, isCutOff, hasLostJournal, isServiceReachable },
});
const WELL = {
  ...{ isBroken: false, isSuperseded: false, isCutOff: false, hasLostJournal: false },
  isServiceReachable: undefined,
};

it.each<[string, (health: PageHealth) => void, object]>([
  ['an unexpected error', (health) => health.reportError(), { isBroken: true }],
  ['a newer version', (health) => health.reportNewerVersion(), { isSuperseded: true }],
  ['a part that could not be fetched', (health) => health.reportFetchFailure(), { isCutOff: true }],
  ['a lost journal', (health) => health.reportLostJournal(), { hasLostJournal: true }],
  ['an answer of the AS', (health) => health.reportReach(true), { isServiceReachable: true }],
  ['no answer of the AS', (health) => health.reportReach(false), { isServiceReachable: false }],
])('%s is shown, and nothing else', (_what, report, shown) => {
  const health = new PageHealth();
  expect(stateOf(health)).toEqual(WELL);
  report(health);
  expect(stateOf(health)).toEqual({ ...WELL, ...shown });
});

it('a fetch failure ends with the view, and the reach of the AS is unknown again after the network returned', () => {
  const health = new PageHealth();
  health.reportFetchFailure();
  health.reportReach(true);
  health.clearFetchFailure();
  health.reportReach(undefined);
  expect(stateOf(health)).toEqual(WELL);
});

it('shortcuts are on until they are turned off, also for the next page', () => {
  const stored = new Map<string, string>();
  const settings = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  const open = () => new Preferences({ settings, copy: async () => undefined, keepAwake: () => undefined });
  const preferences = open();
  expect(preferences.hasShortcuts).toBe(true);
  preferences.toggleShortcuts();
  expect([preferences, open()].map(({ hasShortcuts }) => hasShortcuts)).toEqual([false, false]);
  expect([...stored.keys()]).toEqual(['keyferry.shortcuts']);
  preferences.toggleShortcuts();
  expect([preferences, open()].map(({ hasShortcuts }) => hasShortcuts)).toEqual([true, true]);
});

it('the brand is the product until the site has a name', () => {
  const settings = { getItem: () => null, setItem: () => undefined };
  const preferences = new Preferences({ settings, copy: async () => undefined, keepAwake: () => undefined });
  expect(preferences.brand).toBe('Keyferry');
  preferences.setBrand('Works Ltd');
  expect(preferences.brand).toBe('Works Ltd');
  preferences.setBrand(null);
  expect(preferences.brand).toBe('Keyferry');
});

it('space of the journal is counted in whole keys', () => {
  expect([0, 7_999, 8_000, 23_999, 24_000].map(keysIn)).toEqual([0, 0, 1, 2, 3]);
});
