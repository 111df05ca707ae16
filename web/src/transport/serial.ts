// All that drives a unit over Web Serial: its port, and T=1 on it (docs/protocol.md clause 5), with the times and codes of the device profile.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Clock, connect } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import type { SerialSettings } from './profiles.ts';

export { openSerialPort } from './serial-port.ts';

/** @throws ProtocolError (LinkErrorCode); the port is closed then */
export function bringUpT1(port: Port, { edc, bwtMs }: SerialSettings, now: Clock): Promise<Transmit> {
  return connect(port, t1Host({ edc, bwtMs }), now);
}
