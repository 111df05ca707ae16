/** Query string of the page after the operator has chosen to continue without a refused file. */
export const WITHOUT_SITE_FILE = '?without-site-file';
