#!/bin/busybox sh
# First process of the guest. Mounts the machine's / read-only below an overlay in memory, so that
# the guest has all files of the machine and changes none.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
while read -r module; do insmod "/modules/$module" || echo "no $module"; done </modules/order
ip link set lo up
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host || poweroff -f
mount -t tmpfs -o size=1500m tmpfs /layer
mkdir -p /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /new || poweroff -f
for place in proc sys dev; do mount --move /$place /new/$place; done
mount -t devpts devpts /new/dev/pts
for place in dev/shm run; do mount -t tmpfs tmpfs "/new/$place"; done
mkdir -p /new/run/udev
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
chroot /new /bin/sh -c '
  stty -F /dev/ttyS1 raw -echo
  for udevd in /lib/systemd/systemd-udevd /usr/lib/systemd/systemd-udevd; do [ -x $udevd ] && exec $udevd --daemon; done'
chroot /new /bin/sh -c 'cd "$KF_FOLDER" && exec "$KF_NODE" "$KF_MAIN"'
sync
sleep 1
poweroff -f
