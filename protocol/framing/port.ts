// The interface to the cable: a stream of bytes, which web/src/transport implements over the
// browser. Serial does not preserve the boundaries between writes. On USB one write is one bulk
// message and one read is one bulk transfer.
import type { Bytes } from '../bytes/bytes.ts';

export interface Port {
  /**
   * Sends all bytes in order.
   * @throws ProtocolError device-lost, link-timeout
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * The next bytes, at least one; undefined when `timeoutMs` pass without any. Bytes that arrive
   * later are returned by the next read.
   * @throws ProtocolError device-lost, device-busy, link-garbled
   * @throws RangeError while another read is pending
   */
  read(timeoutMs: number): Promise<Bytes | undefined>;
  /** Closes the port; idempotent. A pending read rejects with device-lost. Never rejects. */
  close(): Promise<void>;
}
