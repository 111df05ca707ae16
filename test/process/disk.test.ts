// The service on a disk that fails: a full disk while the service runs and when it starts, and one
// failed fsync of the folder. The process ends or does not start, and prints the reason. A later
// start has the complete state.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { exportRequest } from '#test/support/as-service.ts';
import { get, post, ServiceProcesses } from '#test/support/service-process.ts';

const [demo] = DEMO_SETS;
if (demo === undefined) throw new TypeError('no demo set');
const demoRequest = () => exportRequest({ set: demo.set, ref1: 0x0101, ref2: 1 }, demo.publishedTransportKey);

let processes: ServiceProcesses;
beforeAll(async () => {
  processes = await ServiceProcesses.open();
});
afterEach(() => processes.reset());
afterAll(() => processes.close());

const fullDisk = () => ({ preload: 'disk-full', variables: { KF_DISK_FULL: processes.beside('full') } }) as const;
const fill = () => writeFile(processes.beside('full'), '');
const makeRoom = () => rm(processes.beside('full'));

describe('a full disk', () => {
  it('ends the service at the next export with a sentence, and the service starts again when there is room', async () => {
    const service = await processes.start(fullDisk());
    expect(await (await get(service, '/readyz')).json()).toEqual({ ready: true });
    const first = demoRequest();
    expect((await post(service, '/v1/exports', first)).status).toBe(200);
    await fill();
    const refused = await post(service, '/v1/exports', demoRequest());
    expect(refused.status).toBe(500);
    expect(await service.exited).toBe(1);
    expect(service.output()).toMatch(/disk of the data folder is full\. Make room on it\. .*must be restarted/);
    expect(service.output()).not.toMatch(/\n\s+at /);
    await makeRoom();
    const again = await processes.start(fullDisk());
    expect((await post(again, '/v1/exports', first)).status).toBe(200);
    expect((await post(again, '/v1/exports', demoRequest())).status).toBe(200);
    expect(await processes.stop(again)).toBe(0);
    expect(await processes.cli.run('log', 'verify')).toContain('The chain is complete');
  }, 60_000);

  it('makes a command of the CLI fail with a sentence, and does not affect the service and its state', async () => {
    const service = await processes.start(fullDisk());
    await fill();
    expect(await processes.cli.refusal('operator', 'add', 'anna')).toMatch(/disk .* is full.*Nothing was changed/);
    expect((await get(service, '/v1/whoami')).status).toBe(200);
    await makeRoom();
    expect(await processes.cli.run('operator', 'add', 'anna')).toContain('anna');
    expect(await processes.stop(service)).toBe(0);
    expect(await processes.cli.run('operator', 'list')).toContain('anna');
  }, 60_000);

  it.each([
    ['at the first start', false],
    ['at a later start', true],
  ])(
    '%s is reported, and the process ends',
    async (_name, hasRun) => {
      if (hasRun) await processes.stop(await processes.start());
      await fill();
      const began = Date.now();
      await expect(processes.start(fullDisk())).rejects.toThrow(/disk of the data folder is full\. Make room on it/);
      expect(Date.now() - began).toBeLessThan(20_000);
      await makeRoom();
      await processes.start(fullDisk());
    },
    60_000,
  );
});

describe('one failed fsync of the folder', () => {
  it.each([1, 2, 3])(
    '(number %i) does not lose a change and does not prevent a start',
    async (nth) => {
      await processes.stop(await processes.start({ args: ['--standalone'] }));
      const variables = { KF_NTH: String(nth) };
      const service = await processes.start({ args: ['--standalone'], preload: 'fsync-dir-once', variables });
      for (const name of ['anna', 'otto', 'olga']) await processes.cli.run('operator', 'add', name);
      await processes.stop(service);
      await processes.stop(await processes.start({ args: ['--standalone'] }));
      expect(await processes.cli.run('operator', 'list')).toMatch(/anna[\s\S]*otto[\s\S]*olga/);
      expect(await readFile(processes.path('audit.log'), 'utf8')).not.toContain('change-lost');
    },
    60_000,
  );
});
