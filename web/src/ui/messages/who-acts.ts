// Says who acts on a failure or a finding.
import { t } from '../../text/t.ts';
import type { Helper } from './types.ts';

export function whoActs(helper: Helper | undefined): string {
  if (helper === undefined) return t`Who acts: you.`;
  return helper === 'custodian' ? t`Who acts: your custodian.` : t`Who acts: your administrator.`;
}

/** Says who acts on a lane of an order. The operator always acts there too. */
export function whoActsOnOrder(helper: Helper | undefined): string {
  if (helper === undefined) return t`Who acts: you.`;
  return helper === 'custodian' ? t`Who acts: you and your custodian.` : t`Who acts: you and your administrator.`;
}
