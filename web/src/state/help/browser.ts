// Reads name and version of the browser from its user agent.

export interface Browser {
  readonly name: 'Chrome' | 'Edge' | 'Firefox' | 'Safari' | 'Opera' | 'other browser';
  /** Major version. */
  readonly version: number | undefined;
}

/**
 * The first match counts, because Edge and Opera also contain "Chrome", and Chrome also contains
 * "Safari".
 */
const BROWSERS: readonly (readonly [RegExp, Browser['name']])[] = [
  [/\bEdg(?:A|iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/(?:Chrome|Chromium|CriOS)\/(\d+)/, 'Chrome'], // also HeadlessChrome
  [/\bVersion\/(\d+)(?:\.[.\d]*)? (?:Mobile\/\w+ )?Safari\//, 'Safari'],
];

export function browserOf(userAgent: string): Browser {
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return { name, version: Number(version) };
  }
  return { name: 'other browser', version: undefined };
}
