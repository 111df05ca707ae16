// The sentence for each fault that a report can have (docs/protocol.md clause 9.1).
import type { ReportFaultCode } from '../../state/report/verification.svelte.ts';
import { t } from '../../text/t.ts';

export const REPORT_FAULTS: Readonly<Record<ReportFaultCode, string>> = {
  'not-a-report': t`This file is not a report of a work order, or it is damaged.`,
  'root-other': t`Another AS than the trusted one made this report. Nothing in it can be verified.`,
  'certificate-forged': t`The trusted AS did not sign a certificate in this file.`,
  'summary-forged': t`The AS did not sign this summary. The list of rows cannot be verified.`,
  'summary-late': t`The key that signed the summary was not certified at the time of signing.`,
  'order-forged': t`The AS did not sign this work order.`,
  'order-swapped': t`This is not the work order that the AS reported on.`,
  'row-dropped': t`The row of this unit was removed from the report.`,
  'row-added': t`The row of this unit was added to the report after the AS signed it. The work order does not list this unit.`,
  'row-repeated': t`This unit has two rows. One of them was added to the report.`,
  'row-changed': t`This row was changed after the AS signed the report.`,
  'rows-reordered': t`From this row on, the rows are not in the order that the AS signed.`,
  'verdict-missing': t`This unit is marked done, but a verdict on one of its keys is missing.`,
  'verdict-forged': t`The AS did not sign this verdict.`,
  'verdict-late': t`The key that signed this verdict was not certified at the time of signing.`,
  'verdict-of-another-unit': t`The receipt in this row is from another unit: receipts were swapped.`,
  'verdict-of-another-order': t`The verdict in this row is for another work order.`,
  'verdict-of-another-key': t`The receipt in this row is for the key or slot of another line.`,
  'verdict-repeated': t`The report contains the same verdict twice.`,
  'outcome-wrong': t`This unit is not marked done, but it has all its verdicts.`,
  'reason-missing': t`A reason is missing: for a unit that is not done, or for a repeated export.`,
  'head-cut': t`A signed audit log entry is missing from the report.`,
  'head-forged': t`The AS did not sign this audit log entry.`,
  'closing-unproven': t`The report does not prove that the audit log contains the closing of this order. Ask the AS for the report again.`,
  'log-behind': t`A station saw a newer audit log entry than the report contains: the log was rolled back.`,
  'totals-wrong': t`The totals do not match the rows.`,
};
