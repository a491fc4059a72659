/* SPDX-License-Identifier: Apache-2.0 */
/* httpd chooses by address first: the virtual hosts of ADDRESS:PORT, else those of *:PORT, else the
 * main server. Among them the first that has the name wins, and the very first where none has it.
 */
#include "helper/httpd/judge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>

/* A name every app could have as well, for the question which wildcards cover the names of apps. */
#define ANY_APP "apphost-probe"

static const aphd_httpd_name_t *name_at(const apr_array_header_t *names, int i)
{
    return &APR_ARRAY_IDX(names, i, aphd_httpd_name_t);
}

/* The port of ADDRESS:PORT; 0 for "*:*". */
static int port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    return colon != NULL ? atoi(colon + 1) : 0;
}

static int is_any(const char *address)
{
    return address[0] == '*' || strncasecmp(address, "_default_", 9) == 0 ||
           strncmp(address, "0.0.0.0:", 8) == 0;
}

/* Those of *:PORT that are not ours. */
static apr_array_header_t *rivals(const apr_array_header_t *names, int port, const char *ours,
                                  apr_pool_t *p)
{
    apr_array_header_t *found = apr_array_make(p, names->nelts + 1, sizeof(aphd_httpd_name_t));
    for (int i = 0; i < names->nelts; i++) {
        const aphd_httpd_name_t *name = name_at(names, i);
        if (is_any(name->address) && port_of(name->address) == port &&
            strcmp(name->file, ours) != 0)
            APR_ARRAY_PUSH(found, aphd_httpd_name_t) = *name;
    }
    return found;
}

static apr_status_t judge_wildcards(const apr_array_header_t *rivals,
                                    const aphd_settings_t *settings, apr_pool_t *p,
                                    aph_error_t *err)
{
    static const char *const none[] = {NULL};
    for (const char *const *domain = settings->domains; *domain != NULL; domain++) {
        const char *host = apr_pstrcat(p, ANY_APP ".", *domain, NULL);
        const aphd_httpd_name_t *name = aphd_httpd_names_match(rivals, host, none);
        if (name != NULL)
            return aph_error_set(err, APH_ETAKEN, 2175,
                                 "%s:%d answers for %s, and httpd asks it first, so no app of %s "
                                 "would ever be asked; take that name out of the virtual host, or "
                                 "choose another domain",
                                 name->file, name->line, name->name, *domain);
    }
    return APR_SUCCESS;
}

static int seen(const apr_array_header_t *bound, const char *address)
{
    for (int i = 0; i < bound->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(bound, i, const aphd_httpd_name_t *)->address, address) == 0)
            return 1;
    return 0;
}

static apr_status_t judge_bound(aphd_judgement_t *judgement, const aphd_httpd_name_t *name,
                                const aphd_settings_t *settings, apr_pool_t *p, aph_error_t *err)
{
    const char *asked = apr_psprintf(p, "%s:%d", settings->httpd_address, settings->public_port);
    if (strcmp(name->address, asked) == 0)
        return aph_error_set(err, APH_ECONFIG, 2176,
                             "%s:%d is a virtual host of %s alone, where this machine asks httpd; "
                             "apps, at *:%d, would never be reached there. Write *:%d in its "
                             "<VirtualHost>, or another Address in [httpd] of apphostd.conf",
                             name->file, name->line, name->address, settings->public_port,
                             settings->public_port);
    if (!seen(judgement->bound, name->address))
        APR_ARRAY_PUSH(judgement->bound, const aphd_httpd_name_t *) = name;
    return APR_SUCCESS;
}

apr_status_t aphd_judge(aphd_judgement_t *judgement, const apr_array_header_t *names,
                        const aphd_settings_t *settings, const char *ours, apr_pool_t *p,
                        aph_error_t *err)
{
    *judgement =
        (aphd_judgement_t){.bound = apr_array_make(p, 4, sizeof(const aphd_httpd_name_t *))};
    for (int i = 0; i < names->nelts; i++) {
        const aphd_httpd_name_t *name = name_at(names, i);
        apr_status_t status = APR_SUCCESS;
        if (is_any(name->address) && port_of(name->address) == 0)
            return aph_error_set(err, APH_ECONFIG, 2177,
                                 "%s:%d is a <VirtualHost %s> for every port; one for *:%d would "
                                 "take its requests there. Write *:%d in it",
                                 name->file, name->line, name->address, settings->public_port,
                                 settings->public_port);
        if (!is_any(name->address) && port_of(name->address) == settings->public_port)
            status = judge_bound(judgement, name, settings, p, err);
        if (status != APR_SUCCESS)
            return status;
    }
    const apr_array_header_t *others = rivals(names, settings->public_port, ours, p);
    judgement->stand_in = others->nelts == 0;
    return judge_wildcards(others, settings, p, err);
}

/* The first virtual host of address, or NULL. */
static const aphd_httpd_name_t *first_of(const apr_array_header_t *names, const char *address)
{
    for (int i = 0; i < names->nelts; i++)
        if (strcmp(name_at(names, i)->address, address) == 0)
            return name_at(names, i);
    return NULL;
}

apr_status_t aphd_judge_defaults(const apr_array_header_t *before, const apr_array_header_t *after,
                                 aph_error_t *err)
{
    for (int i = 0; i < before->nelts; i++) {
        const aphd_httpd_name_t *was = first_of(before, name_at(before, i)->address);
        const aphd_httpd_name_t *is = first_of(after, was->address);
        if (is == NULL || strcmp(is->file, was->file) != 0 || is->line != was->line)
            return aph_error_set(err, APH_ECONFIG, 2178,
                                 "with apphost, %s:%d would no longer be the first virtual host of "
                                 "%s, which answers whatever no other one does; it must be read "
                                 "before %s",
                                 was->file, was->line, was->address,
                                 is != NULL ? is->file : "all others");
    }
    return APR_SUCCESS;
}
