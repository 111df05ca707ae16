import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { LanguageChoice } from '#web/state/page/language-choice.svelte.ts';
import { LANGUAGE } from '#web/text/languages.ts';

const FILES = ['index.html', 'index.de.html'];

function openChoice(state = { busy: false, isOnline: true }) {
  const stored = new Map<string, string>();
  const opened: string[] = [];
  const choice = new LanguageChoice({
    languages: ['en', 'de', 'fr'],
    current: 'en',
    page: 'index.html',
    settings: { setItem: (name, value) => void stored.set(name, value) },
    isBusy: () => state.busy,
    fetchFile: async (path) => {
      if (!state.isOnline) throw new ProtocolError('part-unreachable', 'offline');
      return FILES.includes(path) ? path : undefined;
    },
    open: (path) => void opened.push(path),
  });
  return { choice, stored, opened };
}

describe('the choice of a language', () => {
  it('is stored, and opens the page in this language', async () => {
    const { choice, stored, opened } = openChoice();
    await choice.choose('de');
    expect([...stored]).toEqual([[LANGUAGE, 'de']]);
    expect(opened).toEqual(['index.de.html']);
  });

  it.each([
    ['without a network', 'de', false],
    ['of a page that the server does not have', 'fr', true],
  ])('%s changes nothing, and says so', async (_, language, isOnline) => {
    const { choice, stored, opened } = openChoice({ busy: false, isOnline });
    await choice.choose(language);
    expect(choice.isUnreachable).toBe(true);
    expect([stored.size, opened]).toEqual([0, []]);
  });

  it('waits until no load is in progress', async () => {
    const state = { busy: true, isOnline: true };
    const { choice, opened } = openChoice(state);
    await choice.choose('de');
    expect([choice.mustWait, opened]).toEqual([true, []]);
    state.busy = false;
    await choice.choose('de');
    expect(opened).toEqual(['index.de.html']);
  });

  it('of the current language opens nothing', async () => {
    const { choice, opened } = openChoice();
    await choice.choose('en');
    expect(opened).toEqual([]);
  });
});
