// The commands that change or show the service: their requests, as data, and the functions that
// execute them. A command runs in the process of the CLI or, if a service has locked the data
// folder, in that service (control.ts).
import { wipe } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { toUserError } from '../common/to-user-error.ts';
import { UserError } from '../common/user-error.ts';
import { exportLog } from '../log-files/log-export.ts';
import { addOperator, issueAccessCode, type NewOperator, revokeAccessCodes } from '../operators/operators.ts';
import type { As } from '../service/as.ts';
import { addErasing, type NewErasing, type Rotation, rotateSet } from '../sets/rotation.ts';
import { addKey, addSet, allowUnits, type NewKey, type NewSet, requireSet, writeDeviceKey } from '../sets/sets.ts';
import { rootFingerprint } from '../signing/signing.ts';
import { signSite } from '../site/sign-site.ts';
import type { SiteSignRequest } from '../site/site-requests.ts';
import { type KeyRequest, runKeyRequest } from './objects/key-requests.ts';
import { type OperatorRequest, runOperatorRequest } from './objects/operator-requests.ts';
import { describeSet, runSetRequest, type SetRequest } from './objects/set-requests.ts';
import { type OrderRequest, runOrderRequest } from './order-requests.ts';
import { localZone, showTime } from './times.ts';
import { runVaultRequest, type VaultAdminRequest } from './vault-requests.ts';

/** A command with its values. Keys are hex digits, because control.ts sends requests as JSON. */
export type AdminRequest =
  | ({ readonly command: 'set add'; readonly transportKey?: string } & Omit<NewSet, 'transportKey'>)
  | SetRequest
  | {
      readonly command: 'set allow';
      readonly set: number;
      readonly units: readonly string[] | null;
      /**
       * Whether a set that admits every unit now may be limited to `units`. If false, the service
       * refuses to limit such a set.
       */
      readonly only: boolean;
    }
  | ({ readonly command: 'key add'; readonly key?: string } & Omit<NewKey, 'key'>)
  | ({ readonly command: 'key erase' } & NewErasing)
  | KeyRequest
  | ({ readonly command: 'set rotate'; readonly transportKey?: string } & Omit<Rotation, 'transportKey'>)
  | ({ readonly command: 'operator add' } & Omit<NewOperator, 'embedded'>)
  | OperatorRequest
  | { readonly command: 'operator code'; readonly name: string; readonly hours: number }
  | { readonly command: 'operator revoke'; readonly name: string }
  | { readonly command: 'device-key'; readonly set: number; readonly sn: string; readonly path: string }
  | OrderRequest
  | VaultAdminRequest
  | SiteSignRequest
  | { readonly command: 'log export'; readonly path: string }
  | { readonly command: 'trust' };

/**
 * Executes a command and returns the lines to print. Times are in `zone`, the IANA time zone of the
 * terminal.
 * @throws UserError
 */
export async function runAdminRequest(
  as: As,
  actor: string,
  request: AdminRequest,
  zone: string = localZone(),
): Promise<readonly string[]> {
  try {
    return await run(as, actor, request, zone);
  } catch (cause) {
    throw toUserError(cause);
  }
}

async function run(as: As, actor: string, request: AdminRequest, zone: string): Promise<readonly string[]> {
  switch (request.command) {
    case 'set add':
      await withKey(request.transportKey, (transportKey) => addSet(as, actor, { ...request, transportKey }));
      return [`Added set ${hexNumber(request.set, 8)} (${request.name}), ${request.profile}.`];
    case 'set list':
    case 'set limit':
    case 'set destroy':
      return runSetRequest(as, actor, request);
    case 'set allow':
      requireListed(as, request);
      await allowUnits(as, actor, request.set, request.units);
      return [
        `Set ${hexNumber(request.set, 8)} now admits ${request.units === null ? 'all its units' : request.only ? 'only the units of its list' : 'these units too'}.`,
      ];
    case 'key add':
      await withKey(request.key, (key) => addKey(as, actor, { ...request, key }));
      return describeSet(requireSet(as.state, request.set)).slice(-1);
    case 'key erase':
      await addErasing(as, actor, request);
      return describeSet(requireSet(as.state, request.set)).slice(-1);
    case 'key list':
    case 'key disable':
    case 'key enable':
    case 'key destroy':
      return runKeyRequest(as, actor, request);
    case 'set rotate': {
      const tkv = await withKey(request.transportKey, (transportKey) =>
        rotateSet(as, actor, { ...request, transportKey }),
      );
      return [
        `Set ${hexNumber(request.set, 8)} now has TKV ${tkv}. REF1 ${hexNumber(request.ref1, 4)} loads it into its units.`,
        'Units with an earlier T can still load keys.',
      ];
    }
    case 'operator add':
      await addOperator(as, actor, { ...request, embedded: false });
      return [
        `Added ${request.name}, ${request.role}. The command "operator code" with this name issues an access code.`,
      ];
    case 'operator list':
    case 'operator limit':
    case 'operator disable':
    case 'operator enable':
      return runOperatorRequest(as, actor, request);
    case 'operator code': {
      const { code, expires } = await issueAccessCode(as, actor, request.name, {
        hours: request.hours,
        replace: false,
      });
      return [
        code,
        `Valid until ${showTime(expires, zone)}. The service stores only its hash and cannot show it again.`,
      ];
    }
    case 'operator revoke':
      await revokeAccessCodes(as, actor, request.name);
      return [`All access codes of ${request.name} are revoked.`];
    case 'device-key': {
      const { profile, tkv } = await writeDeviceKey(as, actor, request);
      return [
        `Wrote ${profile === 'shared' ? 'T' : 'K_D'} (TKV ${tkv}) of set ${hexNumber(request.set, 8)} to ${request.path}, mode 0600.`,
        'Load it into the unit, then destroy the file. The audit log records the file.',
      ];
    }
    case 'order add':
    case 'order list':
    case 'order show':
    case 'order revoke':
    case 'order close':
      return runOrderRequest(as, { name: actor }, request, zone);
    case 'vault issue':
    case 'vault list':
    case 'vault revoke':
    case 'vault reconcile':
      return runVaultRequest(as, actor, request, zone);
    case 'site sign':
      return [(await signSite(as, actor, request.draft, request.after)).trim()];
    case 'log export':
      return exportLog(as, request.path);
    case 'trust':
      // Prints the key in full too, because the verifier of reports needs all of it.
      return [`Root key ${rootFingerprint(as.state)}`, `In full  ${toHex(as.state.root.publicKey)}`];
  }
}

/**
 * Calls `add` with the decoded key, and wipes the key afterwards. `add` must copy a key that it
 * stores.
 */
async function withKey<Result>(
  hex: string | undefined,
  add: (key: Uint8Array | undefined) => Promise<Result>,
): Promise<Result> {
  const key = hex === undefined ? undefined : fromHex(hex);
  try {
    return await add(key);
  } finally {
    wipe(key);
  }
}

/**
 * Refuses to narrow a set that admits every unit, unless the administrator gives --only.
 * @throws UserError
 */
function requireListed(as: As, { set, units, only }: Extract<AdminRequest, { command: 'set allow' }>): void {
  if (units === null || only || requireSet(as.state, set).units !== null) return;
  throw new UserError(
    `Set ${hexNumber(set, 8)} admits every unit already. With --only, it admits only the units that you name.`,
  );
}
