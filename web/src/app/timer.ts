// The timer for the page's timeouts. In a hidden tab a worker triggers it too, because browsers
// throttle the timers of hidden tabs.

import timerUrl from '../browser/timer.worker.ts?worker&url';
import { spawnWorker } from '../browser/trusted-script.ts';
import { NATIVE, timeouts, withWakeTimer } from '../transport/timer.ts';

export const timer = timeouts(
  withWakeTimer(
    NATIVE,
    () => spawnWorker(timerUrl),
    () => document.hidden,
  ),
);
