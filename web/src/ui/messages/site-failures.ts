// Messages for the error codes of a site file (failures.ts).
import { t } from '../../text/t.ts';

const helper = 'administrator' as const;

export const SITE = {
  'site-unreadable': {
    remedy: t`Ask your administrator to publish the site file again`,
    helper,
    title: t`The site file of this page is damaged, or it is not a site file.`,
    final: true,
  },
  'site-newer-format': {
    remedy: t`Close all tabs of this page and open it again, or tell your administrator`,
    helper,
    title: t`The site file needs a newer version of this page.`,
  },
  'site-unsigned': {
    remedy: t`Ask your administrator to sign the site file and publish it again`,
    helper,
    title: t`The site file of this page has no signature of your AS.`,
    final: true,
  },
  'site-untrusted': {
    remedy: t`Stop here and tell your administrator`,
    helper,
    title: t`The site file of this page was signed by an AS that this station does not trust.`,
    final: true,
  },
  'site-changed': {
    remedy: t`Stop here and tell your administrator`,
    helper,
    title: t`The site file of this page was changed after your AS signed it.`,
    final: true,
  },
  'site-key-refused': {
    remedy: t`Ask your administrator to sign the site file and publish it again`,
    helper,
    title: t`The key that signed the site file was not valid for site files.`,
    final: true,
  },
  'site-older': {
    remedy: t`Ask your administrator to publish the newest site file`,
    helper,
    title: t`The site file of this page is older than the one that this station used last.`,
    final: true,
  },
} as const;
