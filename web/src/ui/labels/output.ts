// Prints sheets of labels, and saves them as files.
import { mount, unmount } from 'svelte';
import type { UnitLabel } from '../../state/common/unit-label.ts';
import { t } from '../../text/t.ts';
import { saveFile } from '../common/save-file.ts';
import LabelSheet from './LabelSheet.svelte';
import { sheetsOf } from './sheets.ts';

/**
 * Opens a window with the sheets and prints it. Returns false if the browser has blocked the window.
 * Needs a user gesture.
 */
export function printLabels(labels: readonly UnitLabel[]): boolean {
  const opened = window.open('', 'keyferry-labels', 'popup,width=900,height=700');
  if (!opened) return false;
  opened.document.title = t`Labels`;
  opened.document.body.replaceChildren();
  for (const sheet of sheetsOf(labels)) mount(LabelSheet, { target: opened.document.body, props: { labels: sheet } });
  opened.print();
  return true;
}

/** Saves each sheet as an SVG file. */
export function saveLabels(labels: readonly UnitLabel[], name: string): void {
  const sheets = sheetsOf(labels);
  for (const [index, sheet] of sheets.entries()) {
    const target = document.createElement('div');
    const mounted = mount(LabelSheet, { target, props: { labels: sheet } });
    const [svg] = target.children;
    const text = svg ? new XMLSerializer().serializeToString(svg) : '';
    void unmount(mounted);
    const file = sheets.length === 1 ? `${name}.svg` : `${name}-${index + 1}.svg`;
    saveFile({ name: file, text, type: 'image/svg+xml' });
  }
}
