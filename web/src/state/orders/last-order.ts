/**
 * Name of the setting that identifies the open order by the number of its hash chain in the
 * journal. After a reload, the page opens this order again.
 */
export const LAST_ORDER = 'keyferry.order';
