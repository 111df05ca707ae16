// The template tag `t`. It marks each text that the page shows or the command line prints.

/**
 * Marks a template as a message. The build of a language of the page replaces the template by the
 * translation (web/src/text), so the template must be a literal, and each value an identifier or a
 * path of members. Everywhere else, returns the English text.
 */
export function t(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((text, part, index) => `${text}${values[index - 1] ?? ''}${part}`);
}
