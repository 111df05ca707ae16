// The interface of a link protocol on the side of the host. An implementation is a state machine
// without clock and I/O, which processes received bytes and returns the next action. connect.ts
// drives it on a Port.
import type { Bytes } from '../bytes/bytes.ts';
import type { LinkErrorCode } from '../errors.ts';

/** The next action of the driver. */
export type HostAction =
  /**
   * Discard input until `quietMs` pass without bytes (0: immediately), write `bytes`, then wait up
   * to `waitMs` for bytes.
   */
  | { readonly do: 'send'; readonly bytes: Bytes; readonly quietMs: number; readonly waitMs: number }
  /** Wait up to `waitMs` from now: the unit requested a time extension. */
  | { readonly do: 'wait'; readonly waitMs: number }
  /**
   * Wait up to `gapMs` from now for the rest of a block. The deadline of the response does not
   * change.
   */
  | { readonly do: 'more'; readonly gapMs: number }
  /** Nothing useful was received, so continue to wait until the same deadline. */
  | { readonly do: 'wait-on' }
  /** The link is open (empty response), or the response APDU is complete. */
  | { readonly do: 'done'; readonly response: Bytes }
  /** The link has failed and cannot be reopened. */
  | { readonly do: 'fail'; readonly code: LinkErrorCode; readonly message: string };

export interface HostFraming {
  /** Opens the link. Called once, before the first exchange. */
  open(): HostAction;
  /**
   * Sends one command APDU.
   * @throws RangeError while another exchange is open, before open() is done, or for an APDU that
   * is too long
   */
  exchange(command: Uint8Array): HostAction;
  /** Processes received bytes, split or joined in any way. */
  receive(bytes: Uint8Array): HostAction;
  /** Called when the time of the wait or gap has passed without received bytes. */
  silence(): HostAction;
}
