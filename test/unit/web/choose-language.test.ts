// The script that opens the page in the language of the operator, before the page starts.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LANGUAGE } from '#web/text/languages.ts';

let stored: Map<string, string>;
let tab: Map<string, string>;
let opened: string[];
/** Whether the document was removed, so that its other scripts do not start. */
let isRemoved: boolean;

const storageOf = (values: Map<string, string>) => ({
  getItem: (name: string) => values.get(name) ?? null,
  setItem: (name: string, value: string) => void values.set(name, value),
  removeItem: (name: string) => void values.delete(name),
});

/** Opens a document in `lang`, in a browser with these languages. */
async function open(lang: string, page = 'index.html', ofBrowser: readonly string[] = ['de-CH', 'en']): Promise<void> {
  const remove = (): void => {
    isRemoved = true;
  };
  vi.stubGlobal('document', {
    documentElement: { lang, remove },
    currentScript: { dataset: { page } },
  });
  vi.stubGlobal('navigator', { languages: ofBrowser });
  vi.resetModules();
  await import('#web/choose-language.ts');
}

beforeEach(() => {
  [stored, tab, opened, isRemoved] = [new Map(), new Map(), [], false];
  vi.stubEnv('KEYFERRY_LANGUAGES', 'en,de');
  vi.stubGlobal('localStorage', storageOf(stored));
  vi.stubGlobal('sessionStorage', storageOf(tab));
  vi.stubGlobal('location', { search: '?a', hash: '#help', replace: (path: string) => void opened.push(path) });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

describe('the choice of the language', () => {
  it('opens the page in the language of the browser, and starts nothing of the first', async () => {
    await open('en');
    expect([opened, isRemoved]).toEqual([['index.de.html?a#help'], true]);
  });

  it('leaves a page that is in the right language', async () => {
    await open('de');
    expect([opened, isRemoved]).toEqual([[], false]);
  });

  it('opens a page once, even if the server sends one in another language', async () => {
    await open('en');
    isRemoved = false;
    await open('en');
    expect([opened.length, isRemoved]).toEqual([1, false]);
  });

  it('opens it again in this tab after the right page was there', async () => {
    await open('en');
    await open('de');
    await open('en');
    expect(opened).toHaveLength(2);
  });

  it('follows the choice of the operator, which the demo has apart', async () => {
    stored.set(LANGUAGE, 'en');
    await open('de');
    await open('en', 'demo.html');
    expect(opened).toEqual(['index.html?a#help', 'demo.de.html?a#help']);
  });

  it('stores the choice of a link once its page is there, and takes it out of the address', async () => {
    const replaced: unknown[] = [];
    const location = {
      search: '?language=de',
      hash: '#help',
      pathname: '/keys/index.de.html',
      replace: () => undefined,
    };
    vi.stubGlobal('location', location);
    vi.stubGlobal('history', { replaceState: (...state: readonly unknown[]) => replaced.push(state) });
    await open('en', 'index.html', ['en']);
    expect([stored.get(LANGUAGE), replaced]).toEqual([undefined, []]);
    await open('de', 'index.html', ['en']);
    expect([stored.get(LANGUAGE), replaced]).toEqual(['de', [[null, '', '/keys/index.de.html#help']]]);
    expect([opened, isRemoved]).toEqual([[], false]);
  });

  it('opens nothing if the browser denies storage, because it could not end', async () => {
    vi.stubGlobal('sessionStorage', undefined);
    await open('en');
    expect(opened).toEqual([]);
  });
});
