// All that drives a unit over WebUSB: its port, and CCID messages on it (docs/protocol.md clause 5), with the times of the device profile.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import { type Clock, connect } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import type { UsbSettings } from './profiles.ts';

export { openUsbPort } from './usb-port.ts';

/** @throws ProtocolError (LinkErrorCode); the port is closed then */
export function bringUpCcid(port: Port, { bwtMs }: UsbSettings, now: Clock): Promise<Transmit> {
  return connect(port, ccidHost({ bwtMs }), now);
}
