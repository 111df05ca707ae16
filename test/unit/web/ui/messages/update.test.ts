// The sentences about a newer build: what to do, then why.
import { describe, expect, it } from 'vitest';
import { type Activation, PageUpdate, type ReloadObstacle } from '#web/state/page/page-update.svelte.ts';
import { updateWords, versionAndBuild } from '#web/ui/messages/update.ts';

const CURRENT = { version: '0.1.0', build: 'index-abc.js' };
const MAX_WORDS = 15;

function updateOf(activation: Activation, obstacle?: ReloadObstacle): PageUpdate {
  return new PageUpdate({
    current: CURRENT,
    obstacle: () => obstacle,
    activate: async () => activation,
    reload: () => undefined,
  });
}

async function applied(activation: Activation): Promise<PageUpdate> {
  const update = updateOf(activation);
  await update.apply();
  return update;
}

describe('the line about an update', () => {
  const obstacles = ['run', 'load', 'unit', 'token', 'journal'] as const;
  it.each(obstacles.map((each) => [each, updateOf('activated', each)] as const))(
    'says what it waits for: %s',
    (_, update) => {
      const { remedy, why } = updateWords(update, true);
      for (const sentence of [remedy, why]) {
        expect(sentence).toMatch(/^[A-Z].*\.$/);
        expect(sentence.split(' ').length).toBeLessThanOrEqual(MAX_WORDS);
      }
      expect(remedy).not.toBe(updateWords(updateOf('activated'), true).remedy);
    },
  );

  it('says what to do after it was refused', async () => {
    expect(updateWords(await applied('other-tabs'), false).remedy).toContain('Close the other tabs');
    expect(updateWords(await applied('failed'), false).remedy).toContain('Close all tabs');
  });

  it('says that the operator signs in again, if one is signed in', () => {
    expect(updateWords(updateOf('activated'), true).why).toContain('sign in again');
    expect(updateWords(updateOf('activated'), false).why).not.toContain('sign in');
  });

  it('shortens the hash of a build, but not the name of its script', () => {
    expect(versionAndBuild({ version: '0.2.0', build: 'c0ffee00'.repeat(8) })).toBe('0.2.0, build c0ffee00');
    expect(versionAndBuild(CURRENT)).toBe('0.1.0, build index-abc.js');
  });
});
