// The lazily loaded part for WebUSB: the port, and CCID messages over it (docs/protocol.md clause
// 5).
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import { type Clock, connect } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import type { UsbSettings } from './profiles.ts';

export { openUsbPort } from './usb-port.ts';

/** Closes the port on a failure. @throws ProtocolError (LinkErrorCode) */
export function connectCcid(port: Port, { bwtMs }: UsbSettings, now: Clock): Promise<Transmit> {
  return connect(port, ccidHost({ bwtMs }), now);
}
