// The policies of Chrome, Edge and Chromium for the stations of a site: they permit exactly the
// devices in the site file to exactly the origin of the page (docs/stations.md).
import { devicePolicies, type UsbIds } from '#protocol/site/device-policies.ts';
import type { Site, SiteProfile } from '#protocol/site/site.ts';

/** A policy of the browser: a number, a switch, a list of texts, or a list of rules. */
export type PolicyValue = number | boolean | readonly string[] | readonly object[];
export type Policies = Readonly<Record<string, PolicyValue>>;

/** The browser blocks every access that no other policy permits. */
const BLOCK = 2;
/** The browser opens the addresses in RestoreOnStartupURLs. */
const OPEN_ADDRESSES = 4;

export interface PolicyOptions {
  /** Address of the page. */
  readonly page: string;
  /** Whether the browser opens the page at its start, and no other page. */
  readonly isKiosk: boolean;
}

export function stationPolicies({ as, profiles }: Site, { page, isKiosk }: PolicyOptions): Policies {
  const { origin } = new URL(page);
  const kiosk: Policies = {
    RestoreOnStartup: OPEN_ADDRESSES,
    RestoreOnStartupURLs: [page],
    URLBlocklist: ['*'],
    URLAllowlist: [origin],
    PasswordManagerEnabled: false,
    TranslateEnabled: false,
  };
  return {
    ...devicePolicies(idsOf(profiles, 'usb'), idsOf(profiles, 'serial'), origin),
    DefaultWebUsbGuardSetting: BLOCK,
    WebUsbAskForUrls: [origin],
    DefaultSerialGuardSetting: BLOCK,
    SerialAskForUrls: [origin],
    // Browsers compare the origin only. The headers of the pages permit the camera to label.html alone.
    VideoCaptureAllowedUrls: [origin],
    ...(as.some((url) => isLocal(url, origin)) ? { LocalNetworkAccessAllowedForUrls: [origin] } : {}),
    ...(isKiosk ? kiosk : {}),
  };
}

function idsOf(profiles: readonly SiteProfile[], kind: 'usb' | 'serial'): readonly UsbIds[] {
  return profiles
    .filter((profile) => profile[kind] !== undefined)
    .flatMap(({ ids }) => {
      if (ids === undefined) return [];
      const [vendorId = 0, productId = 0] = ids.split(':').map((hex) => Number.parseInt(hex, 16));
      return [{ vendorId, productId }];
    });
}

/** Addresses of RFC 1918, of this computer, and names that only a local network knows. */
const LOCAL_HOST = /^(localhost|127\..*|10\..*|192\.168\..*|172\.(1[6-9]|2\d|3[01])\..*|[^.]+|.*\.(local|internal))$/;

/** Whether the browser asks before a page at `origin` connects to this AS in the local network. */
function isLocal(url: string, origin: string): boolean {
  const { hostname, origin: asOrigin } = new URL(url);
  return asOrigin !== origin && LOCAL_HOST.test(hostname);
}
