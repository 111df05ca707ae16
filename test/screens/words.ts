// The names of the buttons that only their words tell apart. A change of words on the page needs
// one edit here.
export const WORDS = {
  closeOrder: 'Close order',
  keepReason: 'Save reason and close order',
  setAside: 'Set aside',
  saveReport: 'Save report as JSON',
  returnJournal: 'Return journal',
  enrolPasskey: 'Add passkey',
} as const;
