// The seam between commands and links: one command APDU out, one response APDU back (ISO/IEC 7816-3 clause 12).
import type { Bytes } from '../bytes/bytes.ts';

/**
 * Sends one encoded command APDU and resolves with the encoded response APDU, at least SW1 SW2. One exchange at a time:
 * a second call while one is open is a programmer's error (RangeError).
 * @throws ProtocolError of the link (LinkErrorCode); the link is then closed for good
 */
export type Transmit = (command: Uint8Array) => Promise<Bytes>;
