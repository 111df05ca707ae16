// Timer for a page in a hidden tab. Browsers throttle the timers of such a page, but not those of
// workers. The page posts a time in milliseconds, and the worker answers when that time has passed.
// A new message replaces a pending one.

let handle: ReturnType<typeof setTimeout> | undefined;

addEventListener('message', ({ data }: MessageEvent<number>) => {
  clearTimeout(handle);
  handle = setTimeout(() => postMessage(0), data);
});
