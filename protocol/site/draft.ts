// The settings of a site as an administrator writes them, before the AS adds its name, the time and
// a serial number and signs them (docs/protocol.md clause 9.2).
import * as v from 'valibot';
import { parseJson, readDocument } from '../json/document.ts';
import { entered } from '../json/request-fields.ts';
import type { Json } from '../json/schema.ts';
import {
  language,
  MAX_PROFILE_NAME_LENGTH,
  MAX_SITE_NAME_LENGTH,
  profilesOf,
  signOutAfterMinutes,
  siteFields,
  urlsOf,
} from './site.ts';

const { asUrl, ids, bwtMs, baudRate, parity, edc, role } = siteFields;

/** Block waiting time of a profile that names none, in milliseconds. */
const DEFAULT_BWT_MS = 1000;

const draftProfileSchema = v.object({
  name: entered(MAX_PROFILE_NAME_LENGTH),
  role: v.optional(role, 'unit'),
  ids: v.exactOptional(ids),
  usb: v.exactOptional(v.object({ bwtMs: v.optional(bwtMs, DEFAULT_BWT_MS) })),
  serial: v.exactOptional(
    v.object({
      baudRate,
      parity: v.optional(parity, 'none'),
      edc: v.optional(edc, 'crc'),
      bwtMs: v.optional(bwtMs, DEFAULT_BWT_MS),
    }),
  ),
});

const siteDraftSchema = v.object({
  name: v.optional(v.nullable(entered(MAX_SITE_NAME_LENGTH)), null),
  language: v.exactOptional(language),
  as: urlsOf(asUrl),
  profiles: v.optional(profilesOf(draftProfileSchema), []),
  policy: v.optional(
    v.object({
      scanLabels: v.optional(v.boolean(), false),
      signOutAfterMinutes: v.optional(v.nullable(signOutAfterMinutes), null),
    }),
    {},
  ),
});
export type SiteDraft = Json<typeof siteDraftSchema>;

/** @throws ProtocolError file-refused, naming the fault; FileError for a file that is cut short */
export function readSiteDraft(source: string): SiteDraft {
  return readDocument(siteDraftSchema, parseJson(source, 'the file'), 'the file');
}
