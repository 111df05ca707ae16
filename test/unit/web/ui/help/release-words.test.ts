// The sentence for each result of a comparison with a release.
import { describe, expect, it } from 'vitest';
import type { FileSource, ReleaseComparison } from '#web/state/help/release-check.svelte.ts';
import { releaseWords } from '#web/ui/help/release-words.ts';

const BASE: ReleaseComparison = {
  version: '1.2.3',
  fingerprint: '0'.repeat(32),
  files: 1200,
  differences: [],
  isServerRead: true,
};
const words = (sources: readonly FileSource[], isServerRead = true) =>
  releaseWords({
    ...BASE,
    isServerRead,
    differences: sources.map((source) => ({ path: 'index.html', is: 'changed', source })),
  });

describe('the words for the comparison', () => {
  it('say that the page is the release, with the number of files', () => {
    expect(words([])).toEqual({
      title: 'This page is release 1.2.3',
      text: '1,200 files compared. This browser and the server have the same files.',
    });
  });

  it('say what to do if files differ', () => {
    expect(words(['browser', 'server']).title).toBe('This page is not release 1.2.3');
    expect(words(['browser', 'server']).remedy).toContain('Load no key here');
    expect(words(['browser']).title).toBe('This browser does not use release 1.2.3');
    expect(words(['browser']).text).toContain('The server has the files of the release.');
    expect(words(['server']).title).toBe('This page is release 1.2.3, and the server has other files');
  });

  it('say nothing about a server that could not be reached', () => {
    expect(words([], false).title).toBe('This browser uses release 1.2.3');
    for (const sources of [[], ['browser']] as const) {
      expect(words(sources, false).text).toContain('The server could not be reached, so its files were not compared.');
    }
  });
});
