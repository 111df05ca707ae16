// The interface between commands and links: one command APDU out, one response APDU back (ISO/IEC
// 7816-3 clause 12).
import type { Bytes } from '../bytes/bytes.ts';

/**
 * Sends one encoded command APDU and resolves with the encoded response APDU, at least SW1 SW2.
 * @throws ProtocolError (LinkErrorCode); the link is then closed and cannot be reopened
 * @throws RangeError while another exchange is open
 */
export type Transmit = (command: Uint8Array) => Promise<Bytes>;
