// The faults that a report can have, each with a sentence for the reader. Used by the verification
// and by the screens that show its result (docs/protocol.md clause 9.1).

export const REPORT_FAULTS = {
  'not-a-report': 'This file is not a report of a work order, or it is damaged.',
  'root-other': 'Another AS than the trusted one made this report. Nothing in it can be verified.',
  'certificate-forged': 'The trusted AS did not sign a certificate in this file.',
  'summary-forged': 'The AS did not sign this summary. The list of rows cannot be verified.',
  'summary-late': 'The key that signed the summary was not certified at that time.',
  'order-forged': 'The AS did not sign this work order.',
  'order-swapped': 'This is not the work order that the AS reported on.',
  'row-dropped': 'The row of this unit was removed from the report.',
  'row-added': 'This unit is not on the work order: its row was added.',
  'row-repeated': 'This unit has a second row: one of them was added.',
  'row-changed': 'This row was changed after the AS signed the report.',
  'rows-reordered': 'From this row on, the rows are not in the order that the AS signed.',
  'verdict-missing': 'This unit is marked done, but a verdict on one of its keys is missing.',
  'verdict-forged': 'The AS did not sign this verdict.',
  'verdict-late': 'The key that signed this verdict was not certified at that time.',
  'verdict-of-another-unit': 'The receipt in this row is from another unit: receipts were swapped.',
  'verdict-of-another-order': 'The verdict in this row is for another work order.',
  'verdict-of-another-key': 'The receipt in this row is for a key or slot that is not on this line.',
  'verdict-repeated': 'The report contains the same verdict twice.',
  'outcome-wrong': 'This unit is not marked done, but it has all its verdicts.',
  'reason-missing': 'A reason is missing: for a unit that is not done, or for a repeated export.',
  'head-cut': 'A signed audit log entry is missing from the report.',
  'head-forged': 'The AS did not sign this audit log entry.',
  'log-behind': 'A station saw a newer audit log entry than the report contains: the log was rolled back.',
  'totals-wrong': 'The totals do not match the rows.',
} as const;

export type ReportFaultCode = keyof typeof REPORT_FAULTS;
