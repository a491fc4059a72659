/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in httpd's configuration: the grammars of the values, and of every line that we write
 * ourselves. httpd expands ${NAME} and %{...}, reads quotes and backslashes, and joins lines that end in
 * a backslash: none of these octets is in any grammar. Pure. */
#ifndef APHD_TEXT_H
#define APHD_TEXT_H

#include <stddef.h>

#define APHD_PATH_OCTETS_MAX 1024

/* Nonzero when grammar, a POSIX extended expression, matches the whole of text. */
int aphd_vhost_matches(const char *text, const char *grammar);

/* Nonzero when path is absolute, of components of [A-Za-z0-9._@+,=-] joined by single slashes, none of
 * them "." or "..", without a slash at the end ("/" itself is none). */
int aphd_vhost_path_valid(const char *path);

/* Nonzero when line (length octets, no newline) is empty, a comment, or one of the directives we write
 * with arguments in their exact grammar. */
int aphd_vhost_line_valid(const char *line, size_t length);

#endif
