// A bulk or interrupt IN pipe on the device's side: messages become packets, and packets fill the transfers of the host (USB 2.0
// clause 5.8.3). A transfer ends with a short packet or when it is full; a message that fills its last packet is followed by a
// packet without octets. Unlike a page, an operating system may take a transfer back.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';

/** `overflow`: a packet was larger than what the transfer had room for (babble). */
export type InResult =
  | { readonly status: 'ok' | 'overflow'; readonly data: Bytes }
  | { readonly status: 'stall'; readonly data: Bytes };

/** True iff the transfer was still open and now never ends. */
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

  /** One message of the unit. */
  send(message: Uint8Array): void {
    for (let offset = 0; offset <= message.length; offset += this.#packetSize) {
      this.#packets.push(concat(message.subarray(offset, offset + this.#packetSize)));
    }
    this.#serve();
  }

  /** The host reads. `done` may be called before this returns. */
  submit(length: number, done: (result: InResult) => void): CancelTransfer {
    const transfer: Transfer = { length, received: NOTHING, done };
    this.#transfers.push(transfer);
    this.#serve();
    return () => {
      const isOpen = this.#transfers.includes(transfer);
      this.#transfers = this.#transfers.filter((other) => other !== transfer);
      return isOpen;
    };
  }

  /** Every transfer ends with a stall until clearHalt. */
  halt(): void {
    this.#isHalted = true;
    this.#serve();
  }

  clearHalt(): void {
    this.#isHalted = false;
  }

  /** Packets that nobody read are gone. Open transfers go on waiting. */
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

  /** How the transfer ended, undefined while it waits for more. */
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
