// A bulk IN endpoint of a simulated WebUSB device. Wraps an IN pipe and returns each transfer as a
// promise with a WebUSB result.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { type CancelTransfer, InPipe } from './in-pipe.ts';

interface PendingTransfer {
  cancel: CancelTransfer | undefined;
  readonly reject: (error: DOMException) => void;
}

export class BulkInEndpoint {
  readonly #pipe: InPipe;
  readonly #pending = new Set<PendingTransfer>();

  constructor(packetSize: number) {
    this.#pipe = new InPipe(packetSize);
  }

  /** Queues one message of the unit. */
  send(message: Bytes): void {
    this.#pipe.send(message);
  }

  transfer(length: number): Promise<USBInTransferResult> {
    return new Promise((resolve, reject) => {
      const transfer: PendingTransfer = { cancel: undefined, reject };
      this.#pending.add(transfer);
      transfer.cancel = this.#pipe.submit(length, ({ status, data: { buffer, byteOffset, byteLength } }) => {
        this.#pending.delete(transfer);
        const data = new DataView(buffer, byteOffset, byteLength);
        resolve({ status: status === 'overflow' ? 'babble' : status, data });
      });
    });
  }

  /** Ends every pending and every new transfer with a stall until clearHalt is called. */
  halt(): void {
    this.#pipe.halt();
  }

  clearHalt(): void {
    this.#pipe.clearHalt();
  }

  /** Rejects all pending transfers. The bytes that they have received are lost. */
  fail(error: DOMException): void {
    for (const { cancel, reject } of this.#pending) {
      cancel?.();
      reject(error);
    }
    this.#pending.clear();
  }

  /** Drops the unread packets. */
  flush(): void {
    this.#pipe.flush();
  }
}
