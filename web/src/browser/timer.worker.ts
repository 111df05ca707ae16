// Timer for a page in a hidden tab, because browsers do not throttle the timers of workers. Answers
// a message after the milliseconds that it contains. A later message replaces the pending one.

let handle: ReturnType<typeof setTimeout> | undefined;

addEventListener('message', ({ data }: MessageEvent<number>) => {
  clearTimeout(handle);
  handle = setTimeout(() => postMessage(0), data);
});
