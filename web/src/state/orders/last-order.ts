/**
 * Name of the setting that holds the journal chain of the open order, so that a reload opens it.
 */
export const LAST_ORDER = 'keyferry.order';
