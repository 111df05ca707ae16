// Computes the diagnosis from the facts: one finding for each thing that needs action, could be better
// or is in order. Contains codes only; web/src/ui/help has the words.
import { MIN_FREE_BYTES } from '../../journal/storage-quota.ts';
import type { Failure } from '../common/failure.ts';
import type { DeviceFacts, Facts } from './facts.ts';

/**
 * needs-action  no key can be loaded, or none into this device, until a person acts
 * advice        keys can be loaded, but a person can improve something
 * fine          nothing to do
 */
export type Level = 'needs-action' | 'advice' | 'fine';

export type Area = 'device' | 'service' | 'page';

/** What the button of a finding does. */
export type HelpAction =
  | 'retry-device'
  | 'forget-device'
  | 'open-station'
  | 'reload'
  | 'check-again'
  | 'keep-storage'
  | 'run-self-test';

export type FindingCode =
  | 'device-failed'
  | 'device-not-unit'
  | 'device-barred'
  | 'device-token'
  | 'device-unused'
  | 'device-seen'
  | 'device-reading'
  | 'unit-ready'
  | 'unit-loading'
  | 'unit-blank'
  | 'unit-not-loaded'
  | 'unit-unconfirmed'
  | 'choice-failed'
  | 'no-device'
  | 'service-reached'
  | 'service-not-compared'
  | 'service-root-changed'
  | 'service-failed'
  | 'local-network-asked'
  | 'local-network-denied'
  | 'clocks-agree'
  | 'clocks-differ'
  | 'page-halted'
  | 'page-broken'
  | 'page-superseded'
  | 'page-cut-off'
  | 'build-current'
  | 'build-replaced'
  | 'build-unchecked'
  | 'interfaces-available'
  | 'interface-missing'
  | 'interfaces-missing'
  | 'storage-kept'
  | 'storage-clearable'
  | 'storage-refused'
  | 'storage-full'
  | 'journal-kept'
  | 'journal-lost'
  | 'journal-failed'
  | 'attempts-open'
  | 'exports-left'
  | 'exports-used'
  | 'self-test-due'
  | 'self-test-passed'
  | 'self-test-failed';

export interface Finding {
  readonly code: FindingCode;
  readonly level: Level;
  readonly area: Area;
  /** Id of the device that the finding is about. */
  readonly device?: number;
  readonly failure?: Failure;
  readonly action?: HelpAction;
}

const LEVELS: readonly Level[] = ['needs-action', 'advice', 'fine'];

/** Returns the findings in the sequence of the screen: in each area, those that need action come first. */
export function findingsOf(facts: Facts): readonly Finding[] {
  const isHalted = facts.page.halted !== undefined;
  const found = [
    ...(isHalted ? facts.devices.map(seenFinding) : deviceFindings(facts)),
    ...(isHalted ? [] : serviceFindings(facts)),
    ...pageFindings(facts),
    ...storageFindings(facts),
    selfTestFinding(facts),
  ];
  return found.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

function deviceFindings(facts: Facts): Finding[] {
  const found: Finding[] = facts.devices.map((device) => ({
    ...deviceFinding(device),
    area: 'device',
    device: device.id,
  }));
  if (facts.refused) {
    const { failure } = facts.refused;
    found.push({ code: 'choice-failed', level: 'needs-action', area: 'device', failure, action: 'open-station' });
  }
  if (found.length === 0) found.push({ code: 'no-device', level: 'advice', area: 'device', action: 'open-station' });
  return found;
}

/** The finding about a device on a halted page. Such a page lists devices but attaches none. */
function seenFinding({ id }: DeviceFacts): Finding {
  return { code: 'device-seen', level: 'fine', area: 'device', device: id };
}

function deviceFinding(device: DeviceFacts): Omit<Finding, 'area' | 'device'> {
  const { status, failure, unit, role, obstacle } = device;
  if (role === 'token') return { code: 'device-token', level: 'fine' };
  switch (status) {
    case 'reading':
      return { code: 'device-reading', level: 'fine' };
    case 'loading':
      return { code: 'unit-loading', level: 'fine' };
    case 'not-loaded':
      return {
        code: 'unit-not-loaded',
        level: 'needs-action',
        action: 'open-station',
        ...(failure ? { failure } : {}),
      };
    case 'unconfirmed':
      return {
        code: 'unit-unconfirmed',
        level: 'needs-action',
        action: 'open-station',
        ...(failure ? { failure } : {}),
      };
    case 'ready':
    case 'done':
      return unit?.lifecycle === 'blank'
        ? { code: 'unit-blank', level: 'needs-action' }
        : { code: 'unit-ready', level: 'fine' };
    case 'unread':
      return unreadFinding(device);
    case 'unused':
      if (obstacle !== undefined) return { code: 'device-barred', level: 'advice', action: 'forget-device' };
      return role === 'unknown'
        ? { code: 'device-not-unit', level: 'advice', action: 'forget-device' }
        : { code: 'device-unused', level: 'advice', action: 'open-station' };
  }
}

/**
 * If a USB device without a device profile fails with one of these codes, its finding is
 * device-not-unit instead of device-failed.
 */
const NOT_A_UNIT: ReadonlySet<string> = new Set(['not-a-unit', 'link-timeout', 'link-garbled', 'no-interface']);

function unreadFinding({ failure, isListed, link }: DeviceFacts): Omit<Finding, 'area' | 'device'> {
  if (failure === undefined) return { code: 'device-unused', level: 'advice', action: 'open-station' };
  if (failure.code === 'protected-class') return { code: 'device-barred', level: 'advice', action: 'forget-device' };
  // A serial adapter is never reported as "not a unit": no profile lists its ids, and the unit
  // behind it may be switched off.
  if (link === 'usb' && !isListed && NOT_A_UNIT.has(failure.code))
    return { code: 'device-not-unit', level: 'advice', action: 'forget-device' };
  return { code: 'device-failed', level: 'needs-action', failure, action: 'retry-device' };
}

/** Failures of a request that the browser may have blocked. */
const UNANSWERED: ReadonlySet<string> = new Set(['service-unreachable', 'service-timeout']);

function serviceFindings({ service, session, clock }: Facts): Finding[] {
  const found: Finding[] = [];
  const area = 'service';
  if (service.is === 'failed') {
    // A vault or card needs no network.
    const level = session.kind === 'vault' || session.kind === 'card' ? 'advice' : 'needs-action';
    found.push({ code: 'service-failed', level, area, failure: service.failure, action: 'check-again' });
    if (UNANSWERED.has(service.failure.code)) {
      if (service.localNetwork === 'denied') found.push({ code: 'local-network-denied', level, area });
      if (service.localNetwork === 'prompt') found.push({ code: 'local-network-asked', level: 'advice', area });
    }
  } else if (!service.isPinnedRoot) {
    found.push({ code: 'service-root-changed', level: 'needs-action', area, action: 'open-station' });
  } else if (service.comparedAt === undefined) {
    found.push({ code: 'service-not-compared', level: 'advice', area, action: 'open-station' });
  } else {
    found.push({ code: 'service-reached', level: 'fine', area });
  }
  found.push(
    clock.differs ? { code: 'clocks-differ', level: 'advice', area } : { code: 'clocks-agree', level: 'fine', area },
  );
  const { exportsLeft } = session;
  if (exportsLeft === 0) found.push({ code: 'exports-used', level: 'needs-action', area });
  else if (exportsLeft !== undefined) found.push({ code: 'exports-left', level: 'fine', area });
  return found;
}

function pageFindings({ page, build, access }: Facts): Finding[] {
  const found: Finding[] = [];
  const area = 'page';
  const { halted } = page;
  if (halted) found.push({ code: 'page-halted', level: 'needs-action', area, failure: halted, action: 'reload' });
  if (page.isBroken) found.push({ code: 'page-broken', level: 'needs-action', area, action: 'reload' });
  if (page.isCutOff) found.push({ code: 'page-cut-off', level: 'needs-action', area, action: 'reload' });
  if (page.isSuperseded) found.push({ code: 'page-superseded', level: 'advice', area, action: 'reload' });
  if (build.isServed === undefined) found.push({ code: 'build-unchecked', level: 'fine', area });
  else if (build.isServed) found.push({ code: 'build-current', level: 'fine', area });
  else found.push({ code: 'build-replaced', level: 'advice', area, action: 'reload' });
  const isMissing = [access.usb, access.serial].filter((each) => each !== 'available').length;
  if (isMissing === 2) found.push({ code: 'interfaces-missing', level: 'needs-action', area });
  else if (isMissing === 1) found.push({ code: 'interface-missing', level: 'advice', area });
  else found.push({ code: 'interfaces-available', level: 'fine', area });
  return found;
}

function storageFindings({ storage, journal, page }: Facts): Finding[] {
  const found: Finding[] = [];
  const area = 'page';
  const { freeBytes, isPersistent, isRefused } = storage;
  if (freeBytes !== undefined && freeBytes < MIN_FREE_BYTES)
    found.push({ code: 'storage-full', level: 'needs-action', area, action: 'check-again' });
  else if (isPersistent) found.push({ code: 'storage-kept', level: 'fine', area });
  else if (isRefused) found.push({ code: 'storage-refused', level: 'advice', area, action: 'keep-storage' });
  else found.push({ code: 'storage-clearable', level: 'advice', area, action: 'keep-storage' });
  const { failure, lostAt, open } = journal;
  if (page.halted) return found; // page-halted says why the journal cannot be read
  if (failure) found.push({ code: 'journal-failed', level: 'needs-action', area, failure, action: 'check-again' });
  else if (page.hasLostJournal || lostAt !== undefined) found.push({ code: 'journal-lost', level: 'advice', area });
  else found.push({ code: 'journal-kept', level: 'fine', area });
  if (open > 0) found.push({ code: 'attempts-open', level: 'advice', area, action: 'open-station' });
  return found;
}

function selfTestFinding({ selfTest }: Facts): Finding {
  const action = 'run-self-test';
  const area = 'page';
  if (selfTest === undefined) return { code: 'self-test-due', level: 'advice', area, action };
  if (selfTest.failed.length > 0) return { code: 'self-test-failed', level: 'needs-action', area, action };
  return { code: 'self-test-passed', level: 'fine', area, action };
}

/** The numbers in the headline of the view Help. */
export interface Summary {
  /** Devices that need action. */
  readonly devices: number;
  /** Other findings that need action. */
  readonly others: number;
  /** True if nothing needs action, an operator is signed in and a unit can take a key. */
  readonly isReady: boolean;
}

export function summaryOf(findings: readonly Finding[], { session }: Pick<Facts, 'session'>): Summary {
  const urgent = findings.filter(({ level }) => level === 'needs-action');
  const devices = urgent.filter(({ area }) => area === 'device').length;
  const hasUnit = findings.some(({ code }) => code === 'unit-ready');
  return {
    devices,
    others: urgent.length - devices,
    isReady: urgent.length === 0 && hasUnit && session.kind !== 'none',
  };
}
