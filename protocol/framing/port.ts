// The seam to the cable: a pipe of octets. Serial keeps no borders between writes; on USB one write is one bulk message and one
// read is one bulk transfer. Knows nothing of APDUs. web/transport implements it over the browser.
import type { Bytes } from '../bytes/bytes.ts';

export interface Port {
  /**
   * Hands all octets over, in order.
   * @throws ProtocolError device-lost, link-timeout
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * The next octets, at least one, or undefined when `timeoutMs` went by without any; nothing that arrives later is lost, the
   * next read returns it. One read at a time: a second one while the first is open is a RangeError.
   * @throws ProtocolError device-lost, device-busy, link-garbled
   */
  read(timeoutMs: number): Promise<Bytes | undefined>;
  /** For good, any number of times; a pending read ends with device-lost. Never rejects. */
  close(): Promise<void>;
}
