// Which framing runs on which link (docs/protocol.md clause 5), with the times and codes of the device profile.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import { type Clock, connect } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import type { SerialSettings, UsbSettings } from './profiles.ts';

/** Both throw ProtocolError (LinkErrorCode); the port is closed then. */
export function bringUpCcid(port: Port, { bwtMs }: UsbSettings, now: Clock): Promise<Transmit> {
  return connect(port, ccidHost({ bwtMs }), now);
}

export function bringUpT1(port: Port, { edc, bwtMs }: SerialSettings, now: Clock): Promise<Transmit> {
  return connect(port, t1Host({ edc, bwtMs }), now);
}
