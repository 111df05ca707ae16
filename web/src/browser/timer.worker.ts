// Timer worker for a page in a hidden tab. A message contains milliseconds; the worker answers when
// they have passed. A later message replaces the pending one. Workers' timers are not throttled.

let handle: ReturnType<typeof setTimeout> | undefined;

addEventListener('message', ({ data }: MessageEvent<number>) => {
  clearTimeout(handle);
  handle = setTimeout(() => postMessage(0), data);
});
