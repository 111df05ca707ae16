/**
 * Name of the setting with the number of the open order's hash chain in the journal. After a
 * reload, the page opens that order again.
 */
export const LAST_ORDER = 'keyferry.order';
