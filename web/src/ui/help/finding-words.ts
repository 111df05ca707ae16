// The sentences for findings (web/src/state/help/findings.ts): the remedy first, then the reason.
import type { Facts } from '../../state/help/facts.ts';
import type { Finding, FindingCode, HelpAction, Summary } from '../../state/help/findings.ts';
import { keysIn } from '../../state/page/journal-space.ts';
import { joinSentences, listInWords } from '../../text/locale.ts';
import { plural, t } from '../../text/t.ts';
import { dayAndClock, grouped, moment, seconds } from '../common/format.ts';
import { explain } from '../messages/failures.ts';
import type { Helper, Message, MessageContext } from '../messages/types.ts';
import { versionAndBuild } from '../messages/update.ts';

export interface FindingWords {
  readonly title: string;
  /** An imperative without a full stop. */
  readonly remedy?: string | undefined;
  /** Whole sentences. */
  readonly text: string;
  /** Absent if the operator acts alone, or if no action is needed. */
  readonly helper?: Helper | undefined;
  readonly causes?: readonly string[] | undefined;
  readonly lines?: Message['lines'] | undefined;
}

/** The heading of the view Help. */
export interface SummaryWords {
  readonly title: string;
  readonly text: string;
}

const KEEP_STORAGE = t`Keep storage`;

export const ACTION_LABELS: Readonly<Record<HelpAction, string>> = {
  'retry-device': t`Retry device`,
  'forget-device': t`Forget device`,
  'open-station': t`Go to station`,
  reload: t`Reload page`,
  'check-again': t`Retry`,
  'keep-storage': KEEP_STORAGE,
  'run-self-test': t`Run self-test`,
};

export function summaryWords({ devices, others, isReady }: Summary, facts: Facts): SummaryWords {
  const count = devices + others;
  if (count === 0) {
    if (isReady) return { title: t`Ready to load keys`, text: t`No fault was found.` };
    return {
      title: t`No fault was found`,
      text:
        facts.session.kind === 'none'
          ? t`Sign in at the station to load keys.`
          : t`Attach a unit at the station to load keys.`,
    };
  }
  const number = grouped(count);
  if (others === 0) {
    return {
      title: plural(count, { one: t`One device needs you`, other: t`${number} devices need you` }),
      text: t`No other fault was found.`,
    };
  }
  return {
    title: plural(count, { one: t`One fault needs you`, other: t`${number} faults need you` }),
    text: t`Begin at the top of each list.`,
  };
}

type Source = FindingWords | ((facts: Facts) => FindingWords);

function interfaceMissing({ access, platform, isSecure }: Facts): FindingWords {
  const kind = access.usb === 'available' ? 'serial' : 'usb';
  const { remedy, title, causes } = explain({ code: 'browser-unsupported' }, { platform, kind, insecure: !isSecure });
  return access[kind] === 'blocked'
    ? {
        title: kind === 'usb' ? t`A policy blocks USB` : t`A policy blocks serial ports`,
        remedy: t`Use the other interface, or ask your administrator to allow this one`,
        helper: 'administrator',
        text: t`The policy comes from your company or from the server of this page.`,
      }
    : {
        title: kind === 'usb' ? t`This browser has no access to USB` : t`This browser has no access to serial ports`,
        remedy,
        text: title,
        causes,
      };
}

const REST: Readonly<Record<Exclude<FindingCode, DeviceCode>, Source>> = {
  'no-device': {
    title: t`No device`,
    remedy: t`Attach a unit at the station`,
    text: t`This page can use a device only after you have chosen it at the station.`,
  },
  'choice-failed': { title: t`The last chosen device cannot be used`, text: '' },
  'service-reached': (facts) => ({ title: t`The AS answers`, text: lastRequest(facts) }),
  'service-not-compared': {
    title: t`The root key has not been compared yet`,
    remedy: t`Sign in at the station`,
    text: t`You compare the root key at the first sign-in.`,
  },
  'service-root-changed': {
    title: t`The AS has another root key`,
    remedy: t`Load no key, and tell your administrator`,
    helper: 'administrator',
    text: t`The AS was installed again, or this is another AS.`,
  },
  'service-failed': { title: t`The AS did not answer as expected`, text: '' },
  'local-network-asked': {
    title: t`This browser may ask for access to the local network`,
    remedy: t`Check again, and choose Allow if the browser asks`,
    text: t`The browser asks for access when the AS is in a private network. It sends nothing before you answer.`,
  },
  'local-network-denied': {
    title: t`This browser blocks requests to the local network`,
    remedy: t`Allow local network access in the site settings of this page`,
    text: t`The browser sends no request to an AS in a private network. If you cannot allow access, ask your administrator.`,
  },
  'clocks-agree': ({ clock }) => ({
    title: t`The clocks agree`,
    text: clocksAgree(clock),
  }),
  'clocks-differ': ({ clock }) => ({
    title: t`The clocks differ`,
    remedy: t`Set the clock of this computer`,
    text: clocksDiffer(clock),
  }),
  'exports-left': ({ session }) => ({
    title: exportsLeft(session.exportsLeft ?? 0),
    text: t`The vault or card in use can still export this number of keys.`,
  }),
  'exports-used': {
    title: t`No export is left`,
    remedy: t`Use another vault or card, or ask your custodian for a new vault`,
    helper: 'custodian',
    text: t`All exports of the vault or card in use are used up.`,
  },
  'page-halted': { title: t`The page cannot start`, text: '' },
  'page-broken': {
    title: t`The page has a fault`,
    remedy: t`Save the support file, then reload this page`,
    text: t`The view History shows the state of every load.`,
  },
  'page-cut-off': {
    title: t`A part of the page is missing`,
    remedy: t`Check the network, then reload this page`,
    text: t`The file of this part could not be fetched.`,
  },
  'page-superseded': {
    title: t`Another tab has a newer version`,
    remedy: t`Reload this page when no load is in progress`,
    text: t`Only one version can use the journal.`,
  },
  'build-current': ({ build }) => ({
    title: buildName(build),
    text: t`This page runs the build that its server offers.`,
  }),
  'build-replaced': ({ build }) => ({
    title: buildReplaced(build),
    remedy: t`Reload this page when no load is in progress`,
    text: t`The server of this page offers another build.`,
  }),
  'build-unchecked': ({ build }) => ({
    title: buildName(build),
    text: t`This build could not be compared with the build on the server of this page.`,
  }),
  'interfaces-available': (facts) => ({ title: browserName(facts), text: t`USB and serial ports are available.` }),
  'interface-missing': interfaceMissing,
  'interfaces-missing': ({ platform, isSecure }) => {
    const { remedy, causes } = explain({ code: 'browser-unsupported' }, { platform, insecure: !isSecure });
    const text = t`This browser has neither WebUSB nor Web Serial, or a company policy forbids both.`;
    return { title: t`This browser cannot reach a unit`, remedy, text, causes };
  },
  'storage-kept': ({ storage }) => ({
    title: t`The browser keeps this data when the disk is full`,
    text: spaceLeft(storage.freeBytes),
  }),
  'storage-clearable': ({ storage }) => ({
    title: t`The storage may be cleared`,
    text: joinSentences(t`The browser may delete the journal when the disk is full.`, spaceLeft(storage.freeBytes)),
  }),
  'storage-refused': ({ storage }) => ({
    title: t`The browser refused to keep the storage`,
    remedy: t`Install this page or add a bookmark, then press “${KEEP_STORAGE}”`,
    text: joinSentences(t`The browser may delete the journal when the disk is full.`, spaceLeft(storage.freeBytes)),
  }),
  'storage-full': ({ storage }) => ({
    title: t`The storage is almost full`,
    remedy: t`Free some disk space, then retry`,
    text: spaceLeft(storage.freeBytes),
  }),
  'journal-kept': ({ journal }) => ({
    title: t`The journal works`,
    text: lastAttempt(journal.attempts),
  }),
  'journal-lost': ({ journal }) => ({
    title: t`The journal was deleted`,
    remedy: t`Tell your administrator`,
    helper: 'administrator',
    text:
      journal.lostAt === undefined
        ? t`The journal was deleted while this page was open.`
        : lossFound(moment(journal.lostAt)),
  }),
  'journal-failed': { title: t`The journal cannot be read`, text: '' },
  'attempts-open': ({ journal }) => ({
    title: openLoads(journal.open),
    remedy: t`Go to the station and attach the unit again`,
    text: t`The journal does not show yet whether the key is stored.`,
  }),
  'self-test-due': {
    title: t`The self-test has not run`,
    text: t`The self-test checks the cryptography and the storage of this browser.`,
  },
  'self-test-passed': ({ selfTest, at }) => ({
    title: t`The self-test passed`,
    text: selfTest ? checksPassed(selfTest.passed.length, dayAndClock(selfTest.at, new Date(at))) : '',
  }),
  'self-test-failed': ({ selfTest }) => ({
    title: t`The self-test failed`,
    remedy: t`Load no key here. Update the browser, or tell your administrator`,
    helper: 'administrator',
    text: checksFailed(listInWords(selfTest?.failed ?? [])),
  }),
};

type DeviceCode = Extract<FindingCode, `device-${string}` | `unit-${string}`>;

const DEVICE: Readonly<Record<DeviceCode, Omit<FindingWords, 'title'>>> = {
  'device-failed': { text: '' },
  'device-not-unit': {
    remedy: t`Choose another device`,
    text: t`This is not a known unit. It did not answer like a unit.`,
  },
  'device-barred': {
    remedy: t`Choose another device, or attach this one by its serial port`,
    text: t`The device has no interface that a web page can use.`,
  },
  'device-token': { text: t`This is a token card. Use it under Tokens.` },
  'device-unused': { remedy: t`Attach this device at the station`, text: t`The page does not use this device now.` },
  'device-seen': { text: t`The browser permits this page to use this device.` },
  'device-reading': { text: t`The page is reading the identity of the device.` },
  'unit-ready': { text: t`The device answers as a unit. No fault was found.` },
  'unit-loading': { text: t`A key is being loaded. Leave the unit plugged in.` },
  'unit-blank': {
    remedy: t`Ask your administrator to prepare this unit first`,
    helper: 'administrator',
    text: t`The unit has no transport key yet, so it cannot take a key.`,
  },
  'unit-not-loaded': { text: '' },
  'unit-unconfirmed': { text: '' },
};

/** `title` is the name of the device, for findings about a device. */
export function findingWords(finding: Finding, facts: Facts, title = ''): FindingWords {
  const words = wordsOf(finding, facts, title);
  if (finding.failure === undefined) return words;
  const { remedy, title: text, helper, causes, lines } = explain(finding.failure, contextOf(finding, facts));
  return { title: words.title, remedy, text, helper, causes, lines };
}

function wordsOf({ code }: Finding, facts: Facts, title: string): FindingWords {
  if (code in DEVICE) return { title, ...DEVICE[code as DeviceCode] };
  const source = REST[code as Exclude<FindingCode, DeviceCode>];
  return typeof source === 'function' ? source(facts) : source;
}

/** Actions that try again. The remedy names their button. */
const RETRIES: ReadonlySet<HelpAction | undefined> = new Set(['retry-device', 'check-again']);

function contextOf(
  { code, device: id, action }: Finding,
  { platform, devices, refused, isSecure }: Facts,
): MessageContext {
  const button = action && RETRIES.has(action) ? ACTION_LABELS[action] : undefined;
  const device = devices.find((each) => each.id === id);
  if (!device)
    return {
      platform,
      insecure: !isSecure,
      button,
      ...(code === 'choice-failed' && refused ? { kind: refused.kind } : {}),
    };
  return {
    platform,
    button,
    kind: device.link,
    ...(device.ids ? { usb: device.ids } : {}),
    ...(device.isListed || device.status !== 'unread' ? {} : { foreign: device.label }),
  };
}

function lastRequest({ service, at }: Facts): string {
  if (service.is !== 'reached' || service.comparedAt === undefined) return '';
  const [ms, time] = [grouped(Math.round(service.ms)), dayAndClock(service.comparedAt, new Date(at))];
  return t`The last request took ${ms} ms. The root key was compared ${time}.`;
}

function exportsLeft(exports: number): string {
  const count = grouped(exports);
  return plural(exports, { one: t`${count} export left`, other: t`${count} exports left` });
}

function lastAttempt(attempts: number): string {
  if (attempts === 0) return t`The journal has no attempt yet.`;
  const number = grouped(attempts);
  return t`The last attempt has number ${number}.`;
}

function lossFound(time: string): string {
  return t`The page noticed on ${time} that the journal was deleted. Earlier attempts are missing.`;
}

function openLoads(loads: number): string {
  const count = grouped(loads);
  return plural(loads, { one: t`One load is not settled`, other: t`${count} loads are not settled` });
}

function checksPassed(count: number, time: string): string {
  return plural(count, { one: t`${count} check, ${time}.`, other: t`${count} checks, ${time}.` });
}

function checksFailed(names: string): string {
  return t`Failed: ${names}.`;
}

function buildName({ version, hash }: Facts['build']): string {
  const build = hash === undefined ? version : versionAndBuild({ version, build: hash });
  return t`Version ${build}`;
}

function buildReplaced(facts: Facts['build']): string {
  const build = buildName(facts);
  return t`${build} was replaced at the server`;
}

function browserName({ browser, platform }: Facts): string {
  const name = browser.name === 'other browser' ? t`Another browser` : browser.name;
  const systems = {
    windows: 'Windows',
    macos: 'macOS',
    linux: 'Linux',
    chromeos: 'ChromeOS',
    android: 'Android',
    other: t`another system`,
  } as const;
  const system = systems[platform];
  return browser.version === undefined ? t`${name} on ${system}` : t`${name} ${browser.version} on ${system}`;
}

function spaceLeft(freeBytes: number | undefined): string {
  if (freeBytes === undefined) return t`The browser does not report the free space.`;
  const loads = keysIn(freeBytes);
  const count = grouped(loads);
  return plural(loads, {
    one: t`There is space for about ${count} load.`,
    other: t`There is space for about ${count} loads.`,
  });
}

function clocksAgree(clock: Facts['clock']): string {
  const time = difference(clock);
  return t`This computer and the AS differ by ${time}.`;
}

function clocksDiffer(clock: Facts['clock']): string {
  const time = difference(clock);
  return clock.offsetMs > 0
    ? t`The clock of this computer is ${time} behind the AS. The page uses the time of the AS.`
    : t`The clock of this computer is ${time} ahead of the AS. The page uses the time of the AS.`;
}

function difference({ offsetMs }: Facts['clock']): string {
  const ms = Math.abs(offsetMs);
  if (ms < 1000) return t`less than a second`;
  if (ms < 60_000) return seconds(ms);
  const minutes = grouped(Math.round(ms / 60_000));
  return t`${minutes} min`;
}
