// The page's timer for timeouts. A worker keeps it on time in a hidden tab.

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
