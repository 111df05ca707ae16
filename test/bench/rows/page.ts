// The functions of benchmark 8 that run in the page. They show a long list with the product's
// virtual list, or with a minimal virtual list for comparison.

import { createRawSnippet, flushSync, mount, unmount } from 'svelte';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { UnitIndex } from '#web/state/orders/unit-index.ts';
import Host from './Host.svelte';
import { RowList } from './row-list.svelte.ts';

const HEIGHT = 44;

interface Shown {
  /** Time until the first paint with rows, in ms. */
  readonly paint: number;
  readonly elements: number;
  /** 95th percentile of the frame time while 1,000 rows per second change, in ms. */
  readonly frameP95: number;
}

async function nextPaint(): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
}

async function frames(update: () => void): Promise<number> {
  const times: number[] = [];
  let before = performance.now();
  let due = 0;
  for (let frame = 0; frame < 120; frame++) {
    const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
    times.push(now - before);
    for (due += now - before; due >= 1; due--) update();
    before = now;
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.95)] ?? Number.NaN;
}

function place(): HTMLElement {
  const target = document.createElement('div');
  document.body.replaceChildren(target);
  return target;
}

async function ours(count: number): Promise<Shown> {
  const index = new UnitIndex([[`${'0'.repeat(31)}1`, hexNumber(count, 32)]]);
  const list = new RowList(index);
  const target = place();
  const row = createRawSnippet<[{ sn: string; text: string }]>((item) => ({
    render: () => `<span>${item().sn} ${item().text}</span>`,
  }));
  const began = performance.now();
  const app = mount(Host, { target, props: { list, row } });
  flushSync(); // as at the end of a task in the product, so that the rows appear in this frame
  await nextPaint();
  if (target.querySelectorAll('li').length === 0) throw new Error('the first paint has no rows');
  const paint = performance.now() - began;
  const elements = target.querySelectorAll('*').length;
  const frameP95 = await frames(() => list.change());
  await unmount(app);
  return { paint, elements, frameP95 };
}

async function bare(count: number): Promise<Shown> {
  const target = place();
  const began = performance.now();
  const box = document.createElement('div');
  box.style.cssText = 'height:572px;overflow:auto';
  const all = document.createElement('div');
  all.style.cssText = `position:relative;height:${count * HEIGHT}px`;
  const texts = new Map<number, string>();
  const show = (): void => {
    const from = Math.floor(box.scrollTop / HEIGHT);
    all.replaceChildren(
      ...Array.from({ length: 30 }, (_, offset) => {
        const line = document.createElement('div');
        line.style.cssText = `position:absolute;height:44px;top:${(from + offset) * HEIGHT}px`;
        line.textContent = `${from + offset} ${texts.get(from + offset) ?? ''}`;
        return line;
      }),
    );
  };
  box.onscroll = show;
  box.append(all);
  target.append(box);
  show();
  await nextPaint();
  const paint = performance.now() - began;
  const elements = target.querySelectorAll('*').length;
  let changed = 0;
  const frameP95 = await frames(() => {
    texts.set(changed % 30, String(++changed));
    if (changed % 16 === 0) show();
  });
  return { paint, elements, frameP95 };
}

const cases = { ours, bare };

declare global {
  var keyferryRows: typeof cases;
}

globalThis.keyferryRows = cases;
