// The parts of the browser that the services use. main.ts takes them from navigator and window.
import type { Failure } from '../state/common/failure.ts';
import type { JournalsToReturn } from '../state/session/journals-to-return.svelte.ts';
import type { Platform } from '../transport/platform.ts';
import type { AsBase } from './as-base.ts';
import type { Settings } from './storage.ts';

/** The parts of `navigator` that the services use. Some browsers lack those in `Partial`. */
export type BrowserParts = Pick<Navigator, 'locks' | 'userAgent' | 'onLine'> &
  Partial<
    Pick<
      Navigator,
      | 'usb'
      | 'serial'
      | 'wakeLock'
      | 'credentials'
      | 'storage'
      | 'permissions'
      | 'vibrate'
      | 'userActivation'
      | 'serviceWorker'
    >
  >;

export interface Environment {
  readonly browser: BrowserParts;
  readonly platform: Platform;
  /** The address of the AS, unless the site file contains another one. */
  readonly asBase: AsBase;
  /** The answer to the request for the site file. */
  readonly siteAnswer: Promise<Response | undefined> | undefined;
  /** The time of the AS. */
  readonly now: () => Date;
  /** Called for each answer of the AS, with the time in that answer in milliseconds since 1970. */
  readonly onAsTime: (ms: number) => void;
  /** Time of the AS minus time of this computer, in milliseconds. */
  readonly clockOffset: () => number;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  /** Prefix of the names of all databases. Empty except in the demo. */
  readonly storagePrefix: string;
  readonly toReturn: JournalsToReturn;
  /** Settings of this browser (localStorage). */
  readonly settings: Settings;
  /** Returns a sentence about a failure. */
  readonly wordsOf: (failure: Failure) => Promise<string>;
  /** Called when another tab opens a newer version of this page. */
  readonly onSuperseded: () => void;
  /**
   * Called when the journal is deleted, or is closed by the browser, while this page is open.
   * `isLost` is true if it was deleted.
   */
  readonly onJournalFailure: (isLost: boolean) => void;
  /** Called after each request to the AS. `isReachable` is true if the request was answered. */
  readonly onReach: (isReachable: boolean) => void;
}
