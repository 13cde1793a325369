#!/bin/sh
# What a host runs first, inside namespaces of its own: builds its root from the layers, enters it and becomes systemd.
# Every mount is made here, so that all of them end with the host's processes.
#   init.sh HOST_DIR LOWER_DIRS DATA_VOLUME_SIZE DROPPED_CAPABILITIES
set -eu
dir=$1 lower=$2 size=$3 dropped=$4
root=$dir/root

mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work" "$root"
cd "$root"

mount -t proc proc proc
for path in proc/sys proc/sysrq-trigger proc/irq proc/bus; do
  [ -e "$path" ] || continue
  mount --bind "$path" "$path"
  mount -o remount,ro,bind "$path"
done
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero random urandom full tty; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# The data volume is a small file system of its own: it can be full without the rest of the host being so.
mount -t tmpfs -o "mode=755,size=$size" data mnt
cp -a srv/hopsworks-data/. mnt/
mount --move mnt srv/hopsworks-data

pivot_root . .
umount -l .
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set "$dropped" --inh-caps "$dropped" /lib/systemd/systemd
