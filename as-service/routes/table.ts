// Every route of the API.
import { batchRoute, exportsRoute, receiptsRoute } from './exports.ts';
import type { Route } from './route.ts';
import { auditRoute, keysRoute, trustRoute, whoamiRoute, workOrdersRoute } from './views.ts';

export const ROUTES: readonly Route[] = [
  exportsRoute,
  batchRoute,
  receiptsRoute,
  keysRoute,
  workOrdersRoute,
  whoamiRoute,
  auditRoute,
  trustRoute,
];
