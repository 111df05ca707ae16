/** Query of the page's address after the operator has chosen to continue without a refused file. */
export const WITHOUT_SITE_FILE = '?without-site-file';
