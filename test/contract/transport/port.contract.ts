// The contract that every Port must keep (protocol/framing/port.ts), as clauses that need no test
// runner. Vitest checks them on the simulated interfaces. Level 2 checks them inside a page, on the
// interfaces of the browser.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';
import type { Port } from '#protocol/framing/port.ts';

/** A port and the device at its other end. */
export interface Pair {
  /** Opens the port. May be called again after the port is closed. */
  open(): Promise<Port>;
  /** A message. The device always responds to it with `answer`. */
  readonly ask: Bytes;
  readonly answer: Bytes;
  /** Pulls the cable. The disconnect event follows a little later. */
  unplug(): void | Promise<void>;
  /** Advances the time until the promise settles. */
  soon<T>(promise: Promise<T>): Promise<T>;
}

export interface Clause {
  readonly name: string;
  /** Throws if the port breaks the clause. */
  readonly check: (pair: Pair) => Promise<void>;
}

export const PORT_CONTRACT: readonly Clause[] = [
  {
    name: 'sends a message and reads the answer',
    async check({ open, ask, answer, soon }) {
      const port = await soon(open());
      await soon(port.write(ask));
      requireBytes(await read(port, answer.length, soon), answer);
      await soon(port.close());
    },
  },
  {
    name: 'answers consecutive messages in order',
    async check({ open, ask, answer, soon }) {
      const port = await soon(open());
      for (let i = 0; i < 20; i++) {
        await soon(port.write(ask));
        requireBytes(await read(port, answer.length, soon), answer);
      }
      await soon(port.close());
    },
  },
  {
    name: 'returns undefined on a timeout, and then loses no bytes',
    async check({ open, ask, answer, soon }) {
      const port = await soon(open());
      for (let i = 0; i < 3; i++) requireNothing(await soon(port.read(50)));
      await soon(port.write(ask));
      requireBytes(await read(port, answer.length, soon), answer);
      requireNothing(await soon(port.read(50)));
      await soon(port.close());
    },
  },
  {
    name: 'does not change the bytes of a message',
    async check({ open, ask, soon }) {
      const port = await soon(open());
      const message = ask.slice();
      await soon(port.write(message));
      requireBytes(message, ask);
      await soon(port.close());
    },
  },
  {
    name: 'refuses a second read while one is pending',
    async check({ open, soon }) {
      const port = await soon(open());
      const first = port.read(50);
      const refusal = await reasonOf(port.read(50));
      if (!(refusal instanceof RangeError)) throw new Error(`the second read ended with ${refusal}`);
      requireNothing(await soon(first));
      await soon(port.close());
    },
  },
  {
    name: 'ends every call with device-lost when the cable is pulled',
    async check({ open, ask, unplug, soon }) {
      const port = await soon(open());
      const reading = requireCode('device-lost', port.read(60_000));
      await unplug();
      await soon(reading);
      await soon(requireCode('device-lost', port.write(ask)));
      await soon(requireCode('device-lost', port.read(50)));
      await soon(port.close());
    },
  },
  {
    name: 'ends every call with device-lost when it is closed, once or repeatedly',
    async check({ open, ask, soon }) {
      const port = await soon(open());
      const reading = requireCode('device-lost', port.read(60_000));
      await soon(Promise.all([port.close(), port.close()]));
      await soon(port.close());
      await soon(reading);
      await soon(requireCode('device-lost', port.write(ask)));
      await soon(requireCode('device-lost', port.read(50)));
    },
  },
  {
    name: 'can be opened again after a close',
    async check({ open, ask, answer, soon }) {
      for (let i = 0; i < 3; i++) {
        const port = await soon(open());
        await soon(port.write(ask));
        requireBytes(await read(port, answer.length, soon), answer);
        await soon(port.close());
      }
    },
  },
];

async function read(port: Port, length: number, soon: Pair['soon']): Promise<Bytes> {
  let bytes = concat();
  while (bytes.length < length) {
    const more = await soon(port.read(10_000));
    if (more === undefined) throw new Error(`only ${bytes.length} of ${length} bytes arrived`);
    if (more.length === 0) throw new Error('a read returned no byte');
    bytes = concat(bytes, more);
  }
  return bytes;
}

function requireBytes(bytes: Uint8Array, expected: Uint8Array): void {
  if (toHex(bytes) !== toHex(expected)) throw new Error(`${toHex(bytes)} instead of ${toHex(expected)}`);
}

function requireNothing(bytes: Uint8Array | undefined): void {
  if (bytes !== undefined) throw new Error(`unexpected bytes ${toHex(bytes)}`);
}

async function requireCode(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const reason = await reasonOf(promise);
  if (!(reason instanceof ProtocolError) || reason.code !== code) {
    throw new Error(`${reason} instead of ${code}`);
  }
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return 'no refusal';
}
