// Entry point of the page that reads a label with the camera. It is a separate page, because only
// the HTTP response of this page permits the camera (docs/adr/0060). Opens no network connection.
import { mount } from 'svelte';
import { LabelReader } from './browser/label-reader.ts';
import { LabelScan } from './state/label/label-scan.svelte.ts';
import ScanView from './ui/label/ScanView.svelte';

const target = document.getElementById('app');
if (!target) throw new TypeError('the page has no #app');
const opener = window.opener as Window | null;
const scan = new LabelScan({
  openCamera: () =>
    navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } } }),
  readers: (video) => LabelReader.of(video),
  nextFrame: () => new Promise((resolve) => requestAnimationFrame(() => resolve())),
  send: (label) => opener?.postMessage({ label }, location.origin),
  isWanted: () => opener !== null && !opener.closed,
  close: () => close(),
});
addEventListener('pagehide', () => scan.stop());
target.replaceChildren();
mount(ScanView, { target, props: { scan } });
