// The paths for supervisors and monitoring, and the files in as-service/deploy.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '#as-service/bin/config.ts';
import { createTestApp, exportRequest, ServiceSetup } from '#test/support/as-service.ts';
import { MemoryLogFile } from '#test/support/memory-log-file.ts';

const TOKEN = 'a token of this test'.replaceAll(' ', '-');

let service: ServiceSetup;
beforeEach(async () => {
  service = await ServiceSetup.open();
  service.app = createTestApp(service.as, { metricsToken: TOKEN });
});
afterEach(() => service.close());

const read = (path: string, headers = {}) => service.app.request(`http://10.0.0.9:8787${path}`, { headers });
const metrics = async () => (await read('/metrics', { authorization: `Bearer ${TOKEN}` })).text();

describe('/healthz and /readyz', () => {
  it('answer to any host name, without an access code', async () => {
    expect(await (await read('/healthz')).json()).toEqual({ alive: true });
    expect(await (await read('/readyz')).json()).toEqual({ ready: true });
  });

  it('differ once the disk has refused an entry of the log', async () => {
    const logFile = new MemoryLogFile();
    await service.close();
    service = await ServiceSetup.open({ logFile });
    service.app = createTestApp(service.as, { metricsToken: TOKEN });
    logFile.sync = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await service.as.log.append({ event: 'test', actor: null, details: {} }).catch(() => undefined);
    expect((await read('/healthz')).status).toBe(200);
    expect((await read('/readyz')).status).toBe(503);
    expect(await metrics()).toContain('\nkeyferry_ready 0\n');
  });
});

describe('/metrics', () => {
  it('needs the token of the configuration, and does not exist without one', async () => {
    const token = await service.addOperator('olga');
    for (const authorization of ['', `Bearer ${TOKEN}x`, `Bearer ${token}`]) {
      expect((await read('/metrics', { authorization })).status).toBe(401);
    }
    service.app = createTestApp(service.as);
    const response = await service.app.request('/metrics', { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(response.status).toBe(404);
  });

  it('counts responses, and shows what runs and waits', async () => {
    const token = await service.addOperator('olga');
    await service.call(token, '/v1/exports', exportRequest());
    await service.call('KF-WRONG', '/v1/exports', exportRequest());
    const text = await metrics();
    for (const line of [
      '# TYPE keyferry_responses_total counter',
      'keyferry_responses_total{status="200"} 1',
      'keyferry_responses_total{status="401"} 1',
      '# TYPE keyferry_requests_waiting gauge',
      'keyferry_requests_running 0',
      'keyferry_bodies_bytes 0',
      'keyferry_ready 1',
      `keyferry_log_entries ${service.as.log.head.sequence}`,
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) .+|keyferry_\w+(\{.*\})? \d+)$/);
    expect(text).not.toContain(token);
  });
});

describe('the files for a supervisor', () => {
  const unit = readFileSync('as-service/deploy/keyferry-as.service', 'utf8');
  const container = readFileSync('as-service/deploy/Containerfile', 'utf8');

  it('start the service with flags and variables that it knows', () => {
    const [, unitCommand = ''] = /^ExecStart=\S+ \S+serve\.js (.*)$/m.exec(unit) ?? [];
    const [, list = '[]'] = /^CMD (\[.*\])$/m.exec(container) ?? [];
    const containerCommand = JSON.parse(list) as string[];
    for (const args of [unitCommand.split(' '), containerCommand.slice(containerCommand.indexOf('--standalone'))]) {
      expect(readConfig(args, {}, '/opt/keyferry/service')).toMatchObject({ embedded: false, log: 'json' });
    }
    const source = readFileSync('as-service/bin/config.ts', 'utf8') + readFileSync('as-service/cli/help.ts', 'utf8');
    const variables = [...`${unit}${container}`.matchAll(/KEYFERRY_[A-Z_]+/g)].map(([name]) => name);
    expect(variables.length).toBeGreaterThan(0);
    for (const name of variables) expect(source).toContain(name);
  });

  it('give the service time for its last responses', () => {
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    const [, grace = ''] = /GRACE_MS = ([\d_]+)/.exec(readFileSync('as-service/bin/serve.ts', 'utf8')) ?? [];
    expect(Number(seconds) * 1000).toBeGreaterThan(Number(grace.replace('_', '')));
    expect(unit).toContain('Restart=on-failure');
  });
});
