// The lazily loaded part for Web Serial: the port, and T=1 blocks over it (docs/protocol.md clause
// 5).
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Clock, connect } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import type { SerialSettings } from './profiles.ts';

export { openSerialPort } from './serial-port.ts';

/** Closes the port on a failure. @throws ProtocolError (LinkErrorCode) */
export function connectT1(port: Port, { edc, bwtMs }: SerialSettings, now: Clock): Promise<Transmit> {
  return connect(port, t1Host({ edc, bwtMs }), now);
}
