/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/registry_name.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/job/engine_images.h"

static int made_of(const char *text, const char *extra, size_t most)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *at = text;
    while (*at != '\0' && (strchr(letters, *at) != NULL || strchr(extra, *at) != NULL))
        at++;
    return *at == '\0' && at != text && (size_t)(at - text) <= most;
}

int aphd_registry_is_digest(const char *text)
{
    return text != NULL && strncmp(text, "sha256:", 7) == 0 && strlen(text) == 7 + 64
        && strspn(text + 7, "0123456789abcdef") == 64;
}

/* The part before the first slash where it is a host: only that may have a dot or a colon. */
static const char *domain_of(const char *name, apr_pool_t *p)
{
    const char *slash = strchr(name, '/');
    if (slash == NULL)
        return NULL;
    const char *first = apr_pstrmemdup(p, name, (size_t)(slash - name));
    int host = strpbrk(first, ".:") != NULL || strcmp(first, "localhost") == 0;
    return host ? first : NULL;
}

static const json_t *declared(const aphd_registry_site_t *site, const char *domain)
{
    const json_t *all = json_object_get(json_object_get(site->info, "RegistryConfig"),
                                        "IndexConfigs");
    return json_object_get(all, domain);
}

static const char *without_port(const char *domain, apr_pool_t *p)
{
    if (domain[0] == '[')
        return apr_pstrmemdup(p, domain, strcspn(domain, "]") + (strchr(domain, ']') != NULL));
    return apr_pstrmemdup(p, domain, strcspn(domain, ":"));
}

static int is_number_address(const char *host)
{
    return host[0] == '[' || strspn(host, "0123456789.") == strlen(host);
}

static int is_loopback(const char *host)
{
    return strcmp(host, "[::1]") == 0
        || (strncmp(host, "127.", 4) == 0 && is_number_address(host));
}

int aphd_registry_on_loopback(const char *base)
{
    char host[64];
    const char *at = strstr(base, "://");
    size_t length = at != NULL ? strcspn(at + 3, at[3] == '[' ? "]" : ":/") + (at[3] == '[') : 0;
    if (length == 0 || length >= sizeof host)
        return 0;
    memcpy(host, at + 3, length);
    host[length] = '\0';
    return is_loopback(host);
}

static void add_base(aphd_registry_name_t *name, const char *base)
{
    size_t count = 0;
    while (count < APHD_REGISTRY_BASES_MAX - 1 && name->bases[count] != NULL)
        count++;
    if (count < APHD_REGISTRY_BASES_MAX - 1)
        name->bases[count] = base;
}

/* "https://HOST/v1/" without its path. NULL for what is no such address. */
static const char *base_of(const char *url, apr_pool_t *p)
{
    int secure = strncmp(url, "https://", 8) == 0;
    if (!secure && strncmp(url, "http://", 7) != 0)
        return NULL;
    const char *host = url + (secure ? 8 : 7);
    size_t length = strcspn(host, "/");
    host = apr_pstrmemdup(p, host, length);
    if (!made_of(host, ".:-[]", 255))
        return NULL;
    return apr_pstrcat(p, secure ? "https://" : "http://", host, NULL);
}

/* The registry of short names: its mirrors, which the admin chose, come first. */
static apr_status_t official(const char *ref, const char *path, const json_t *entry,
                             const aphd_registry_site_t *site, aphd_registry_name_t *name,
                             apr_pool_t *p, aph_error_t *err)
{
    const char *index = json_string_value(json_object_get(site->info, "IndexServerAddress"));
    const json_t *mirrors = json_object_get(entry, "Mirrors");
    size_t i;
    json_t *mirror;
    json_array_foreach(mirrors, i, mirror)
        if (json_is_string(mirror) && i < 2)
            add_base(name, base_of(json_string_value(mirror), p));
    if (index != NULL && index[0] != '\0')
        add_base(name, base_of(index, p));
    name->path = strchr(path, '/') != NULL ? path : apr_pstrcat(p, "library/", path, NULL);
    if (name->bases[0] != NULL) {
        name->domain = strstr(name->bases[0], "://") + 3;
        return APR_SUCCESS;
    }
    return aph_error_set(err, APH_EIMAGE, 2255, "the engine does not say which registry it asks "
                         "for %s; write the image's name with its registry", ref);
}

static const json_t *official_entry(const aphd_registry_site_t *site)
{
    const json_t *all = json_object_get(json_object_get(site->info, "RegistryConfig"),
                                        "IndexConfigs");
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)all, key, entry)
        if (json_is_true(json_object_get(entry, "Official")))
            return entry;
    return NULL;
}

/* A registry's short name need not be the host that serves it: by an old agreement that one may be
 * called index.NAME, and is asked where NAME itself turns out to be none. */
static void named(const char *domain, const aphd_registry_site_t *site, aphd_registry_name_t *name,
                  apr_pool_t *p)
{
    const json_t *entry = declared(site, domain);
    const char *host = without_port(domain, p);
    if (strcmp(host, "localhost") == 0) {
        domain = apr_pstrcat(p, "127.0.0.1", domain + strlen(host), NULL);
        host = "127.0.0.1";
    }
    name->domain = domain;
    if (is_loopback(host) || (entry != NULL && json_is_false(json_object_get(entry, "Secure")))) {
        add_base(name, apr_pstrcat(p, "http://", domain, NULL));
        return;
    }
    add_base(name, apr_pstrcat(p, "https://", domain, NULL));
    if (strchr(domain, ':') == NULL && !is_number_address(host))
        add_base(name, apr_pstrcat(p, "https://index.", domain, NULL));
}

apr_status_t aphd_registry_name(const char *ref, const char *full, const aphd_registry_site_t *site,
                                aphd_registry_name_t *name, apr_pool_t *p, aph_error_t *err)
{
    const char *whole, *tag;
    memset(name, 0, sizeof *name);
    aphd_image_split(ref, &whole, &tag, p);
    if (full != NULL)
        whole = full;
    const char *domain = domain_of(whole, p);
    const char *path = domain != NULL ? whole + strlen(domain) + 1 : whole;
    name->tag = tag;
    name->pinned = aphd_registry_is_digest(tag);
    if (!made_of(path, "._-/", 255) || strstr(path, "..") != NULL || strstr(path, "//") != NULL
        || (!name->pinned && !made_of(tag, "._-", 128))
        || (domain != NULL && !made_of(domain, ".:-[]", 255)))
        return aph_error_set(err, APH_EIMAGE, 2256, "%s is not a name a registry can be asked for",
                             ref);
    const json_t *entry = domain != NULL ? declared(site, domain) : official_entry(site);
    if (domain == NULL || json_is_true(json_object_get(entry, "Official")))
        return official(ref, path, entry, site, name, p, err);
    name->path = path;
    named(domain, site, name, p);
    return APR_SUCCESS;
}

const char *aphd_registry_full(const char *ref, const char *said, apr_pool_t *p)
{
    const char *name, *tag;
    char *state, *text = apr_pstrdup(p, said);
    aphd_image_split(ref, &name, &tag, p);
    for (char *word = apr_strtok(text, " ,", &state); word != NULL;
         word = apr_strtok(NULL, " ,", &state)) {
        size_t length = strlen(word), wanted = strlen(name);
        if (length > 0 && word[length - 1] == ':')
            word[--length] = '\0';
        if (length > wanted && strcmp(word + length - wanted, name) == 0
            && word[length - wanted - 1] == '/' && domain_of(word, p) != NULL)
            return word;
    }
    return NULL;
}

/* --- this machine's part of an index ------------------------------------------------------ */

/* How well an entry's variant suits: 0 not at all. A higher variant of arm does not run here. */
static int suits(const char *variant, const char *ours)
{
    if (strcmp(variant, ours) == 0)
        return 100;
    if (variant[0] == '\0' || (strcmp(variant, "v8") == 0 && ours[0] == '\0'))
        return 50;
    if (variant[0] == 'v' && ours[0] == 'v' && atoi(variant + 1) < atoi(ours + 1))
        return 1 + atoi(variant + 1);
    return 0;
}

const char *aphd_registry_pick(const json_t *index, const aphd_registry_site_t *site)
{
    const char *found = NULL;
    int best = 0;
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)index, i, entry) {
        const char *os = json_string_value(json_object_get(entry, "os"));
        const char *architecture = json_string_value(json_object_get(entry, "architecture"));
        const char *variant = json_string_value(json_object_get(entry, "variant"));
        const char *digest = json_string_value(json_object_get(entry, "digest"));
        if (os == NULL || architecture == NULL || variant == NULL || strcmp(os, "linux") != 0
            || strcmp(architecture, site->architecture) != 0 || !aphd_registry_is_digest(digest))
            continue;
        int fit = suits(variant, site->variant);
        if (fit > best) {
            best = fit;
            found = digest;
        }
    }
    return found;
}

/* --- where tokens come from ---------------------------------------------------------------- */

int aphd_registry_realm_fits(const char *realm, const char *base)
{
    size_t length = strlen(base);
    const char *host = strstr(realm, "://");
    if (host == NULL || strlen(realm) > 1024)
        return 0;
    host += 3;
    for (const char *at = realm; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return 0;
    size_t authority = strcspn(host, "/?#");
    if (authority == 0 || memchr(host, '@', authority) != NULL)
        return 0;
    if (strncmp(realm, "https://", 8) == 0)
        return 1;
    return strncmp(base, "http://", 7) == 0 && strncmp(realm, base, length) == 0
        && (realm[length] == '/' || realm[length] == '?' || realm[length] == '\0');
}
