/* SPDX-License-Identifier: Apache-2.0 */
/* The texts setup writes, made from those that were shipped or are there. Pure; results live in
 * p. */
#ifndef APHD_SETUP_WORDS_H
#define APHD_SETUP_WORDS_H

#include <apr_pools.h>

#include "helper/base/settings.h"

/* A shipped file for httpd or logrotate, with its examples replaced: home.arpa by the domains (a
 * word with it is repeated for each of them, but after ServerName, which takes one),
 * /var/lib/apphost by StateDir, and the :80 of a virtual host by PublicPort. */
const char *aphd_words_fill(const char *shipped, const aphd_settings_t *settings, apr_pool_t *p);

/* text, an apphostd.conf, with key = value in section: in the line that sets it, else in the line
 * that shows it as a comment, else behind the head of its section, else in a new section at the
 * end. Nothing else changes; a value that goes on in further lines is replaced as a whole. */
const char *aphd_words_set(const char *text, const char *section, const char *key,
                           const char *value, apr_pool_t *p);

/* The kernel's lists of ports ("35001-35999,40000"). Joined: every port of both. Without: those of
 * list that are in taken and not in kept go. */
const char *aphd_words_ports_join(const char *list, const char *more, apr_pool_t *p);
const char *aphd_words_ports_without(const char *list, const char *taken, const char *kept,
                                     apr_pool_t *p);

/* The first of zzz-apphost.conf, zzzz-apphost.conf, ... that httpd reads after every one of names
 * (NULL-terminated): it sorts by octets. What is ours already does not count. */
const char *aphd_words_last_name(const char *const *names, apr_pool_t *p);

#endif
