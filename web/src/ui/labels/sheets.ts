// Arranges labels on sheets of A4 paper.
import type { UnitLabel } from '../../state/common/unit-label.ts';

/** Measures in mm. A sheet has the margins that printers need. */
export const LABEL_WIDTH = 63;
export const LABEL_HEIGHT = 28;
export const COLUMNS = 3;
const ROWS = 9;

/** Returns the size of a sheet, which ends after its last label. */
export function sheetSize(count: number): { readonly width: number; readonly height: number } {
  return { width: Math.min(count, COLUMNS) * LABEL_WIDTH, height: Math.ceil(count / COLUMNS) * LABEL_HEIGHT };
}

/** Returns the labels of each sheet. */
export function sheetsOf(labels: readonly UnitLabel[]): readonly (readonly UnitLabel[])[] {
  const size = COLUMNS * ROWS;
  return Array.from({ length: Math.ceil(labels.length / size) }, (_, sheet) =>
    labels.slice(sheet * size, (sheet + 1) * size),
  );
}
