// The sentences for the comparison of this page with a release.
import { counted } from '#protocol/text/counted.ts';
import type { FileDifference, ReleaseComparison } from '../../state/help/release-check.svelte.ts';
import { grouped } from '../common/format.ts';

interface ReleaseWords {
  readonly title: string;
  /** An imperative without a full stop. */
  readonly remedy?: string;
  /** Whole sentences. */
  readonly text: string;
}

export function releaseWords({ version, files, differences, isServerRead }: ReleaseComparison): ReleaseWords {
  const release = `release ${version}`;
  const [inBrowser, atServer] = (['browser', 'server'] as const).map((source) =>
    differences.some((each) => each.source === source),
  );
  const all = `${counted(files, 'file', grouped)} compared.`;
  if (inBrowser && atServer) {
    return {
      title: `This page is not ${release}`,
      remedy: 'Load no key here, and tell your administrator',
      text: 'This browser uses other files than the release has, and so does the server.',
    };
  }
  if (inBrowser) {
    return {
      title: `This browser does not use ${release}`,
      remedy: 'Load no key here. Close all tabs of this page, open it again, and repeat the comparison',
      text: isServerRead
        ? 'The server has the files of the release.'
        : 'The server could not be reached, so its files were not compared.',
    };
  }
  if (atServer) {
    return {
      title: `This page is ${release}, and the server has other files`,
      remedy: 'Ask your administrator whether the server has another release',
      text: 'This browser uses the files of the release until it loads those of the server.',
    };
  }
  if (isServerRead)
    return { title: `This page is ${release}`, text: `${all} This browser and the server have the same files.` };
  return {
    title: `This browser uses ${release}`,
    text: `${all} The server could not be reached, so its files were not compared.`,
  };
}

export const DIFFERENCE_WORDS: Readonly<Record<FileDifference['is'], string>> = {
  changed: 'changed',
  missing: 'missing',
  additional: 'not in the release',
};

export const SOURCE_WORDS: Readonly<Record<FileDifference['source'], string>> = {
  browser: 'in this browser',
  server: 'at the server',
};
