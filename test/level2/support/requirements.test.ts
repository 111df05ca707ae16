// Why level 2 is left out, in words: on a machine that lacks something, each of its tests is skipped with this reason.
import { describe, expect, it } from 'vitest';
import { findMachine, type Host, missingPrograms } from './requirements.ts';

const EMPTY: Host = { platform: 'linux', uid: 0, path: '/nowhere' };

describe('what level 2 needs', () => {
  it('names the programs that are missing, and their packages', () => {
    expect(missingPrograms(EMPTY)).toContain('umockdev-run');
    expect(findMachine(EMPTY)).toEqual({
      lacks: expect.stringMatching(/^missing: umockdev-run, .* \(apt-get install umockdev .*xdotool\)$/),
    });
  });

  it('is Linux', () => {
    expect(findMachine({ ...EMPTY, platform: 'darwin' })).toEqual({
      lacks: 'umockdev is for Linux, and this is darwin',
    });
  });

  it('is root', () => {
    expect(findMachine({ ...EMPTY, uid: 1000 })).toEqual({ lacks: 'a mount namespace of its own needs root' });
    expect(findMachine({ ...EMPTY, uid: undefined })).toHaveProperty('lacks');
  });
});
