#!/bin/sh
# Starts the browser KEYFERRY_BROWSER in a mount namespace of its own, where the folder KEYFERRY_POLICIES holds the managed policies
# KEYFERRY_POLICY_FILE and nothing else, and the devices of the testbed that UMOCKDEV_DIR lies in stand in the place of the machine's own.
set -eu
if [ "${KEYFERRY_INSIDE-}" = "" ]; then
  KEYFERRY_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi
mount -t tmpfs -o mode=755 tmpfs "$KEYFERRY_POLICIES"
mkdir -p "$KEYFERRY_POLICIES/policies/managed"
cp "$KEYFERRY_POLICY_FILE" "$KEYFERRY_POLICIES/policies/managed/keyferry.json"
for part in "$UMOCKDEV_DIR"/*/; do mount --bind "$UMOCKDEV_DIR/../$(basename "$part")" "$part"; done
LD_PRELOAD="$KEYFERRY_PRELOAD" exec "$KEYFERRY_BROWSER" "$@"
