// Creates the services of the view Help when the operator first opens it. A page that cannot start
// has Help too. From the first failure on, stores the traces of the last attempts.
import { ProtocolError } from '#protocol/errors.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import type { KnownAnswerResults } from '../browser/known-answers.ts';
import selfTestUrl from '../browser/self-test.worker.ts?worker&url';
import { spawnWorker } from '../browser/trusted-script.ts';
import type { Failure } from '../state/common/failure.ts';
import { Help, type HelpOptions } from '../state/help/help.svelte.ts';
import { readLocalNetwork } from '../state/help/local-network.ts';
import { ReleaseCheck } from '../state/help/release-check.svelte.ts';
import { TraceKeeper } from '../state/help/trace-keeper.ts';
import { Traces } from '../state/help/traces.ts';
import { LanguageChoice } from '../state/page/language-choice.svelte.ts';
import type { PageHealth } from '../state/page/page-health.svelte.ts';
import type { AsClock } from '../state/session/as-clock.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';
import { languages } from '../text/languages.ts';
import { pageLanguage } from '../text/t.ts';
import { PROFILES } from '../transport/device-profiles.ts';
import type { Links } from '../transport/links.ts';
import { readBuildFacts } from './build-info.ts';
import type { CoreServices } from './core-services.ts';
import type { Environment } from './environment.ts';
import { fetchPageFile } from './page-files.ts';
import { openSettings } from './storage.ts';
import { reloadNewest } from './updates.ts';

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

/** The parts of the environment that Help needs even if the page has halted. */
type HelpEnvironment = Pick<Environment, 'browser' | 'platform' | 'ticks' | 'storagePrefix' | 'now' | 'asBase'>;

export function openHelp(
  environment: HelpEnvironment,
  { database, journal, as, site }: CoreServices,
  links: Links,
  subjects: HelpSubjects,
): Help {
  const { browser, asBase, storagePrefix } = environment;
  return new Help({
    ...commonOptions(environment, subjects),
    journal,
    traces: new Traces(database),
    roots: as.roots,
    profiles: () => site()?.profiles ?? PROFILES,
    site: () => site()?.settings,
    // The demo has simulated units, so it needs no permission of a site.
    sendsByHand: () => site()?.settings?.policy.sendByHand ?? storagePrefix !== '',
    linkTo: (handle) => links.linkTo(handle),
    reload: () => location.reload(),
    readLocalNetwork: () => readLocalNetwork(browser.permissions, location.origin, site()?.asBase ?? asBase),
  });
}

/**
 * Creates Help for a page that cannot start, for example because its site file was refused. Help then
 * has neither the journal nor the AS. `failure` is the reason.
 */
export function openHaltedHelp(failure: Failure, environment: HelpEnvironment, subjects: HelpSubjects): Help {
  const refuse = (): Promise<never> => Promise.reject(new ProtocolError(failure.code, 'the page cannot start'));
  return new Help({
    ...commonOptions(environment, subjects),
    halted: failure,
    journal: { list: refuse, unsettled: refuse, lostAt: refuse },
    traces: { list: refuse },
    roots: { isPinned: refuse, compare: refuse, replace: refuse },
    profiles: () => PROFILES,
    site: () => undefined,
    sendsByHand: () => false,
    linkTo: () => undefined,
    reload: () => void reloadNewest(environment.browser.serviceWorker),
    readLocalNetwork: async () => undefined,
  });
}

/** Keeps the traces of the last attempts across a reload. */
export function keepTraces({ database, journal }: CoreServices, station: Station): void {
  new TraceKeeper({ station, journal, traces: new Traces(database) }).start();
}

/** The options of Help that need none of the services. */
function commonOptions(
  { browser, platform, ticks, storagePrefix, now }: HelpEnvironment,
  { station, health, asClock }: HelpSubjects,
): Omit<
  HelpOptions,
  'journal' | 'traces' | 'roots' | 'profiles' | 'site' | 'sendsByHand' | 'linkTo' | 'readLocalNetwork' | 'reload'
> {
  const { usb, serial, storage } = browser;
  const { featurePolicy } = document as WithPolicy;
  return {
    station,
    health,
    asClock,
    usb,
    serial,
    platform,
    ticks,
    storage,
    isAllowed: (kind) => featurePolicy?.allowsFeature(kind) ?? true,
    userAgent: browser.userAgent,
    isOnline: () => browser.onLine,
    address: location.origin + location.pathname,
    isSecure: isSecureContext,
    readBuild: readBuildFacts,
    release: new ReleaseCheck({
      folder: storagePrefix === '' ? 'app' : 'demo',
      language: pageLanguage(),
      fetchFile: fetchPageFile,
      verify: verifyWith(crypto.subtle),
    }),
    language: import.meta.env.KEYFERRY_LANGUAGES ? languageChoice(storagePrefix, station) : undefined,
    runSelfTest: async () => {
      const { runSelfTest } = await import('../state/help/self-test.ts');
      return await runSelfTest({
        computeKnownAnswers,
        verify: isSecureContext ? verifyWith(crypto.subtle) : async () => false, // HTTP has no WebCrypto
        databases: indexedDB,
        database: `${storagePrefix}keyferry-self-test`,
        now,
      });
    },
  };
}

function languageChoice(storagePrefix: string, station: Station): LanguageChoice {
  return new LanguageChoice({
    languages: languages(),
    current: pageLanguage(),
    page: storagePrefix === '' ? 'index.html' : 'demo.html',
    settings: openSettings(storagePrefix),
    isBusy: () => station.busy || station.loader?.progress.isRunning === true,
    fetchFile: (path) => fetchPageFile(path, 'browser'),
    open: (path) => location.assign(`${path}#help`),
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
