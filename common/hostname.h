/* SPDX-License-Identifier: Apache-2.0 */
/* Names: app labels, domains and the Host header. Pure functions, no allocation, no locale. */
#ifndef APH_HOSTNAME_H
#define APH_HOSTNAME_H

#include <stddef.h>

#include "common/error.h"

/* Nonzero when text is one host label: [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?. */
int aph_label_valid(const char *text);

/* Nonzero when text is labels joined by single dots, at most APH_HOST_MAX octets, lower case. */
int aph_domain_valid(const char *text);

/* Whether an app may carry this name: its grammar (APH_EUSAGE) and the names kept back
 * (APH_ETAKEN): apps, www, localhost, apphost-probe, and this machine's own short and full name.
 * machine may be NULL. */
apr_status_t aph_name_check(const char *name, const char *machine, aph_error_t *err);

/* Brings a Host header or authority into the one form routes are stored in: port removed, lower
 * case, one trailing dot removed. out holds APH_HOST_MAX + 1 octets; *length receives strlen(out).
 * APR_EINVAL for an address literal, an empty label, a bad port, a character no host name has, or
 * too long a name: such a request is not for an app. */
apr_status_t aph_host_normalise(const char *host, char *out, size_t *length);

/* A name as a person types it (may be non-ASCII) to its ASCII form by IDNA 2008 non-transitional;
 * out as above. APH_EUSAGE with the reason. The only function here that allocates (libidn2). */
apr_status_t aph_host_to_ascii(const char *typed, char *out, aph_error_t *err);

#endif
