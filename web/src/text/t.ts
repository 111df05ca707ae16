// Texts for the operator. The source contains the English text; the build of each language replaces it by
// the translation (build/languages). Without that build, for example in a unit test, the page is English.

export { t } from '#protocol/text/message.ts';

/** A sentence for each plural category that the language of the page distinguishes. */
export type PluralForms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

/**
 * Returns the form for `count`. `forms` must be a literal object whose values are messages: the build
 * replaces it by the forms of its language.
 */
export function plural(count: number, forms: PluralForms): string {
  return forms[new Intl.PluralRules(pageLanguage()).select(count)] ?? forms.other;
}

/** Returns the language of the page's document; English without a document. */
export function pageLanguage(): string {
  return globalThis.document?.documentElement?.lang || 'en';
}
