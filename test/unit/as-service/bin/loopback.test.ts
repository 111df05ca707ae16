// The names of this computer, and the origins of the service's own address.
import { expect, it } from 'vitest';
import { isLoopback, ownOrigins } from '#as-service/bin/loopback.ts';

it.each(['localhost', '127.0.0.1', '127.1.22.254', '127.12.3.4', '127.0.0.10', '::1', '[::1]'])(
  '%s is this computer',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

it.each([
  ...['', 'localhost.example', 'my-localhost', '128.0.0.1', '127.0.0', '1127.0.0.1', '127.0.0.1.example'],
  ...['127x0.0.1', '127.0x0.1', '127.0.0x1', '127.a.0.1', '127.0.b.1', '127.0.0.c', '::', '::11', '0::1', '[::1]:80'],
])('"%s" is not known as this computer', (host) => {
  expect(isLoopback(host)).toBe(false);
});

it.each(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::'])(
  'an address that this computer reaches has three origins: %s',
  (host) => {
    expect(ownOrigins(host, 8787)).toEqual(['http://localhost:8787', 'http://127.0.0.1:8787', 'http://[::1]:8787']);
  },
);

it.each([
  ['192.168.1.5', 8787, 'http://192.168.1.5:8787'],
  ['127.0.0.2', 8787, 'http://127.0.0.2:8787'],
  ['127.0.0.10', 8787, 'http://127.0.0.10:8787'],
  ['localhost.example', 8787, 'http://localhost.example:8787'],
  ['my-localhost', 8787, 'http://my-localhost:8787'],
  ['10.0.0.0', 8787, 'http://10.0.0.0:8787'],
  ['fd00::1', 8787, 'http://[fd00::1]:8787'],
  ['Keys.example.org', 80, 'http://keys.example.org'],
])('another address has one origin, as browsers send it: %s, port %i', (host, port, origin) => {
  expect(ownOrigins(host, port)).toEqual([origin]);
});
