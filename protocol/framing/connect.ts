// Drives a host framing on a port, and is the only code of this folder that does I/O. Computes each
// deadline with the caller's clock, so that a stream of ignored bytes cannot extend a timeout.
import type { Transmit } from '../apdu/transmit.ts';
import type { Bytes } from '../bytes/bytes.ts';
import { ProtocolError } from '../errors.ts';
import type { HostAction, HostFraming } from './host-framing.ts';
import type { Port } from './port.ts';

/** A monotonic clock in milliseconds, e.g. `() => performance.now()`. */
export type Clock = () => number;

/**
 * Maximum time to wait for silence before a write. After this time the host writes even if bytes
 * still arrive.
 */
const MAX_DRAIN_MS = 2000;
/**
 * Maximum time of an exchange, including all time extensions. A unit without tries left delays its
 * response by 64 s (docs/protocol.md clause 4.7); this limit is about twice as long.
 */
export const MAX_EXCHANGE_MS = 130_000;

/**
 * Opens the link. If opening or an exchange fails, closes the port. Every later exchange then
 * rejects with the same error.
 * @throws ProtocolError (LinkErrorCode)
 * @throws RangeError from an exchange while another one is open
 */
export async function connect(port: Port, framing: HostFraming, now: Clock): Promise<Transmit> {
  let isBusy = false;
  let failure: unknown;

  const perform = async (begin: () => HostAction): Promise<Bytes> => {
    if (isBusy) throw new RangeError('an exchange is open on this link');
    if (failure !== undefined) throw failure;
    const action = begin();
    isBusy = true;
    try {
      return await drive(port, framing, now, action);
    } catch (error) {
      failure = error;
      await port.close();
      throw error;
    } finally {
      isBusy = false;
    }
  };

  await perform(() => framing.open());
  return (command) => perform(() => framing.exchange(command));
}

async function drive(port: Port, framing: HostFraming, now: Clock, first: HostAction): Promise<Bytes> {
  const limit = now() + MAX_EXCHANGE_MS;
  let deadline = limit;
  for (let action = first; ; ) {
    if (action.do === 'done') return action.response;
    if (action.do === 'fail') throw new ProtocolError(action.code, action.message);
    if (action.do === 'send') {
      if (action.quietMs > 0) await drain(port, now, action.quietMs);
      await port.write(action.bytes);
    }
    const at = now();
    if (at >= limit) throw new ProtocolError('link-timeout', `no response within ${MAX_EXCHANGE_MS / 1000} s`);
    if (action.do === 'send' || action.do === 'wait') deadline = at + action.waitMs;
    const until = action.do === 'more' ? at + action.gapMs : deadline;
    const waitMs = Math.min(until, limit) - at;
    const bytes = waitMs > 0 ? await port.read(waitMs) : undefined;
    action = bytes === undefined ? framing.silence() : framing.receive(bytes);
  }
}

async function drain(port: Port, now: Clock, quietMs: number): Promise<void> {
  const limit = now() + MAX_DRAIN_MS;
  while (now() < limit && (await port.read(quietMs)) !== undefined);
}
