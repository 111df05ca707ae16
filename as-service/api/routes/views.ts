// Routes /v1/whoami, /v1/keys, /v1/audit and /v1/trust (docs/protocol.md clauses 6 and 9).
import {
  type AuditPageJson,
  auditPageSchema,
  type KeysJson,
  keysSchema,
  trustSchema,
  type WhoamiJson,
  whoamiSchema,
} from '#protocol/service/messages.ts';
import { auditQuerySchema } from '#protocol/service/requests.ts';
import { visibleSets } from '../../sets/set-access.ts';
import { viewSet } from '../../sets/set-view.ts';
import { EVERY_ROLE, OVERSEERS, route } from './route.ts';

/**
 * Maximum length of the lines of the log that one page reads, in bytes. A page has at least one
 * entry.
 */
const MAX_PAGE_LENGTH = 1024 * 1024;

export const whoamiRoute = route({
  method: 'get',
  path: '/v1/whoami',
  summary: 'The operator of the access code, and the name of the service.',
  roles: EVERY_ROLE,
  input: undefined,
  output: whoamiSchema,
  problems: [],
  handle: async ({ as, signedIn: { account, expires }, signLog }): Promise<WhoamiJson> => ({
    operator: account.name,
    role: account.role,
    expires,
    service: { name: as.state.name, asNumber: as.state.asNumber, demo: as.demoMode },
    ...(await signLog()),
  }),
});

export const keysRoute = route({
  method: 'get',
  path: '/v1/keys',
  summary: 'The sets and keys that the operator may export: names, versions and check values.',
  roles: EVERY_ROLE,
  input: undefined,
  output: keysSchema,
  problems: [],
  handle: ({ as, signedIn }): KeysJson => ({
    sets: visibleSets(as.state, as.demoMode, signedIn.account).map(viewSet),
  }),
});

export const auditRoute = route({
  method: 'get',
  path: '/v1/audit',
  summary: 'The audit log, newest entry first, page by page.',
  roles: OVERSEERS,
  input: auditQuerySchema,
  output: auditPageSchema,
  problems: [],
  handle: async ({ as, input: { before, limit }, signLog }): Promise<AuditPageJson> => {
    const { head } = as.log;
    const last = Math.min(head.sequence, (before ?? Number.MAX_SAFE_INTEGER) - 1);
    const first = as.log.firstWithin(last, limit, MAX_PAGE_LENGTH);
    const [signed, entries] = await Promise.all([signLog(), as.log.read(first, last)]);
    return { entries: entries.reverse(), before: first > 1 ? first : null, ...signed };
  },
});

export const trustRoute = route({
  method: 'get',
  path: '/v1/trust',
  summary: 'The root key to pin, and the certificates of the signing keys.',
  roles: 'anyone',
  input: undefined,
  output: trustSchema,
  problems: [],
  handle: ({ as }) => as.signatures.trust,
});
