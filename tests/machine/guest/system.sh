# SPDX-License-Identifier: EUPL-1.2
# The guest's own system on top of the host's files (lib/files.sh made them): PAM stacks, device
# manager, sshd. Sourced by guest.sh.

# The host's own set-up goes first; only then come the guest's files.
install_files() {
    rm -rf /etc/{passwd,group,shadow,gshadow,subuid,subgid}{,-} /etc/sudoers /etc/sudoers.d /etc/login.defs \
        /etc/securetty /etc/nologin /etc/resolv.conf /etc/environment /etc/default/locale /etc/ssh \
        /etc/pam.d /etc/pam.conf /etc/latchkey /var/lib/latchkey
    cp -a /latchkey-machine/files/. /
    chgrp shadow /etc/shadow
    chown -R alice:alice /home/alice
    chown -R bob:bob /home/bob
    mkdir -p /run/lock /run/sshd /etc/pam.d
    echo latchkey-guest >/proc/sys/kernel/hostname
}

# PAM files of the four programs: the auth lines given, and nothing of the host's own. Any other
# service is refused.
write_pam_files() { # AUTH-LINES
    local service first
    for service in login sudo su sshd; do
        first=()
        # What su ships as its first line: root must not be asked.
        if [[ $service == su ]]; then first=('auth sufficient pam_rootok.so'); fi
        printf '%s\n' "${first[@]}" "$1" 'account required pam_unix.so' 'session required pam_unix.so' \
            'password required pam_deny.so' >"/etc/pam.d/$service"
    done
    printf '%s required pam_deny.so\n' auth account session password >/etc/pam.d/other
}

# Of the devices that are there already only /dev/uhid matters; all of them would take three seconds.
start_udev() {
    local udevd=/lib/systemd/systemd-udevd
    if [[ ! -x $udevd ]]; then udevd=/usr/lib/systemd/systemd-udevd; fi
    "$udevd" --daemon
    udevadm trigger --action=add --subsystem-match=misc
    udevadm settle --timeout=20
}

# By hand: modules are in the cache, where udev does not look for them.
load_modules() { # NAME...
    modprobe -a -d "$LK_KERNEL/root" "$@"
}

start_sshd() {
    "$(command -v sshd)" -E "$scratch/sshd.log"
    local tries=0
    until (exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null; do
        ((++tries < 100)) || return 1
        sleep 0.1
    done
}
