# SPDX-License-Identifier: EUPL-1.2
# The control: the same machine, drivers and key with Debian's pam_unix and pam_u2f. It shows that
# the drivers tell an accepted login from a refused one before the project's module depends on them.
# Sourced by guest.sh.

control_password() {
    local way
    write_pam_files 'auth required pam_unix.so nodelay'
    for way in "${login_ways[@]}"; do
        expect_login accepted "unix-$way" "$way, right password" "$way" alice "$LK_PASSWORD" ''
        expect_login refused "unix-$way-wrong" "$way, wrong password" "$way" alice 'wrong horse' ''
    done
}

run_stack() {
    start_sshd
    control_password
}
