// What every Port does, whatever its cable (protocol/framing/port.ts): one suite, run on each of them.
import { describe, expect, it } from 'vitest';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import type { Port } from '#protocol/framing/port.ts';

/** A port and what stands at its other end. */
export interface Pair {
  /** The handle behind it can be opened again after a close. */
  open(): Promise<Port>;
  /** Octets that the other end answers with `answer`, as often as they come. */
  readonly ask: Bytes;
  readonly answer: Bytes;
  /** The cable is pulled; the browser's event follows. */
  unplug(): void;
  /** Lets time go by until the promise is settled. */
  soon<T>(promise: Promise<T>): Promise<T>;
}

export function describePort(name: string, makePair: () => Pair): void {
  async function read(port: Port, length: number, soon: Pair['soon']): Promise<Bytes> {
    let octets = concat();
    while (octets.length < length) {
      const more = await soon(port.read(1000));
      if (more === undefined) throw new Error(`only ${octets.length} of ${length} octets came`);
      expect(more.length).toBeGreaterThan(0);
      octets = concat(octets, more);
    }
    return octets;
  }

  describe(`the port contract: ${name}`, () => {
    it('carries octets out and the answer back', async () => {
      const { open, ask, answer, soon } = makePair();
      const port = await soon(open());
      await soon(port.write(ask));
      expect(await read(port, answer.length, soon)).toEqual(answer);
    });

    it('keeps the order of one question after the other', async () => {
      const { open, ask, answer, soon } = makePair();
      const port = await soon(open());
      for (let i = 0; i < 20; i++) {
        await soon(port.write(ask));
        expect(await read(port, answer.length, soon)).toEqual(answer);
      }
    });

    it('says undefined when the time goes by, and then loses nothing', async () => {
      const { open, ask, answer, soon } = makePair();
      const port = await soon(open());
      for (let i = 0; i < 3; i++) expect(await soon(port.read(50))).toBeUndefined();
      await soon(port.write(ask));
      expect(await read(port, answer.length, soon)).toEqual(answer);
      expect(await soon(port.read(50))).toBeUndefined();
    });

    it('does not touch the octets that it is given', async () => {
      const { open, ask, soon } = makePair();
      const port = await soon(open());
      const given = ask.slice();
      await soon(port.write(given));
      expect(given).toEqual(ask);
    });

    it('refuses a second read while one is open', async () => {
      const { open, soon } = makePair();
      const port = await soon(open());
      const first = port.read(50);
      await expect(port.read(50)).rejects.toThrow(RangeError);
      expect(await soon(first)).toBeUndefined();
    });

    it('ends everything with device-lost when the cable is pulled', async () => {
      const { open, ask, unplug, soon } = makePair();
      const port = await soon(open());
      const reading = expect(port.read(60_000)).rejects.toMatchObject({ code: 'device-lost' });
      unplug();
      await soon(reading);
      await soon(expect(port.write(ask)).rejects.toMatchObject({ code: 'device-lost' }));
      await soon(expect(port.read(50)).rejects.toMatchObject({ code: 'device-lost' }));
      await soon(port.close());
    });

    it('ends everything with device-lost when it is closed, any number of times', async () => {
      const { open, ask, soon } = makePair();
      const port = await soon(open());
      const reading = expect(port.read(60_000)).rejects.toMatchObject({ code: 'device-lost' });
      await soon(Promise.all([port.close(), port.close()]));
      await soon(port.close());
      await soon(reading);
      await soon(expect(port.write(ask)).rejects.toMatchObject({ code: 'device-lost' }));
      await soon(expect(port.read(50)).rejects.toMatchObject({ code: 'device-lost' }));
    });

    it('leaves nothing behind: the handle can be opened again', async () => {
      const { open, ask, answer, soon } = makePair();
      for (let i = 0; i < 3; i++) {
        const port = await soon(open());
        await soon(port.write(ask));
        expect(await read(port, answer.length, soon)).toEqual(answer);
        await soon(port.close());
      }
    });
  });
}
