// Finds the faults of a layout: content that is outside the window, cut off, covered or too small
// to touch, and numbers whose groups are in the wrong sequence.
import { collectItems, type Item, type Items, readablePart, shownPart, type TextItem } from './items.ts';
import { formatRect, heightOf, inset, isEmpty, type Rect, rectOf, unite, widthOf } from './rect.ts';

/** In pixels. The rectangles of neighbours differ by fractions of a pixel. */
const TOLERANCE = 1;
/** Part of a line's height that a neighbour may cover, because the letters do not fill the line. */
const LINE_SPACE = 0.2;
/** WCAG 2.5.8, in CSS pixels. */
const MIN_TARGET = 24;

const GROUPS = /[0-9A-F]{4}( ?[0-9A-F]{4})+/;

/** Returns one line per fault: what is wrong, the selector, the text and the rectangles. */
export function findFaults(): string[] {
  const items = collectItems();
  const window = { width: document.documentElement.clientWidth, height: innerHeight };
  return [
    ...sideways(),
    ...outermost([...items.boxes, ...items.texts].filter((item) => isOutside(item, window.width))).map((item) =>
      describe('outside the window', item),
    ),
    ...tooTall(items, window.height),
    ...items.texts.flatMap(cut),
    ...items.texts.flatMap(spilled),
    ...overlaps(items),
    ...smallTargets(items.controls),
    ...items.texts.flatMap(reversed),
  ];
}

function sideways(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`scrolls sideways: ${scrollWidth} px of ${clientWidth} px`] : [];
}

function isOutside({ rects, around }: Item, width: number): boolean {
  return rects.some((rect) => {
    const shown = shownPart(rect, around);
    return !isEmpty(shown) && (shown.left < -TOLERANCE || shown.right > width + TOLERANCE);
  });
}

/** Returns the items that are inside no other item. */
function outermost(items: readonly Item[]): Item[] {
  const elements = new Set(items.map(({ element }) => element));
  const isInside = (element: Element | null): boolean =>
    element !== null && (elements.has(element) || isInside(element.parentElement));
  return items.filter((item) => !isInside('node' in item ? item.element : item.element.parentElement));
}

/**
 * Returns the items that do not fit into the window although they are in a sticky or fixed element,
 * which does not scroll with the page.
 */
function tooTall({ texts, controls }: Items, height: number): string[] {
  return [...texts, ...controls].flatMap((item) => {
    const { layer } = item.around;
    if (!/sticky|fixed/.test(getComputedStyle(layer).position)) return [];
    const { top } = layer.getBoundingClientRect();
    const isLost = item.rects.some((rect) => {
      const shown = shownPart(rect, item.around);
      return !isEmpty(shown) && shown.bottom - top > height + TOLERANCE;
    });
    return isLost ? [describe('below the window, and does not scroll', item)] : [];
  });
}

/** Returns a fault if a part of the text is hidden and the operator has no way to read it. */
function cut(item: TextItem): string[] {
  const { element, rects, around } = item;
  const isCut = rects.some((rect) => {
    const shown = readablePart(rect, around);
    const lostX = widthOf(rect) - Math.max(0, widthOf(shown));
    const lostY = heightOf(rect) - Math.max(0, heightOf(shown));
    return lostX > TOLERANCE || lostY > heightOf(rect) * LINE_SPACE;
  });
  if ((isCut || isShortened(element)) && !isReadableElsewhere(element)) return [describe('cut', item)];
  const scroller = around.clips.find(({ element: each, x, y }) => (x ?? y) === 'scroll' && !isReachable(each))?.element;
  const isScrolled = rects.some((rect) => isEmpty(shownPart(rect, around)));
  return scroller && isScrolled ? [describe('scrolls, and the keyboard cannot reach it', item)] : [];
}

/** True if an ellipsis or a maximum number of lines hides a part of the text. */
function isShortened(element: Element): boolean {
  const { textOverflow, overflowX, webkitLineClamp } = getComputedStyle(element);
  if (webkitLineClamp !== 'none' && element.scrollHeight > element.clientHeight + TOLERANCE) return true;
  return textOverflow === 'ellipsis' && overflowX !== 'visible' && element.scrollWidth > element.clientWidth;
}

/** True if the element is in a row that shows the whole text when it is opened. */
function isReadableElsewhere(element: Element): boolean {
  return element.closest('[aria-expanded]') !== null;
}

function isReachable(scroller: Element): boolean {
  return (
    scroller instanceof HTMLElement && (scroller.tabIndex >= 0 || scroller.querySelector('a, button, input') !== null)
  );
}

/** Returns a fault if the text crosses an edge of the surface behind it. */
function spilled(item: TextItem): string[] {
  const surface = surfaceOf(item.element);
  if (!surface) return [];
  const rect = rectOf(surface.getBoundingClientRect());
  const isOver = item.rects.some((line) => {
    const shown = shownPart(line, item.around);
    return !isEmpty(shown) && (shown.left < rect.left - TOLERANCE || shown.right > rect.right + TOLERANCE);
  });
  return isOver ? [`${describe('crosses the edge of its surface', item)} (surface ${formatRect(rect)})`] : [];
}

/** Returns the nearest ancestor that has a background, or a border on both sides. */
function surfaceOf(element: Element | null): Element | undefined {
  for (let each = element; each && each !== document.body; each = each.parentElement) {
    const { display, backgroundColor, borderLeftWidth, borderRightWidth } = getComputedStyle(each);
    if (display === 'inline' || display === 'contents') continue;
    const hasBorder = borderLeftWidth !== '0px' && borderRightWidth !== '0px';
    if (hasBorder || !/^rgba\(.*, 0\)$|^transparent$/.test(backgroundColor)) return each;
  }
  return undefined;
}

interface Part {
  readonly item: Item;
  readonly rect: Rect;
}

/** Returns the pairs of texts and controls in one layer that cover a part of each other. */
function overlaps({ texts, controls }: Items): string[] {
  const parts = [
    ...texts.flatMap((item) => partsOf(item, (rect) => inset(rect, TOLERANCE, heightOf(rect) * LINE_SPACE))),
    ...controls.flatMap((item) => partsOf(item, (rect) => contentOf(item.element, inset(rect, TOLERANCE, TOLERANCE)))),
  ].sort((a, b) => a.rect.top - b.rect.top);
  const found = new Map<string, string>();
  let open: Part[] = [];
  for (const part of parts) {
    open = open.filter(({ rect }) => rect.bottom > part.rect.top);
    for (const other of open) {
      if (!areRelated(part.item, other.item) && isOverlap(part.rect, other.rect)) {
        found.set(
          `${selectorOf(part.item.element)} ${selectorOf(other.item.element)}`,
          `${describe('overlap', part.item, part.rect)} and ${describe('', other.item, other.rect)}`,
        );
      }
    }
    open.push(part);
  }
  return [...found.values()];
}

/**
 * Returns the rectangle of a field without its padding. A symbol or a suffix, such as “days”, may
 * overlap the padding.
 */
function contentOf(element: Element, rect: Rect): Rect {
  if (!element.matches('input, textarea')) return rect;
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return {
    ...rect,
    left: rect.left + Number.parseFloat(paddingLeft),
    right: rect.right - Number.parseFloat(paddingRight),
  };
}

function partsOf(item: Item, shrink: (rect: Rect) => Rect): Part[] {
  return item.rects
    .map((rect) => ({ item, rect: shrink(shownPart(rect, item.around)) }))
    .filter(({ rect }) => !isEmpty(rect));
}

function isOverlap(a: Rect, b: Rect): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** True if the items are in different layers, are the same text, or contain each other. */
function areRelated(a: Item, b: Item): boolean {
  if (a.around.layer !== b.around.layer) return true;
  const [one, two] = [nodeOf(a), nodeOf(b)];
  return one === two || one.contains(two) || two.contains(one);
}

function nodeOf(item: Item): Node {
  return 'node' in item && item.node instanceof Node ? item.node : item.element;
}

/**
 * Returns the targets smaller than 24 × 24 px. WCAG 2.5.8 permits such a target in a sentence and
 * far from other targets.
 */
function smallTargets(controls: readonly Item[]): string[] {
  const targets = controls.map((item) => ({ item, rect: targetOf(item) }));
  return targets
    .filter(({ item, rect }) => Math.min(widthOf(rect), heightOf(rect)) < MIN_TARGET - TOLERANCE && !isInSentence(item))
    .filter(({ item, rect }) => targets.some((other) => other.item !== item && isNear(rect, other.rect)))
    .map(({ item, rect }) => describe('smaller than 24 px', item, rect));
}

/** Returns the rectangle of a control and its label, because a click on the label activates it. */
function targetOf({ element, rects }: Item): Rect {
  const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
  return [...labels.map((label) => rectOf(label.getBoundingClientRect())), ...rects].reduce(unite);
}

function isInSentence({ element }: Item): boolean {
  const around = element.parentElement?.textContent?.trim() ?? '';
  return getComputedStyle(element).display === 'inline' && around.length > (element.textContent?.trim().length ?? 0);
}

/** Whether a circle of 24 px around the middle of `rect` touches the other target. */
function isNear(rect: Rect, other: Rect): boolean {
  const [x, y] = [(rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2];
  const dx = Math.max(other.left - x, 0, x - other.right);
  const dy = Math.max(other.top - y, 0, y - other.bottom);
  return Math.hypot(dx, dy) < MIN_TARGET / 2;
}

/** Returns a fault if the groups of a number are not shown from left to right. */
function reversed(item: TextItem): string[] {
  const { node } = item;
  const match = GROUPS.exec(node.data);
  if (!match) return [];
  const charAt = (index: number): Rect => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + 1);
    return rectOf(range.getBoundingClientRect());
  };
  const [first, last] = [charAt(match.index), charAt(match.index + match[0].length - 1)];
  const isOneLine = Math.abs(first.top - last.top) < heightOf(first) / 2;
  return isOneLine && first.left > last.left ? [describe('groups in the wrong sequence', item)] : [];
}

function describe(fault: string, { element, rects, ...item }: Item, rect?: Rect): string {
  const text = 'node' in item && item.node instanceof Text ? item.node.data : (element.textContent ?? '');
  const shown = Array.from(text.trim().replaceAll(/\s+/g, ' ')).slice(0, 40).join('');
  const [where] = rect ? [rect] : rects;
  return `${fault}${fault ? ': ' : ''}${selectorOf(element)} "${shown}" ${where ? formatRect(where) : ''}`;
}

/** Names the element and up to three ancestors. Leaves out the classes that Svelte adds. */
function selectorOf(element: Element): string {
  const names: string[] = [];
  for (
    let each: Element | null = element;
    each && each !== document.body && names.length < 4;
    each = each.parentElement
  ) {
    const classes = [...each.classList].filter((name) => !/^s[0-9a-z]{3}$/.test(name));
    names.unshift([each.localName + (each.id && !/\d/.test(each.id) ? `#${each.id}` : ''), ...classes].join('.'));
  }
  return names.join(' > ');
}
