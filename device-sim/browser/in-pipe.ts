// A bulk or interrupt IN pipe on the device's side (USB 2.0 clause 5.8.3). Splits messages into
// packets and fills the host's transfers with them. A short packet or a full buffer ends a
// transfer. After a message that fills its last packet, the pipe sends a zero-length packet.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';

export interface InResult {
  /** `overflow` means that a packet was longer than the room left in the transfer (babble). */
  readonly status: 'ok' | 'overflow' | 'stall';
  /** Empty after a stall. */
  readonly data: Bytes;
}

/**
 * Cancels a transfer.
 * @returns true if the transfer was pending, in which case `done` is never called
 */
export type CancelTransfer = () => boolean;

interface Transfer {
  readonly length: number;
  received: Bytes;
  readonly done: (result: InResult) => void;
}

const NOTHING: Bytes = new Uint8Array(0);

export class InPipe {
  readonly #packetSize: number;
  #packets: Bytes[] = [];
  #transfers: Transfer[] = [];
  #isHalted = false;

  constructor(packetSize: number) {
    this.#packetSize = packetSize;
  }

  get isHalted(): boolean {
    return this.#isHalted;
  }

  /** Queues one message of the unit. */
  send(message: Uint8Array): void {
    for (let offset = 0; offset <= message.length; offset += this.#packetSize) {
      this.#packets.push(concat(message.subarray(offset, offset + this.#packetSize)));
    }
    this.#serve();
  }

  /** Queues a transfer of the host. May call `done` before submit() returns. */
  submit(length: number, done: (result: InResult) => void): CancelTransfer {
    const transfer: Transfer = { length, received: NOTHING, done };
    this.#transfers.push(transfer);
    this.#serve();
    return () => {
      const isPending = this.#transfers.includes(transfer);
      this.#transfers = this.#transfers.filter((other) => other !== transfer);
      return isPending;
    };
  }

  /** Ends every pending and every new transfer with a stall until clearHalt is called. */
  halt(): void {
    this.#isHalted = true;
    this.#serve();
  }

  clearHalt(): void {
    this.#isHalted = false;
  }

  /**
   * Drops the unread packets. Pending transfers stay pending and lose the bytes received so far.
   */
  flush(): void {
    this.#packets = [];
    for (const transfer of this.#transfers) transfer.received = NOTHING;
  }

  #serve(): void {
    for (let transfer = this.#transfers[0]; transfer !== undefined; transfer = this.#transfers[0]) {
      const status = this.#isHalted ? 'stall' : this.#fill(transfer);
      if (status === undefined) return;
      this.#transfers.shift();
      transfer.done({ status, data: status === 'stall' ? NOTHING : transfer.received });
    }
  }

  /**
   * Fills the transfer from the queued packets. Returns undefined while more packets are needed.
   */
  #fill(transfer: Transfer): 'ok' | 'overflow' | undefined {
    for (let packet = this.#packets.shift(); packet !== undefined; packet = this.#packets.shift()) {
      const room = transfer.length - transfer.received.length;
      transfer.received = concat(transfer.received, packet.subarray(0, room));
      if (packet.length > room) return 'overflow';
      if (packet.length < this.#packetSize || transfer.received.length === transfer.length) return 'ok';
    }
    return undefined;
  }
}
