// Rectangles in CSS pixels of the viewport.
export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const EVERYWHERE: Rect = {
  left: Number.NEGATIVE_INFINITY,
  top: Number.NEGATIVE_INFINITY,
  right: Number.POSITIVE_INFINITY,
  bottom: Number.POSITIVE_INFINITY,
};

export function rectOf({ left, top, right, bottom }: Rect): Rect {
  return { left, top, right, bottom };
}

export function intersect(a: Rect, b: Rect): Rect {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

export function unite(a: Rect, b: Rect): Rect {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

export function widthOf({ left, right }: Rect): number {
  return right - left;
}

export function heightOf({ top, bottom }: Rect): number {
  return bottom - top;
}

export function isEmpty(rect: Rect): boolean {
  return widthOf(rect) <= 0 || heightOf(rect) <= 0;
}

export function inset(rect: Rect, x: number, y: number): Rect {
  return { left: rect.left + x, top: rect.top + y, right: rect.right - x, bottom: rect.bottom - y };
}

/** "12,40 300×20": the top left corner and the size. */
export function formatRect(rect: Rect): string {
  const [left, top, width, height] = [rect.left, rect.top, widthOf(rect), heightOf(rect)].map(Math.round);
  return `${left},${top} ${width}×${height}`;
}
