// What every Port does, whatever its cable (protocol/framing/port.ts): clauses that need no test runner, so that they are run on the
// simulated interfaces and, inside a page, on a browser's own.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';
import type { Port } from '#protocol/framing/port.ts';

/** A port and what stands at its other end. */
export interface Pair {
  /** The handle behind it can be opened again after a close. */
  open(): Promise<Port>;
  /** Octets that the other end answers with `answer`, as often as they come. */
  readonly ask: Bytes;
  readonly answer: Bytes;
  /** The cable is pulled; the browser's event follows. */
  unplug(): void | Promise<void>;
  /** Lets time go by until the promise is settled. */
  soon<T>(promise: Promise<T>): Promise<T>;
}

export interface Clause {
  readonly name: string;
  /** Throws where the port does otherwise. */
  readonly check: (pair: Pair) => Promise<void>;
}

export const PORT_CONTRACT: readonly Clause[] = [
  {
    name: 'carries octets out and the answer back',
    async check({ open, ask, answer, soon }) {
      const port = await soon(open());
      await soon(port.write(ask));
      requireOctets(await read(port, answer.length, soon), answer);
      await soon(port.close());
    },
  },
  {
    name: 'keeps the order of one question after the other',
    async check({ open, ask, answer, soon }) {
      const port = await soon(open());
      for (let i = 0; i < 20; i++) {
        await soon(port.write(ask));
        requireOctets(await read(port, answer.length, soon), answer);
      }
      await soon(port.close());
    },
  },
  {
    name: 'says undefined when the time goes by, and then loses nothing',
    async check({ open, ask, answer, soon }) {
      const port = await soon(open());
      for (let i = 0; i < 3; i++) requireNothing(await soon(port.read(50)));
      await soon(port.write(ask));
      requireOctets(await read(port, answer.length, soon), answer);
      requireNothing(await soon(port.read(50)));
      await soon(port.close());
    },
  },
  {
    name: 'does not touch the octets that it is given',
    async check({ open, ask, soon }) {
      const port = await soon(open());
      const given = ask.slice();
      await soon(port.write(given));
      requireOctets(given, ask);
      await soon(port.close());
    },
  },
  {
    name: 'refuses a second read while one is open',
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
    name: 'ends everything with device-lost when the cable is pulled',
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
    name: 'ends everything with device-lost when it is closed, any number of times',
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
    name: 'leaves nothing behind: the handle can be opened again',
    async check({ open, ask, answer, soon }) {
      for (let i = 0; i < 3; i++) {
        const port = await soon(open());
        await soon(port.write(ask));
        requireOctets(await read(port, answer.length, soon), answer);
        await soon(port.close());
      }
    },
  },
];

async function read(port: Port, length: number, soon: Pair['soon']): Promise<Bytes> {
  let octets = concat();
  while (octets.length < length) {
    const more = await soon(port.read(10_000));
    if (more === undefined) throw new Error(`only ${octets.length} of ${length} octets came`);
    if (more.length === 0) throw new Error('a read gave no octet');
    octets = concat(octets, more);
  }
  return octets;
}

function requireOctets(octets: Uint8Array, expected: Uint8Array): void {
  if (toHex(octets) !== toHex(expected)) throw new Error(`${toHex(octets)} instead of ${toHex(expected)}`);
}

function requireNothing(octets: Uint8Array | undefined): void {
  if (octets !== undefined) throw new Error(`${toHex(octets)} came out of nothing`);
}

async function requireCode(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const reason = await reasonOf(promise);
  if (!(reason instanceof ProtocolError) || reason.code !== code) {
    throw new Error(`it ended with ${reason} instead of ${code}`);
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
