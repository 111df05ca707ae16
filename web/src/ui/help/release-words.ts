// The sentences for the comparison of this page with a release.
import type { FileDifference, ReleaseComparison } from '../../state/help/release-check.svelte.ts';
import { joinSentences } from '../../text/locale.ts';
import { plural, t } from '../../text/t.ts';
import { grouped } from '../common/format.ts';

interface ReleaseWords {
  readonly title: string;
  /** An imperative without a full stop. */
  readonly remedy?: string;
  /** Whole sentences. */
  readonly text: string;
}

export function releaseWords({ version, files, differences, isServerRead }: ReleaseComparison): ReleaseWords {
  const [inBrowser, atServer] = (['browser', 'server'] as const).map((source) =>
    differences.some((each) => each.source === source),
  );
  const count = grouped(files);
  const all = plural(files, { one: t`${count} file compared.`, other: t`${count} files compared.` });
  if (inBrowser && atServer) {
    return {
      title: t`This page is not release ${version}`,
      remedy: t`Load no key here, and tell your administrator`,
      text: t`This browser and the server have other files than the release.`,
    };
  }
  if (inBrowser) {
    return {
      title: t`This browser does not use release ${version}`,
      remedy: t`Load no key here. Close all tabs of this page, open it again, and repeat the comparison`,
      text: isServerRead
        ? t`The server has the files of the release.`
        : t`The server could not be reached, so its files were not compared.`,
    };
  }
  if (atServer) {
    return {
      title: t`This page is release ${version}, and the server has other files`,
      remedy: t`Ask your administrator whether the server has another release`,
      text: t`This browser uses the files of the release until it loads the files of the server.`,
    };
  }
  if (isServerRead)
    return {
      title: t`This page is release ${version}`,
      text: joinSentences(all, t`This browser and the server have the same files.`),
    };
  return {
    title: t`This browser uses release ${version}`,
    text: joinSentences(all, t`The server could not be reached, so its files were not compared.`),
  };
}

export const DIFFERENCE_WORDS: Readonly<Record<FileDifference['is'], string>> = {
  changed: t`changed`,
  missing: t`missing`,
  additional: t`not in the release`,
};

export const SOURCE_WORDS: Readonly<Record<FileDifference['source'], string>> = {
  browser: t`in this browser`,
  server: t`at the server`,
};
