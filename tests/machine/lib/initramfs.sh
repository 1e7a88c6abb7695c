# SPDX-License-Identifier: EUPL-1.2
# The first root of the guest: busybox, the modules that reach the host's root, and one script.
# Sourced by run. Built anew for each run (half a second), so that it never lags behind its sources.

# What init loads by itself; everything else is loaded in the guest by modprobe.
initramfs_modules=(virtio_pci 9pnet_virtio 9p overlay)

# Lays one module down as a plain .ko (Debian 13 compresses them and insmod of busybox cannot).
initramfs_add_module() { # ROOT FILE
    local name=${2##*/}
    case $name in
    *.ko) cp "$2" "$1/modules/$name" ;;
    *.ko.xz) xz -dc "$2" >"$1/modules/${name%.xz}" ;;
    *.ko.zst) zstd -dqc "$2" >"$1/modules/${name%.zst}" ;;
    *) echo "machine: module $2 has an unknown form" >&2; return 1 ;;
    esac
    # A line may come twice when two modules need a third: init loads a name once.
    name=${name%.xz}
    name=${name%.zst}
    grep -qxF "$name" "$1/modules/order" || printf '%s\n' "$name" >>"$1/modules/order"
}

initramfs_add_modules() { # ROOT KERNEL
    local root=$1 kernel=$2 module word file
    : >"$root/modules/order"
    for module in "${initramfs_modules[@]}"; do
        # Lines are "insmod FILE" in loading order, or "builtin NAME".
        while read -r word file; do
            if [[ $word == insmod ]]; then initramfs_add_module "$root" "${file%% *}"; fi
        done < <(modprobe -d "$kernel/root" -S "$(<"$kernel/version")" --show-depends "$module")
    done
}

initramfs_build() { # WORK KERNEL PARAMETERS -> WORK/initramfs.cpio
    local work=$1 kernel=$2 parameters=$3 root=$1/initramfs
    mkdir -p "$root"/{bin,dev,proc,sys,modules,host,up,new}
    cp "$(command -v busybox)" "$root/bin/busybox"
    install -m 755 "$machine_folder/lib/init" "$root/init"
    cp "$parameters" "$root/parameters"
    files_write "$root/files"
    initramfs_add_modules "$root" "$kernel"
    (cd "$root" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0) >"$work/initramfs.cpio"
}
