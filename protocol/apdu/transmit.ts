// The interface between commands and links, which sends one command APDU and receives one response
// APDU (ISO/IEC 7816-3 clause 12).
import type { Bytes } from '../bytes/bytes.ts';

/**
 * Sends one encoded command APDU and resolves with the encoded response APDU, at least SW1 SW2.
 * @throws ProtocolError (LinkErrorCode); the link is then closed and cannot be reopened
 * @throws RangeError while another exchange is open
 */
export type Transmit = (command: Uint8Array) => Promise<Bytes>;
