// The stylesheet of a part that is loaded when it is first needed, as a constructed one: the page's policy knows no other
// (docs/adr/0035-give-lazy-screens-their-own-stylesheet.md).

export function adopt(css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}
