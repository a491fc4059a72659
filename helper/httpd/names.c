/* SPDX-License-Identifier: Apache-2.0 */
/* Which names are taken. httpd looks through the virtual hosts of an address in the order of its
 * configuration, and the first with a matching name or wildcard has the request. Ours stand last,
 * so whatever stands there already would win. */
#include "helper/httpd/httpd.h"

#include <string.h>

/* httpd's wildcards: * is any text, ? one character. Iterative, so that no pattern costs much. */
static int wildcard_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resume;
        } else
            return 0;
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static int is_the_door(const char *pattern, const char *const *domains)
{
    if (strncmp(pattern, "*.", 2) != 0)
        return 0;
    for (; *domains != NULL; domains++)
        if (strcmp(pattern + 2, *domains) == 0)
            return 1;
    return 0;
}

const aphd_httpd_name_t *aphd_httpd_names_match(const apr_array_header_t *names, const char *host,
                                                const char *const *domains)
{
    const aphd_httpd_name_t *by_wildcard = NULL;
    for (int i = 0; i < names->nelts; i++) {
        const aphd_httpd_name_t *name = &APR_ARRAY_IDX(names, i, aphd_httpd_name_t);
        if (!name->wildcard && strcmp(name->name, host) == 0)
            return name;
        if (by_wildcard == NULL && name->wildcard && !is_the_door(name->name, domains) &&
            wildcard_matches(name->name, host))
            by_wildcard = name;
    }
    return by_wildcard;
}

apr_status_t aphd_httpd_names_free(const apr_array_header_t *names, const char *const *hosts,
                                   const char *const *domains, aph_error_t *err)
{
    for (; *hosts != NULL; hosts++) {
        const aphd_httpd_name_t *name = aphd_httpd_names_match(names, *hosts, domains);
        if (name == NULL)
            continue;
        if (name->wildcard)
            return aph_error_set(err, APH_ETAKEN, 2067,
                                 "%s is served by %s:%d already (as %s): choose another name, or "
                                 "take the wildcard out of that virtual host",
                                 *hosts, name->file, name->line, name->name);
        return aph_error_set(
            err, APH_ETAKEN, 2068,
            "%s is served by %s:%d already: choose another name, or take it out of "
            "that virtual host",
            *hosts, name->file, name->line);
    }
    return APR_SUCCESS;
}

apr_status_t aphd_httpd_names(const apr_array_header_t **names, aphd_httpd_t *httpd,
                              aph_error_t *err)
{
    aphd_httpd_facts_t *facts;
    apr_status_t rv = aphd_httpd_ask(&facts, httpd, err);
    *names = rv == APR_SUCCESS ? facts->names : NULL;
    return rv;
}
