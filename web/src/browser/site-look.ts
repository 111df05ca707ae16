// Shows the mark and the accent of the site. Loaded only if there is a site file, so that other
// pages do not fetch this code.
import { fromBase64url } from '#protocol/bytes/text.ts';
import type { Site } from '#protocol/site/site.ts';

export type SiteLook = Pick<Site, 'mark' | 'accent'>;

/** The accent is decoration: it carries no information. */
const accentRules = (accent: string): string =>
  `.brand svg { color: ${accent} } .bar { box-shadow: inset 0 3px ${accent} }`;
const MARK_RULES =
  '.brand svg { display: none } .brand canvas { block-size: 26px; max-inline-size: 96px; object-fit: contain }';

/** Shows the look, in place of an earlier one. */
export async function showLook(document: Document, { mark, accent }: SiteLook): Promise<void> {
  const image = mark === undefined ? undefined : await decodeMark(mark);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync((accent === undefined ? '' : accentRules(accent)) + (image ? MARK_RULES : ''));
  document.adoptedStyleSheets = [sheet];
  const brand = document.querySelector('.brand');
  brand?.querySelector('canvas')?.remove();
  if (image) brand?.prepend(drawn(document, image));
}

/** Returns undefined for a damaged image. The page then keeps the mark of the product. */
async function decodeMark(mark: string): Promise<ImageBitmap | undefined> {
  const content = new Blob([fromBase64url(mark)], { type: 'image/png' });
  return await createImageBitmap(content).catch(() => undefined);
}

/** A canvas, because the policy of the page permits no data: images (docs/adr/0059). */
function drawn(document: Document, image: ImageBitmap): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  canvas.ariaHidden = 'true';
  return canvas;
}
