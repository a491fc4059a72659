/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases and kinds. */
#include "helper/vhost/names.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "common/hostname.h"

/* Where the module answers apphostd's questions about httpd itself. */
#define PROBE_LABEL "apphost-probe"

/* The part of host before ".DOMAIN", its length in *length; 0 where host does not lie below domain.
 */
static int below(const char *host, const char *domain, size_t *length)
{
    size_t whole = strlen(host), tail = strlen(domain);
    if (whole < tail + 2 || host[whole - tail - 1] != '.' ||
        strcmp(host + whole - tail, domain) != 0)
        return 0;
    *length = whole - tail - 1;
    return 1;
}

int aphd_host_inside(const char *host, const char *const *domains)
{
    size_t length;
    for (; *domains != NULL; domains++)
        if (strcmp(host, *domains) == 0 || below(host, *domains, &length))
            return 1;
    return 0;
}

/* What a first label directly below a domain may not be. */
static apr_status_t judge_label(const char *host, size_t length, const aphd_naming_t *naming,
                                apr_pool_t *p, aph_error_t *err)
{
    aph_error_t why = APH_ERROR_INIT;
    const char *label = apr_pstrmemdup(p, host, length);
    if (strcmp(label, naming->name) == 0)
        return aph_error_set(err, APH_ETAKEN, 2020,
                             "the alias %s is the app's own name already: leave it out", host);
    if (strcmp(label, PROBE_LABEL) == 0)
        return aph_error_set(err, APH_ETAKEN, 2021,
                             "the alias %s is kept for the server itself: choose another", host);
    if (memchr(label, '.', length) != NULL ||
        aph_name_check(label, naming->machine, &why) == APR_SUCCESS)
        return APR_SUCCESS;
    return aph_error_set(err, why.status, 2022, "the alias %s cannot be had: %s", host,
                         why.message);
}

static apr_status_t judge_place(const char *host, const aphd_naming_t *naming, int *outside,
                                apr_pool_t *p, aph_error_t *err)
{
    size_t length;
    if (naming->machine != NULL && strcasecmp(host, naming->machine) == 0)
        return aph_error_set(err, APH_ETAKEN, 2023,
                             "the alias %s is the name of this machine: choose another", host);
    for (const char *const *domain = naming->domains; *domain != NULL; domain++) {
        if (strcmp(host, *domain) == 0)
            return aph_error_set(
                err, APH_ETAKEN, 2024,
                "the alias %s is the domain all apps live under: use a name below it", host);
        if (below(host, *domain, &length)) {
            apr_status_t rv = judge_label(host, length, naming, p, err);
            if (rv != APR_SUCCESS)
                return rv;
        }
    }
    if (!aphd_host_inside(host, naming->domains))
        *outside = 1;
    return APR_SUCCESS;
}

/* One alias as typed; *host receives its form in routes. */
static apr_status_t judge_alias(const char *typed, const aphd_naming_t *naming, const char **host,
                                int *outside, apr_pool_t *p, aph_error_t *err)
{
    char ascii[APH_HOST_MAX + 1];
    aph_error_t why = APH_ERROR_INIT;
    if (strchr(typed, '*') != NULL)
        return aph_error_set(err, APH_EUSAGE, 2025,
                             "the alias \"%.300s\" is a wildcard: name each host in full", typed);
    if (aph_host_to_ascii(typed, ascii, &why) != APR_SUCCESS)
        return aph_error_set(err, APH_EUSAGE, 2026, "this alias cannot be: %s", why.message);
    if (strchr(ascii, '.') == NULL)
        return aph_error_set(err, APH_EUSAGE, 2027,
                             "the alias \"%s\" has no dot: use a full host name, such as %s.%s",
                             ascii, ascii, naming->domains[0]);
    *host = apr_pstrdup(p, ascii);
    return judge_place(*host, naming, outside, p, err);
}

apr_status_t aphd_aliases_judge(const char *const *typed, int count, const aphd_naming_t *naming,
                                const char *const **aliases, int *outside, apr_pool_t *p,
                                aph_error_t *err)
{
    *outside = 0;
    if (count > APHD_ALIASES_MAX)
        return aph_error_set(err, APH_EUSAGE, 2028, "an app has at most %d aliases, these are %d",
                             APHD_ALIASES_MAX, count);
    const char **found = apr_pcalloc(p, ((size_t)count + 1) * sizeof *found);
    for (int i = 0; i < count; i++) {
        apr_status_t rv = judge_alias(typed[i], naming, &found[i], outside, p, err);
        if (rv != APR_SUCCESS)
            return rv;
        for (int j = 0; j < i; j++)
            if (strcmp(found[i], found[j]) == 0)
                return aph_error_set(err, APH_EUSAGE, 2029, "the alias %s is given twice",
                                     found[i]);
    }
    *aliases = found;
    return APR_SUCCESS;
}

aphd_kind_t aphd_kind_of(const char *kind)
{
    if (strnlen(kind, APHD_KIND_OCTETS_MAX + 1) > APHD_KIND_OCTETS_MAX || !aph_label_valid(kind))
        return APHD_KIND_UNKNOWN;
    if (strcmp(kind, "webapp") == 0)
        return APHD_KIND_WEBAPP;
    if (strcmp(kind, "headless") == 0)
        return APHD_KIND_HEADLESS;
    return strstr(kind, "container") != NULL ? APHD_KIND_CONTAINER : APHD_KIND_UNKNOWN;
}

apr_status_t aphd_kind_judge(const char *kind, aph_error_t *err)
{
    if (aphd_kind_of(kind) != APHD_KIND_UNKNOWN)
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_EUSAGE, 2030,
        "there is no kind \"%.40s\": use container, a name of your own that contains "
        "\"container\" (a-z, 0-9 and \"-\", at most %d), webapp or headless",
        kind, APHD_KIND_OCTETS_MAX);
}
