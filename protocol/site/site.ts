// The settings of a site: where its AS is, which devices it has and what its policy is. They are
// the payload of a signed envelope in a site file (docs/protocol.md clause 9.2).
import * as v from 'valibot';
import type { ErrorCode } from '../errors.ts';
import { ProtocolError } from '../errors.ts';
import type { Edc } from '../framing/edc.ts';
import { readDocument } from '../json/document.ts';
import { bytes, integer, type Json, list, printable, type Schema, text, time } from '../json/schema.ts';
import { asNumber, name } from '../service/messages.ts';
import { MAX_MARK_BYTES, MIN_MARK_BYTES } from './look.ts';

export const SITE_TYPE = 'application/vnd.keyferry.site+json';
export const SITE_FORMAT = 1;
export const MAX_SITE_NAME_LENGTH = 40;
export const MAX_PROFILE_NAME_LENGTH = 60;
const MAX_URLS = 8;
const MAX_PROFILES = 64;
export const MAX_SERIAL = 0x7fffffff;

/**
 * Base URL of an AS, without a slash at the end. Plain HTTP is permitted on this computer only,
 * because others could read the access code on a network. IPv6 addresses are refused, because a
 * Content-Security-Policy cannot contain one.
 */
const asUrl = text(
  /^(?=.{1,200}$)(https:\/\/[a-z\d](?:[a-z\d.-]*[a-z\d])?|http:\/\/(localhost|127\.0\.0\.1))(:\d{1,5})?(\/[\w.~-]+)*$/,
  'an address such as https://keys.example.org, without a slash at the end',
);

/** Vendor id and product id as `lsusb` prints them. */
const ids = text(/^[\da-fA-F]{4}:[\da-fA-F]{4}$/, 'two USB ids such as 1209:0001');

/** Block waiting time in milliseconds. */
const bwtMs = integer(50, 60_000);
const baudRate = integer(300, 4_000_000);
const parity = v.picklist(['none', 'even', 'odd']);
const edc: v.GenericSchema<Edc> = v.picklist(['crc', 'lrc']);
const role = v.picklist(['unit', 'token']);
const usb = v.object({ bwtMs });
const accent = text(/^#[\da-fA-F]{6}$/, 'a colour such as #C94A3B');
const mark = bytes(MIN_MARK_BYTES, MAX_MARK_BYTES);

/** Schemas of the members that a draft of the settings also has. */
export const siteFields = { asUrl, ids, bwtMs, baudRate, parity, edc, role, usb, accent, mark } as const;

/** Returns the schema of a list of base URLs. */
/* @__NO_SIDE_EFFECTS__ */
export function urlsOf<S extends Schema>(url: S) {
  return list(url, 1, MAX_URLS);
}

/** Returns the schema of a list of device profiles. */
/* @__NO_SIDE_EFFECTS__ */
export function profilesOf<S extends Schema>(profile: S) {
  return list(profile, 0, MAX_PROFILES);
}

const profileSchema = v.object({
  /** Shown to the operator if the device has no product name. */
  name: printable(MAX_PROFILE_NAME_LENGTH),
  role,
  /** If absent, the profile is for serial units behind an adapter that no other profile names. */
  ids: v.exactOptional(ids),
  /** Present if the device has a vendor interface for WebUSB. */
  usb: v.exactOptional(usb),
  /** Present if the device has a serial port. */
  serial: v.exactOptional(v.object({ baudRate, parity, edc, bwtMs })),
});
export type SiteProfile = Json<typeof profileSchema>;

export const signOutAfterMinutes = integer(1, 480);

/**
 * Primary tag of a language (BCP 47), such as "de". If the page is not built in this language,
 * English is used.
 */
export const language = text(/^[a-z]{2,3}$/, 'the tag of a language such as de');

const siteSchema = v.object({
  format: v.picklist([SITE_FORMAT]),
  /** Number of this file. The AS gives each file a higher number than the one before. */
  serial: integer(1, MAX_SERIAL),
  issued: time,
  /** The AS that signed the file. */
  service: name,
  asNumber,
  /** Name of the company or site, which the page shows; null shows the name of the product. */
  name: v.nullable(printable(MAX_SITE_NAME_LENGTH)),
  /**
   * Language of the page for operators who have not chosen one. If absent, the language of the
   * browser is used.
   */
  language: v.exactOptional(language),
  /** Image of the company or site, a PNG in base64url. */
  mark: v.exactOptional(mark),
  /** Colour of the company or site. */
  accent: v.exactOptional(accent),
  /** Base URLs of the AS, in order of preference. */
  as: urlsOf(asUrl),
  profiles: profilesOf(profileSchema),
  policy: v.object({
    /** Whether the label of each unit of a work order is scanned before a key is loaded. */
    scanLabels: v.boolean(),
    /**
     * Minutes without activity after which the operator is signed out. If null, the operator is
     * signed out only when the access code expires.
     */
    signOutAfterMinutes: v.nullable(signOutAfterMinutes),
    /** Whether the run of a work order starts as soon as the order is opened, without a click. */
    autoRun: v.exactOptional(v.boolean()),
    /** Whether the operator may load keys without a work order. If absent, the operator may. */
    singleKeys: v.exactOptional(v.boolean()),
    /** Whether Help offers to send single commands to a unit by hand. If absent, it does not. */
    sendByHand: v.exactOptional(v.boolean()),
  }),
});
export type Site = Json<typeof siteSchema>;

/** @throws ProtocolError with `code`, naming the fault */
export function decodeSite(value: unknown, code: ErrorCode): Site {
  const site = readDocument(siteSchema, value, 'the site file', code);
  const fault = findFault(site);
  if (fault !== undefined) throw new ProtocolError(code, fault);
  return site;
}

/** Returns the JSON text to sign. @throws ProtocolError file-refused if readers would refuse it */
export function encodeSite(site: Site): string {
  decodeSite(site, 'file-refused');
  return JSON.stringify(site);
}

const INTERFACES = ['usb', 'serial'] as const;

function findFault({ as, profiles }: Site): string | undefined {
  if (new Set(as).size !== as.length) return 'the site file contains an address of the AS twice';
  const invalid = as.find((url) => !isReachable(url));
  if (invalid !== undefined) return `the site file contains the address ${invalid}, which no browser can use`;
  for (const [index, profile] of profiles.entries()) {
    const fault = findProfileFault(profile, profiles.slice(0, index));
    if (fault !== undefined) return `profiles[${index}] of the site file ${fault}`;
  }
  return undefined;
}

/** Whether browsers accept the port and, if the host is a number, the IPv4 address. */
function isReachable(url: string): boolean {
  const [, host = '', port = '0'] = /^https?:\/\/([^:/]+)(?::(\d+))?/.exec(url) ?? [];
  const labels = host.split('.');
  const isAddress = /^\d+$/.test(labels.at(-1) ?? '');
  const isIpv4 = labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label) && Number(label) <= 255);
  return Number(port) <= 65_535 && (!isAddress || isIpv4);
}

function findProfileFault(profile: SiteProfile, earlier: readonly SiteProfile[]): string | undefined {
  if (profile.usb === undefined && profile.serial === undefined) return 'has neither usb nor serial';
  // A profile without ids matches every device. If it had usb, the chooser would list every USB
  // device. If it had the role of a token, every unit behind a serial adapter would be taken for a
  // token.
  if (profile.ids === undefined && profile.usb !== undefined) return 'has usb, but no ids';
  if (profile.ids === undefined && profile.role === 'token') return 'has the role of a token, but no ids';
  const same = earlier.filter((each) => each.ids?.toLowerCase() === profile.ids?.toLowerCase());
  const twice = INTERFACES.find((kind) => profile[kind] !== undefined && same.some((each) => each[kind] !== undefined));
  return twice === undefined ? undefined : `has the ids of an earlier profile with ${twice}`;
}
