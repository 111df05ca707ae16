// The parts of a browser that the page does not control: the clock, the chooser and the user
// gesture.
import type { Clock } from '../unit/clock.ts';
import type { LinkKind } from '../unit/faults.ts';

/** An entry of the chooser. */
export interface Candidate {
  /** 32 hex digits. */
  readonly sn: string;
  readonly kind: LinkKind;
  /** The text that Chromium's chooser would show for this entry. */
  readonly label: string;
}

/** Shows the chooser. Resolves with a candidate, or undefined if the user cancels. */
export type Choose = (candidates: readonly Candidate[]) => Promise<Candidate | undefined>;

export interface BrowserOptions {
  readonly clock: Clock;
  readonly choose: Choose;
  /** Whether the page is handling a click or key press. */
  readonly hasUserGesture: () => boolean;
  /** Delay of the disconnect event after an unplug, in ms. Pending transfers fail immediately. */
  readonly eventDelay: number;
}
