// The scan of a label: when the camera is used, what is sent, and what the operator reads if the
// camera shows no picture.
import { expect, it, vi } from 'vitest';
import { LabelScan } from '#web/state/label/label-scan.svelte.ts';

/** A scan whose pictures show these codes, one after the other. */
function scanOf(codes: readonly (string | undefined)[], openCamera?: () => Promise<MediaStream>) {
  const rest = [...codes];
  const track = { stop: vi.fn() };
  const stream = { getTracks: () => [track] } as unknown as MediaStream;
  const video = { srcObject: null } as unknown as HTMLVideoElement;
  const page = { isOpen: true };
  const [send, close, opened] = [vi.fn(), vi.fn(), vi.fn()];
  const scan = new LabelScan({
    openCamera: async () => {
      opened();
      return await (openCamera?.() ?? stream);
    },
    readers: async () => ({ read: async () => rest.shift() }),
    nextFrame: async () => {
      if (rest.length === 0) page.isOpen = false;
    },
    send,
    isWanted: () => page.isOpen,
    close,
  });
  return { scan, video, page, stream, track, send, close, opened };
}

it('sends the first code, ends the use of the camera, and closes the page', async () => {
  const { scan, video, stream, track, send, close } = scanOf([undefined, 'E2E0', 'other']);
  await scan.start(video);
  expect(video.srcObject).toBe(stream);
  expect(send.mock.calls).toEqual([['E2E0']]);
  expect(scan.state).toEqual({ is: 'sent', label: 'E2E0' });
  expect([track.stop.mock.calls.length, close.mock.calls.length]).toEqual([1, 1]);
});

it('ignores a text that is too long for a label', async () => {
  const { scan, video, send } = scanOf(['x'.repeat(201), 'x'.repeat(200)]);
  await scan.start(video);
  expect(send.mock.calls).toEqual([['x'.repeat(200)]]);
});

it('ends when the page of the order is closed', async () => {
  const { scan, video, track, send, close } = scanOf([undefined]);
  await scan.start(video);
  expect([track.stop.mock.calls.length, close.mock.calls.length]).toEqual([1, 1]);
  expect(send).not.toHaveBeenCalled();
});

it('does not open the camera if no order waits for the label', async () => {
  const { scan, video, page, opened } = scanOf(['E2E0']);
  page.isOpen = false;
  await scan.start(video);
  expect(scan.state).toEqual({ is: 'unwanted' });
  expect(opened).not.toHaveBeenCalled();
});

it.each([
  ['NotAllowedError', 'denied'],
  ['NotFoundError', 'missing'],
  ['NotReadableError', 'in-use'],
  ['TypeError', 'unsupported'],
])('says why the camera shows no picture after a %s', async (name, failure) => {
  const { scan, video } = scanOf([], () => Promise.reject(Object.assign(new Error(name), { name })));
  await scan.start(video);
  expect(scan.state).toEqual({ is: 'failed', failure });
});

it('ends the use of a camera that the browser permits after the page was closed', async () => {
  let permit: (stream: MediaStream) => void = () => undefined;
  const { scan, video, stream, track, send } = scanOf(['E2E0'], () => new Promise((resolve) => (permit = resolve)));
  const started = scan.start(video);
  scan.cancel();
  permit(stream);
  await started;
  expect(track.stop).toHaveBeenCalledOnce();
  expect(video.srcObject).toBeNull();
  expect(send).not.toHaveBeenCalled();
});
