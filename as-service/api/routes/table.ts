// The table of all routes of the API.
import { batchRoute, exportsRoute, recallRoute, receiptsRoute } from './exports.ts';
import { bundleRoute, checkpointRoute, tileRoute } from './log.ts';
import {
  newOrderRoute,
  orderProgressRoute,
  orderRoute,
  reportRoute,
  revokeOrderRoute,
  stationReportRoute,
  workOrdersRoute,
} from './orders.ts';
import type { Route } from './route.ts';
import { newVaultRoute, revokeVaultRoute, vaultJournalRoute, vaultsRoute } from './vaults.ts';
import { auditRoute, keysRoute, trustRoute, whoamiRoute } from './views.ts';

export const ROUTES: readonly Route[] = [
  exportsRoute,
  batchRoute,
  recallRoute,
  receiptsRoute,
  keysRoute,
  workOrdersRoute,
  newOrderRoute,
  orderRoute,
  orderProgressRoute,
  revokeOrderRoute,
  stationReportRoute,
  reportRoute,
  vaultsRoute,
  newVaultRoute,
  revokeVaultRoute,
  vaultJournalRoute,
  whoamiRoute,
  auditRoute,
  trustRoute,
  checkpointRoute,
  bundleRoute,
  tileRoute,
];
