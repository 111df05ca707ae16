// Commands of the CLI over the socket of a running service.
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ControlServer, requestControl } from '#as-service/cli/control.ts';
import { localZone } from '#as-service/cli/times.ts';
import { UserError } from '#as-service/common/user-error.ts';
import type { As } from '#as-service/service/as.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { StateInMemory } from '#test/support/service-state.ts';

let folder: TemporaryFolder;
let server: Server | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  await folder.remove();
});

const path = () => join(folder.path, 'socket');
async function listen(accept: (socket: Socket) => void): Promise<void> {
  server = createServer(accept);
  await new Promise<void>((resolve) => server?.listen(path(), resolve));
}
const trust = () => requestControl(path(), 'maria', { command: 'trust' });
const simulated = async () => (await StateInMemory.open()) as unknown as As;

const report = vi.fn();

describe('the service', () => {
  it('runs the command of each connection', async () => {
    const as = await simulated();
    const control = new ControlServer(() => as, report);
    await listen((socket) => control.accept(socket));
    expect((await trust())[0]).toMatch(/^Root key /);
    await requestControl(path(), 'maria', {
      command: 'operator add',
      name: 'olga',
      role: 'operator',
      sets: null,
      quota: null,
    });
    const { changes } = as as unknown as StateInMemory;
    expect(changes).toMatchObject([{ event: 'operator-added', actor: 'maria' }]);
  });

  it('refuses with the reason, and hides the cause of a failure', async () => {
    const as = await simulated();
    const control = new ControlServer(() => as, report);
    await listen((socket) => control.accept(socket));
    const revoke = requestControl(path(), 'maria', { command: 'operator revoke', name: 'ines' });
    await expect(revoke).rejects.toThrow(UserError);
    await expect(revoke).rejects.not.toThrow('failed to run');
    Object.defineProperty(as, 'state', {
      get: () => {
        throw new TypeError('secret');
      },
    });
    await expect(trust()).rejects.toThrow('The service failed to run this command. Its own log contains the cause.');
    expect(report).toHaveBeenCalledWith(expect.any(TypeError));
  });

  it('asks to retry while it starts', async () => {
    const control = new ControlServer(() => undefined, report);
    await listen((socket) => control.accept(socket));
    await expect(trust()).rejects.toThrow('The service is starting. Retry in a moment.');
  });

  it('runs one command at a time', async () => {
    const as = await simulated();
    const order: string[] = [];
    const change = as.change.bind(as);
    as.change = async (each) => {
      order.push('begin');
      await new Promise((resolve) => setImmediate(resolve));
      await change(each);
      order.push('end');
    };
    const control = new ControlServer(() => as, report);
    await listen((socket) => control.accept(socket));
    const add = (name: string) =>
      requestControl(path(), 'maria', { command: 'operator add', name, role: 'operator', sets: null, quota: null });
    await Promise.all([add('olga'), add('otto')]);
    expect(order).toEqual(['begin', 'end', 'begin', 'end']);
  });

  it('survives a client that closes its connection', async () => {
    const as = await simulated();
    const control = new ControlServer(() => as, report);
    const accepted: Socket[] = [];
    await listen((socket) => {
      accepted.push(socket);
      control.accept(socket);
    });
    const client = createConnection(path());
    await vi.waitFor(() => expect(accepted).toHaveLength(1));
    accepted[0]?.emit('error', new Error('EPIPE'));
    await vi.waitFor(() => expect(accepted[0]?.destroyed).toBe(true));
    client.destroy();
    expect(await trust()).toHaveLength(2);
  });

  it('closes a connection that sends nothing', async () => {
    const control = new ControlServer(() => undefined, report);
    const limits: unknown[] = [];
    await listen((socket) => {
      control.accept(socket);
      limits.push(socket.timeout);
      socket.emit('timeout');
    });
    await expect(trust()).rejects.toThrow(
      /^The service on this data folder (closed the connection|cannot be reached)\.$/,
    );
    expect(limits).toEqual([30_000]);
  });
});

describe('the command line', () => {
  it('sends actor, command and time zone in one line', async () => {
    let line = '';
    await listen((socket) =>
      socket.once('data', (data) => {
        line = data.toString();
        socket.end('{"lines":["done"]}\n');
      }),
    );
    expect(await trust()).toEqual(['done']);
    expect(line).toBe(`${JSON.stringify({ actor: 'maria', request: { command: 'trust' }, zone: localZone() })}\n`);
  });

  it('prints nothing for an answer without lines', async () => {
    await listen((socket) => socket.once('data', () => socket.end('{}\n')));
    expect(await trust()).toEqual([]);
  });

  it('says that the service cannot be reached, or does not answer', async () => {
    await expect(trust()).rejects.toThrow('The service on this data folder cannot be reached.');
    await expect(trust()).rejects.toThrow(UserError);
    const sockets: Socket[] = [];
    await listen((socket) => sockets.push(socket));
    const asked = trust();
    await vi.waitFor(() => expect(sockets).toHaveLength(1));
    for (const socket of sockets) socket.destroy();
    await expect(asked).rejects.toThrow('closed the connection');
  });
});
