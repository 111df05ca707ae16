// One imported device on one stream: carries out the host's transfers on the gadget and answers each exactly once, also when the host
// takes it back meanwhile (SUBMIT and UNLINK of USB/IP). Knows the gadget by its endpoints only.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import type { Gadget } from '../gadget/gadget.ts';
import type { CancelTransfer, InResult } from '../gadget/in-pipe.ts';
import { isIn } from '../gadget/setup.ts';
import { OctetQueue } from './octet-queue.ts';
import { decodeHeader, encodeHeader, HEADER_LENGTH, type Header, payloadLength, Status, type Submit } from './pdu.ts';

/** As much as Chromium lets a page ask for; a longer one is no transfer but nonsense. */
const MAX_TRANSFER_LENGTH = 32 * 1024 * 1024;
const NOTHING: Bytes = new Uint8Array(0);

/** The stream carries what is no USB/IP: it cannot be found into again. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
}

export class Session {
  readonly #gadget: Gadget;
  readonly #write: (bytes: Bytes) => void;
  readonly #octets = new OctetQueue();
  /** Reads that wait for the unit, by seqnum. */
  readonly #waiting = new Map<number, CancelTransfer>();
  #isEnded = false;

  constructor(gadget: Gadget, write: (bytes: Bytes) => void) {
    this.#gadget = gadget;
    this.#write = write;
  }

  /** Octets of the stream, split or joined in any way. @throws StreamError */
  receive(octets: Uint8Array): void {
    this.#octets.push(octets);
    for (;;) {
      const head = this.#octets.peek(HEADER_LENGTH);
      if (head === undefined) return;
      const header = decodeHeader(head);
      if (header === undefined) throw new StreamError('not a USB/IP message');
      const length = payloadLength(header);
      if (length > MAX_TRANSFER_LENGTH) throw new StreamError(`a transfer of ${length} octets`);
      const message = this.#octets.take(HEADER_LENGTH + length);
      if (message === undefined) return;
      this.#handle(header, message.subarray(HEADER_LENGTH));
    }
  }

  /** The stream is gone: nothing is answered any more. */
  end(): void {
    this.#isEnded = true;
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #handle(header: Header, payload: Bytes): void {
    if (header.command === 'submit') this.#submit(header, payload);
    else if (header.command === 'unlink') this.#unlink(header.seqnum, header.victim);
    else throw new StreamError(`a host does not send ${header.command}`);
  }

  #submit(submit: Submit, payload: Bytes): void {
    const { seqnum, endpoint, direction, length } = submit;
    if (endpoint === 0) this.#control(submit, payload);
    else if (direction === 'out') {
      const isTaken = this.#gadget.transferOut(endpoint, payload) === 'ok';
      this.#reply(seqnum, isTaken ? Status.ok : Status.stall, isTaken ? payload.length : 0);
    } else this.#read(seqnum, endpoint, length);
  }

  #control({ seqnum, setup, length }: Submit, payload: Bytes): void {
    const answer = this.#gadget.control(setup, payload);
    if (answer === undefined) this.#reply(seqnum, Status.stall, 0);
    else if (isIn(setup)) this.#replyWith(seqnum, Status.ok, answer.subarray(0, length));
    else this.#reply(seqnum, Status.ok, payload.length);
  }

  #read(seqnum: number, endpoint: number, length: number): void {
    let isDone = false;
    const cancel = this.#gadget.transferIn(endpoint, length, ({ status, data }: InResult) => {
      isDone = true;
      this.#waiting.delete(seqnum);
      this.#replyWith(seqnum, Status[status], data);
    });
    if (!isDone) this.#waiting.set(seqnum, cancel);
  }

  /** Only a read can be late enough to be taken back; everything else was answered as it came. */
  #unlink(seqnum: number, victim: number): void {
    const isCancelled = this.#waiting.get(victim)?.() === true;
    this.#waiting.delete(victim);
    this.#send(encodeHeader({ command: 'unlinkReply', seqnum, status: isCancelled ? Status.unlinked : Status.ok }));
  }

  #reply(seqnum: number, status: number, actual: number, data: Uint8Array = NOTHING): void {
    this.#send(concat(encodeHeader({ command: 'submitReply', seqnum, status, actual }), data));
  }

  #replyWith(seqnum: number, status: number, data: Uint8Array): void {
    this.#reply(seqnum, status, data.length, data);
  }

  #send(bytes: Bytes): void {
    if (!this.#isEnded) this.#write(bytes);
  }
}
