// Builds the support file: one JSON document for the administrator (docs/adr/0053). Copies named
// members one by one, so that a new member of the facts never gets into the file unnoticed. Contains
// only numbers, codes, times, ids and the address of the page, and no text that a person or a
// manufacturer has written. Of a serial number only the last four digits remain.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { SUPPORT_FORMAT, SUPPORT_VERSION } from '#protocol/support/support-file.ts';
import type { Failure } from '../common/failure.ts';
import type { Exchange } from '../station/trace.svelte.ts';
import type { DeviceFacts, Facts, PastAttempt, PastFailure, ServiceFacts } from './facts.ts';
import type { Finding } from './findings.ts';

/** The exchanges with one unit. */
export interface UnitTrace {
  /** 32 hex digits; undefined if the identity was not read. */
  readonly sn: string | undefined;
  readonly exchanges: readonly Exchange[];
}

export interface SupportFile {
  readonly name: string;
  readonly text: string;
}

/** Maximum number of attempts with their exchanges. */
const MAX_ATTEMPTS = 20;

/** Maximum number of exchanges per unit or attempt; the newest are kept. */
const MAX_EXCHANGES = 60;

/** Returns the file as indented JSON. Its name contains the time, but neither an SN nor a name. */
export function supportFile(facts: Facts, findings: readonly Finding[], traces: readonly UnitTrace[]): SupportFile {
  const { at, build, browser, page, access, refused, service, clock, session, storage, journal, selfTest } = facts;
  const content = {
    format: SUPPORT_FORMAT,
    version: SUPPORT_VERSION,
    madeAt: at,
    findings: findings.map(({ code, level, device, failure }) => ({ level, code, device, ...failureJson(failure) })),
    build: {
      version: build.version,
      hash: build.hash ?? null,
      script: build.script,
      isServed: build.isServed ?? null,
    },
    browser: { name: browser.name, version: browser.version ?? null, platform: facts.platform },
    page: {
      address: facts.address,
      isOnline: facts.isOnline,
      isBroken: page.isBroken,
      isSuperseded: page.isSuperseded,
      isCutOff: page.isCutOff,
      hasLostJournal: page.hasLostJournal,
      isSecure: facts.isSecure,
      halted: page.halted ? failureJson(page.halted) : null,
    },
    access: { usb: access.usb, serial: access.serial },
    refusedChoice: refused ? { link: refused.kind, ...failureJson(refused.failure) } : null,
    devices: facts.devices.map(deviceJson),
    service: serviceJson(service),
    clockOffsetMs: clock.offsetMs,
    session: { kind: session.kind, exportsLeft: session.exportsLeft ?? null, ...failureJson(session.failure) },
    storage: { isPersistent: storage.isPersistent, isRefused: storage.isRefused, freeBytes: storage.freeBytes ?? null },
    journal: {
      attempts: journal.attempts,
      open: journal.open,
      lostAt: journal.lostAt ?? null,
      ...failureJson(journal.failure),
    },
    selfTest: selfTest ? { at: selfTest.at, passed: selfTest.passed, failed: selfTest.failed } : null,
    failures: facts.failures.map(pastFailureJson),
    attempts: facts.attempts.slice(0, MAX_ATTEMPTS).map(pastAttemptJson),
    traces: traces.map(({ sn, exchanges }) => ({
      sn: maskedNumber(sn),
      exchanges: exchanges.slice(-MAX_EXCHANGES).map(exchangeJson),
    })),
  };
  const stamp = at.slice(0, 16).replaceAll(/[-:]/g, '');
  return { name: `${SUPPORT_FORMAT}-${stamp}.json`, text: `${JSON.stringify(content, null, 2)}\n` };
}

/**
 * Shows the last four characters of a serial number. Shows none of a number with fewer than eight,
 * because little would then be masked.
 */
export function maskedNumber(number: string | undefined): string | null {
  if (number === undefined) return null;
  return number.length < 8 ? '…' : `…${number.slice(-4)}`;
}

function failureJson(failure: Failure | undefined): object {
  if (failure === undefined) return {};
  const { code, command, statusWord } = failure;
  return { failure: { code, command, statusWord: statusWord === undefined ? undefined : hexNumber(statusWord, 4) } };
}

function deviceJson(device: DeviceFacts): object {
  const { ids, interfaces, serial, unit } = device;
  return {
    id: device.id,
    link: device.link,
    usb: ids ? `${hexNumber(ids.vendorId, 4)}:${hexNumber(ids.productId, 4)}` : null,
    usbSerialNumber: maskedNumber(device.usbSerialNumber),
    interfaces: interfaces.map(({ number, alternate, codes }) => ({
      number,
      alternate,
      class: codes.map((code) => hexNumber(code, 2)).join('/'),
    })),
    role: device.role,
    isListed: device.isListed,
    obstacle: device.obstacle ?? null,
    serial: serial ? { baudRate: serial.baudRate, parity: serial.parity, edc: serial.edc } : null,
    status: device.status,
    ...failureJson(device.failure),
    unit: unit
      ? {
          sn: maskedNumber(unit.sn),
          set: hexNumber(unit.set, 8),
          tkv: unit.tkv,
          lifecycle: unit.lifecycle,
          firmware: hexNumber(unit.firmware, 8),
          suites: [...unit.suites],
          tries: unit.tries,
        }
      : null,
  };
}

function serviceJson(service: ServiceFacts): object {
  if (service.is === 'failed')
    return { is: service.is, ...failureJson(service.failure), localNetwork: service.localNetwork ?? null };
  const { is, ms, comparedAt, isPinnedRoot } = service;
  return { is, ms: Math.round(ms), rootComparedAt: comparedAt ?? null, isPinnedRoot };
}

function pastFailureJson({ at, link, sn, failure }: PastFailure): object {
  return { at, link, sn: maskedNumber(sn), ...(failure ? failureJson(failure) : { interrupted: true }) };
}

function pastAttemptJson({ at, link, sn, outcome, failure, exchanges }: PastAttempt): object {
  const masked = { at, link, sn: maskedNumber(sn), outcome, ...failureJson(failure) };
  return { ...masked, exchanges: exchanges.slice(-MAX_EXCHANGES).map(exchangeJson) };
}

/**
 * Commands whose data length is secret, because it is the length of a PIN.
 */
const WITHOUT_LENGTH: ReadonlySet<string> = new Set(['VERIFY', 'CHANGE REFERENCE DATA']);

/** Shows the command, its status word, and the length of the data, but no data. */
function exchangeJson({ at, command, header, request, answer, statusWord, isByHand }: Exchange): object {
  const isMeasured = !WITHOUT_LENGTH.has(command);
  return {
    at,
    command,
    header,
    ...(isMeasured ? { sentBytes: lengthOf(request), receivedBytes: lengthOf(answer) } : {}),
    statusWord: statusWord === undefined ? null : hexNumber(statusWord, 4),
    ...(isByHand ? { isByHand } : {}),
  };
}

/**
 * Length of redacted data in bytes: web/src/transport/trace.ts shows hex digits, "(12 bytes)" or
 * "(12 bytes, SHA-256 …)", or hex digits before such a text.
 */
function lengthOf(redacted: string): number {
  const hidden = Number(/\((\d+) bytes/.exec(redacted)?.[1] ?? 0);
  const shown = /^[0-9A-F]*/.exec(redacted)?.[0] ?? '';
  return hidden + shown.length / 2;
}
