// Messages that depend on the link and the operating system: other programs that use a unit,
// missing drivers and permissions.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { UDEV_FILE, udevRule } from './station-setup.ts';
import type { MessageContext, StoredMessage } from './types.ts';

const hex4 = (id: number): string => hexNumber(id, 4).toLowerCase();

function idOf({ usb }: MessageContext): string {
  return usb ? ` (USB ${hex4(usb.vendorId)}:${hex4(usb.productId)})` : '';
}

export function browserUnsupported({ platform, kind, insecure }: MessageContext): StoredMessage {
  if (insecure) {
    return {
      remedy: 'Open this page with https:// in its address',
      title: 'This page was loaded without HTTPS. Browsers then deny it access to units and cryptography.',
      causes: ['Ask the administrator of the AS for the address with https://'],
    };
  }
  const isAndroid = platform === 'android';
  if (kind === 'usb') {
    return {
      remedy: 'Attach the unit by its serial port, or use Chrome or Edge',
      title: 'This browser does not let this page use USB devices.',
      causes: ['Firefox and Safari have no WebUSB', 'A policy of your company may forbid USB. Ask your administrator'],
    };
  }
  if (kind === 'serial') {
    return {
      remedy: isAndroid
        ? 'Attach the unit by USB, or update Chrome to version 148'
        : 'Use Chrome or Edge, or attach the unit by USB',
      title: 'This browser does not let this page use serial ports.',
      causes: [
        'Firefox must be version 151 or newer, and the address must have https:// and a host name',
        'A policy of your company may forbid serial ports. Ask your administrator',
      ],
    };
  }
  return {
    remedy: isAndroid ? 'Open this page in Chrome' : 'Open this page in Chrome or Edge on a computer',
    title: 'This browser has neither WebUSB nor Web Serial, or a policy of your company forbids both.',
    causes: [
      'Firefox on a computer has Web Serial since version 151',
      'Safari and all browsers on iPhone and iPad have neither',
    ],
  };
}

export function deviceBusy({ kind, platform }: MessageContext): StoredMessage {
  const programs = ['Another browser, or another profile of this browser'];
  if (kind === 'serial') programs.push('A terminal program, a flashing tool or a slicer');
  else programs.push('A vendor tool, adb or a virtual machine');
  if (platform === 'linux' && kind === 'serial')
    programs.push('ModemManager, which releases the port after 30 seconds');
  return {
    remedy: 'Close the other program that uses the unit',
    again: true,
    title: 'Another program uses the unit.',
    causes: programs,
  };
}

export function driverMissing(seen: MessageContext): StoredMessage {
  if (seen.platform !== 'windows') {
    return {
      remedy: 'Attach the unit by its serial port',
      title: `A driver of the operating system uses this unit${idOf(seen)}.`,
    };
  }
  return {
    remedy: 'Attach the unit by its serial port, or tell your administrator',
    helper: 'administrator',
    title: `Windows has no WinUSB driver for this unit${idOf(seen)}.`,
    causes: [
      'The unit has older firmware, which does not request WinUSB from Windows',
      'An administrator can use Zadig to install WinUSB for this device',
    ],
  };
}

export function accessDenied(seen: MessageContext): StoredMessage {
  const { platform, kind, usb } = seen;
  if (platform !== 'linux') {
    return {
      remedy: 'Plug the unit in again and choose it, or tell your administrator',
      helper: 'administrator',
      title: `The operating system or a company policy denies access to this unit${idOf(seen)}.`,
    };
  }
  const title = `Linux denies your account access to this unit${idOf(seen)}.`;
  const causes = [
    'Chromium from a snap package requires: snap connect chromium:raw-usb',
    'A Flatpak browser has no access to devices',
  ];
  if (!usb) {
    return {
      remedy: 'Have your administrator run the line below, then log in to this computer again',
      helper: 'administrator',
      title,
      causes,
      lines: { where: 'In a terminal', text: 'sudo usermod -aG dialout $USER' },
    };
  }
  return {
    remedy: 'Have your administrator add the rule below, then plug the unit in again',
    helper: 'administrator',
    title,
    causes,
    lines: {
      where: `In ${UDEV_FILE}`,
      text: udevRule(kind ?? 'usb', usb),
    },
  };
}
