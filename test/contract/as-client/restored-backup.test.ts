// A station against a real service whose data folder was put back to an earlier copy, and which has
// then grown past the log that the station saw.
import { cp } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import {
  callJson,
  createTestApp,
  exportRequest,
  openTestAs,
  ServiceSetup,
  temporaryFolder,
} from '#test/support/as-service.ts';
import { MemoryTrust } from '#test/unit/web/as-client/fake-as.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';

it('refuses a restored backup that has more entries than the station saw, until the administrator confirms it', async () => {
  const service = await ServiceSetup.open();
  onTestFinished(() => service.close());
  const [code, other] = [await service.addOperator('olga'), await service.addOperator('otto')];
  let { app } = service;
  const trust = new MemoryTrust();
  const { subtle } = globalThis.crypto;
  const fetch = async (url: string, init: RequestInit) => app.request(url, init);
  const page = () => new RemoteAs({ fetch, baseUrl: () => 'http://localhost', subtle, trust });
  const load = () => callJson<object>(app, other, '/v1/exports', exportRequest());
  await page().signIn(code);

  const copy = await temporaryFolder();
  onTestFinished(() => copy.remove());
  await cp(service.path('.'), copy.path, { recursive: true });
  const seen = trust.pinned?.head?.sequence ?? 0;
  await load();
  await page().signIn(code);
  expect(trust.pinned?.head?.sequence).toBe(seen + 1);

  const restored = await openTestAs(copy.path);
  onTestFinished(() => restored.close());
  app = createTestApp(restored);
  for (let i = 0; i < 30; i++) await load();
  expect(restored.log.head.sequence).toBeGreaterThan(seen + 1);
  const station = page();
  await expect(station.signIn(code)).rejects.toMatchObject({ code: 'log-changed' });

  const { shown } = await station.roots.compare();
  await station.roots.replace(shown.root);
  await station.signIn(code);
  expect(trust.pinned?.head?.sequence).toBe(restored.log.head.sequence);
});
