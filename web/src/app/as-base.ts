// The address of the AS, which main.ts passes to the AS client.

/**
 * Addresses of the AS in order of preference: absolute URLs without a slash at the end. The first
 * one is also the name under which the station stores the root key and new attempts of this AS.
 */
export type AsBase = readonly [string, ...string[]];

/**
 * Returns the address of the AS for a page without a site file: the folder of the page. A server that
 * serves the page below a path must forward `v1` in the same folder to the AS.
 */
export function folderOf(pageUrl: string): string {
  return new URL('.', pageUrl).href.slice(0, -1);
}
