// The service as a process, under conditions in which it must stay reachable: no descriptors left, no
// reader of its output, malformed requests, and long computations.
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectionsWithin } from '#as-service/bin/descriptors.ts';
import { workersOf } from '#as-service/bin/run-in-worker.ts';
import { SECURITY_HEADERS } from '#as-service/http/security-headers.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import { stationReport, unit } from '#test/support/orders.ts';
import { get, post, type RunningService, ServiceProcesses } from '#test/support/service-process.ts';

let processes: ServiceProcesses;
beforeAll(async () => {
  processes = await ServiceProcesses.open();
});
afterAll(() => processes.close());
beforeEach(() => processes.reset());

const open = ({ address }: RunningService): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });

/** Sends bytes and returns everything that the service answers until it closes the connection. */
async function exchange(service: RunningService, text: string): Promise<string> {
  const socket = await open(service);
  let answer = '';
  socket.on('data', (part) => {
    answer += part;
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(text);
  await closed;
  return answer;
}

describe('the answers of Node itself', () => {
  it('have the security headers', async () => {
    const service = await processes.start();
    const answers = [
      [400, 'nonsense\r\n\r\n'],
      [400, 'GET / HTTP/1.1\r\n\r\n'],
      [431, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
    ] as const;
    for (const [status, text] of answers) {
      const answer = (await exchange(service, text)).toLowerCase();
      expect(answer).toContain(`http/1.1 ${status}`);
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
        expect(answer).toContain(`${name}: ${value.toLowerCase()}`);
      }
    }
  });
});

describe('the service', () => {
  it('goes on when the reader of its output has ended', async () => {
    const service = await processes.start();
    service.child.stdout?.destroy();
    service.child.stderr?.destroy();
    const [name = ''] = (await readdir(processes.path())).filter((each) => each.endsWith('.sock'));
    for (let i = 0; i < 3; i++) {
      // The service prints an error for each of these commands.
      const socket = connect(processes.path(name), () => socket.write('no command\n'));
      await new Promise((resolve) =>
        socket
          .on('error', () => undefined)
          .once('close', resolve)
          .resume(),
      );
    }
    expect((await get(service, '/v1/whoami')).status).toBe(200);
  });

  it('executes commands while half-sent requests use up its connections', async () => {
    const service = await processes.start({ descriptors: 128 });
    const sockets: Socket[] = [];
    for (let i = 0; i < 200; i++) {
      const socket = await open(service);
      socket.write('GET / HTTP/1.1\r\n');
      sockets.push(socket);
    }
    expect(await processes.cli.run('operator', 'revoke', 'operator')).toContain('are revoked');
    for (const socket of sockets) socket.destroy();
  });

  it.each([
    ['Max open files            1024                 4096                 files', 960],
    ['Max open files            unlimited            unlimited            files', 16_384],
    ['Max open files            10                   4096                 files', 1],
    ['', 16_384],
  ])('has descriptors left for its own files: %s', (limits, connections) => {
    expect(connectionsWithin(limits)).toBe(connections);
  });
});

describe('a thread of the service', () => {
  it('derives the same key as the main thread, and parses long bodies', async () => {
    const { derive, parseLong } = workersOf(processes.program);
    const [password, salt] = [Buffer.from('a long passphrase'), new Uint8Array(16).fill(7)];
    const cost = { memoryKib: 64, passes: 1, lanes: 1 };
    expect(await derive(password, salt, cost)).toEqual(await argon2id(password, salt, cost));
    const report = stationReport({
      units: [{ sn: unit(1), outcome: 'failed', reason: 'x', begun: null, ended: null }],
    });
    expect(await parseLong('station-report', Buffer.from(JSON.stringify(report)))).toEqual(report);
    await expect(parseLong('station-report', Buffer.from('{'))).rejects.toThrow('The body is not JSON.');
    await expect(parseLong('new-order', Buffer.from('{}'))).rejects.toThrow('body.id is missing');
  });

  it('parses the long bodies of a running service', async () => {
    const service = await processes.start();
    const units = Array.from({ length: 2000 }, (_, i) => ({ sn: unit(i), outcome: 'failed', reason: 'x' }));
    const junk = { ...stationReport(), units: units.map((each) => ({ ...each, begun: null, ended: 'never' })) };
    const answer = await post(service, '/v1/work-orders/DEMO-1/report', junk);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('units[0].ended');
    const unlisted = { ...junk, units: units.map((each) => ({ ...each, begun: null, ended: null })) };
    expect((await post(service, '/v1/work-orders/DEMO-1/report', unlisted)).status).toBe(403);
  });
});
