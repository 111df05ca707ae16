// Changes of operators by an administrator: adds operators, issues and revokes access codes.
import type { Role } from '#protocol/service/messages.ts';
import { requireNumber } from '../common/checks.ts';
import { UserError } from '../common/user-error.ts';
import type { StateChanges } from '../sets/state-changes.ts';
import type { AccessCodeState, OperatorState, State } from '../storage/state.ts';
import { accessCodeState, createAccessCode, MAX_LIFETIME_MS } from './access-codes.ts';

const ROLES: readonly Role[] = ['operator', 'custodian', 'auditor', 'administrator'];

export type NewOperator = Omit<OperatorState, 'tokens'>;

export async function addOperator(as: StateChanges, actor: string, input: NewOperator): Promise<void> {
  const { name, role, sets, quota, ordersOnly = false } = input;
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) {
    throw new UserError('A name has 1 to 64 characters: letters, digits and . _ @ - after a letter or digit.');
  }
  if (!ROLES.includes(role)) throw new UserError(`The role must be one of ${ROLES.join(', ')}.`);
  if (quota !== null) requireNumber('quota', quota, 1, 0xffffffff);
  if (as.state.operators.some((each) => each.name === name)) {
    throw new UserError(`There is already an operator ${name}.`);
  }
  await as.change({
    event: 'operator-added',
    actor,
    details: { name, role, sets: sets?.join(' ') ?? 'all', quota, ordersOnly },
    next: (state) => ({ ...state, operators: [...state.operators, { ...input, tokens: [] }] }),
  });
}

/** Issues an access code, which the caller shows once. Removes expired codes of the operator. */
export async function issueAccessCode(
  as: StateChanges,
  actor: string,
  name: string,
  { hours, replace }: { readonly hours: number; readonly replace: boolean },
): Promise<{ readonly code: string; readonly expires: string }> {
  requireOperator(as.state, name);
  if (!(hours > 0 && hours * 3_600_000 <= MAX_LIFETIME_MS)) {
    throw new UserError('An access code is valid for more than 0 and at most 8 hours.');
  }
  const code = createAccessCode();
  const now = as.now();
  const issued = accessCodeState(code, now, hours * 3_600_000);
  const isValid = ({ expires }: AccessCodeState) => !replace && Date.parse(expires) > now.getTime();
  await as.change({
    event: 'token-issued',
    actor,
    details: { name, expires: issued.expires },
    next: (state) => replaceOperator(state, name, (before) => [...before.tokens.filter(isValid), issued]),
  });
  return { code, expires: issued.expires };
}

/** Revokes every access code of the operator. */
export async function revokeAccessCodes(as: StateChanges, actor: string, name: string): Promise<void> {
  const { tokens } = requireOperator(as.state, name);
  await as.change({
    event: 'tokens-revoked',
    actor,
    details: { name, tokens: tokens.length },
    next: (state) => replaceOperator(state, name, () => []),
  });
}

function requireOperator({ operators }: State, name: string): OperatorState {
  const found = operators.find((each) => each.name === name);
  if (found === undefined) throw new UserError(`There is no operator ${name}. "operator list" shows all operators.`);
  return found;
}

function replaceOperator(state: State, name: string, tokens: (before: OperatorState) => AccessCodeState[]): State {
  const operators = state.operators.map((each) => (each.name === name ? { ...each, tokens: tokens(each) } : each));
  return { ...state, operators };
}
