// The sentences about a newer build of the page that waits.
import type { BuildName, PageUpdate, ReloadObstacle } from '../../state/page/page-update.svelte.ts';

/** What the operator does, and why. */
interface UpdateWords {
  /** A whole sentence. */
  readonly remedy: string;
  /** A whole sentence. */
  readonly why: string;
}

export const UPDATE_LABEL = 'Update now';

const OBSTACLES: Readonly<Record<ReloadObstacle, UpdateWords>> = {
  run: { remedy: 'Pause the order before you update.', why: 'The update reloads this page.' },
  load: { remedy: 'Finish the load before you update.', why: 'The update reloads this page.' },
  unit: { remedy: 'Wait until the unit is read.', why: 'The update reloads this page.' },
  token: { remedy: 'Wait until the vault or card has answered.', why: 'The update reloads this page.' },
  journal: { remedy: 'Save the journal of the lost vault first.', why: 'A reload would delete its only copy.' },
};

const REFUSALS: Readonly<Record<NonNullable<PageUpdate['refusal']>, UpdateWords>> = {
  'other-tabs': {
    remedy: `Close the other tabs of this page, then press “${UPDATE_LABEL}”.`,
    why: 'All tabs must have the same version.',
  },
  failed: { remedy: 'Close all tabs of this page, then open it again.', why: 'The browser did not start the update.' },
};

/** `isSignedIn`: whether a reload ends a session with the AS, a vault or a card. */
export function updateWords({ obstacle, refusal, isApplying }: PageUpdate, isSignedIn: boolean): UpdateWords {
  if (isApplying) return { remedy: 'Leave this page open.', why: 'The update starts now.' };
  if (obstacle) return OBSTACLES[obstacle];
  if (refusal) return REFUSALS[refusal];
  return {
    remedy: 'Update this page when it suits you.',
    why: isSignedIn ? 'It reloads, and you sign in again.' : 'It reloads.',
  };
}

/** Returns "0.1.0, build 8643b1ef". */
export function versionAndBuild({ version, build }: BuildName): string {
  // Without a hash, the build is the name of a file, whose hash is at its end.
  return `${version}, build ${/^[0-9a-f]{64}$/.test(build) ? build.slice(0, 8) : build}`;
}
