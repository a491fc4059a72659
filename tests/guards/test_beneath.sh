#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What lies in an app's data folder is never opened by its path: containers write there. Its path is
# handed to helper/job/folders.c and helper/base/purge.c, which go on from a descriptor.
# apphost-check only judges, and touches nothing.
. "$srcdir/tests/guards/tap.sh"
cd "$srcdir" || exit 1
need helper/job/folders.c helper/base/purge.c helper/base/beneath.c

by_path='(open|creat|mkdir|mkfifo|mknod|chmod|chown|lchown|rename|unlink|rmdir|stat|lstat|truncate|opendir|scandir|fopen|access|symlink|link|readlink|realpath|utimes|mount|nftw|glob|statx|apr_stat|apr_file_[a-z_]*|apr_dir_[a-z_]*|aph_file_[a-z_]*)'
# statements FILE...: each statement in one line, after the name of its file; comments are gone.
statements() {
    for file in "$@"; do
        sed 's|//.*||' "$file" | tr '\n' ' ' | sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' | tr ';{}' '\n\n\n' |
            sed "s|^[[:space:]]*|$file: |"
    done
}

files=$(sources c -- helper)
all=$(statements $files)
uses=$(printf '%s\n' "$all" | grep -E '\bdata_dir\b' | grep -v 'aphd_setup_note(')
test "$(printf '%s\n' "$uses" | wc -l)" -gt 15 || fatal "uses of data_dir are found"
# StateDir/data, which is root's: made, listed and looked at, never what is in it.
parents='^helper/(monitor/places|monitor/job_calls|doctor/check_files|job/install_prepare)\.c: .*settings->data_dir'
ok "no path of an app's data folder is given to the system" \
    "$(printf '%s\n' "$uses" | grep -E "\b$by_path[[:space:]]*\(" | grep -vE "$parents")"
ok "nobody but settings.c makes up the path of the data folders" \
    "$(grep -nE '"[^" ]*/data[/"]' $files | grep -vE '^helper/(base/settings|policy/check|policy/check_file)\.c:')"
# A descriptor, then one component: nothing else.
paths=$(statements helper/job/folders.c helper/base/purge.c | grep -oE "[^a-z_]$by_path[[:space:]]*\([^)]*\)" |
    grep -vE '^.(mkdir\(path, 0755\)|open\(path, O_RDONLY \| O_DIRECTORY \| O_NOFOLLOW \| O_CLOEXEC\)|open\(slash == path )')
ok "folders.c and purge.c know two paths: the app's folder, and the parent of what is deleted" "$paths"
ok "they open nothing but \".\" without openat2" \
    "$(grep -nE '\bopenat\(' helper/job/folders.c helper/base/purge.c | grep -v ', "\.", O_RDONLY')"
# One folder that is root's is given away, by its descriptor; what is below never is.
ok "nothing changes owners of what containers have" \
    "$(grep -nE '\b[lf]?chown(at)?\(|\bnftw\(|\bfts_open\(|AT_SYMLINK_FOLLOW' $(sources c -- helper/job helper/base) |
        grep -v '^helper/job/folders.c:[0-9]*:.*st.st_uid == geteuid() && fchown(folder, uid, gid)')"
done_testing
