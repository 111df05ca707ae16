// The window that reads a label: which messages the page of the order accepts.
import { afterEach, expect, it, vi } from 'vitest';
import { CameraWindow } from '#web/ui/orders/camera-window.ts';

const ORIGIN = 'https://keys.example';
afterEach(() => void vi.unstubAllGlobals());

it('takes a label from the opened window only', () => {
  const opened = { focus: vi.fn(), close: vi.fn() };
  const open = vi.fn<() => object | null>(() => opened);
  vi.stubGlobal('window', { open });
  vi.stubGlobal('location', { origin: ORIGIN });
  const labels: string[] = [];
  const camera = new CameraWindow((label) => labels.push(label));
  const receive = (source: unknown, data: unknown, origin = ORIGIN) =>
    camera.receive({ source, data, origin } as MessageEvent);
  receive(null, { label: 'before the window is open' });
  expect(camera.open()).toBe(true);
  expect(open).toHaveBeenCalledWith('label.html', 'keyferry-label', expect.stringContaining('popup'));
  receive(opened, { label: 'E2E0' });
  receive({}, { label: 'another window' });
  receive(opened, { label: 'another origin' }, 'https://other.example');
  receive(opened, { label: 7 });
  expect(labels).toEqual(['E2E0']);
  camera.close();
  expect(opened.close).toHaveBeenCalledOnce();
  open.mockReturnValue(null);
  expect(camera.open()).toBe(false);
});
