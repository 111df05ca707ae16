// A fake of the kernel's USB/IP client (vhci_hcd) for tests of the server: submits and cancels
// transfers on a stream and collects the replies.
import type { Duplex } from 'node:stream';
import type { SetupPacket } from '#device-host/gadget/setup-packet.ts';
import { ByteQueue } from '#device-host/usbip/byte-queue.ts';
import {
  decodeHeader,
  encodeBusId,
  encodeHeader,
  encodeOperation,
  HEADER_LENGTH,
  Operation,
  type Submit,
} from '#device-host/usbip/pdu.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';

export interface Reply {
  readonly status: number;
  readonly actual: number;
  readonly data: Bytes;
}

const NO_SETUP: SetupPacket = { requestType: 0, request: 0, value: 0, index: 0, length: 0 };
const DEVID = 0x0001_0002;

export class FakeKernel {
  /** The replies in the order of arrival, for example "submit 3" or "unlink 4". */
  readonly replies: string[] = [];
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #received = new ByteQueue();
  readonly #reads = new Set<number>();
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #seqnum = 0;
  #isImported = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => stream.once('close', () => resolve()));
    stream.on('data', (bytes: Uint8Array) => {
      this.#received.push(bytes);
      if (this.#isImported) this.#drain();
    });
    stream.on('error', () => stream.destroy());
  }

  /** Imports a device. @returns the status of the reply */
  async import(busId: string): Promise<number> {
    this.#stream.write(concat(encodeOperation(Operation.requestImport), encodeBusId(busId)));
    const head = await this.#arrived(8);
    const status = head[7] ?? 0;
    if (status === 0) await this.#arrived(312);
    this.#isImported = true;
    this.#drain();
    return status;
  }

  control(setup: Partial<SetupPacket>, data: Uint8Array = new Uint8Array(0)): Promise<Reply> {
    const whole = { ...NO_SETUP, ...setup };
    const direction = (whole.requestType & 0x80) === 0 ? 'out' : 'in';
    const length = direction === 'out' ? data.length : whole.length;
    return this.#submit({ endpoint: 0, direction, length, setup: { ...whole, length } }, data).reply;
  }

  write(endpoint: number, data: Uint8Array): Promise<Reply> {
    return this.#submit({ endpoint, direction: 'out', length: data.length, setup: NO_SETUP }, data).reply;
  }

  read(endpoint: number, length: number): { readonly seqnum: number; readonly reply: Promise<Reply> } {
    return this.#submit({ endpoint, direction: 'in', length, setup: NO_SETUP }, new Uint8Array(0));
  }

  unlink(unlinkSeqnum: number): Promise<Reply> {
    const seqnum = ++this.#seqnum;
    this.#stream.write(encodeHeader({ command: 'unlink', seqnum, devid: DEVID, unlinkSeqnum }));
    return this.#reply(seqnum);
  }

  raw(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  #submit(part: Pick<Submit, 'endpoint' | 'direction' | 'length' | 'setup'>, data: Uint8Array) {
    const seqnum = ++this.#seqnum;
    if (part.direction === 'in') this.#reads.add(seqnum);
    this.#stream.write(concat(encodeHeader({ command: 'submit', seqnum, devid: DEVID, ...part }), data));
    return { seqnum, reply: this.#reply(seqnum) };
  }

  #reply(seqnum: number): Promise<Reply> {
    return new Promise((resolve) => this.#waiting.set(seqnum, resolve));
  }

  #drain(): void {
    for (;;) {
      const head = this.#received.peek(HEADER_LENGTH);
      const header = head && decodeHeader(head);
      if (header === undefined) return;
      if (header.command !== 'submitReply' && header.command !== 'unlinkReply') throw new Error(header.command);
      const actual = header.command === 'submitReply' ? header.actual : 0;
      const length = this.#reads.has(header.seqnum) ? actual : 0;
      const message = this.#received.take(HEADER_LENGTH + length);
      if (message === undefined) return;
      this.replies.push(`${header.command === 'submitReply' ? 'submit' : 'unlink'} ${header.seqnum}`);
      this.#waiting.get(header.seqnum)?.({ status: header.status, actual, data: message.slice(HEADER_LENGTH) });
      this.#waiting.delete(header.seqnum);
    }
  }

  async #arrived(length: number): Promise<Bytes> {
    for (;;) {
      const bytes = this.#received.take(length);
      if (bytes !== undefined) return bytes;
      await new Promise((resolve) => this.#stream.once('data', resolve));
    }
  }
}
