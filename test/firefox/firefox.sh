#!/bin/sh
# Starts the Firefox KEYFERRY_BROWSER in its own mount namespace, with the parts of the testbed (the parent of
# UMOCKDEV_DIR) in UMOCKDEV_DIR. Firefox opens every entry of /dev that it can list, and umockdev ends a program
# that opens "/dev/.". So Firefox runs without the capability to list the folder.
set -eu
if [ "${KEYFERRY_INSIDE-}" = "" ]; then
  KEYFERRY_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi
for part in "$UMOCKDEV_DIR"/*/; do mount --bind "$UMOCKDEV_DIR/../$(basename "$part")" "$part"; done
chmod 0111 "$UMOCKDEV_DIR/dev"
exec setpriv --bounding-set=-dac_override,-dac_read_search env LD_PRELOAD="$KEYFERRY_PRELOAD" "$KEYFERRY_BROWSER" "$@"
