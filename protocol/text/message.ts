// The tag of texts for people, which the page shows and the command line prints.

/**
 * Marks a template as a message. The build of a language of the page replaces the template by the
 * translation (web/src/text), so the template must be a literal, and each value an identifier or a
 * path of members. Everywhere else, returns the English text.
 */
export function t(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((text, part, index) => `${text}${values[index - 1] ?? ''}${part}`);
}
