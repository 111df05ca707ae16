// What an operator may see: GET /v1/whoami, /v1/keys, /v1/work-orders and /v1/audit, and /v1/trust, which anyone may (docs/protocol.md
// clauses 6 and 9). Facts about keys only, never a key.
import type { AuditPageJson, KeysJson, Role, SetJson, WhoamiJson, WorkOrdersJson } from '#protocol/service/messages.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import { isDemoSet } from '../as/demo.ts';
import { viewEntry } from '../as/entry.ts';
import { visibleSets } from '../as/policy.ts';
import type { SetState } from '../disk/state.ts';
import { auditPage, auditQuery, keysAnswer, trustAnswer, whoamiAnswer, workOrdersAnswer } from '../schemas.ts';
import { route } from './route.ts';

const EVERY_ROLE: readonly Role[] = ['operator', 'custodian', 'auditor', 'administrator'];
const OVERSEERS: readonly Role[] = ['auditor', 'administrator'];

export const whoamiRoute = route({
  method: 'get',
  path: '/v1/whoami',
  summary: 'Who the token belongs to, and which service this is.',
  roles: EVERY_ROLE,
  input: undefined,
  output: whoamiAnswer,
  problems: [],
  handle: ({ as, signedIn: { account, expires } }): WhoamiJson => ({
    operator: account.name,
    role: account.role,
    expires,
    service: { name: as.state.name, asNumber: as.state.asNumber, demo: as.demoMode },
  }),
});

export const keysRoute = route({
  method: 'get',
  path: '/v1/keys',
  summary: 'The sets and keys that this operator may export, by name, version and check value.',
  roles: EVERY_ROLE,
  input: undefined,
  output: keysAnswer,
  problems: [],
  handle: ({ as, signedIn }): KeysJson => ({
    sets: visibleSets(as.state, as.demoMode, signedIn.account).map(describeSet),
  }),
});

export const workOrdersRoute = route({
  method: 'get',
  path: '/v1/work-orders',
  summary: 'The work orders that exports have named, with their exports and receipts so far.',
  roles: EVERY_ROLE,
  input: undefined,
  output: workOrdersAnswer,
  problems: [],
  handle: ({ as, signedIn: { account } }): WorkOrdersJson => ({
    workOrders: as.ledger.workOrders(OVERSEERS.includes(account.role) ? undefined : account.name),
  }),
});

export const auditRoute = route({
  method: 'get',
  path: '/v1/audit',
  summary: 'The audit log, newest entry first, page by page.',
  roles: OVERSEERS,
  input: auditQuery,
  output: auditPage,
  problems: [],
  handle: async ({ as, input: { before, limit } }): Promise<AuditPageJson> => {
    const { head } = as.log;
    const last = Math.min(head.sequence, (before ?? Number.MAX_SAFE_INTEGER) - 1);
    const first = Math.max(1, last - limit + 1);
    const entries = await as.log.read(first, last);
    return {
      entries: entries.reverse(),
      before: first > 1 ? first : null,
      auditHead: await as.signatures.signHead(head),
    };
  },
});

export const trustRoute = route({
  method: 'get',
  path: '/v1/trust',
  summary: 'The root key to pin, and the signing keys that it certified.',
  roles: 'anyone',
  input: undefined,
  output: trustAnswer,
  problems: [],
  handle: ({ as }) => as.signatures.trust,
});

function describeSet(found: SetState): SetJson {
  const { set, name, profile, transportKeys, keys } = found;
  return {
    set,
    name,
    profile,
    demo: isDemoSet(set),
    transportKeys: transportKeys.map(({ tkv, family }) => ({
      tkv,
      suites: Object.values(SUITES)
        .filter((suite) => suite.family === family)
        .map(({ id }) => id),
    })),
    keys: keys.map((entry) => {
      const { ref1, label, akv, slot } = entry;
      const { attributes, kcv } = viewEntry(found, entry);
      return { ref1, label, attributes, akv, slot, kcv };
    }),
  };
}
