// Lengthens the texts of the page by 40 %, as a translation may, and accents their letters. Leaves
// out texts that are not translated: SNs, codes, shortcuts, and names that people entered.
const GROWTH = 0.4;
const NOT_TRANSLATED = 'bdi, code, kbd, time, .mono, script, style, noscript, template';
const ACCENTED: Readonly<Record<string, string>> = {
  ...{ a: 'å', c: 'ç', e: 'é', i: 'î', n: 'ñ', o: 'ö', s: 'š', u: 'ü', y: 'ý', z: 'ž' },
  ...{ A: 'Å', C: 'Ç', E: 'É', I: 'Î', N: 'Ñ', O: 'Ö', S: 'Š', U: 'Ü', Y: 'Ý', Z: 'Ž' },
};

/** Lengthens all texts of the page. Returns a function that restores them. */
export function lengthenTexts(): () => void {
  const undo: (() => void)[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node instanceof Text; node = walker.nextNode()) {
    if (node.parentElement?.closest(NOT_TRANSLATED)) continue;
    const { data } = node;
    const text = node;
    text.data = lengthen(data);
    undo.push(() => {
      text.data = data;
    });
  }
  for (const field of document.querySelectorAll<HTMLInputElement>('[placeholder]')) {
    const { placeholder } = field;
    field.placeholder = lengthen(placeholder);
    undo.push(() => {
      field.placeholder = placeholder;
    });
  }
  return () => {
    for (const each of undo) each();
  };
}

/**
 * "Load the key" → "Löåd thée kéýy". Leaves words with digits or in capitals unchanged, because
 * they are numbers or codes.
 */
function lengthen(text: string): string {
  let missing = 0;
  return text.replaceAll(/[\p{L}\p{N}]+/gu, (word) => {
    if (/\p{N}/u.test(word) || /^\p{Lu}{2,}$/u.test(word)) return word;
    missing += word.length * GROWTH;
    const more = Math.round(missing);
    missing -= more;
    const letters = Array.from(word, (letter) => ACCENTED[letter] ?? letter);
    return letters.join('') + (letters.at(-1) ?? '').repeat(more);
  });
}
