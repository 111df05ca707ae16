// Collects the visible texts, controls and boxes of the page, with their rectangles and with the
// ancestors that clip or scroll them.
import { EVERYWHERE, intersect, isEmpty, type Rect, rectOf } from './rect.ts';

/** An ancestor that shows only a part of its content. */
interface Clip {
  readonly element: Element;
  readonly rect: Rect;
  /** 'scroll' if the operator can scroll to the rest, 'cut' if the rest is lost. */
  readonly x: Overflow;
  readonly y: Overflow;
}

type Overflow = 'cut' | 'scroll' | undefined;

/** The ancestors that clip an element, and the layer that it is in. */
export interface Surroundings {
  readonly clips: readonly Clip[];
  /** The clips of the nearest positioned ancestor. They apply to an absolutely positioned element. */
  readonly positionedClips: readonly Clip[];
  /** The nearest ancestor that is placed above the page: a sticky or fixed element, or a dialog. */
  readonly layer: Element;
}

export interface Item {
  readonly element: Element;
  /** The rectangle of the element, or one per line of the text. */
  readonly rects: readonly Rect[];
  readonly around: Surroundings;
}

export interface TextItem extends Item {
  readonly node: Text;
}

export interface Items {
  readonly texts: readonly TextItem[];
  readonly controls: readonly Item[];
  readonly boxes: readonly Item[];
}

const CONTROLS = 'button, a[href], input, select, textarea, summary, [role=button], [role=radio], [role=checkbox]';
/** Elements whose text is not laid out on the page, or scrolls with the text cursor. */
const WITHOUT_TEXT = 'select, textarea, script, style, noscript, template, svg';

interface Collection {
  readonly texts: TextItem[];
  readonly controls: Item[];
  readonly boxes: Item[];
}

/** Collects from the whole page. If a modal dialog is open, collects only from the dialog. */
export function collectItems(): Items {
  const dialogs = document.querySelectorAll('dialog:modal');
  const root = dialogs[dialogs.length - 1] ?? document.body;
  const found: Collection = { texts: [], controls: [], boxes: [] };
  walk(root, { clips: [], positionedClips: [], layer: root }, found);
  return found;
}

function walk(element: Element, around: Surroundings, found: Collection): void {
  if (!element.checkVisibility({ visibilityProperty: false, opacityProperty: true })) return;
  const style = getComputedStyle(element);
  // Skips what is only for screen readers: the class `unseen`, and the skip link without the focus.
  if (style.clipPath === 'inset(50%)') return;
  const own = placeOf(element, style, around);
  const rect = rectOf(element.getBoundingClientRect());
  if (style.visibility === 'visible' && !isEmpty(rect)) {
    const item = { element, rects: [rect], around: own };
    found.boxes.push(item);
    if (element.matches(CONTROLS)) {
      found.controls.push(style.display === 'inline' ? { ...item, rects: linesOf(element) } : item);
    }
  }
  if (element.matches(WITHOUT_TEXT)) return;
  const inside = insideOf(element, style, rect, own);
  for (const child of element.childNodes) {
    if (child instanceof Element) walk(child, inside, found);
    else if (child instanceof Text && style.visibility === 'visible') collectText(child, element, inside, found);
  }
}

/** Returns the surroundings of the element itself. */
function placeOf(element: Element, { position }: CSSStyleDeclaration, around: Surroundings): Surroundings {
  const layer = position === 'sticky' || position === 'fixed' ? element : around.layer;
  if (position === 'fixed') return { clips: [], positionedClips: [], layer };
  return { ...around, layer, clips: position === 'absolute' ? around.positionedClips : around.clips };
}

/** Returns the surroundings of the content of the element. */
function insideOf(element: Element, style: CSSStyleDeclaration, rect: Rect, own: Surroundings): Surroundings {
  const x = overflowOf(style.overflowX);
  const y = overflowOf(style.overflowY);
  let { clips, positionedClips } = own;
  if ((x || y) && element !== document.body && style.display !== 'inline') {
    const left = rect.left + element.clientLeft;
    const top = rect.top + element.clientTop;
    const shown = { left, top, right: left + element.clientWidth, bottom: top + element.clientHeight };
    clips = [...clips, { element, rect: shown, x, y }];
  }
  if (style.position !== 'static' || style.containerType !== 'normal') positionedClips = clips;
  return { ...own, clips, positionedClips };
}

function overflowOf(value: string): Overflow {
  if (value === 'hidden' || value === 'clip') return 'cut';
  return value === 'auto' || value === 'scroll' ? 'scroll' : undefined;
}

function collectText(node: Text, element: Element, around: Surroundings, found: Collection): void {
  if (node.data.trim() === '') return;
  const rects = linesOf(node);
  if (rects.length > 0) found.texts.push({ node, element, rects, around });
}

function linesOf(node: Node): Rect[] {
  const range = document.createRange();
  range.selectNodeContents(node);
  return [...range.getClientRects()].map(rectOf).filter((rect) => !isEmpty(rect));
}

/** Returns the part of a rectangle that its ancestors show now. */
export function shownPart(rect: Rect, { clips }: Surroundings): Rect {
  return clips.reduce(
    (shown, clip) => intersect(shown, limits(clip, clip.x !== undefined, clip.y !== undefined)),
    rect,
  );
}

/** Returns the part of a rectangle that its ancestors can show after the operator has scrolled. */
export function readablePart(rect: Rect, { clips }: Surroundings): Rect {
  // Counts only the ancestors inside the innermost one that scrolls. The operator can scroll to the
  // content that an outer ancestor cuts off.
  const afterX = clips.map(({ x }) => x).lastIndexOf('scroll');
  const afterY = clips.map(({ y }) => y).lastIndexOf('scroll');
  return clips.reduce((shown, clip, index) => {
    return intersect(shown, limits(clip, clip.x === 'cut' && index > afterX, clip.y === 'cut' && index > afterY));
  }, rect);
}

function limits({ rect }: Clip, inX: boolean, inY: boolean): Rect {
  const { left, right } = inX ? rect : EVERYWHERE;
  const { top, bottom } = inY ? rect : EVERYWHERE;
  return { left, right, top, bottom };
}
