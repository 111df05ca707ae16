import { expect, it } from 'vitest';
import { readLocalNetwork } from '#web/state/help/local-network.ts';

const PAGE = 'https://page.example';
const AS = ['https://keys.example/service'];

/** Fakes navigator.permissions of a browser that knows these permissions. */
const permissions = (states: Readonly<Record<string, PermissionState>>): Pick<Permissions, 'query'> => ({
  query: async ({ name }) => {
    const state = states[name];
    if (state === undefined) throw new TypeError(`${name} is not a valid enum value`);
    return { state } as PermissionStatus;
  },
});

it('returns the state of the permission, by its name in Chrome 142 or 145', async () => {
  expect(await readLocalNetwork(permissions({ 'local-network-access': 'denied' }), PAGE, AS)).toBe('denied');
  expect(await readLocalNetwork(permissions({ 'local-network': 'prompt' }), PAGE, AS)).toBe('prompt');
});

it('returns undefined in a browser without the permission', async () => {
  expect(await readLocalNetwork(permissions({}), PAGE, AS)).toBeUndefined();
  expect(await readLocalNetwork(undefined, PAGE, AS)).toBeUndefined();
});

it('returns undefined if every AS has the origin of the page', async () => {
  const denied = permissions({ 'local-network': 'denied' });
  expect(await readLocalNetwork(denied, PAGE, [`${PAGE}/tools/keys`])).toBeUndefined();
  expect(await readLocalNetwork(denied, PAGE, [`${PAGE}/tools/keys`, ...AS])).toBe('denied');
});
