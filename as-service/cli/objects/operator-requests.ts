// Executes the commands that list, limit, disable and enable operators.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { counted } from '#protocol/text/counted.ts';
import { UserError } from '../../common/user-error.ts';
import { disableOperator, enableOperator, limitOperator, type OperatorLimits } from '../../operators/operators.ts';
import type { As } from '../../service/as.ts';
import { requireSet } from '../../sets/sets.ts';
import type { OperatorState } from '../../storage/state.ts';
import { jsonLines } from './json.ts';

export type OperatorRequest =
  | { readonly command: 'operator list'; readonly json?: true }
  | { readonly command: 'operator limit'; readonly name: string; readonly limits: Partial<OperatorLimits> }
  | { readonly command: 'operator disable' | 'operator enable'; readonly name: string };

/** Executes a command and returns the lines to print. @throws UserError */
export async function runOperatorRequest(as: As, actor: string, request: OperatorRequest): Promise<readonly string[]> {
  switch (request.command) {
    case 'operator list':
      return listOperators(as, request.json === true);
    case 'operator limit': {
      const { name, limits } = request;
      if (Object.keys(limits).length === 0) {
        throw new UserError('Name what to change: --role, --set, --quota or --orders-only.');
      }
      for (const set of limits.sets ?? []) requireSet(as.state, set);
      await limitOperator(as, actor, name, limits);
      return [`The limits of ${name} are changed. They apply to the next request.`];
    }
    case 'operator disable':
      await disableOperator(as, actor, request.name);
      return [`${request.name} is disabled. All access codes are revoked, and no new one is issued.`];
    case 'operator enable':
      await enableOperator(as, actor, request.name);
      return [`${request.name} is enabled. The command "operator code" with this name issues an access code.`];
  }
}

function listOperators(as: As, json: boolean): readonly string[] {
  const { operators } = as.state;
  if (json) return jsonLines(operators.map((operator) => operatorJson(as, operator)));
  return operators.length === 0 ? ['No operators yet.'] : operators.map((operator) => describeOperator(as, operator));
}

function describeOperator(as: As, operator: OperatorState): string {
  const { name, role, sets, quota, ordersOnly, disabled } = operator;
  const where = sets === null ? 'all sets' : `sets ${sets.map((set) => hexNumber(set, 8)).join(' ')}`;
  const used = as.ledger.countOfOperator(name);
  const exports = quota === null ? counted(used, 'export') : `${used} of ${counted(quota, 'export')}`;
  const limit = ordersOnly === true ? ' in work orders only' : '';
  const codes = disabled === true ? 'disabled' : counted(validCodes(as, operator).length, 'valid access code');
  return `${name}  ${role}  ${where}  ${exports}${limit}  ${codes}`;
}

function operatorJson(as: As, operator: OperatorState) {
  const { name, role, sets, quota, ordersOnly = false, disabled } = operator;
  return {
    name,
    role,
    sets: sets?.map((set) => hexNumber(set, 8)) ?? null,
    quota,
    exports: as.ledger.countOfOperator(name),
    ordersOnly,
    status: disabled === true ? 'disabled' : 'enabled',
    codes: validCodes(as, operator).map(({ issued = null, expires }) => ({ issued, expires })),
  };
}

function validCodes(as: As, { tokens }: OperatorState) {
  const now = as.now().getTime();
  return tokens.filter(({ expires }) => Date.parse(expires) > now);
}
