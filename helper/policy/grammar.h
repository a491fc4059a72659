/* SPDX-License-Identifier: Apache-2.0 */
/* What single values must look like. Pure; no value passes the policy without one of these, or as
 * text that compose hands to the container as it is. */
#ifndef APHD_GRAMMAR_H
#define APHD_GRAMMAR_H

#include <stddef.h>

/* Nonzero when text is 1..most characters, all of them from set (an ASCII list). */
int aphd_made_of(const char *text, const char *set, size_t most);

/* A decimal number from least to most and nothing else. Zero when it is not. */
int aphd_number(const char *text, long long least, long long most, long long *value);

/* Sizes as engines read them: 64m, 1.5g, 512MiB, 1048576. Octets in *octets. */
int aphd_size(const char *text, long long *octets);

/* Durations: 30s, 1m30s, 500ms. Milliseconds in *ms. */
int aphd_duration(const char *text, long long *ms);

int aphd_decimal(const char *text, double *value); /* 0.5, 2 */
int aphd_name(const char *text);                   /* [A-Za-z0-9][A-Za-z0-9._-]* */
int aphd_host(const char *text);                   /* letters, digits, . _ - */
int aphd_address(const char *text);                /* IPv4 or IPv6 */
int aphd_image(const char *text);                  /* [REGISTRY/]PATH[:TAG][@sha256:HEX] */
int aphd_variable(const char *text);               /* name of an environment variable */

/* An absolute path without empty, "." or ".." parts, blanks at its ends, colons or controls. */
int aphd_absolute(const char *path);

/* Nonzero when path is below (or is) folder. */
int aphd_below(const char *path, const char *folder);

/* Where a container may have something mounted: absolute, not / and not in /proc, /sys, /dev. */
int aphd_target(const char *path);

/* Brings a relative path into its clean form ("./a//b/" -> "a/b") in out (size octets). Zero for
 * "..", for the folder itself, and for what does not fit. */
int aphd_relative(const char *path, char *out, size_t size);

#endif
