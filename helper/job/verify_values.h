/* SPDX-License-Identifier: Apache-2.0 */
/* One form for values that compose's file and the engine's answer write differently. In the file
 * every $ is doubled. All pure; text is cut at size. */
#ifndef APHD_VERIFY_VALUES_H
#define APHD_VERIFY_VALUES_H

#include <stddef.h>
#include <jansson.h>

typedef void aphd_normal_t(const json_t *value, char *text, size_t size);

void aphd_normal_word(const json_t *value, char *text, size_t size);
void aphd_normal_capability(const json_t *value, char *text, size_t size); /* "NET_ADMIN" */
void aphd_normal_security(const json_t *value, char *text, size_t size);   /* "no-new-privileges" */
void aphd_normal_device(const json_t *value, char *text, size_t size);     /* path on the host */

/* "127.0.0.1:35007:80/tcp" of a published port in the file (short or long form), and of the
 * engine's {"HostIp","HostPort"} under "80/tcp". */
void aphd_normal_port(const json_t *value, char *text, size_t size);
void aphd_normal_binding(const char *target, const json_t *binding, char *text, size_t size);

typedef struct aphd_mount_t {
    char source[1024];
    char target[1024];
    int read_only;
    int private; /* said to be: mounts made later on either side are not seen on the other */
} aphd_mount_t;

/* A mount of the file, short or long form. Zero where it has no source or target. */
int aphd_mount_read(const json_t *value, aphd_mount_t *mount);

#endif
