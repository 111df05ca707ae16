// Checks the reason why level 2 cannot run on a machine. The skipped tests show this reason.
import { describe, expect, it } from 'vitest';
import { findMachine, type Host, missingPrograms } from './requirements.ts';

const EMPTY: Host = { platform: 'linux', uid: 0, path: '/nowhere' };

describe('the requirements of level 2', () => {
  it('list the missing programs and their packages', () => {
    expect(missingPrograms(EMPTY)).toContain('umockdev-run');
    expect(findMachine(EMPTY)).toEqual({
      missing: expect.stringMatching(/^missing: umockdev-run, .* \(apt-get install umockdev .*xdotool\)$/),
    });
  });

  it('include Linux', () => {
    expect(findMachine({ ...EMPTY, platform: 'darwin' })).toEqual({
      missing: 'umockdev needs Linux, and this is darwin',
    });
  });

  it('include root', () => {
    expect(findMachine({ ...EMPTY, uid: 1000 })).toEqual({ missing: 'a mount namespace needs root' });
    expect(findMachine({ ...EMPTY, uid: undefined })).toHaveProperty('missing');
  });
});
