# SPDX-License-Identifier: EUPL-1.2
# The guest's own system on top of the host's files: mounts, names, accounts, device manager.
# Accounts and PAM files are written new and not edited, so that nothing of the host's own set-up
# (its users, its PAM stacks, its sudo rules) takes part. Sourced by guest.sh.

# name:uid:home, all with the group of the same name and number.
guest_accounts=(
    latchkey:64101:/nonexistent
    latchkey-device:64102:/nonexistent
    latchkey-names:64103:/nonexistent
    alice:64111:/home/alice
    bob:64112:/home/bob
)
guest_operators=64120
agent_password=$LK_PASSWORD

# A fresh file system over FOLDER. The project may lie below it and must stay visible.
mount_fresh() { # FOLDER OPTIONS
    local path
    mkdir -p /latchkey-machine/kept "$1"
    mount --bind "$LK_PROJECT" /latchkey-machine/kept
    mount -t tmpfs -o "$2" fresh "$1"
    for path in "$LK_PROJECT" "$LK_BUILD"; do
        case $path/ in
        "$1"/*)
            mkdir -p "$path"
            case $path/ in
            "$LK_PROJECT"/*) mountpoint -q "$LK_PROJECT" || mount --bind /latchkey-machine/kept "$LK_PROJECT" ;;
            esac
            ;;
        esac
    done
    umount /latchkey-machine/kept
}

mount_all() {
    mkdir -p /dev/pts /dev/shm
    mount -t devpts -o mode=620,gid=5,ptmxmode=666 devpts /dev/pts
    mount -t tmpfs -o mode=1777 shm /dev/shm
    mount_fresh /run mode=755
    mount_fresh /tmp mode=1777
    mkdir -p /run/lock /run/sshd
    busybox ip link set lo up
}

write_names() {
    echo latchkey-guest >/proc/sys/kernel/hostname
    printf '127.0.0.1 localhost latchkey-guest\n' >/etc/hosts
    printf '%s\n' 'passwd: files' 'group: files' 'shadow: files' 'hosts: files' >/etc/nsswitch.conf
    rm -f /etc/resolv.conf /etc/environment /etc/default/locale /etc/nologin
}

write_accounts() {
    local row name uid home shell
    awk -F: '($3 < 1000 || $3 == 65534) && $1 !~ /^latchkey/' /etc/passwd >"$scratch/passwd"
    awk -F: '($3 < 1000 || $3 == 65534) && $1 !~ /^latchkey/' /etc/group >"$scratch/group"
    for row in "${guest_accounts[@]}"; do
        IFS=: read -r name uid home <<<"$row"
        shell=/usr/sbin/nologin
        if [[ $home == /home/* ]]; then shell=/bin/sh; fi
        printf '%s:x:%s:%s:%s:%s:%s\n' "$name" "$uid" "$uid" "$name" "$home" "$shell" >>"$scratch/passwd"
        printf '%s:x:%s:\n' "$name" "$uid" >>"$scratch/group"
        if [[ $home == /home/* ]]; then write_home "$name" "$home"; fi
    done
    printf 'latchkey-operators:x:%s:\n' "$guest_operators" >>"$scratch/group"
    awk -F: -v hash="$LK_PASSWORD_HASH" '{ print $1 ":" ($6 ~ "^/home/" && $3 > 64000 ? hash : "*") ":19000:0:99999:7:::" }' \
        "$scratch/passwd" >"$scratch/shadow"
    # A new file each, not a write into the host's: its contents need not be readable.
    rm -f /etc/{passwd,group,shadow,gshadow}{,-}
    install -m 644 "$scratch/passwd" "$scratch/group" /etc
    install -m 640 -g shadow "$scratch/shadow" /etc
}

# A login shell that says who it is and leaves: a driver has no prompt to wait for.
write_home() { # NAME HOME
    mkdir -p "$2"
    # shellcheck disable=SC2016 # expanded by the login shell
    printf '%s\n' 'echo "LK-IN $(id -un)"' 'exit 0' >"$2/.profile"
    touch "$2/.hushlogin"
    chown -R "$(awk -F: -v n="$1" '$1 == n { print $3 ":" $4 }' "$scratch/passwd")" "$2"
}

write_sudo_login_ssh() {
    rm -rf /etc/sudoers /etc/sudoers.d /etc/login.defs /etc/securetty /etc/ssh/sshd_config.d
    printf '%s\n' 'Defaults passwd_tries=1, !lecture, !fqdn, timestamp_timeout=0' \
        'root ALL=(ALL:ALL) ALL' 'alice ALL=(ALL:ALL) ALL' 'bob ALL=(ALL:ALL) ALL' >"$scratch/sudoers"
    install -m 440 "$scratch/sudoers" /etc/sudoers
    printf '%s\n' 'LOGIN_RETRIES 1' 'LOGIN_TIMEOUT 60' 'ENCRYPT_METHOD SHA512' \
        'UID_MIN 1000' 'UID_MAX 65000' >/etc/login.defs
    mkdir -p /etc/ssh
    rm -f /etc/ssh/ssh_host_* /etc/ssh/sshd_config
    ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    printf '%s\n' 'ListenAddress 127.0.0.1' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'UsePAM yes' \
        'UseDNS no' 'PubkeyAuthentication no' 'PasswordAuthentication no' \
        'KbdInteractiveAuthentication yes' 'PermitRootLogin no' 'LogLevel VERBOSE' >/etc/ssh/sshd_config
}

# PAM files of the four programs: the auth lines given, and nothing of the host's own. Any other
# service is refused.
write_pam_files() { # AUTH-LINES
    local service
    rm -rf /etc/pam.d /etc/pam.conf
    mkdir -p /etc/pam.d
    for service in login sudo su sshd; do
        {
            # What these programs ship as their first line; su by root must not ask.
            if [[ $service == su ]]; then printf 'auth sufficient pam_rootok.so\n'; fi
            printf '%s\n' "$1" 'account required pam_unix.so' 'session required pam_unix.so' \
                'password required pam_deny.so'
        } >"/etc/pam.d/$service"
    done
    printf '%s required pam_deny.so\n' auth account session password >/etc/pam.d/other
}

start_udev() {
    local udevd=/lib/systemd/systemd-udevd
    if [[ ! -x $udevd ]]; then udevd=/usr/lib/systemd/systemd-udevd; fi
    "$udevd" --daemon
    udevadm trigger --action=add
    udevadm settle --timeout=20
}

load_module() { # NAME
    modprobe -d "$LK_KERNEL/root" "$1"
}

start_sshd() {
    "$(command -v sshd)" -E "$scratch/sshd.log"
    local tries=0
    until (exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null; do
        ((++tries < 100)) || return 1
        sleep 0.1
    done
}
