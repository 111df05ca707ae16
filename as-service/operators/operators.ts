// Adds operators, and issues and revokes their access codes, on behalf of an administrator.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Role } from '#protocol/service/messages.ts';
import { isSameText } from '#protocol/text/permitted-text.ts';
import { readLabel, requireNumber } from '../common/checks.ts';
import { UserError } from '../common/user-error.ts';
import type { StateChanges } from '../sets/state-changes.ts';
import type { AccessCodeState, OperatorState, State } from '../storage/state.ts';
import { accessCodeState, createAccessCode, isFromFuture, MAX_LIFETIME_MS, redate } from './access-codes.ts';

const ROLES: readonly Role[] = ['operator', 'custodian', 'auditor', 'administrator'];

/**
 * Actors of the audit log that are not operators: the command line, vaults and the start of the
 * service.
 */
const RESERVED = /^(cli |vault |first start$|start$)/i;

export type NewOperator = Omit<OperatorState, 'tokens' | 'disabled'>;
export type OperatorLimits = Pick<OperatorState, 'role' | 'sets' | 'quota' | 'ordersOnly'>;

export async function addOperator(as: StateChanges, actor: string, input: NewOperator): Promise<void> {
  const name = readLabel('name', input.name);
  if (!/^[\p{L}\p{N}]/u.test(name)) throw new UserError('A name begins with a letter or a digit. Type it again.');
  if (RESERVED.test(name)) throw new UserError(`The audit log uses the name "${name}" itself. Choose another one.`);
  requireLimits(input);
  if (as.state.operators.some((each) => each.name === name)) {
    throw new UserError(`There is already an operator ${name}.`);
  }
  await as.change({
    event: 'operator-added',
    actor,
    details: { name, ...describeLimits(input) },
    next: (state) => ({ ...state, operators: [...state.operators, { ...input, name, tokens: [] }] }),
  });
}

/**
 * Changes the limits that `change` names. Access codes stay valid and have the new limits at once.
 */
export async function limitOperator(
  as: StateChanges,
  actor: string,
  typed: string,
  change: Partial<OperatorLimits>,
): Promise<void> {
  const found = requireOperator(as.state, typed);
  const { name } = found;
  const limits = { ...found, ...change };
  requireLimits(limits);
  await as.change({
    event: 'operator-limited',
    actor,
    details: { name, ...describeLimits(limits) },
    next: (state) => replaceOperator(state, name, (before) => ({ ...before, ...change })),
  });
}

/** Revokes every access code of the operator, and permits no new one. */
export async function disableOperator(as: StateChanges, actor: string, typed: string): Promise<void> {
  const { name, tokens, disabled } = requireOperator(as.state, typed);
  if (disabled === true) throw new UserError(`${name} is already disabled. Nothing was changed.`);
  await as.change({
    event: 'operator-disabled',
    actor,
    details: { name, tokens: tokens.length },
    next: (state) => replaceOperator(state, name, (before) => ({ ...before, tokens: [], disabled: true })),
  });
}

export async function enableOperator(as: StateChanges, actor: string, typed: string): Promise<void> {
  const { name, disabled } = requireOperator(as.state, typed);
  if (disabled !== true) throw new UserError(`${name} is not disabled. Nothing was changed.`);
  await as.change({
    event: 'operator-enabled',
    actor,
    details: { name },
    next: (state) => replaceOperator(state, name, ({ disabled: _, ...before }) => before),
  });
}

export function hasSameLimits(one: OperatorLimits, other: OperatorLimits): boolean {
  return JSON.stringify(describeLimits(one)) === JSON.stringify(describeLimits(other));
}

/** @throws UserError when a limit is not permitted */
function requireLimits({ role, quota }: OperatorLimits): void {
  if (!ROLES.includes(role)) throw new UserError(`The role must be one of ${ROLES.join(', ')}.`);
  if (quota !== null) requireNumber('quota', quota, 1, 0xffffffff);
}

function describeLimits({ role, sets, quota, ordersOnly = false }: OperatorLimits) {
  return { role, sets: sets?.map((set) => hexNumber(set, 8)).join(' ') ?? 'all', quota, ordersOnly };
}

/** Issues an access code, which the caller shows once. Removes expired codes of the operator. */
export async function issueAccessCode(
  as: StateChanges,
  actor: string,
  typed: string,
  { hours, replace }: { readonly hours: number; readonly replace: boolean },
): Promise<{ readonly code: string; readonly expires: string }> {
  const { name, disabled } = requireOperator(as.state, typed);
  if (disabled === true) {
    throw new UserError(`${name} is disabled. Enable the operator first, with "operator enable".`);
  }
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
    next: (state) =>
      replaceOperator(state, name, (before) => ({ ...before, tokens: [...before.tokens.filter(isValid), issued] })),
  });
  return { code, expires: issued.expires };
}

/** Revokes every access code of the operator. */
export async function revokeAccessCodes(as: StateChanges, actor: string, typed: string): Promise<void> {
  const { name, tokens } = requireOperator(as.state, typed);
  await as.change({
    event: 'tokens-revoked',
    actor,
    details: { name, tokens: tokens.length },
    next: (state) => replaceOperator(state, name, (before) => ({ ...before, tokens: [] })),
  });
}

/**
 * Corrects access codes that were issued while the clock was ahead. Each code then has its original
 * lifetime, counted from now.
 */
export async function redateAccessCodes(as: StateChanges): Promise<void> {
  const now = as.now();
  const corrected = (code: AccessCodeState) => (isFromFuture(code, now) ? redate(code, now) : code);
  await as.change({
    event: 'tokens-redated',
    actor: null,
    details: { tokens: codesFromFuture(as.state, now) },
    next: (state) => ({
      ...state,
      operators: state.operators.map((each) => ({ ...each, tokens: each.tokens.map(corrected) })),
    }),
  });
}

/** Counts the access codes that were issued while the clock was ahead of `now`. */
export function codesFromFuture({ operators }: State, now: Date): number {
  return operators.reduce((sum, { tokens }) => sum + tokens.filter((code) => isFromFuture(code, now)).length, 0);
}

function requireOperator({ operators }: State, typed: string): OperatorState {
  const found = operators.find((each) => each.name === typed) ?? operators.find(({ name }) => isSameText(name, typed));
  if (found === undefined) throw new UserError(`There is no operator ${typed}. "operator list" shows all operators.`);
  return found;
}

function replaceOperator(state: State, name: string, next: (before: OperatorState) => OperatorState): State {
  return { ...state, operators: state.operators.map((each) => (each.name === name ? next(each) : each)) };
}
