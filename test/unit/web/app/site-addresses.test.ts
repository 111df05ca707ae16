// What a station has stored about an AS under one address. Tests how much of that the station uses
// after a site file has named other addresses, or the same ones in another order (docs/protocol.md
// clause 9.2).
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { OTHER_ROOT, publicRoot, signSiteFile } from '#test/support/site.ts';
import type { Environment } from '#web/app/environment.ts';
import { openStationSite, type StationSite } from '#web/app/site.ts';
import { openSettings } from '#web/app/storage.ts';
import type { TrustStore } from '#web/as-client/trust.ts';
import { Database } from '#web/journal/database.ts';
import { StationTrustStore } from '#web/trust-store/trust-store.ts';

const OLD = 'https://old.example.org';
const NEW = 'https://new.example.org';
const ROOT = toBase64url(publicRoot());
const now = (): Date => new Date('2026-11-30T10:00:00Z');
const headOf = (sequence: number) => ({
  ...{ sequence, hash: `hash ${sequence}`, time: '2026-11-30T09:00:00Z', asNumber: 0, envelope: '{}' },
});

let database: Database;
beforeEach(async () => {
  vi.stubGlobal('location', { search: '', pathname: '/', hash: '' });
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => undefined });
  database = await Database.open(new IDBFactory(), () => undefined);
});
afterEach(() => vi.unstubAllGlobals());

const storeOf = (service: string): StationTrustStore => new StationTrustStore(database, service, now);

async function pin(service: string, root: string, ...heads: number[]): Promise<void> {
  await storeOf(service).pin(root);
  for (const sequence of heads) await storeOf(service).advance(headOf(sequence));
}

async function openSite(...as: readonly string[]): Promise<{ site: StationSite; trust: TrustStore }> {
  const siteAnswer = Promise.resolve(new Response(await signSiteFile({ site: { as } })));
  const environment = { settings: openSettings(''), siteAnswer, now } as unknown as Environment;
  const site = await openStationSite(environment, 'site https://page.example', database);
  if (!site) throw new Error('no site file is used');
  return { site, trust: site.checked(storeOf(as[0] ?? '')) };
}

it('an AS keeps its audit head and its earlier name when a site file names another address first', async () => {
  await pin(OLD, ROOT, 5);
  const { site, trust } = await openSite(NEW, OLD);
  expect(await trust.read()).toMatchObject({ root: ROOT, head: headOf(5) });
  expect(site.names).toEqual([NEW, OLD]);
  await trust.advance(headOf(6));
  const back = await openSite(OLD, NEW);
  expect(await back.trust.read()).toMatchObject({ head: headOf(6) });
  expect(back.site.names).toEqual([OLD, NEW]);
});

it('an AS has the newest audit head of all its addresses if an earlier build stored one for each', async () => {
  await pin(OLD, ROOT, 7);
  await pin(NEW, ROOT, 3);
  const { site, trust } = await openSite(NEW);
  expect(await trust.read()).toMatchObject({ head: headOf(7) });
  expect(site.names).toEqual([NEW, OLD]);
});

it('an address with another root key is another AS', async () => {
  await pin(OLD, toBase64url(publicRoot(OTHER_ROOT)), 9);
  await pin(NEW, ROOT, 3);
  const { site, trust } = await openSite(NEW, OLD);
  expect(await trust.read()).toMatchObject({ head: headOf(3) });
  expect(site.names).toEqual([NEW]);
});

it('a root key that is pinned later gives the AS the audit head and the names of its other addresses', async () => {
  const { site, trust } = await openSite(NEW);
  expect([await trust.read(), site.names]).toEqual([undefined, [NEW]]);
  await pin(OLD, ROOT, 5); // by another tab
  await trust.pin(ROOT);
  expect(await trust.read()).toMatchObject({ head: headOf(5) });
  expect(site.names).toEqual([NEW, OLD]);
});

it('an AS that was restored from a backup loses its audit head at all its addresses', async () => {
  await pin(OLD, ROOT, 7);
  await pin(NEW, ROOT, 8);
  const { trust } = await openSite(NEW, OLD);
  await trust.replace(ROOT);
  const replaced = await trust.read();
  expect(replaced).toMatchObject({ root: ROOT, former: [{ root: ROOT, head: headOf(8) }] });
  expect(replaced?.head).toBeUndefined();
  await trust.advance(headOf(2));
  expect((await (await openSite(OLD)).trust.read())?.head).toEqual(headOf(2));
});
