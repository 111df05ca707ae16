// The service as a real process: its start and its end, kill -9 in the middle of work, and its CLI beside it.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditLine } from '#as-service/audit-log/audit-line.ts';
import { scanLog } from '#as-service/audit-log/scan-log.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import type { ExportAnswerJson, ExportRequestJson, KeysJson } from '#protocol/service/messages.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { exportRequest, openTestAs, SEALING_KEY, temporaryFolder } from '#test/support/as-service.ts';
import { bundleService } from '#test/support/service-bundle.ts';

const run = promisify(execFile);
const [demo] = DEMO_SETS;
if (demo === undefined) throw new Error('there are demo sets');

let bundle: Awaited<ReturnType<typeof temporaryFolder>>;
let scripts: Awaited<ReturnType<typeof bundleService>>;
beforeAll(async () => {
  bundle = await temporaryFolder();
  scripts = await bundleService(bundle.path);
});
afterAll(() => bundle.remove());

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const running = new Set<ChildProcess>();
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await Promise.all([...running].map((child) => end(child, 'SIGKILL')));
  await folder.remove();
});

const environment = (change: Record<string, string> = {}) => ({
  PATH: process.env.PATH ?? '',
  KEYFERRY_DATA: join(folder.path, 'data'),
  KEYFERRY_EXPORTS_PER_MINUTE: '100000000',
  ...change,
});

interface Service {
  readonly child: ChildProcess;
  readonly address: string;
  readonly token: string;
  readonly said: () => string;
}

/** Resolves once it says where it is; rejects with its words when it ends instead. */
async function start(args: readonly string[] = ['--demo'], env: Record<string, string> = {}): Promise<Service> {
  const child = spawn(process.execPath, [scripts.serve, '--port', '0', ...args], { env: environment(env) });
  running.add(child);
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      said += text;
      const address = /Open\s+(http:\/\/localhost:\d+)/.exec(said)?.[1];
      if (address === undefined || !/Keys on disk/.test(said)) return;
      resolve({ child, address, token: /KF(-\w{5}){6}/.exec(said)?.[0] ?? '', said: () => said });
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.once('exit', () => {
      running.delete(child);
      reject(new Error(said));
    });
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return ended;
}

const cli = async (...args: string[]) =>
  (await run(process.execPath, [scripts.cli, ...args], { env: environment() })).stdout;
const refusal = (...args: string[]) =>
  cli(...args).then(
    () => 'it was done',
    (cause: { stderr: string }) => cause.stderr,
  );

const post = (service: Service, path: string, body: unknown) =>
  fetch(service.address + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const get = (service: Service, path: string) =>
  fetch(service.address + path, { headers: { authorization: `Bearer ${service.token}` } });
const demoRequest = () => exportRequest({ set: demo.set, ref1: 0x0101, ref2: 1 }, demo.publishedTransportKey);

describe('kill -9 in a stream of exports', () => {
  it('loses no answered export, reuses no number, makes no second export for a key, and leaves a whole chain', async () => {
    const answered = new Map<string, string>();
    const asked: ExportRequestJson[] = [];
    for (let round = 0; round < 8; round++) {
      const service = await start();
      // What was asked before and may or may not have been answered is asked again under the same key.
      for (const request of asked.slice(-5)) {
        const { data } = (await (await post(service, '/v1/exports', request)).json()) as ExportAnswerJson;
        expect(answered.get(request.idempotencyKey) ?? data).toBe(data);
        answered.set(request.idempotencyKey, data);
      }
      let alive = true;
      const lane = async () => {
        while (alive) {
          const request = demoRequest();
          asked.push(request);
          const response = await post(service, '/v1/exports', request).catch(() => undefined);
          const answer = await response?.json().catch(() => undefined);
          if (answer !== undefined) answered.set(request.idempotencyKey, (answer as ExportAnswerJson).data);
        }
      };
      const before = answered.size;
      const lanes = Array.from({ length: 6 }, lane);
      // Counted, not timed: a slow disk makes the round longer, never emptier.
      while (answered.size < before + 8) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 11 * round));
      const killed = end(service.child, 'SIGKILL');
      alive = false;
      await killed;
      await Promise.all(lanes);
    }
    expect(answered.size).toBeGreaterThan(50);
    const events: AuditLine[] = [];
    const content = await readFile(join(folder.path, 'data', 'audit.log'));
    const read = async (offset: number, length: number) => content.subarray(offset, offset + length);
    await scanLog({ size: content.length, read }, (line) => events.push(line));
    const exports = events.filter(({ entry }) => entry.event === 'export').map(({ entry }) => entry.details);
    expect(new Set(exports.map(({ xc }) => xc)).size).toBe(exports.length);
    const logged = new Set(exports.map(({ xc }) => xc));
    for (const data of answered.values()) expect(logged.has(decodeHeader(fromBase64url(data)).xc)).toBe(true);
    // One more start: every answered export is given again, octet for octet.
    const service = await start();
    for (const request of asked) {
      const known = answered.get(request.idempotencyKey);
      if (known === undefined) continue;
      const { data } = (await (await post(service, '/v1/exports', request)).json()) as ExportAnswerJson;
      expect(data).toBe(known);
    }
    expect(await cli('log', 'verify')).toContain('The chain is whole');
  }, 120_000);

  it('in the first start leaves something that the next one completes', async () => {
    for (const delay of [60, 90, 120, 150, 180, 210, 240, 270]) {
      const child = spawn(process.execPath, [scripts.serve, '--port', '0', '--demo'], {
        env: environment(),
      });
      running.add(child);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await end(child, 'SIGKILL');
      running.delete(child);
    }
    const { sets } = (await (await get(await start(), '/v1/keys')).json()) as KeysJson;
    expect(sets.map(({ keys }) => keys.length)).toEqual([4, 4, 4, 4]);
  }, 60_000);
});

describe('a start', () => {
  it('says where it is, how to sign in, what to do first and what the sealing protects', async () => {
    const service = await start();
    for (const words of ['demo.html', 'Root key', 'sign in with the access code', 'simulated unit', 'opens nothing']) {
      expect(service.said()).toContain(words);
    }
    expect((await get(service, '/v1/whoami')).status).toBe(200);
    expect((await stat(join(folder.path, 'data'))).mode & 0o777).toBe(0o700);
    for (const name of ['audit.log', 'state.sealed', 'sealing.key']) {
      expect((await stat(join(folder.path, 'data', name))).mode & 0o777).toBe(0o600);
    }
  });

  it('gives a new token each time, and the old one is void', async () => {
    const first = await start();
    expect(await end(first.child, 'SIGTERM')).toBe(0);
    const second = await start();
    expect(second.token).not.toBe(first.token);
    expect((await get({ ...second, token: first.token }, '/v1/whoami')).status).toBe(401);
  });

  it('is refused in words where another service holds the folder, the port is taken, or a flag is wrong', async () => {
    const service = await start();
    await expect(start()).rejects.toThrow(/Another Keyferry AS uses/);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const elsewhere = { KEYFERRY_DATA: join(folder.path, 'other') };
    await expect(start(['--port', String(port)], elsewhere)).rejects.toThrow(
      /is in use. Choose another one with --port/,
    );
    server.close();
    await expect(start(['--port', 'x'], elsewhere)).rejects.toThrow(/port must be a whole number/);
    await expect(start(['--origin', 'example.org'], elsewhere)).rejects.toThrow(/is no origin/);
    await expect(start(['--nonsense'], elsewhere)).rejects.toThrow(/--nonsense[\s\S]*--port/);
    expect((await get(service, '/v1/whoami')).status).toBe(200);
  }, 60_000);

  it('is refused in words with another sealing key, without its key file, and with a broken log', async () => {
    await end((await start()).child, 'SIGTERM');
    const data = join(folder.path, 'data');
    const env = { KEYFERRY_SEALING_KEY: Buffer.from(SEALING_KEY).toString('hex') };
    await expect(start([], env)).rejects.toThrow(/does not open/);
    const key = await readFile(join(data, 'sealing.key'));
    await rm(join(data, 'sealing.key'));
    await expect(start()).rejects.toThrow(/is missing/);
    await writeFile(join(data, 'sealing.key'), key, { mode: 0o600 });
    const log = await readFile(join(data, 'audit.log'), 'utf8');
    await writeFile(join(data, 'audit.log'), log.replace('"event":"set-added"', '"event":"set-addef"'));
    await expect(start()).rejects.toThrow(/audit log is broken at entry \d+/);
    await writeFile(join(data, 'audit.log'), log);
    await start();
  }, 60_000);

  it('ends in order when it is told to: what is under way gets its answer, and the log says so', async () => {
    const service = await start();
    const answers = Array.from({ length: 20 }, () => post(service, '/v1/exports', demoRequest()));
    await answers[0];
    const code = end(service.child, 'SIGTERM');
    for (const answer of await Promise.allSettled(answers)) {
      if (answer.status === 'fulfilled') expect(answer.value.status).toBe(200);
    }
    expect(await code).toBe(0);
    expect(await cli('log', 'show', '--last', '1')).toContain('service-stopped');
    expect(await cli('log', 'show', '--last', '100')).toMatch(/ key-added .* set=[0-9A-F]{8} {2}ref1=[0-9A-F]{4}/);
  });

  it('standalone makes no set and no operator', async () => {
    const service = await start(['--standalone'], { KEYFERRY_SEALING_KEY: Buffer.from(SEALING_KEY).toString('hex') });
    expect(service.token).toBe('');
    await end(service.child, 'SIGTERM');
    const as = await openTestAs(join(folder.path, 'data'));
    expect([as.state.sets, as.state.operators]).toEqual([[], []]);
    await as.close();
  });

  it('answers to its own names only', async () => {
    const service = await start();
    const { port } = new URL(service.address);
    const status = await new Promise((resolve, reject) => {
      const asked = request({ port, path: '/v1/trust', headers: { host: 'evil.example' } }, (response) => {
        resolve(response.resume().statusCode);
      });
      asked.on('error', reject).end();
    });
    expect(status).toBe(421);
    for (const name of ['localhost', '127.0.0.1']) {
      expect((await fetch(`http://${name}:${port}/v1/trust`)).status).toBe(200);
    }
  });
});

describe('the CLI', () => {
  it('builds a service from nothing, without one running', async () => {
    expect(await cli('set', 'add', 'BA7C', 'Bench', '--profile', 'shared')).toContain('Added set 0000BA7C');
    expect(await cli('key', 'add', 'BA7C', '0103', 'Data key', '--attributes', 'D0AB00N', '--slot', '2')).toContain(
      'slot 0002',
    );
    expect(await cli('set', 'list')).toMatch(/0000BA7C \(Bench\): shared[\s\S]*REF1 0103 {2}D0AB00N {2}AKV 1/);
    await cli('operator', 'add', 'alice', '--role', 'auditor');
    expect(await cli('operator', 'code', 'alice')).toMatch(/^KF(-\w{5}){6}\n/);
    expect(await cli('operator', 'list')).toContain('alice  auditor');
    expect(await cli('trust')).toMatch(/Root key( [0-9A-F]{4}){4}\nIn full {2}[0-9A-F]{64}/);
    expect(await cli('log', 'verify')).toContain('The chain is whole');
  }, 60_000);

  it('works on a running service: a set is there at once, and a revoked token void at once', async () => {
    const service = await start();
    await writeFile(join(folder.path, 'ta'), `${'0123456789ABCDEF'.repeat(4)}\n`);
    await cli('set', 'add', 'BA7C', 'Bench');
    await cli('key', 'add', 'BA7C', '1', 'Data key', '--attributes', 'D0AB00N', '--file', join(folder.path, 'ta'));
    const { sets } = (await (await get(service, '/v1/keys')).json()) as KeysJson;
    expect(sets.find(({ set }) => set === 0xba7c)?.keys).toMatchObject([{ ref1: 1, label: 'Data key' }]);
    const file = join(folder.path, 'kd');
    expect(await cli('device-key', 'BA7C', '7', file)).toContain('Wrote K_D');
    expect(await readFile(file, 'utf8')).toMatch(/^[0-9A-F]{64}\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await cli('operator', 'revoke', 'operator')).toContain('void from now on');
    expect((await get(service, '/v1/whoami')).status).toBe(401);
    await end(service.child, 'SIGTERM');
    expect(await cli('log', 'verify')).toContain('The chain is whole');
  }, 60_000);

  it('may go away in mid-command, and the service goes on', async () => {
    const service = await start();
    const sockets = (await readdir(join(folder.path, 'data'))).filter((name) => name.endsWith('.sock'));
    expect(sockets).toHaveLength(1);
    const path = join(folder.path, 'data', sockets[0] ?? '');
    for (let client = 0; client < 30; client++) {
      await new Promise((resolve) => {
        const socket = createConnection(path, () => {
          socket.write('{"actor":"test","request":{"command":"trust"}}\n', () => socket.destroy());
        });
        socket.once('close', resolve);
      });
    }
    expect(await cli('trust')).toMatch(/Root key/);
    expect((await get(service, '/v1/whoami')).status).toBe(200);
    expect(service.said()).not.toContain('EPIPE');
  }, 60_000);

  it('refuses in words what cannot be done, here and through a running service', async () => {
    expect(await refusal('set', 'list')).toContain('There is no service in');
    expect(await refusal('nonsense')).toContain('There is no command "nonsense"');
    expect(await refusal('set', 'add')).toContain('keyferry-as set add SET NAME');
    expect(await refusal('set', 'add', 'XYZ', 'x')).toContain('SET must be up to 8 hex digits');
    expect(await refusal('key', 'add', '1', '1', 'x')).toContain('--attributes is missing');
    expect(await refusal('set', 'add', 'DE300001', 'x')).toContain('refused outside demo mode');
    await start();
    expect(await refusal('operator', 'revoke', 'nobody')).toContain('There is no operator nobody');
    expect(await refusal('set', 'add', 'DE300001', 'x')).toContain('already');
  }, 60_000);

  it('finds a log that was changed', async () => {
    await cli('set', 'add', '1', 'One');
    const path = join(folder.path, 'data', 'audit.log');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"name":"One"', '"name":"Two"'));
    expect(await refusal('log', 'verify')).toMatch(/broken at entry \d+: its hash does not fit/);
  });
});
