// Plugins that inline a page's stylesheet, or the script of a page that is one file, into the HTML
// file.
import type { Plugin } from 'vite';
import { sha256 } from './hash.ts';
import { htmlFiles } from './languages/html-files.ts';

/** Comment that Vite appends to a stylesheet. */
const VITE_MARKER = /\/\*\$vite\$:\d+\*\//g;

/**
 * Inlines the stylesheet of the first screen, because a linked stylesheet would delay the first
 * paint by a round trip. Leaves a disabled link in the page, which the browser does not fetch.
 * Because of this link, Vite's loader of lazy chunks does not load the stylesheet again.
 */
export function inlineStylesheet(environments: readonly string[]): Plugin {
  return {
    name: 'keyferry:inline-stylesheet',
    apply: 'build',
    enforce: 'post',
    applyToEnvironment: ({ name }) => environments.includes(name),
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const html of htmlFiles(bundle)) {
          const styles: string[] = [];
          html.source = String(html.source)
            .replace(/<link rel="stylesheet"[^>]*href="\.\/([^"]+)"[^>]*>/g, (_, file: string) => {
              const css = bundle[file];
              if (css?.type !== 'asset') throw new Error(`${html.fileName} links ${file}, which is not in the bundle`);
              delete bundle[file];
              styles.push(String(css.source).replace(VITE_MARKER, '').trim());
              return `<link rel="stylesheet" href="./${file}" disabled>`;
            })
            .replace('</head>', () => `<style>${styles.join('')}</style></head>`)
            .replace(/>\s+</g, '><');
        }
      },
    },
  };
}

/**
 * Inlines the script of a page, so that the page is one file: the verifier works from any folder
 * (docs/adr/0040), and the label page runs no module of the main page. Adds a
 * Content-Security-Policy that permits only this script and its stylesheet.
 */
export function inlineScript(environments: readonly string[]): Plugin {
  return {
    name: 'keyferry:inline-script',
    apply: 'build',
    enforce: 'post',
    applyToEnvironment: ({ name }) => environments.includes(name),
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.values(bundle);
        const [html] = htmlFiles(bundle);
        const entry = files.find((file) => file.type === 'chunk');
        if (html === undefined || entry?.type !== 'chunk' || files.length !== 2)
          throw new Error(`the build is not one page and one script: ${files.map(({ fileName }) => fileName)}`);
        const code = entry.code.trim().replaceAll('</script', '<\\/script');
        const source = String(html.source);
        const [, css = ''] = /<style>([\s\S]*?)<\/style>/.exec(source) ?? [];
        const policy = [
          "default-src 'none'",
          `script-src 'sha256-${sha256(code, 'base64')}'`,
          `style-src 'sha256-${sha256(css, 'base64')}'`,
          "base-uri 'none'",
          "form-action 'none'",
          "require-trusted-types-for 'script'",
          'trusted-types svelte-trusted-html',
        ].join('; ');
        html.source = source
          .replace(/<script[^>]*><\/script>|<link[^>]* disabled>/g, '')
          .replace('<meta charset="utf-8">', `$&\n    <meta http-equiv="Content-Security-Policy" content="${policy}">`)
          .replace('</body>', () => `  <script type="module">${code}</script>\n  </body>`);
        delete bundle[entry.fileName];
      },
    },
  };
}
