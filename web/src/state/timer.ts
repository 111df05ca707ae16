// The page's limits, which ring in a hidden tab as well.
import { alarms, NATIVE, withBell } from '../transport/timer.ts';
import { spawnWorker } from '../worker/spawn.ts';
import timerUrl from '../worker/timer.worker.ts?worker&url';

export const timer = alarms(
  withBell(
    NATIVE,
    () => spawnWorker(timerUrl),
    () => document.hidden,
  ),
);
