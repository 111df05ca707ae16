// The Vite environment of each build: the verifier, the page that reads a label, the page, the demo,
// the script that chooses the language, the simulator and the AS.
import type { EnvironmentOptions } from 'vite';
import { node, page, script, single } from './environments.ts';
import { inEachLanguage } from './languages/environments.ts';

/**
 * Modules that a load needs after the first screen, except the framing of its link (USB or serial).
 */
const STATION =
  /web.src.(app.(services|offline)|ui.station.index|ui.common.Advice|ui.messages.catalog|transport.(browser-calls|pending-read))|protocol.framing.connect/;

/** Returns the environments by name. The pages have one in each language. */
export function targets(languages: readonly string[]): Record<string, EnvironmentOptions> {
  return {
    ...inEachLanguage('verify', languages, single('web/verify.html', 'verify')),
    ...inEachLanguage('label', languages, single('web/label.html', 'label')),
    ...inEachLanguage(
      'client',
      languages,
      page('app', {
        input: ['web/index.html', 'web/src/browser/service-worker.ts'],
        assetsDir: 'assets',
        copyPublicDir: true,
        chunks: { first: /web.src.main\.ts$/, station: STATION },
      }),
    ),
    ...inEachLanguage(
      'demo',
      languages,
      page('demo', {
        input: ['web/demo.html', 'web/src/browser/demo-service-worker.ts'],
        assetsDir: 'demo-assets',
        copyPublicDir: false,
        // main.ts is a chunk of its own, because demo.ts must install the simulator before main.ts
        // starts the page.
        chunks: { first: /web.src.ui.shell.App\.svelte$/, station: STATION },
      }),
    ),
    chooser: script('web/src/choose-language.ts', 'chooser'),
    simulator: script('device-sim/setup/install.ts', 'simulator'),
    service: node('service', {
      serve: 'as-service/bin/serve.ts',
      cli: 'as-service/bin/cli.ts',
      worker: 'as-service/bin/worker.ts',
    }),
  };
}
