// What a link protocol looks like from the host's side: a machine that is told what came and says what to do next. It has no clock
// and does no I/O; connect.ts is the only one that drives it on a Port.
import type { Bytes } from '../bytes/bytes.ts';
import type { LinkErrorCode } from '../errors.ts';

/** What the machine wants next. */
export type HostAction =
  /** Read and throw away until `quietMs` went by without octets (0: at once), write `bytes`, then wait up to `waitMs` for octets. */
  | { readonly do: 'send'; readonly bytes: Bytes; readonly quietMs: number; readonly waitMs: number }
  /** Wait up to `waitMs` from now: the unit asked for more time. */
  | { readonly do: 'wait'; readonly waitMs: number }
  /** Wait for the rest of what has begun, up to `gapMs` from now; the wait around it is not touched. */
  | { readonly do: 'more'; readonly gapMs: number }
  /** Nothing of use came: the wait that is running goes on and is not made longer. */
  | { readonly do: 'wait-on' }
  /** The link is open (no octets) or the response APDU is complete. */
  | { readonly do: 'done'; readonly response: Bytes }
  /** The link is lost for good. */
  | { readonly do: 'fail'; readonly code: LinkErrorCode; readonly message: string };

export interface HostFraming {
  /** Once, before the first exchange; ends with `done`. */
  open(): HostAction;
  /** One command APDU. @throws RangeError while another exchange is open, before open() is done, or for an APDU too long. */
  exchange(command: Uint8Array): HostAction;
  /** Octets came, split or joined in any way. */
  receive(bytes: Uint8Array): HostAction;
  /** The wait, or the gap, went by without octets. */
  silence(): HostAction;
}
