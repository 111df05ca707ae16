// The texts of the buttons that can be found only by their text. Change an entry together with the
// text on the page.
export const WORDS = {
  closeOrder: 'Close order',
  setAside: 'Set aside',
  saveReport: 'Save report as JSON',
  returnJournal: 'Return journal',
  enrolPasskey: 'Add passkey',
  runSelfTest: 'Run self-test',
  showSupportFile: 'Show support file',
} as const;
