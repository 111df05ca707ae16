// Messages that depend on the link and the operating system: other programs that use a unit,
// missing drivers and permissions.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { t } from '../../text/t.ts';
import { UDEV_FILE, udevRule } from './station-setup.ts';
import type { MessageContext, StoredMessage } from './types.ts';

const hex4 = (id: number): string => hexNumber(id, 4).toLowerCase();

/** "4549:0001"; undefined for a serial port. */
function idsOf({ usb }: MessageContext): string | undefined {
  return usb && `${hex4(usb.vendorId)}:${hex4(usb.productId)}`;
}

export function browserUnsupported({ platform, kind, insecure }: MessageContext): StoredMessage {
  if (insecure) {
    return {
      remedy: t`Open this page with https:// in its address`,
      title: t`This page was loaded without HTTPS. Browsers then deny the page access to units and cryptography.`,
      causes: [t`Ask the administrator of the AS for the address with https://`],
    };
  }
  const isAndroid = platform === 'android';
  if (kind === 'usb') {
    return {
      remedy: t`Attach the unit by its serial port, or use Chrome or Edge`,
      title: t`This browser does not let this page use USB devices.`,
      causes: [
        t`Firefox and Safari have no WebUSB`,
        t`A policy of your company may forbid USB. Ask your administrator`,
      ],
    };
  }
  if (kind === 'serial') {
    return {
      remedy: isAndroid
        ? t`Attach the unit by USB, or update Chrome to version 148`
        : t`Use Chrome or Edge, or attach the unit by USB`,
      title: t`This browser does not let this page use serial ports.`,
      causes: [
        t`Firefox must be version 151 or newer, and the address must have https:// and a host name`,
        t`A policy of your company may forbid serial ports. Ask your administrator`,
      ],
    };
  }
  return {
    remedy: isAndroid ? t`Open this page in Chrome` : t`Open this page in Chrome or Edge on a computer`,
    title: t`This browser has neither WebUSB nor Web Serial, or a policy of your company forbids both.`,
    causes: [
      t`Firefox on a computer has Web Serial since version 151`,
      t`Safari and all browsers on iPhone and iPad have neither WebUSB nor Web Serial`,
    ],
  };
}

export function deviceBusy({ kind, platform }: MessageContext): StoredMessage {
  const programs = [t`Another browser, or another profile of this browser`];
  if (kind === 'serial') programs.push(t`A terminal program, a flashing tool or a slicer`);
  else programs.push(t`A vendor tool, adb or a virtual machine`);
  if (platform === 'linux' && kind === 'serial')
    programs.push(t`ModemManager, which releases the port after 30 seconds`);
  return {
    remedy: t`Close the other program that uses the unit`,
    again: true,
    title: t`Another program uses the unit.`,
    causes: programs,
  };
}

export function driverMissing(seen: MessageContext): StoredMessage {
  const ids = idsOf(seen);
  if (seen.platform !== 'windows') {
    return {
      remedy: t`Attach the unit by its serial port`,
      title:
        ids === undefined
          ? t`A driver of the operating system uses this unit.`
          : t`A driver of the operating system uses this unit (USB ${ids}).`,
    };
  }
  return {
    remedy: t`Attach the unit by its serial port, or tell your administrator`,
    helper: 'administrator',
    title:
      ids === undefined
        ? t`Windows has no WinUSB driver for this unit.`
        : t`Windows has no WinUSB driver for this unit (USB ${ids}).`,
    causes: [
      t`The unit has older firmware, which does not request WinUSB from Windows`,
      t`An administrator can use Zadig to install WinUSB for this device`,
    ],
  };
}

export function accessDenied(seen: MessageContext): StoredMessage {
  const { platform, kind, usb } = seen;
  const ids = idsOf(seen);
  if (platform !== 'linux') {
    return {
      remedy: t`Plug the unit in again and choose it, or tell your administrator`,
      helper: 'administrator',
      title:
        ids === undefined
          ? t`The operating system or a company policy denies access to this unit.`
          : t`The operating system or a company policy denies access to this unit (USB ${ids}).`,
    };
  }
  const title =
    ids === undefined
      ? t`Linux denies your account access to this unit.`
      : t`Linux denies your account access to this unit (USB ${ids}).`;
  const causes = [
    t`Chromium from a snap package requires: snap connect chromium:raw-usb`,
    t`A Flatpak browser has no access to devices`,
  ];
  if (!usb) {
    return {
      remedy: t`Have your administrator run the line below, then log in to this computer again`,
      helper: 'administrator',
      title,
      causes,
      lines: { where: t`In a terminal`, text: 'sudo usermod -aG dialout $USER' },
    };
  }
  return {
    remedy: t`Have your administrator add the rule below, then plug the unit in again`,
    helper: 'administrator',
    title,
    causes,
    lines: {
      where: t`In ${UDEV_FILE}`,
      text: udevRule(kind ?? 'usb', usb),
    },
  };
}
