// The settings of a site as an administrator writes them, before the AS adds its name, the time and
// a serial number and signs them (docs/protocol.md clause 9.2).
import * as v from 'valibot';
import { toBase64url } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import { parseJson, readDocument } from '../json/document.ts';
import { entered } from '../json/request-fields.ts';
import type { Json } from '../json/schema.ts';
import { findAccentFault, findMarkFault } from './look.ts';
import {
  language,
  MAX_PROFILE_NAME_LENGTH,
  MAX_SITE_NAME_LENGTH,
  profilesOf,
  signOutAfterMinutes,
  siteFields,
  urlsOf,
} from './site.ts';

const { asUrl, ids, bwtMs, baudRate, parity, edc, role, accent, mark } = siteFields;

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
  mark: v.exactOptional(mark),
  accent: v.exactOptional(accent),
  as: urlsOf(asUrl),
  profiles: v.optional(profilesOf(draftProfileSchema), []),
  policy: v.optional(
    v.object({
      scanLabels: v.optional(v.boolean(), false),
      signOutAfterMinutes: v.optional(v.nullable(signOutAfterMinutes), null),
      autoRun: v.exactOptional(v.boolean()),
      singleKeys: v.exactOptional(v.boolean()),
      sendByHand: v.exactOptional(v.boolean()),
    }),
    {},
  ),
});
export type SiteDraft = Json<typeof siteDraftSchema>;

/**
 * Reads the settings. `readMark` returns the content of the image file that the settings name.
 * @throws ProtocolError file-refused, naming the fault; FileError for a file that is cut short
 */
export function readSiteDraft(source: string, readMark: (file: string) => Uint8Array): SiteDraft {
  const settings = withMark(parseJson(source, 'the file'), readMark);
  const draft = readDocument(siteDraftSchema, settings, 'the file');
  // The page does not repeat this check, because a later version with other backgrounds must accept
  // the file too.
  const fault = draft.accent === undefined ? undefined : findAccentFault(draft.accent);
  if (fault !== undefined) throw new ProtocolError('file-refused', `the accent ${draft.accent} ${fault}`);
  return draft;
}

/** Replaces the name of the image file by its content. */
function withMark(settings: unknown, readMark: (file: string) => Uint8Array): unknown {
  if (typeof settings !== 'object' || settings === null || !('mark' in settings)) return settings;
  const { mark: file } = settings;
  if (typeof file !== 'string') return settings;
  const mark = readMark(file);
  const fault = findMarkFault(mark);
  if (fault !== undefined) throw new ProtocolError('file-refused', `the mark ${file} ${fault}`);
  return { ...settings, mark: toBase64url(mark) };
}
