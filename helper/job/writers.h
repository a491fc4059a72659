/* SPDX-License-Identifier: Apache-2.0 */
/* Who will write a data folder: the user a service runs as. Pure.
 *
 * In this order: PUID and PGID, which images of a common kind take as the numbers they shall become
 * after starting as root; "user:" of the compose file; the user the image names. A name means a number
 * only inside the image: it is told, and not guessed. */
#ifndef APHD_WRITERS_H
#define APHD_WRITERS_H

#include <jansson.h>
#include <sys/types.h>

/* The services that write path, of binds and compose as the policy wrote them, and of images
 * [{"service","user":S|null,"puid":S|null,"pgid":S|null}...]: new array of
 *   {"service":S, "user":S, "uid":N|null, "gid":N|null, "from":"puid"|"compose"|"image"|"unknown"}
 * user is as written, "" for an image that names none: root. */
json_t *aphd_writers_of(const char *path, const json_t *binds, const json_t *compose,
                        const json_t *images);

/* To whom a new folder is given: the one number other than root's that all its writers agree on.
 * *gid is -1 where it is not known. Zero: it stays root's. */
int aphd_writers_owner(const json_t *writers, uid_t *uid, gid_t *gid);

#endif
