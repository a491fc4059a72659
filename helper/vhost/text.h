/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in httpd's configuration: the grammars of the values, and of every line that we
 * write ourselves. httpd expands ${NAME} and %{...}, reads quotes and backslashes, and joins lines
 * that end in a backslash: none of these octets is in the grammar of any value. Pure. */
#ifndef APHD_TEXT_H
#define APHD_TEXT_H

#include <stddef.h>

#define APHD_PATH_OCTETS_MAX  1024
#define APHD_REALM_OCTETS_MAX 64
#define APHD_LINE_OCTETS_MAX  16384 /* 32 aliases of 253 octets, and as many domains */

/* Nonzero when grammar, a POSIX extended expression, matches the whole of text. */
int aphd_vhost_matches(const char *text, const char *grammar);

/* Nonzero when path is absolute, of components of [A-Za-z0-9._@+,=-] joined by single slashes, none
 * of them "." or "..", without a slash at the end ("/" itself is none). */
int aphd_vhost_path_valid(const char *path);

/* Nonzero when realm is 1 to 64 printable ASCII characters, none of " \ % $ < > `. */
int aphd_vhost_realm_valid(const char *realm);

/* Nonzero when line (length octets, no newline) is empty, a comment, or one of the directives we
 * write with arguments in their exact grammar. */
int aphd_vhost_line_valid(const char *line, size_t length);

#endif
