# SPDX-License-Identifier: EUPL-1.2
# Files of the guest's own, laid over the host's: names, accounts, sudo, login, sshd. Sourced by run.
# They are written new and not edited, so that nothing of the host's own set-up (its users, its sudo
# rules, its sshd) takes part. Made here and not in the guest, where each command costs a tenth of a second.

# name:uid:home, each with a group of the same name and number.
guest_accounts=(
    alice:64111:/home/alice
    bob:64112:/home/bob
)
guest_password='correct horse'

# System accounts of the host stay: its programs and its udev rules name them. The project's own users are not made here but
# by its install, in the guest.
files_accounts() { # ETC
    local row name uid home hash
    # Few rounds: the guest's processor is slow and the password is no secret.
    hash=$(perl -e 'print crypt($ARGV[0], "\$5\$rounds=1000\$latchkeyguest\$")' "$guest_password")
    awk -F: '($3 < 1000 || $3 == 65534) && $1 !~ /^latchkey/' /etc/passwd >"$1/passwd"
    awk -F: '($3 < 1000 || $3 == 65534) && $1 !~ /^latchkey/' /etc/group >"$1/group"
    awk -F: '{ print $1 ":*:19000:0:99999:7:::" }' "$1/passwd" >"$1/shadow"
    for row in "${guest_accounts[@]}"; do
        IFS=: read -r name uid home <<<"$row"
        printf '%s:x:%s:%s:%s:%s:/bin/sh\n' "$name" "$uid" "$uid" "$name" "$home" >>"$1/passwd"
        printf '%s:x:%s:\n' "$name" "$uid" >>"$1/group"
        printf '%s:%s:19000:0:99999:7:::\n' "$name" "$hash" >>"$1/shadow"
    done
    chmod 640 "$1/shadow"
}

# A login shell that says who it is and leaves: a driver has no prompt to wait for.
files_homes() { # ROOT
    local home
    for home in alice bob; do
        mkdir -p "$1/home/$home"
        # shellcheck disable=SC2016 # expanded by the login shell
        printf '%s\n' 'echo "LK-IN $(id -un)"' 'exit 0' >"$1/home/$home/.profile"
        : >"$1/home/$home/.hushlogin"
    done
}

files_names() { # ETC
    printf '127.0.0.1 localhost latchkey-guest\n' >"$1/hosts"
    printf '%s\n' 'passwd: files' 'group: files' 'shadow: files' 'hosts: files' >"$1/nsswitch.conf"
    printf 'latchkey-guest\n' >"$1/hostname"
}

files_programs() { # ETC
    printf '%s\n' 'Defaults passwd_tries=1, !lecture, !fqdn, timestamp_timeout=0' \
        'root ALL=(ALL:ALL) ALL' 'alice ALL=(ALL:ALL) ALL' 'bob ALL=(ALL:ALL) ALL' >"$1/sudoers"
    chmod 440 "$1/sudoers"
    printf '%s\n' 'LOGIN_RETRIES 1' 'LOGIN_TIMEOUT 60' 'ENCRYPT_METHOD SHA512' 'UID_MIN 1000' \
        'UID_MAX 65000' >"$1/login.defs"
    mkdir -p "$1/ssh"
    ssh-keygen -q -t ed25519 -N '' -C guest -f "$1/ssh/ssh_host_ed25519_key"
    printf '%s\n' 'ListenAddress 127.0.0.1' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'UsePAM yes' \
        'UseDNS no' 'PubkeyAuthentication no' 'PasswordAuthentication no' \
        'KbdInteractiveAuthentication yes' 'PermitRootLogin no' 'LogLevel VERBOSE' >"$1/ssh/sshd_config"
}

files_write() { # ROOT
    mkdir -p "$1/etc"
    files_accounts "$1/etc"
    files_homes "$1"
    files_names "$1/etc"
    files_programs "$1/etc"
}
