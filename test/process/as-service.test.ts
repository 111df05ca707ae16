// The service as a process: start and stop, SIGKILL during exports, and the command line with and
// without a running service.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditLine } from '#as-service/audit-log/audit-line.ts';
import { scanLog } from '#as-service/audit-log/scan-log.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import type { ExportAnswerJson, KeysJson } from '#protocol/service/messages.ts';
import type { ExportRequestJson } from '#protocol/service/requests.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import {
  exportRequest,
  openTestAs,
  SEALING_KEY,
  type TemporaryFolder,
  temporaryFolder,
} from '#test/support/as-service.ts';
import { bundleService, type CommandLine, commandLine } from '#test/support/service-bundle.ts';

const [demo] = DEMO_SETS;
if (demo === undefined) throw new TypeError('no demo set');

let bundle: TemporaryFolder;
let scripts: Awaited<ReturnType<typeof bundleService>>;
let cli: CommandLine['run'];
let cliWith: CommandLine['runWith'];
let refusal: CommandLine['refusal'];
beforeAll(async () => {
  bundle = await temporaryFolder();
  // The folders of a build: the programs in service, the page in app.
  scripts = await bundleService(join(bundle.path, 'service'));
  await mkdir(join(bundle.path, 'app'));
  await writeFile(join(bundle.path, 'app', 'index.html'), '<!doctype html><title>Page</title>');
  ({ run: cli, runWith: cliWith, refusal } = commandLine(scripts.cli, () => dataPath()));
});
afterAll(() => bundle.remove());

let folder: TemporaryFolder;
const dataPath = (name = '') => join(folder.path, 'data', name);
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
  KEYFERRY_DATA: dataPath(),
  KEYFERRY_EXPORTS_PER_MINUTE: '100000000',
  ...change,
});

interface Service {
  readonly child: ChildProcess;
  readonly address: string;
  readonly token: string;
  /** Returns everything that the process has printed. */
  readonly output: () => string;
}

/**
 * Resolves when the service has printed its address. Rejects with the output if the service exits.
 */
async function start(args: readonly string[] = ['--demo'], env: Record<string, string> = {}): Promise<Service> {
  const child = spawn(process.execPath, [scripts.serve, '--port', '0', ...args], {
    env: environment(env),
    cwd: folder.path,
  });
  running.add(child);
  let output = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      output += text;
      const address = /Open\s+(http:\/\/localhost:\d+)/.exec(output)?.[1];
      if (address === undefined || !/Keys on disk/.test(output)) return;
      resolve({ child, address, token: /KF(-\w{5}){6}/.exec(output)?.[0] ?? '', output: () => output });
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    child.once('exit', () => {
      running.delete(child);
      reject(new Error(output));
    });
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return ended;
}

const post = (service: Service, path: string, body: unknown) =>
  fetch(service.address + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const get = (service: Service, path: string) =>
  fetch(service.address + path, { headers: { authorization: `Bearer ${service.token}` } });
const demoRequest = () => exportRequest({ set: demo.set, ref1: 0x0101, ref2: 1 }, demo.publishedTransportKey);

describe('SIGKILL during exports', () => {
  it('loses no acknowledged export, reuses no XC, repeats no export, and leaves a complete chain', async () => {
    const answered = new Map<string, string>();
    const sent: ExportRequestJson[] = [];
    for (let round = 0; round < 8; round++) {
      const service = await start();
      // Repeats the last requests with the same idempotency key, even those without a response.
      for (const request of sent.slice(-5)) {
        const { data } = (await (await post(service, '/v1/exports', request)).json()) as ExportAnswerJson;
        expect(answered.get(request.idempotencyKey) ?? data).toBe(data);
        answered.set(request.idempotencyKey, data);
      }
      let alive = true;
      const lane = async () => {
        while (alive) {
          const request = demoRequest();
          sent.push(request);
          const response = await post(service, '/v1/exports', request).catch(() => undefined);
          const answer = await response?.json().catch(() => undefined);
          if (answer !== undefined) answered.set(request.idempotencyKey, (answer as ExportAnswerJson).data);
        }
      };
      const before = answered.size;
      const lanes = Array.from({ length: 6 }, lane);
      // Waits for a number of exports and not for a fixed time, so that each round has exports even
      // on a slow disk.
      while (answered.size < before + 8) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 11 * round));
      const killed = end(service.child, 'SIGKILL');
      alive = false;
      await killed;
      await Promise.all(lanes);
    }
    expect(answered.size).toBeGreaterThan(50);
    const events: AuditLine[] = [];
    const content = await readFile(dataPath('audit.log'));
    const read = async (offset: number, length: number) => content.subarray(offset, offset + length);
    await scanLog({ size: content.length, read }, (line) => events.push(line));
    const exports = events.filter(({ entry }) => entry.event === 'export').map(({ entry }) => entry.details);
    expect(new Set(exports.map(({ xc }) => xc)).size).toBe(exports.length);
    const logged = new Set(exports.map(({ xc }) => xc));
    for (const data of answered.values()) expect(logged.has(decodeHeader(fromBase64url(data)).xc)).toBe(true);
    // After another start, the service returns every acknowledged export byte for byte.
    const service = await start();
    for (const request of sent) {
      const before = answered.get(request.idempotencyKey);
      if (before === undefined) continue;
      const { data } = (await (await post(service, '/v1/exports', request)).json()) as ExportAnswerJson;
      expect(data).toBe(before);
    }
    expect(await cli('log', 'verify')).toContain('The chain is complete');
  }, 120_000);

  it('in the first start leaves a folder that the next start completes', async () => {
    for (const delay of [60, 90, 120, 150, 180, 210, 240, 270]) {
      const child = spawn(process.execPath, [scripts.serve, '--port', '0', '--demo'], { env: environment() });
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
  it('prints its address, the access code, the first steps and what the sealing key protects', async () => {
    const service = await start();
    for (const text of ['demo.html', 'Root key', 'sign in with the access code', 'simulated unit', 'opens nothing']) {
      expect(service.output()).toContain(text);
    }
    expect((await get(service, '/v1/whoami')).status).toBe(200);
    expect((await stat(dataPath())).mode & 0o777).toBe(0o700);
    for (const name of ['audit.log', 'state.sealed', 'sealing.key']) {
      expect((await stat(dataPath(name))).mode & 0o777).toBe(0o600);
    }
  });

  it('serves the page of its build from any working folder', async () => {
    const service = await start();
    expect(service.output()).not.toContain('There is no page');
    expect(await (await fetch(service.address)).text()).toContain('<title>Page</title>');
  });

  it('issues a new access code, and revokes the old one', async () => {
    const first = await start();
    expect(await end(first.child, 'SIGTERM')).toBe(0);
    const second = await start();
    expect(second.token).not.toBe(first.token);
    expect((await get({ ...second, token: first.token }, '/v1/whoami')).status).toBe(401);
  });

  it('is refused with a sentence for a locked folder, a used port and a wrong flag', async () => {
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
    await expect(start(['--origin', 'example.org'], elsewhere)).rejects.toThrow(/is not an origin/);
    await expect(start(['--allow-origin', '*'], elsewhere)).rejects.toThrow(/"\*" is not an origin/);
    await expect(start(['--nonsense'], elsewhere)).rejects.toThrow(/--nonsense[\s\S]*--port/);
    expect((await get(service, '/v1/whoami')).status).toBe(200);
  }, 60_000);

  it('is refused with a sentence for another sealing key, a missing key file and a broken log', async () => {
    await end((await start()).child, 'SIGTERM');
    const env = { KEYFERRY_SEALING_KEY: Buffer.from(SEALING_KEY).toString('hex') };
    await expect(start([], env)).rejects.toThrow(/does not open/);
    const key = await readFile(dataPath('sealing.key'));
    await rm(dataPath('sealing.key'));
    await expect(start()).rejects.toThrow(/is missing/);
    await writeFile(dataPath('sealing.key'), key, { mode: 0o600 });
    const log = await readFile(dataPath('audit.log'), 'utf8');
    await writeFile(dataPath('audit.log'), log.replace('"event":"set-added"', '"event":"set-addef"'));
    await expect(start()).rejects.toThrow(/audit log is broken at entry \d+/);
    await writeFile(dataPath('audit.log'), log);
    await start();
  }, 60_000);

  it('ends after SIGTERM: it answers pending requests and writes a log entry', async () => {
    const service = await start();
    const answers = Array.from({ length: 20 }, () => post(service, '/v1/exports', demoRequest()));
    await answers[0];
    const code = end(service.child, 'SIGTERM');
    for (const answer of await Promise.allSettled(answers)) {
      if (answer.status === 'fulfilled') expect(answer.value.status).toBe(200);
    }
    expect(await code).toBe(0);
    expect(await cli('log', 'show', '--last', '1')).toContain('service-stopped');
    expect(await cli('log', 'show', '--last', '100')).toMatch(
      / key-added .* set=[0-9A-F]{8} {2}ref1=0[0-9A-F]{3} .* slot=FFFF /,
    );
  });

  it('keeps an idle connection open longer than a load balancer does (60 s)', async () => {
    const answer = await get(await start(), '/v1/keys');
    const [, seconds] = /timeout=(\d+)/.exec(answer.headers.get('keep-alive') ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(60);
  });

  it('in standalone mode adds no set and no operator', async () => {
    const service = await start(['--standalone'], { KEYFERRY_SEALING_KEY: Buffer.from(SEALING_KEY).toString('hex') });
    expect(service.token).toBe('');
    await end(service.child, 'SIGTERM');
    const as = await openTestAs(dataPath());
    expect([as.state.sets, as.state.operators]).toEqual([[], []]);
    await as.close();
  });

  it('answers to its own host names only', async () => {
    const service = await start();
    const { port } = new URL(service.address);
    const status = await new Promise((resolve, reject) => {
      const probe = request({ port, path: '/v1/trust', headers: { host: 'evil.example' } }, (response) => {
        resolve(response.resume().statusCode);
      });
      probe.on('error', reject).end();
    });
    expect(status).toBe(421);
    for (const name of ['localhost', '127.0.0.1']) {
      expect((await fetch(`http://${name}:${port}/v1/trust`)).status).toBe(200);
    }
  });
});

describe('the command line', () => {
  it('creates a service without a running process', async () => {
    expect(await cli('set', 'add', 'BA7C', 'Bench', '--profile', 'shared')).toContain('Added set 0000BA7C');
    expect(await cli('key', 'add', 'BA7C', '0103', 'Data key', '--attributes', 'D0AB00N', '--slot', '2')).toContain(
      'slot 0002',
    );
    expect(await cli('set', 'list')).toMatch(/0000BA7C \(Bench\): shared[\s\S]*REF1 0103 {2}D0AB00N {2}AKV 1/);
    await cli('operator', 'add', 'alice', '--role', 'auditor');
    expect(await cli('operator', 'code', 'alice')).toMatch(/^KF(-\w{5}){6}\n/);
    expect(await cli('operator', 'list')).toContain('alice  auditor');
    expect(await cli('trust')).toMatch(/Root key( [0-9A-F]{4}){8}\nIn full {2}[0-9A-F]{64}/);
    expect(await cli('log', 'verify')).toContain('The chain is complete');
  }, 60_000);

  it('changes a running service: a new set and a revocation have immediate effect', async () => {
    const service = await start();
    await writeFile(join(folder.path, 'ta'), `${'0123456789ABCDEF'.repeat(4)}\n`);
    await cli('set', 'add', 'BA7C', 'Bench');
    await cli('key', 'add', 'BA7C', '1', 'Data key', '--attributes', 'D0AB00N', '--file', join(folder.path, 'ta'));
    await expect(cli('set', 'allow', 'BA7C', '7')).rejects.toThrow('admits every unit already');
    expect(await cli('set', 'list')).toContain('every unit of the set');
    expect(await cli('set', 'allow', 'BA7C', '7', '--only')).toContain('now admits only the units of its list');
    expect(await cli('set', 'allow', 'BA7C', '8')).toContain('these units too');
    expect(await cli('set', 'list')).toContain('2 listed units');
    expect(await cli('set', 'allow', 'BA7C', '--any')).toContain('now admits all its units');
    const { sets } = (await (await get(service, '/v1/keys')).json()) as KeysJson;
    expect(sets.find(({ set }) => set === 0xba7c)?.keys).toMatchObject([{ ref1: 1, label: 'Data key' }]);
    const file = join(folder.path, 'kd');
    expect(await cli('device-key', 'BA7C', '7', file)).toContain('Wrote K_D');
    expect(await readFile(file, 'utf8')).toMatch(/^[0-9A-F]{64}\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await cli('operator', 'revoke', 'operator')).toContain('are revoked');
    expect((await get(service, '/v1/whoami')).status).toBe(401);
    await end(service.child, 'SIGTERM');
    expect(await cli('log', 'verify')).toContain('The chain is complete');
  }, 60_000);

  it('disables and destroys a key of a running service, after its name was typed', async () => {
    const service = await start();
    await cli('set', 'add', 'BA7C', 'Bench');
    for (const ref1 of ['1', '2']) await cli('key', 'add', 'BA7C', ref1, `Key ${ref1}`, '--attributes', 'D0AB00N');
    expect(await cli('key', 'disable', 'BA7C', '1')).toContain('REF1 0001 is disabled');
    const destroy = ['key', 'destroy', 'BA7C', '2'];
    await expect(cliWith('Key 1\n', ...destroy)).rejects.toThrow(
      'The name of REF1 0002 of set 0000BA7C (Bench) is "Key 2"',
    );
    await expect(cliWith('', ...destroy)).rejects.toThrow('Nothing was destroyed');
    expect(await cliWith('Key 2\n', ...destroy)).toContain('REF1 0002 is destroyed');
    const { sets } = (await (await get(service, '/v1/keys')).json()) as KeysJson;
    expect(sets.find(({ set }) => set === 0xba7c)?.keys).toEqual([]);
    expect(await cli('key', 'destroy', 'BA7C', '1', '--yes')).toContain('REF1 0001 is destroyed');
    await end(service.child, 'SIGTERM');
    const keys: unknown = JSON.parse(await cli('key', 'list', 'BA7C', '--json'));
    expect(keys).toMatchObject([
      { kind: 'T', tkv: 1 },
      { ref1: '0001', label: 'Key 1', akv: 1, kcv: expect.stringMatching(/[1-9A-F]/), status: 'destroyed' },
      { ref1: '0002', label: 'Key 2', akv: 2, kcv: expect.stringMatching(/[1-9A-F]/), status: 'destroyed' },
    ]);
    expect(await cli('log', 'show')).toMatch(/key-destroyed {5}cli /);
  }, 60_000);

  it('may close its connection during a command without an effect on the service', async () => {
    const service = await start();
    const sockets = (await readdir(dataPath())).filter((name) => name.endsWith('.sock'));
    expect(sockets).toHaveLength(1);
    const path = dataPath(sockets[0]);
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
    expect(service.output()).not.toContain('EPIPE');
  }, 60_000);

  it('refuses with a sentence, with and without a running service', async () => {
    expect(await refusal('set', 'list')).toContain('There is no service in');
    expect(await refusal('nonsense')).toContain('There is no command "nonsense"');
    expect(await refusal('set', 'add')).toContain('keyferry-as set add SET NAME');
    expect(await refusal('set', 'add', 'XYZ', 'x')).toContain('SET must be up to 8 hex digits');
    expect(await refusal('key', 'add', '1', '1', 'x')).toContain('--attributes is missing');
    expect(await refusal('set', 'add', 'DE300001', 'x')).toContain('refused outside demo mode');
    await start();
    expect(await refusal('operator', 'revoke', 'berta')).toContain('There is no operator berta');
    expect(await refusal('set', 'add', 'DE300001', 'x')).toContain('already');
  }, 60_000);

  it('detects a changed log', async () => {
    await cli('set', 'add', '1', 'One');
    const path = dataPath('audit.log');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"name":"One"', '"name":"Two"'));
    expect(await refusal('log', 'verify')).toMatch(/broken at entry \d+: its hash does not fit/);
  });
});
