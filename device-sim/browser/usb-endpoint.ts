// A bulk IN endpoint: what the unit sends becomes packets, what the page reads becomes transfers (USB 2.0 clause 5.8.3). A transfer
// ends with a short packet or when it is full; a message that fills its last packet is followed by a packet without octets.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';

interface PendingTransfer {
  readonly length: number;
  received: Bytes;
  resolve(result: USBInTransferResult): void;
  reject(error: DOMException): void;
}

export class BulkInEndpoint {
  readonly #packetSize: number;
  #packets: Bytes[] = [];
  #transfers: PendingTransfer[] = [];
  #halted = false;

  constructor(packetSize: number) {
    this.#packetSize = packetSize;
  }

  /** One message of the unit. */
  send(message: Bytes): void {
    for (let offset = 0; offset <= message.length; offset += this.#packetSize) {
      this.#packets.push(message.slice(offset, offset + this.#packetSize));
    }
    this.#serve();
  }

  transfer(length: number): Promise<USBInTransferResult> {
    return new Promise((resolve, reject) => {
      this.#transfers.push({ length, received: new Uint8Array(0), resolve, reject });
      this.#serve();
    });
  }

  /** Every transfer ends with a stall until clearHalt. */
  halt(): void {
    this.#halted = true;
    this.#serve();
  }

  clearHalt(): void {
    this.#halted = false;
  }

  /** Ends every open transfer with that error. What had come for them is lost. */
  fail(error: DOMException): void {
    for (const { reject } of this.#transfers.splice(0)) reject(error);
  }

  /** Packets that nobody read are gone, as after a reset. */
  flush(): void {
    this.#packets = [];
  }

  #serve(): void {
    for (let transfer = this.#transfers[0]; transfer !== undefined; transfer = this.#transfers[0]) {
      if (this.#halted) this.#finish(transfer, 'stall', new Uint8Array(0));
      else if (!this.#fill(transfer)) return;
    }
  }

  /** False while more packets are needed. */
  #fill(transfer: PendingTransfer): boolean {
    for (let packet = this.#packets.shift(); packet !== undefined; packet = this.#packets.shift()) {
      const room = transfer.length - transfer.received.length;
      transfer.received = concat(transfer.received, packet.subarray(0, room));
      if (packet.length > room) return this.#finish(transfer, 'babble', transfer.received);
      const full = transfer.received.length === transfer.length;
      if (full || packet.length < this.#packetSize) return this.#finish(transfer, 'ok', transfer.received);
    }
    return false;
  }

  #finish(transfer: PendingTransfer, status: USBTransferStatus, data: Bytes): true {
    this.#transfers.shift();
    transfer.resolve({ status, data: new DataView(data.buffer, data.byteOffset, data.byteLength) });
    return true;
  }
}
