// The five builds: dist/verify (the report verifier, one file), dist/app (the page), dist/demo (the
// page with simulated units), dist/service (the AS for Node) and dist/simulator (a script that a
// test injects into the page). Plain `vite` serves the sources for development.
import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { pageHeaders } from './as-service/http/page-headers.ts';
import { here, node, page, script, single } from './build/environments.ts';
import { addGuide } from './build/guide/guide.ts';
import { inlineScript, inlineStylesheet } from './build/inline.ts';
import { listPackages } from './build/packages.ts';
import { addVerifier, sealPage } from './build/page-files.ts';

const PAGES = ['client', 'demo'];
const packages = listPackages(here('dist/packages'));
const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8')) as { readonly version: string };

/**
 * Modules that a load needs after the first screen, except the framing of its link (USB or serial).
 */
const STATION =
  /web.src.(app.(services|offline)|ui.station.index|ui.common.Advice|ui.messages.catalog|transport.(browser-calls|pending-read))|protocol.framing.connect/;

export default defineConfig({
  root: here('web'),
  // Relative URLs, so that the page works at any path of any server.
  base: './',
  logLevel: 'warn',
  define: { 'import.meta.env.KEYFERRY_VERSION': JSON.stringify(version) },
  plugins: [
    svelte({
      configFile: false,
      compilerOptions: { runes: true, cssHash: ({ hash, css }) => `s${hash(css).slice(0, 3)}` },
    }),
    inlineStylesheet([...PAGES, 'verify']),
    inlineScript('verify'),
    addVerifier('client', here('dist/verify/verify.html')),
    addGuide('client', { here }),
    sealPage(PAGES, version, pageHeaders),
    packages.ofBuild,
  ],
  worker: { plugins: () => [packages.ofWorkers] },
  server: { port: 5173, strictPort: true, proxy: { '/v1': 'http://127.0.0.1:8787' } },
  environments: {
    verify: single('web/verify.html', 'verify'),
    client: page('app', {
      input: ['web/index.html', 'web/src/browser/service-worker.ts'],
      assetsDir: 'assets',
      copyPublicDir: true,
      chunks: { first: /web.src.main\.ts$/, station: STATION },
    }),
    demo: page('demo', {
      input: ['web/demo.html', 'web/src/browser/demo-service-worker.ts'],
      assetsDir: 'demo-assets',
      copyPublicDir: false,
      // main.ts is a chunk of its own, because demo.ts must install the simulator before main.ts
      // starts the page.
      chunks: { first: /web.src.ui.shell.App\.svelte$/, station: STATION },
    }),
    simulator: script('device-sim/setup/install.ts', 'simulator'),
    service: node('service', { serve: 'as-service/bin/serve.ts', cli: 'as-service/bin/cli.ts' }),
  },
  builder: {
    async buildApp(builder) {
      for (const name of ['verify', 'client', 'demo', 'simulator', 'service']) {
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
});
