# SPDX-License-Identifier: EUPL-1.2
# Debian's kernel package in the cache folder: downloaded, unpacked and indexed, never installed.
# Sourced by run. A folder counts as ready only when its file "complete" is there, which is written
# last, so an interrupted download is begun again and never booted.

# The package that the empty package linux-image-amd64 stands for, for example linux-image-6.1.0-56-amd64.
kernel_package() { # APT-OPTION...
    apt-cache "$@" depends --no-recommends linux-image-amd64 2>/dev/null |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }'
}

# Where the machine has no package lists, they are fetched into the folder and not into the system.
kernel_download() { # FOLDER
    local folder=$1 package
    local -a options=()
    # apt's own user cannot write here when root runs the tests, and root needs no second user for it.
    if ((EUID == 0)); then options=(-o APT::Sandbox::User=root); fi
    package=$(kernel_package "${options[@]}")
    if [[ -z $package ]]; then
        mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
        options+=(-o "Dir::State::Lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache")
        apt-get -q "${options[@]}" update
        package=$(kernel_package "${options[@]}")
    fi
    [[ -n $package ]] || { echo "apt knows no linux-image-amd64" && return 1; }
    cd "$folder" && apt-get -q "${options[@]}" download "$package"
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

# Each step says itself that it failed: set -e does not hold in a function whose result is asked for.
kernel_unpack() { # FOLDER
    local folder=$1 version
    kernel_extract "$folder"/*.deb "$folder/root" || return 1
    rm -rf "$folder"/*.deb "$folder/apt" "$folder/apt.log"
    # From Debian 13 on the modules are under usr/lib; modprobe -d and depmod -b look in lib.
    if [[ ! -e $folder/root/lib && -d $folder/root/usr/lib ]]; then ln -s usr/lib "$folder/root/lib"; fi
    version=$(ls "$folder/root/lib/modules") &&
        mv "$folder/root/boot/vmlinuz-$version" "$folder/vmlinuz" &&
        depmod -b "$folder/root" "$version" &&
        printf '%s\n' "$version" >"$folder/version"
}

# Prints the folder of a ready kernel: vmlinuz, version and root/lib/modules/VERSION.
kernel_ready() { # CACHE
    local cache=$1 folder
    for folder in "$cache"/kernel-*/; do
        if [[ -e ${folder}complete ]]; then
            printf '%s\n' "${folder%/}"
            return 0
        fi
    done
    folder=$cache/kernel-$(dpkg --print-architecture)
    rm -rf "$folder"
    mkdir -p "$folder"
    if ! (kernel_download "$folder") >"$folder/apt.log" 2>&1; then
        cat "$folder/apt.log" >&2
        return 1
    fi
    kernel_unpack "$folder" || return 1
    : >"$folder/complete"
    printf '%s\n' "$folder"
}
