// The policies of Chromium browsers that give a page permission to use devices without a chooser.

/** Vendor id and product id of a USB device. */
export interface UsbIds {
  readonly vendorId: number;
  readonly productId: number;
}

interface DeviceRule {
  readonly devices: readonly { readonly vendor_id: number; readonly product_id: number }[];
  readonly urls: readonly string[];
}

/**
 * A policy is absent if it would list no device, because browsers reject a rule without devices.
 */
export interface DevicePolicies {
  readonly WebUsbAllowDevicesForUrls?: readonly DeviceRule[];
  readonly SerialAllowUsbDevicesForUrls?: readonly DeviceRule[];
}

/** Returns the policies that permit these devices to the page at `origin`, over USB and over serial. */
export function devicePolicies(usb: readonly UsbIds[], serial: readonly UsbIds[], origin: string): DevicePolicies {
  return {
    ...(usb.length === 0 ? {} : { WebUsbAllowDevicesForUrls: [ruleOf(usb, origin)] }),
    ...(serial.length === 0 ? {} : { SerialAllowUsbDevicesForUrls: [ruleOf(serial, origin)] }),
  };
}

function ruleOf(all: readonly UsbIds[], origin: string): DeviceRule {
  return {
    devices: all.map(({ vendorId, productId }) => ({ vendor_id: vendorId, product_id: productId })),
    urls: [origin],
  };
}
