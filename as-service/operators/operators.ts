// What an administrator does to operators: add them, give them access codes, take the codes back.
import type { Role } from '#protocol/service/messages.ts';
import { requireNumber } from '../common/checks.ts';
import { UserError } from '../common/user-error.ts';
import type { StateChanges } from '../sets/state-changes.ts';
import type { OperatorState, State, TokenState } from '../storage/state.ts';
import { createToken, TOKEN_LIFETIME_MS, tokenState } from './access-codes.ts';

const ROLES: readonly Role[] = ['operator', 'custodian', 'auditor', 'administrator'];

export interface NewOperator {
  readonly name: string;
  readonly role: Role;
  /** Null is every set. */
  readonly sets: readonly number[] | null;
  /** Exports, ever; null is no limit. */
  readonly quota: number | null;
  /** May export within work orders of this service only. */
  readonly ordersOnly?: boolean;
  readonly embedded: boolean;
}

export async function addOperator(as: StateChanges, actor: string, input: NewOperator): Promise<void> {
  const { name, role, sets, quota, ordersOnly = false } = input;
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) {
    throw new UserError('A name has 1 to 64 letters, digits or . _ @ - and begins with a letter or digit.');
  }
  if (!ROLES.includes(role)) throw new UserError(`The role must be one of ${ROLES.join(', ')}.`);
  if (quota !== null) requireNumber('quota', quota, 1, 0xffffffff);
  if (as.state.operators.some((each) => each.name === name))
    throw new UserError(`There is an operator ${name} already.`);
  await as.change({
    event: 'operator-added',
    actor,
    details: { name, role, sets: sets?.join(' ') ?? 'all', quota, ordersOnly },
    next: (state) => ({ ...state, operators: [...state.operators, { ...input, tokens: [] }] }),
  });
}

/** A new access code, to be shown once; those that have expired are forgotten. */
export async function issueToken(
  as: StateChanges,
  actor: string,
  name: string,
  { hours, replace }: { readonly hours: number; readonly replace: boolean },
): Promise<{ readonly token: string; readonly expires: string }> {
  requireOperator(as.state, name);
  if (!(hours > 0 && hours * 3_600_000 <= TOKEN_LIFETIME_MS))
    throw new UserError('An access code lasts more than 0 and at most 8 hours.');
  const token = createToken();
  const now = as.now();
  const issued = tokenState(token, now, hours * 3_600_000);
  const isKept = ({ expires }: TokenState) => !replace && Date.parse(expires) > now.getTime();
  await as.change({
    event: 'token-issued',
    actor,
    details: { name, expires: issued.expires },
    next: (state) => replaceOperator(state, name, (before) => [...before.tokens.filter(isKept), issued]),
  });
  return { token, expires: issued.expires };
}

/** Every access code of that operator is void from now on. */
export async function revokeTokens(as: StateChanges, actor: string, name: string): Promise<void> {
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
  if (found === undefined) throw new UserError(`There is no operator ${name}. "operator list" shows those there are.`);
  return found;
}

function replaceOperator(state: State, name: string, tokens: (before: OperatorState) => TokenState[]): State {
  const operators = state.operators.map((each) => (each.name === name ? { ...each, tokens: tokens(each) } : each));
  return { ...state, operators };
}
