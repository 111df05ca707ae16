// The interface to the cable as a stream of bytes. web/src/transport implements it with WebUSB and
// Web Serial. Serial does not preserve the boundaries between writes. On USB one write is one bulk
// message and one read is one bulk transfer.
import type { Bytes } from '../bytes/bytes.ts';

export interface Port {
  /** Sends all bytes in order. @throws ProtocolError device-lost, link-timeout */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Returns the next bytes, at least one; undefined if none arrive within `timeoutMs`. The next
   * read returns bytes that arrive later.
   * @throws ProtocolError device-lost, device-busy, link-garbled
   * @throws RangeError while another read is pending
   */
  read(timeoutMs: number): Promise<Bytes | undefined>;
  /**
   * Closes the port, unless it is closed already. Never rejects. A pending read rejects with
   * device-lost.
   */
  close(): Promise<void>;
}
