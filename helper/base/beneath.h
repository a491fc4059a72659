/* SPDX-License-Identifier: Apache-2.0 */
/* Opening names inside folders a container can write to: one component at a time, relative to a
 * descriptor, without following any link and without leaving the file system. */
#ifndef APHD_BENEATH_H
#define APHD_BENEATH_H

#include <sys/stat.h>
#include <sys/types.h>

/* Opens name (one component) in directory. flags as for open; O_NOFOLLOW, O_CLOEXEC and O_NONBLOCK
 * are added (a FIFO cannot hang us). mode counts with O_CREAT. -1 with errno: ELOOP for a link,
 * EXDEV for another file system. */
int aphd_beneath_open(int directory, const char *name, int flags, mode_t mode);

/* The same for kernels without openat2, and for its test. */
int aphd_beneath_open_by_hand(int directory, const char *name, int flags, mode_t mode);

/* Opens name for looking (O_PATH), which does nothing to a device and waits for no FIFO, and fills
 * st with what was opened. A link is refused with ELOOP. What may be changed is then changed
 * through this descriptor and not by name: somebody may put something else in its place at any
 * moment. */
int aphd_beneath_look(int directory, const char *name, struct stat *st);

/* Nonzero where nobody else knows it: a folder, or a regular file with one name. */
int aphd_beneath_is_own(const struct stat *st);

/* The mode of what aphd_beneath_look opened, and the same opened for reading: flags as for open.
 * Ask
 * aphd_beneath_is_own first. */
int aphd_beneath_chmod(int fd, mode_t mode);
int aphd_beneath_reopen(int fd, int flags);

/* Nonzero where path is relative, at most 1000 octets, and has no empty, "." or ".." component ("."
 * as a whole is refused, too). */
int aphd_beneath_valid(const char *path);

#endif
