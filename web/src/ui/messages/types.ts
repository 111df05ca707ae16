// The message that the operator reads for a failure, and the circumstances that it depends on.
import type { Platform } from '../../transport/platform.ts';

export type { Platform } from '../../transport/platform.ts';

/** Circumstances that change the advice. */
export interface MessageContext {
  readonly platform: Platform;
  readonly kind?: 'usb' | 'serial';
  /** The page was loaded without HTTPS. */
  readonly insecure?: boolean;
  /**
   * Name of a device without a device profile. Undefined once the device has answered as a unit.
   */
  readonly foreign?: string;
  readonly usb?: { readonly vendorId: number; readonly productId: number };
  /** The previous attempt on this unit ended with the same failure. */
  readonly repeated?: true;
  /**
   * Name of the button that retries. Undefined if the operator retries without a button.
   */
  readonly button?: string | undefined;
  /** The unit is unplugged, so no button can retry. */
  readonly isUnplugged?: boolean;
}

/** The person who acts when the operator cannot carry out the remedy alone. */
export type Helper = 'administrator' | 'custodian';

export interface Message {
  /** What to do: an imperative without a full stop. */
  readonly remedy: string;
  /** What happened, in whole sentences. */
  readonly title: string;
  /** Possible causes, the most likely first. */
  readonly causes?: readonly string[];
  /** Absent when the operator carries out the remedy alone. */
  readonly helper?: Helper;
  /** Replaces the message when the same failure occurs twice in a row. */
  readonly twice?: Message;
  /** A retry cannot help. */
  readonly final?: true;
  /** The remedy is to retry, or ends with a retry. */
  readonly again?: true;
  /** The remedy is to set the unit aside. */
  readonly aside?: true;
  /** The remedy is to choose another key or slot. A work order does not permit that. */
  readonly choose?: true;
  /** Lines to copy, and the file or terminal that they belong in. */
  readonly lines?: { readonly where: string; readonly text: string };
}

/**
 * A message in the catalog. A message with `again` does not name the button to press, because the
 * button depends on where the message is shown. If such a message has no `remedy`, the operator
 * only has to press the button.
 */
export type StoredMessage =
  | (Message & { readonly again?: never })
  | (Omit<Message, 'remedy'> & {
      readonly remedy?: string;
      readonly again: true;
      /** The remedy already says to plug the unit in again. */
      readonly replug?: true;
    });
