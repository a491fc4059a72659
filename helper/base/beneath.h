/* SPDX-License-Identifier: Apache-2.0 */
/* Opening names inside folders a container can write to: one component at a time, relative to a
 * descriptor, without following any link and without leaving the file system. */
#ifndef APHD_BENEATH_H
#define APHD_BENEATH_H

#include <sys/types.h>

/* Opens name (one component) in directory. flags as for open; O_NOFOLLOW, O_CLOEXEC and O_NONBLOCK
 * are added (a FIFO cannot hang us). mode counts with O_CREAT. -1 with errno: ELOOP for a link,
 * EXDEV for another file system. */
int aphd_beneath_open(int directory, const char *name, int flags, mode_t mode);

/* The same for kernels without openat2, and for its test. */
int aphd_beneath_open_by_hand(int directory, const char *name, int flags, mode_t mode);

/* Nonzero where path is relative, at most 1000 octets, and has no empty, "." or ".." component ("."
 * as a whole is refused, too). */
int aphd_beneath_valid(const char *path);

#endif
