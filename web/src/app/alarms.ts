// The page's limits, which ring in a hidden tab as well.

import timerUrl from '../browser/timer.worker.ts?worker&url';
import { spawnWorker } from '../browser/trusted-script.ts';
import { alarms, NATIVE, withBell } from '../transport/timer.ts';

export const timer = alarms(
  withBell(
    NATIVE,
    () => spawnWorker(timerUrl),
    () => document.hidden,
  ),
);
