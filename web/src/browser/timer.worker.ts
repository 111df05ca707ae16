// Rings after a time, for a page whose own timers are throttled while its tab is hidden. Is sent milliseconds, answers when they are
// over; a later message replaces an earlier one. Knows nothing of why.

let handle: ReturnType<typeof setTimeout> | undefined;

addEventListener('message', ({ data }: MessageEvent<number>) => {
  clearTimeout(handle);
  handle = setTimeout(() => postMessage(0), data);
});
