// Opens the page in the language of the operator. Runs before the page, as a classic script, so that the
// browser starts the page in one language only (docs/adr/0058).
import { DEMO_PREFIX } from './app/storage.ts';
import { chooseLanguage, LANGUAGE, languages, pageIn } from './text/languages.ts';
import { pageLanguage } from './text/t.ts';

/**
 * Name in sessionStorage of the language that this tab has tried to open. A server that lacks this
 * page may send another page, which must not try to open this language again.
 */
const TRIED = 'keyferry.language-tried';

/** Returns undefined if the browser denies storage. */
function openStorage(): readonly [browser: Storage, tab: Storage | undefined] | undefined {
  try {
    return [localStorage, sessionStorage];
  } catch {
    return undefined;
  }
}

/** @param page name of the page in English */
function openInLanguage(page: string): void {
  const [browser, tab] = openStorage() ?? [];
  if (!browser || !tab) return;
  const prefix = page === 'demo.html' ? DEMO_PREFIX : '';
  // The links between languages add this query (build/languages/plugins.ts). The choice is stored
  // only now, because without a network the page of that language may not open.
  if (location.search === `?language=${pageLanguage()}`) {
    browser.setItem(prefix + LANGUAGE, pageLanguage());
    history.replaceState(null, '', location.pathname + location.hash);
  }
  const settings = { getItem: (name: string) => browser.getItem(prefix + name) };
  const wanted = chooseLanguage(settings, navigator.languages, languages());
  if (wanted === pageLanguage()) tab.removeItem(TRIED);
  else if (tab.getItem(TRIED) !== wanted) {
    tab.setItem(TRIED, wanted);
    location.replace(pageIn(page, wanted) + location.search + location.hash);
    // Removes the document, so that the browser starts none of its scripts.
    document.documentElement.remove();
  }
}

openInLanguage(document.currentScript?.dataset.page ?? 'index.html');
