# SPDX-License-Identifier: EUPL-1.2
# Debian's kernel package in the cache folder: downloaded, unpacked and indexed, never installed.
# Sourced by run. A folder counts as ready only when its file "complete" is there, which is written
# last, so an interrupted download is begun again and never booted.

# The package that the empty package linux-image-amd64 stands for, for example linux-image-6.1.0-56-amd64.
kernel_package() {
    apt-cache depends --no-recommends linux-image-amd64 |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }'
}

kernel_download() { # FOLDER PACKAGE
    local -a options=()
    # apt's own user cannot write here when root runs the tests, and root needs no second user for it.
    if ((EUID == 0)); then options=(-o APT::Sandbox::User=root); fi
    (cd "$1" && apt-get -q "${options[@]}" download "$2" >apt.log 2>&1) ||
        { cat "$1/apt.log" >&2; return 1; }
}

# Left out: drivers of hardware that QEMU is not asked to show, nine tenths of the package.
kernel_extract() { # DEB ROOT
    local -a left_out=()
    local part
    for part in sound drivers/gpu drivers/media drivers/net drivers/infiniband drivers/scsi drivers/iio; do
        left_out+=(--exclude="*/kernel/$part")
    done
    mkdir -p "$2"
    dpkg-deb --fsys-tarfile "$1" |
        tar -x -C "$2" --no-same-owner "${left_out[@]}" --exclude='./usr/share' --exclude='*/System.map-*'
}

kernel_unpack() { # FOLDER
    local folder=$1 version
    kernel_extract "$folder"/*.deb "$folder/root"
    rm -f "$folder"/*.deb "$folder/apt.log"
    # From Debian 13 on the modules are under usr/lib; modprobe -d and depmod -b look in lib.
    if [[ ! -e $folder/root/lib && -d $folder/root/usr/lib ]]; then ln -s usr/lib "$folder/root/lib"; fi
    version=$(ls "$folder/root/lib/modules")
    mv "$folder/root/boot/vmlinuz-$version" "$folder/vmlinuz"
    depmod -b "$folder/root" "$version"
    printf '%s\n' "$version" >"$folder/version"
}

# Prints the folder of a ready kernel: vmlinuz, version and root/lib/modules/VERSION.
kernel_ready() { # CACHE
    local cache=$1 package folder
    for folder in "$cache"/kernel-*/; do
        if [[ -e ${folder}complete ]]; then
            printf '%s\n' "${folder%/}"
            return 0
        fi
    done
    package=$(kernel_package)
    [[ -n $package ]] || { echo "machine: apt knows no linux-image-amd64 (apt-get update?)" >&2; return 1; }
    folder=$cache/kernel-$package
    rm -rf "$folder"
    mkdir -p "$folder"
    kernel_download "$folder" "$package" && kernel_unpack "$folder" || return 1
    : >"$folder/complete"
    printf '%s\n' "$folder"
}
