// The sentences about a newer build of the page that waits.
import type { BuildName, PageUpdate, ReloadObstacle } from '../../state/page/page-update.svelte.ts';
import { t } from '../../text/t.ts';

/** What the operator does, and why. */
interface UpdateWords {
  /** A whole sentence. */
  readonly remedy: string;
  /** A whole sentence. */
  readonly why: string;
}

export const UPDATE_LABEL = t`Update now`;

const OBSTACLES: Readonly<Record<ReloadObstacle, UpdateWords>> = {
  run: { remedy: t`Pause the order before you update.`, why: t`The update reloads this page.` },
  load: { remedy: t`Finish the load before you update.`, why: t`The update reloads this page.` },
  unit: { remedy: t`Wait until the unit is read.`, why: t`The update reloads this page.` },
  token: { remedy: t`Wait until the vault or card has answered.`, why: t`The update reloads this page.` },
  journal: {
    remedy: t`Save the journal of the lost vault first.`,
    why: t`A reload would delete the only copy of the journal.`,
  },
};

const REFUSALS: Readonly<Record<NonNullable<PageUpdate['refusal']>, UpdateWords>> = {
  'other-tabs': {
    remedy: t`Close the other tabs of this page, then press “${UPDATE_LABEL}”.`,
    why: t`All tabs must have the same version.`,
  },
  failed: {
    remedy: t`Close all tabs of this page, then open it again.`,
    why: t`The browser did not start the update.`,
  },
};

/** `isSignedIn`: whether a reload ends a session with the AS, a vault or a card. */
export function updateWords({ obstacle, refusal, isApplying }: PageUpdate, isSignedIn: boolean): UpdateWords {
  if (isApplying) return { remedy: t`Leave this page open.`, why: t`The update starts now.` };
  if (obstacle) return OBSTACLES[obstacle];
  if (refusal) return REFUSALS[refusal];
  return {
    remedy: t`Update this page when it suits you.`,
    why: isSignedIn ? t`The page reloads, and you sign in again.` : t`The page reloads.`,
  };
}

/** Returns "0.1.0, build 8643b1ef". */
export function versionAndBuild({ version, build }: BuildName): string {
  // If the build has no hash, its name is a file name that ends with the hash of the file.
  const shown = /^[0-9a-f]{64}$/.test(build) ? build.slice(0, 8) : build;
  return t`${version}, build ${shown}`;
}
