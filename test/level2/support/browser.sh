#!/bin/sh
# Starts the browser KEYFERRY_BROWSER in its own mount namespace. There, KEYFERRY_POLICY_FILE is the only
# managed policy in the folder KEYFERRY_POLICIES, and the parts of the testbed (the parent of UMOCKDEV_DIR)
# are mounted in UMOCKDEV_DIR.
set -eu
if [ "${KEYFERRY_INSIDE-}" = "" ]; then
  KEYFERRY_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi
mount -t tmpfs -o mode=755 tmpfs "$KEYFERRY_POLICIES"
mkdir -p "$KEYFERRY_POLICIES/policies/managed"
cp "$KEYFERRY_POLICY_FILE" "$KEYFERRY_POLICIES/policies/managed/keyferry.json"
for part in "$UMOCKDEV_DIR"/*/; do mount --bind "$UMOCKDEV_DIR/../$(basename "$part")" "$part"; done
LD_PRELOAD="$KEYFERRY_PRELOAD" exec "$KEYFERRY_BROWSER" "$@"
