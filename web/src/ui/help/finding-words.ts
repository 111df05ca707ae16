// The sentences for findings (web/src/state/help/findings.ts): the remedy first, then the reason.
import { counted } from '#protocol/text/counted.ts';
import type { Facts } from '../../state/help/facts.ts';
import type { Finding, FindingCode, HelpAction, Summary } from '../../state/help/findings.ts';
import { keysIn } from '../../state/page/journal-space.ts';
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

export const ACTION_LABELS: Readonly<Record<HelpAction, string>> = {
  'retry-device': 'Retry device',
  'forget-device': 'Forget device',
  'open-station': 'Go to station',
  reload: 'Reload page',
  'check-again': 'Retry',
  'keep-storage': 'Keep storage',
  'run-self-test': 'Run self-test',
};

export function summaryWords({ devices, others, isReady }: Summary, facts: Facts): SummaryWords {
  const count = devices + others;
  if (count === 0) {
    if (isReady) return { title: 'Ready to load keys', text: 'No fault was found.' };
    const next = facts.session.kind === 'none' ? 'Sign in at the station' : 'Attach a unit at the station';
    return { title: 'No fault was found', text: `${next} to load keys.` };
  }
  const noun = others === 0 ? 'device' : 'fault';
  return {
    title: count === 1 ? `One ${noun} needs you` : `${counted(count, noun, grouped)} need you`,
    text: others === 0 ? 'No other fault was found.' : 'Begin at the top of each list.',
  };
}

type Source = FindingWords | ((facts: Facts) => FindingWords);

const INTERFACES = { usb: 'USB', serial: 'serial ports' } as const;

function interfaceMissing({ access, platform, isSecure }: Facts): FindingWords {
  const kind = access.usb === 'available' ? 'serial' : 'usb';
  const { remedy, title, causes } = explain({ code: 'browser-unsupported' }, { platform, kind, insecure: !isSecure });
  return access[kind] === 'blocked'
    ? {
        title: `A policy blocks ${INTERFACES[kind]}`,
        remedy: 'Use the other interface, or ask your administrator to allow this one',
        helper: 'administrator',
        text: 'The policy comes from your company or from the server of this page.',
      }
    : { title: `This browser has no access to ${INTERFACES[kind]}`, remedy, text: title, causes };
}

const REST: Readonly<Record<Exclude<FindingCode, DeviceCode>, Source>> = {
  'no-device': {
    title: 'No device',
    remedy: 'Attach a unit at the station',
    text: 'This page can use a device only after you have chosen it there.',
  },
  'choice-failed': { title: 'The last chosen device cannot be used', text: '' },
  'service-reached': ({ service, at }) => ({
    title: 'The AS answers',
    text:
      service.is === 'reached' && service.comparedAt !== undefined
        ? `The last request took ${grouped(Math.round(service.ms))} ms. The root key was compared ${dayAndClock(service.comparedAt, new Date(at))}.`
        : '',
  }),
  'service-not-compared': {
    title: 'The root key has not been compared yet',
    remedy: 'Sign in at the station',
    text: 'You compare it at the first sign-in.',
  },
  'service-root-changed': {
    title: 'The AS has another root key',
    remedy: 'Load no key, and tell your administrator',
    helper: 'administrator',
    text: 'The AS was installed again, or this is another AS.',
  },
  'service-failed': { title: 'The AS did not answer as expected', text: '' },
  'local-network-asked': {
    title: 'This browser may ask for access to the local network',
    remedy: 'Check again, and choose Allow if the browser asks',
    text: 'It asks if the AS is in a private network. It sends nothing before you answer.',
  },
  'local-network-denied': {
    title: 'This browser blocks requests to the local network',
    remedy: 'Allow local network access in the site settings of this page',
    text: 'An AS in a private network gets no request. If you cannot change it, ask your administrator.',
  },
  'clocks-agree': ({ clock }) => ({
    title: 'The clocks agree',
    text: `This computer and the AS differ by ${difference(clock)}.`,
  }),
  'clocks-differ': ({ clock }) => ({
    title: 'The clocks differ',
    remedy: 'Set the clock of this computer',
    text: `It is ${difference(clock)} ${clock.offsetMs > 0 ? 'behind' : 'ahead of'} the AS. The page uses the time of the AS.`,
  }),
  'exports-left': ({ session }) => ({
    title: `${counted(session.exportsLeft ?? 0, 'export', grouped)} left`,
    text: 'The vault or card in use can export this number of keys.',
  }),
  'exports-used': {
    title: 'No export is left',
    remedy: 'Use another vault or card, or ask your custodian for a new vault',
    helper: 'custodian',
    text: 'All exports of the vault or card in use are used up.',
  },
  'page-halted': { title: 'The page cannot start', text: '' },
  'page-broken': {
    title: 'The page has a fault',
    remedy: 'Save the support file, then reload this page',
    text: 'The view History shows the state of every load.',
  },
  'page-cut-off': {
    title: 'A part of the page is missing',
    remedy: 'Check the network, then reload this page',
    text: 'Its file could not be fetched.',
  },
  'page-superseded': {
    title: 'Another tab has a newer version',
    remedy: 'Reload this page when no load is in progress',
    text: 'Only one version can use the journal.',
  },
  'build-current': ({ build }) => ({
    title: buildName(build),
    text: 'The server of this page offers the same build.',
  }),
  'build-replaced': ({ build }) => ({
    title: `${buildName(build)} was replaced`,
    remedy: 'Reload this page when no load is in progress',
    text: 'The server of this page offers another build.',
  }),
  'build-unchecked': ({ build }) => ({
    title: buildName(build),
    text: 'It could not be compared with the build that the server of this page offers.',
  }),
  'interfaces-available': (facts) => ({ title: browserName(facts), text: 'USB and serial ports are available.' }),
  'interface-missing': interfaceMissing,
  'interfaces-missing': ({ platform, isSecure }) => {
    const { remedy, causes } = explain({ code: 'browser-unsupported' }, { platform, insecure: !isSecure });
    const text = 'It has neither WebUSB nor Web Serial, or a policy of your company forbids both.';
    return { title: 'This browser cannot reach a unit', remedy, text, causes };
  },
  'storage-kept': ({ storage }) => ({
    title: 'The browser keeps this data when the disk is full',
    text: spaceLeft(storage.freeBytes),
  }),
  'storage-clearable': ({ storage }) => ({
    title: 'The storage may be cleared',
    text: `The browser may delete the journal when the disk is full. ${spaceLeft(storage.freeBytes)}`,
  }),
  'storage-refused': ({ storage }) => ({
    title: 'The browser refused to keep the storage',
    remedy: `Install this page or add a bookmark, then press “${ACTION_LABELS['keep-storage']}”`,
    text: `The browser may delete the journal when the disk is full. ${spaceLeft(storage.freeBytes)}`,
  }),
  'storage-full': ({ storage }) => ({
    title: 'The storage is almost full',
    remedy: 'Free some disk space, then retry',
    text: spaceLeft(storage.freeBytes),
  }),
  'journal-kept': ({ journal }) => ({
    title: 'The journal works',
    text:
      journal.attempts === 0 ? 'It has no attempt yet.' : `Its last attempt has number ${grouped(journal.attempts)}.`,
  }),
  'journal-lost': ({ journal }) => ({
    title: 'The journal was deleted',
    remedy: 'Tell your administrator',
    helper: 'administrator',
    text:
      journal.lostAt === undefined
        ? 'It was deleted while this page was open.'
        : `The page found the loss on ${moment(journal.lostAt)}. Earlier attempts are missing.`,
  }),
  'journal-failed': { title: 'The journal cannot be read', text: '' },
  'attempts-open': ({ journal }) => ({
    title: journal.open === 1 ? 'One load is not settled' : `${counted(journal.open, 'load', grouped)} are not settled`,
    remedy: 'Go to the station and attach the unit again',
    text: 'The journal does not show yet whether the key is stored.',
  }),
  'self-test-due': {
    title: 'The self-test has not run',
    text: 'It checks the cryptography of this browser and the storage.',
  },
  'self-test-passed': ({ selfTest, at }) => ({
    title: 'The self-test passed',
    text: selfTest ? `${counted(selfTest.passed.length, 'check')}, ${dayAndClock(selfTest.at, new Date(at))}.` : '',
  }),
  'self-test-failed': ({ selfTest }) => ({
    title: 'The self-test failed',
    remedy: 'Load no key here. Update the browser, or tell your administrator',
    helper: 'administrator',
    text: `Failed: ${selfTest?.failed.join(', ')}.`,
  }),
};

type DeviceCode = Extract<FindingCode, `device-${string}` | `unit-${string}`>;

const DEVICE: Readonly<Record<DeviceCode, Omit<FindingWords, 'title'>>> = {
  'device-failed': { text: '' },
  'device-not-unit': {
    remedy: 'Choose another device',
    text: 'This is not a known unit. It did not answer like a unit.',
  },
  'device-barred': {
    remedy: 'Choose another device, or attach this one by its serial port',
    text: 'It has no interface that a web page can use.',
  },
  'device-token': { text: 'This is a token card. Use it under Tokens.' },
  'device-unused': { remedy: 'Attach it at the station', text: 'The page does not use this device now.' },
  'device-seen': { text: 'The browser permits this page to use it.' },
  'device-reading': { text: 'The page is reading its identity.' },
  'unit-ready': { text: 'It answers as a unit. No fault was found.' },
  'unit-loading': { text: 'A key is being loaded. Leave it plugged in.' },
  'unit-blank': {
    remedy: 'Ask your administrator to prepare this unit first',
    helper: 'administrator',
    text: 'The unit has no transport key yet, so it cannot take a key.',
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

function buildName({ version, hash }: Facts['build']): string {
  return hash === undefined ? `Version ${version}` : `Version ${versionAndBuild({ version, build: hash })}`;
}

function browserName({ browser, platform }: Facts): string {
  const version = browser.version === undefined ? '' : ` ${browser.version}`;
  const systems = {
    windows: 'Windows',
    macos: 'macOS',
    linux: 'Linux',
    chromeos: 'ChromeOS',
    android: 'Android',
    other: 'another system',
  } as const;
  return `${browser.name === 'other browser' ? 'Another browser' : browser.name}${version} on ${systems[platform]}`;
}

function spaceLeft(freeBytes: number | undefined): string {
  if (freeBytes === undefined) return 'The browser does not report the free space.';
  return `There is space for about ${counted(keysIn(freeBytes), 'load', grouped)}.`;
}

function difference({ offsetMs }: Facts['clock']): string {
  const ms = Math.abs(offsetMs);
  if (ms < 1000) return 'less than a second';
  return ms < 60_000 ? seconds(ms) : `${grouped(Math.round(ms / 60_000))} min`;
}
