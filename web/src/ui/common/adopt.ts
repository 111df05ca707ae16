// The stylesheet of a part that is loaded when it is first needed, as a constructed one: the page's policy knows no other
// (docs/adr/0523-web-a-stylesheet-of-its-own.md).

export function adopt(css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}
