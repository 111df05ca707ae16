// Drives a framing on a port: the only code of this folder that does I/O. The clock is handed in, so that a wait which goes on while
// useless octets arrive still ends in time.
import type { Transmit } from '../apdu/transmit.ts';
import type { Bytes } from '../bytes/bytes.ts';
import { ProtocolError } from '../errors.ts';
import type { HostAction, HostFraming } from './host-framing.ts';
import type { Port } from './port.ts';

/** Milliseconds from any fixed start, never going back, e.g. `() => performance.now()`. */
export type Clock = () => number;

/** A line that is not silent by then is written to all the same. */
const DRAIN_LIMIT_MS = 2000;
/**
 * No exchange takes longer, however often the unit asks for more time. A unit with used-up tries makes the host wait for 64 s
 * (docs/protocol.md clause 4); this leaves it as much again.
 */
export const EXCHANGE_LIMIT_MS = 130_000;

/**
 * Opens the link. A failure of this call or of an exchange closes the port for good, and each later exchange fails with it again.
 * @throws ProtocolError (LinkErrorCode); RangeError from the second of two exchanges that are open at once
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
  const limit = now() + EXCHANGE_LIMIT_MS;
  let deadline = limit;
  for (let action = first; ; ) {
    if (action.do === 'done') return action.response;
    if (action.do === 'fail') throw new ProtocolError(action.code, action.message);
    if (action.do === 'send') {
      if (action.quietMs > 0) await drain(port, now, action.quietMs);
      await port.write(action.bytes);
    }
    const at = now();
    if (at >= limit) throw new ProtocolError('link-timeout', `no answer within ${EXCHANGE_LIMIT_MS / 1000} s`);
    if (action.do === 'send' || action.do === 'wait') deadline = at + action.waitMs;
    const until = action.do === 'more' ? at + action.gapMs : deadline;
    const waitMs = Math.min(until, limit) - at;
    const bytes = waitMs > 0 ? await port.read(waitMs) : undefined;
    action = bytes === undefined ? framing.silence() : framing.receive(bytes);
  }
}

async function drain(port: Port, now: Clock, quietMs: number): Promise<void> {
  const limit = now() + DRAIN_LIMIT_MS;
  while (now() < limit && (await port.read(quietMs)) !== undefined);
}
