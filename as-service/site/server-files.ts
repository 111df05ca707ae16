// Writes the headers of the page in the configuration languages of common web servers. The rules
// match the end of a path, so that the page can be at any path of its server.

export interface FileHeaders {
  /** Path relative to the folder of the page, separated by slashes on every system. */
  readonly path: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

interface ServerFile {
  /** Path in the folder. */
  readonly path: string;
  readonly content: string;
}

/** One header: the usual value, and the values of the paths that match a pattern. */
interface HeaderRule {
  readonly name: string;
  readonly usual: string;
  readonly exceptions: readonly Exception[];
}

interface Exception {
  /** Regular expression for the end of a path. */
  readonly pattern: string;
  readonly value: string;
}

/** `usual` are the headers for all paths that are not files of the page. */
export function serverFiles(files: readonly FileHeaders[], usual: FileHeaders['headers']): readonly ServerFile[] {
  const rules = Object.entries(usual).map(([name, value]) => ruleOf(name, value, files));
  return [
    { path: '_headers', content: underscoreHeaders(files) },
    { path: 'headers/nginx-http.conf', content: nginxMaps(rules) },
    { path: 'headers/nginx-location.conf', content: nginxLocation(rules) },
    { path: 'headers/Caddyfile', content: caddyfile(rules) },
    { path: 'headers/apache.conf', content: apache(rules) },
  ];
}

function ruleOf(name: string, usual: string, files: readonly FileHeaders[]): HeaderRule {
  const exceptions = new Map<string, string>();
  for (const { path, headers } of files) {
    const value = headers[name] ?? usual;
    if (value === usual) continue;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const isWholeFolder = files.every((each) => !each.path.startsWith(folder) || each.headers[name] === value);
    exceptions.set(isWholeFolder ? `/${escapePattern(folder)}[^/]+$` : patternOf(path), value);
  }
  return { name, usual, exceptions: [...exceptions].map(([pattern, value]) => ({ pattern, value })) };
}

/** The page is also served at the path of its folder, so index.html is optional. */
function patternOf(path: string): string {
  return path === 'index.html' ? '/(index\\.html)?$' : `/${escapePattern(path)}$`;
}

const escapePattern = (path: string): string => path.replaceAll(/[.+*?^$()[\]{}|\\]/g, '\\$&');
/** A variable name: `$keyferry_cache_control`. */
const variableOf = (name: string): string => `keyferry_${name.replaceAll('-', '_')}`;
const titleOf = (name: string): string => name.replaceAll(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());

/**
 * Returns the file `_headers` of Cloudflare Pages and Netlify. Has one rule for each file, because
 * these hosts join the values of all rules that match. They serve a page at its path without .html.
 */
function underscoreHeaders(files: readonly FileHeaders[]): string {
  const rule = (path: string, headers: FileHeaders['headers']): string =>
    [`/${path}`, ...Object.entries(headers).map(([name, value]) => `  ${titleOf(name)}: ${value}`)].join('\n');
  const rules = files.flatMap(({ path, headers }) => [
    ...(path.endsWith('.html') ? [rule(path.replace(/(^|(?<=\/))index\.html$|\.html$/, ''), headers)] : []),
    rule(path, headers),
  ]);
  return `${rules.join('\n')}\n`;
}

function nginxMaps(rules: readonly HeaderRule[]): string {
  const maps = rules
    .filter(({ exceptions }) => exceptions.length > 0)
    .map(({ name, usual, exceptions }) =>
      [
        `map $uri $${variableOf(name)} {`,
        `    default "${usual}";`,
        ...exceptions.map(({ pattern, value }) => `    "~${pattern}" "${value}";`),
        '}',
      ].join('\n'),
    );
  return `# Include this file in the http block of nginx, for example from /etc/nginx/conf.d.\n${maps.join('\n')}\n`;
}

function nginxLocation(rules: readonly HeaderRule[]): string {
  const lines = rules.map(
    ({ name, usual, exceptions }) =>
      `add_header ${titleOf(name)} "${exceptions.length > 0 ? `$${variableOf(name)}` : usual}" always;`,
  );
  return `# Include this file in the location that serves the page.\n${lines.join('\n')}\n`;
}

function caddyfile(rules: readonly HeaderRule[]): string {
  const maps = rules
    .filter(({ exceptions }) => exceptions.length > 0)
    .map(({ name, usual, exceptions }) =>
      [
        `    map {path} {${variableOf(name)}} {`,
        ...exceptions.map(({ pattern, value }) => `        ~${pattern} "${value}"`),
        `        default "${usual}"`,
        '    }',
      ].join('\n'),
    );
  const lines = rules.map(
    ({ name, usual, exceptions }) =>
      `        ${titleOf(name)} "${exceptions.length > 0 ? `{${variableOf(name)}}` : usual}"`,
  );
  return [
    '# Import this file in the Caddyfile, then write "import keyferry" beside file_server.',
    '(keyferry) {',
    ...maps,
    '    header {',
    ...lines,
    '    }',
    '}',
    '',
  ].join('\n');
}

function apache(rules: readonly HeaderRule[]): string {
  const values = rules.map(({ name, usual }) => `Header always set ${titleOf(name)} "${usual}"`);
  const exceptions = rules.flatMap(({ name, exceptions: each }) =>
    each.map(({ pattern, value }) =>
      [`<If "%{REQUEST_URI} =~ m#${pattern}#">`, `    Header always set ${titleOf(name)} "${value}"`, '</If>'].join(
        '\n',
      ),
    ),
  );
  return `# Include this file in the <Directory> of the page, or save it there as .htaccess. It needs mod_headers.\n${[...values, ...exceptions].join('\n')}\n`;
}
