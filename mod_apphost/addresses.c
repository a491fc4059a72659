/* SPDX-License-Identifier: Apache-2.0 */
/* What an app says about itself in the head of its answer. */
#include "mod_apphost/addresses.h"

#include <string.h>
#include <apr_cstr.h>
#include <apr_strings.h>

static int is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && apr_cstr_casecmpn(text, word, length) == 0;
}

/* NAME.DOMAIN, for one of the domains. */
static int is_full_name(const aphm_addresses_t *addresses, const char *host, size_t length)
{
    size_t label = strlen(addresses->name);
    if (length <= label + 1 || host[label] != '.' || !is_word(host, label, addresses->name))
        return 0;
    for (int i = 0; i < addresses->domains->nelts; i++)
        if (is_word(host + label + 1, length - label - 1,
                    APR_ARRAY_IDX(addresses->domains, i, const char *)))
            return 1;
    return 0;
}

static int is_host_of_app(const aphm_addresses_t *addresses, const char *host, size_t length)
{
    static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++)
        if (is_word(host, length, loopback[i]))
            return 1;
    /* An app that keeps the host it was asked for may still add its own port to it. */
    return is_word(host, length, addresses->host) || is_full_name(addresses, host, length);
}

/* Where the authority of url starts; NULL when it has none, or one of another scheme. */
static const char *find_authority(const char *url)
{
    if (apr_cstr_casecmpn(url, "http://", 7) == 0)
        return url + 7;
    if (apr_cstr_casecmpn(url, "https://", 8) == 0)
        return url + 8;
    return strncmp(url, "//", 2) == 0 ? url + 2 : NULL;
}

/* Nonzero when the octets are one of the app's hosts and its private port, and nothing else: with
 * userinfo, a '\' or a leading zero they are another address, at least to some clients. */
static int is_private(const aphm_addresses_t *addresses, const char *authority, size_t length)
{
    char port[16];
    size_t tail = (size_t)apr_snprintf(port, sizeof port, ":%u", addresses->port);
    return length > tail && memcmp(authority + length - tail, port, tail) == 0 &&
           is_host_of_app(addresses, authority, length - tail);
}

const char *aphm_address_public(const aphm_addresses_t *addresses, const char *url, apr_pool_t *p)
{
    const char *authority = find_authority(url);
    if (authority == NULL)
        return NULL;
    size_t length = strcspn(authority, "/?#");
    if (!is_private(addresses, authority, length))
        return NULL;
    return apr_pstrcat(p, addresses->scheme, "://", addresses->authority, authority + length, NULL);
}

/* As browsers read it: a time, ';' or ',' or a blank, then "url" and '=' in any case and with any
 * blanks, or the URL at once. Returns where the URL (or the quote before it) starts. */
static const char *find_refresh_url(const char *value)
{
    static const char blanks[] = " \t";
    const char *at = value + strspn(value, blanks);
    at += strspn(at, "0123456789.");
    at += strspn(at, blanks);
    if (*at == ';' || *at == ',')
        at++;
    at += strspn(at, blanks);
    if (apr_cstr_casecmpn(at, "url", 3) != 0)
        return at;
    const char *equals = at + 3 + strspn(at + 3, blanks);
    return *equals == '=' ? equals + 1 + strspn(equals + 1, blanks) : at;
}

const char *aphm_address_refresh(const aphm_addresses_t *addresses, const char *value,
                                 apr_pool_t *p)
{
    const char *url = find_refresh_url(value);
    const char *rest = "";
    if (*url == '"' || *url == '\'') {
        const char *end = strchr(url + 1, *url);
        url++;
        rest = end != NULL ? end : "";
    }
    size_t before = (size_t)(url - value);
    const char *fixed =
        aphm_address_public(addresses, apr_pstrmemdup(p, url, strlen(url) - strlen(rest)), p);
    if (fixed == NULL)
        return NULL;
    return apr_pstrcat(p, apr_pstrmemdup(p, value, before), fixed, rest, NULL);
}

/* Nonzero when a cookie for domain reaches no further than this app. */
static int domain_is_own(const aphm_addresses_t *addresses, const char *domain, size_t length)
{
    if (length > 0 && *domain == '.') {
        domain++;
        length--;
    }
    return is_word(domain, length, addresses->host);
}

/* Nonzero when attribute (length octets after a ';') would send the cookie to more than this app.
 * Without a value it counts too: some clients take it for the whole domain. */
static int is_foreign_domain(const aphm_addresses_t *addresses, const char *attribute,
                             size_t length)
{
    const char *end = attribute + length;
    const char *word = attribute + strspn(attribute, " \t");
    if (end - word < 6 || apr_cstr_casecmpn(word, "domain", 6) != 0)
        return 0;
    const char *equals = word + 6 + strspn(word + 6, " \t");
    if (equals == end)
        return 1;
    return *equals == '=' && !domain_is_own(addresses, equals + 1, (size_t)(end - equals - 1));
}

/* Without the attribute a cookie belongs to exactly the host that set it, which is what a cookie
 * for 127.0.0.1:PORT means here, and all that one for a whole domain may have: the apps beside are
 * strangers. Every attribute is looked at, for of several a browser takes the last. */
const char *aphm_address_cookie(const aphm_addresses_t *addresses, const char *cookie,
                                apr_pool_t *p)
{
    char *kept = apr_palloc(p, strlen(cookie) + 1);
    char *at = kept;
    for (const char *part = cookie; *part != '\0';) {
        size_t length = 1 + strcspn(part + 1, ";"); /* with the ';' it starts with */
        if (part == cookie || !is_foreign_domain(addresses, part + 1, length - 1)) {
            memcpy(at, part, length);
            at += length;
        }
        part += length;
    }
    *at = '\0';
    return kept;
}
