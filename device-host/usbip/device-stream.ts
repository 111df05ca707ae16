// One imported device on one stream (SUBMIT and UNLINK of USB/IP). Runs the host's transfers on the
// gadget and answers each exactly once, even if the host cancels it. server.ts creates it after the
// handshake.
import type { CancelTransfer, InResult } from '#device-sim/browser/in-pipe.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import type { Gadget } from '../gadget/gadget.ts';
import { isIn } from '../gadget/setup-packet.ts';
import { ByteQueue } from './byte-queue.ts';
import { decodeHeader, encodeHeader, HEADER_LENGTH, type Header, payloadLength, Status, type Submit } from './pdu.ts';

/** Chromium's limit for the transfers of a page. A longer transfer is a protocol error. */
const MAX_TRANSFER_LENGTH = 32 * 1024 * 1024;
const NOTHING: Bytes = new Uint8Array(0);

/**
 * Thrown when the stream violates USB/IP. The stream must then be closed, because message
 * boundaries are lost.
 */
export class StreamError extends Error {
  override readonly name = 'StreamError';
}

export class DeviceStream {
  readonly #gadget: Gadget;
  readonly #write: (bytes: Bytes) => void;
  readonly #received = new ByteQueue();
  /** Pending IN transfers, by seqnum. */
  readonly #pending = new Map<number, CancelTransfer>();
  #isEnded = false;

  constructor(gadget: Gadget, write: (bytes: Bytes) => void) {
    this.#gadget = gadget;
    this.#write = write;
  }

  /** Receives bytes of the stream, in pieces of any size. @throws StreamError */
  receive(bytes: Uint8Array): void {
    this.#received.push(bytes);
    for (;;) {
      const head = this.#received.peek(HEADER_LENGTH);
      if (head === undefined) return;
      const header = decodeHeader(head);
      if (header === undefined) throw new StreamError('not a USB/IP message');
      const length = payloadLength(header);
      if (length > MAX_TRANSFER_LENGTH) throw new StreamError(`a transfer of ${length} bytes`);
      const message = this.#received.take(HEADER_LENGTH + length);
      if (message === undefined) return;
      this.#handle(header, message.subarray(HEADER_LENGTH));
    }
  }

  /**
   * Called when the stream has closed. Cancels the pending transfers, and sends no reply to them.
   */
  end(): void {
    this.#isEnded = true;
    for (const cancel of this.#pending.values()) cancel();
    this.#pending.clear();
  }

  #handle(header: Header, payload: Bytes): void {
    if (header.command === 'submit') this.#submit(header, payload);
    else if (header.command === 'unlink') this.#unlink(header.seqnum, header.unlinkSeqnum);
    else throw new StreamError(`a host does not send ${header.command}`);
  }

  #submit(submit: Submit, payload: Bytes): void {
    const { seqnum, endpoint, direction, length } = submit;
    if (endpoint === 0) this.#control(submit, payload);
    else if (direction === 'out') {
      const isOk = this.#gadget.transferOut(endpoint, payload) === 'ok';
      this.#reply(seqnum, isOk ? Status.ok : Status.stall, isOk ? payload.length : 0);
    } else this.#read(seqnum, endpoint, length);
  }

  #control({ seqnum, setup, length }: Submit, payload: Bytes): void {
    const response = this.#gadget.control(setup, payload);
    if (response === undefined) this.#reply(seqnum, Status.stall, 0);
    else if (isIn(setup)) this.#replyWith(seqnum, Status.ok, response.subarray(0, length));
    else this.#reply(seqnum, Status.ok, payload.length);
  }

  #read(seqnum: number, endpoint: number, length: number): void {
    let isDone = false;
    const cancel = this.#gadget.transferIn(endpoint, length, ({ status, data }: InResult) => {
      isDone = true;
      this.#pending.delete(seqnum);
      this.#replyWith(seqnum, Status[status], data);
    });
    if (!isDone) this.#pending.set(seqnum, cancel);
  }

  /** Cancels an IN transfer. Transfers of other kinds are never pending. */
  #unlink(seqnum: number, unlinkSeqnum: number): void {
    const isCancelled = this.#pending.get(unlinkSeqnum)?.() === true;
    this.#pending.delete(unlinkSeqnum);
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
