// The faults of a report, each with the sentence that the reader of the report sees.

export const REPORT_FAULTS = {
  'not-a-report': 'This file is no report of a work order, or it was cut or damaged on its way.',
  'root-other': 'Another AS than the one that is trusted here made this report. Nothing in it can be checked.',
  'certificate-forged': 'A certificate in this file is not the word of the AS that is trusted here.',
  'summary-forged': 'The AS did not sign this summary. Which rows belong to the report cannot be told.',
  'summary-late': 'The key that signed the summary was not certified at that time.',
  'order-forged': 'The AS did not sign this work order.',
  'order-swapped': 'This is another work order than the one that the AS reported on.',
  'row-dropped': 'The row of this unit was taken out of the report.',
  'row-added': 'This unit is not on the work order: its row was added.',
  'row-repeated': 'This unit has a second row: one of them was added.',
  'row-changed': 'This row was changed after the AS signed the report.',
  'rows-reordered': 'The rows are in another order than the AS signed them in, from this one on.',
  'verdict-missing': 'This unit is called done, and the verdict of the AS on a key of it is not there.',
  'verdict-forged': 'The AS did not sign this verdict.',
  'verdict-late': 'The key that signed this verdict was not certified at that time.',
  'verdict-of-another-unit': 'The receipt in this row is that of another unit: receipts were swapped.',
  'verdict-of-another-order': 'The verdict in this row was given for another work order.',
  'verdict-of-another-key': 'The receipt in this row is for another key or slot than the work order asks for.',
  'verdict-repeated': 'The same verdict stands in the report twice.',
  'outcome-wrong': 'This unit is not called done, and all its verdicts are there.',
  'reason-missing': 'A reason is missing: why the unit is not done, or why a key was exported for it again.',
  'head-cut': 'A head of the audit log is missing: the report was cut off from the log that it is taken from.',
  'head-forged': 'A head of the audit log is not the one that the AS signed.',
  'log-behind': 'A station saw a newer head of the audit log than the report ends with: the log was set back.',
  'totals-wrong': 'The totals do not agree with the rows.',
} as const;

export type ReportFaultCode = keyof typeof REPORT_FAULTS;
