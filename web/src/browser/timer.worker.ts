// Timer for a page in a hidden tab, because browsers do not throttle the timers of workers. A
// message contains a time in milliseconds, after which the worker answers. A new message replaces
// the pending one.

let handle: ReturnType<typeof setTimeout> | undefined;

addEventListener('message', ({ data }: MessageEvent<number>) => {
  clearTimeout(handle);
  handle = setTimeout(() => postMessage(0), data);
});
