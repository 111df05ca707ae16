/**
 * Name of the setting with the journal chain of the open order. After a reload, the page opens that
 * order again.
 */
export const LAST_ORDER = 'keyferry.order';
