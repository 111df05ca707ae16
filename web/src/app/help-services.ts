// Creates the services of the view Help when the operator first opens it.
import { ProtocolError } from '#protocol/errors.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import type { KnownAnswerResults } from '../browser/known-answers.ts';
import selfTestUrl from '../browser/self-test.worker.ts?worker&url';
import { spawnWorker } from '../browser/trusted-script.ts';
import { Help } from '../state/help/help.svelte.ts';
import { readLocalNetwork } from '../state/help/local-network.ts';
import { ReleaseCheck } from '../state/help/release-check.svelte.ts';
import type { PageHealth } from '../state/page/page-health.svelte.ts';
import type { AsClock } from '../state/session/as-clock.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';
import { PROFILES } from '../transport/device-profiles.ts';
import type { Links } from '../transport/links.ts';
import { readBuildFacts } from './build-info.ts';
import type { CoreServices } from './core-services.ts';
import type { Environment } from './environment.ts';
import { fetchPageFile } from './page-files.ts';

/** The objects of main.ts that Help reads. */
export interface HelpSubjects {
  readonly station: Station;
  readonly health: PageHealth;
  readonly asClock: AsClock;
}

/** The permissions policy of the page, which only Chromium shows to scripts. */
interface WithPolicy {
  readonly featurePolicy?: { readonly allowsFeature: (feature: string) => boolean };
}

export function openHelp(
  environment: Environment,
  { journal, as, site }: CoreServices,
  links: Links,
  subjects: HelpSubjects,
): Help {
  const { browser, platform, ticks, storagePrefix, now, asBase } = environment;
  const { usb, serial, storage } = browser;
  const { featurePolicy } = document as WithPolicy;
  return new Help({
    ...subjects,
    usb,
    serial,
    platform,
    ticks,
    storage,
    journal,
    roots: as.roots,
    profiles: () => site()?.profiles ?? PROFILES,
    linkTo: (handle) => links.linkTo(handle),
    isAllowed: (kind) => featurePolicy?.allowsFeature(kind) ?? true,
    userAgent: browser.userAgent,
    isOnline: () => browser.onLine,
    address: location.origin + location.pathname,
    readBuild: readBuildFacts,
    readLocalNetwork: () => readLocalNetwork(browser.permissions, location.origin, site()?.asBase ?? asBase),
    release: new ReleaseCheck({
      folder: storagePrefix === '' ? 'app' : 'demo',
      fetchFile: fetchPageFile,
      verify: verifyWith(crypto.subtle),
    }),
    runSelfTest: async () => {
      const { runSelfTest } = await import('../state/help/self-test.ts');
      return await runSelfTest({
        computeKnownAnswers,
        verify: verifyWith(crypto.subtle),
        databases: indexedDB,
        database: `${storagePrefix}keyferry-self-test`,
        now,
      });
    },
  });
}

/** @throws ProtocolError part-unreachable if the script of the worker cannot be fetched */
async function computeKnownAnswers(): Promise<KnownAnswerResults> {
  const worker = spawnWorker(selfTestUrl);
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<KnownAnswerResults>) => resolve(data);
      worker.onerror = () => reject(new ProtocolError('part-unreachable', 'the worker of the self-test did not start'));
    });
  } finally {
    worker.terminate();
  }
}
