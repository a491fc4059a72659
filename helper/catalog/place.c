/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/place.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#define URL_MAX    1000
#define HTTPS_PORT 443
#define PORT_LEAST                                                                                 \
    1024 /* below it are other protocols, which a request might talk into something */

static int is_port(int port)
{
    return port == HTTPS_PORT || (port >= PORT_LEAST && port <= 65535);
}

int aphd_place_fits(aphd_address_t kind, int port, int allow_private, int hop, int home)
{
    if (!is_port(port) || kind == APHD_ADDRESS_NEVER)
        return 0;
    return kind == APHD_ADDRESS_PUBLIC || (allow_private && (!hop || home));
}

/* NULL, or what is wrong with the path of a URL. */
static const char *wrong_of_path(const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("/._~+,=-%", *at) == NULL)
            return "its path may have letters, digits and / . _ ~ + , = - % only";
        if (*at == '/' && (at[1] == '/' || strncmp(at + 1, "./", 2) == 0
                           || strcmp(at + 1, ".") == 0 || strncmp(at + 1, "../", 3) == 0
                           || strcmp(at + 1, "..") == 0))
            return "its path has an empty component, \".\" or \"..\"";
    }
    return NULL;
}

/* path with a "/" at its end and no "index.json". */
static const char *folder_of(const char *path, apr_pool_t *p)
{
    static const char index[] = "/index.json";
    size_t length = strlen(path);
    if (length >= sizeof index - 1 && strcmp(path + length - (sizeof index - 1), index) == 0)
        return apr_pstrndup(p, path, length - (sizeof index - 2));
    return length > 0 && path[length - 1] == '/' ? path : apr_pstrcat(p, path, "/", NULL);
}

static const char *read_file(aphd_place_t *place, const char *path, apr_pool_t *p)
{
    const char *wrong = path[0] != '/' ? "file: takes an absolute path, as in file:///srv/catalog"
                      : strchr(path, '%') != NULL ? "a path of file: is written as it is, without %"
                                                  : wrong_of_path(path);
    if (wrong != NULL)
        return wrong;
    const char *folder = folder_of(path, p);
    if (strcmp(folder, "/") == 0)
        return "the folder of a catalog is not /";
    place->folder = apr_pstrndup(p, folder, strlen(folder) - 1);
    place->url = apr_pstrcat(p, "file://", folder, NULL);
    return NULL;
}

static const char *read_port(aphd_place_t *place, const char *text, size_t length)
{
    place->port = HTTPS_PORT;
    if (length == 0)
        return NULL;
    if (text[0] != ':' || length < 2 || length > 6 || strspn(text + 1, "0123456789") < length - 1)
        return "its port is no number";
    place->port = atoi(text + 1);
    return is_port(place->port) ? NULL : "its port is neither 443 nor one from 1024 on";
}

/* rest: what stands behind "https://". */
static const char *read_https(aphd_place_t *place, const char *rest, apr_pool_t *p)
{
    size_t whole = strcspn(rest, "/");
    size_t host = rest[0] == '[' ? strcspn(rest, "]/") + 1 : strcspn(rest, ":/");
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    if (memchr(rest, '@', whole) != NULL)
        return "it must not hold a user or a password";
    if (whole == 0 || host > whole || host > 253)
        return "it names no host";
    if (rest[0] == '[' ? host < 4 || strspn(rest + 1, "0123456789abcdefABCDEF:.") != host - 2
                       : host == 0 || strspn(rest, letters) < host)
        return "its host is neither a name nor an address; a name with other letters is written in "
               "its xn-- form";
    const char *wrong = read_port(place, rest + host, whole - host);
    if (wrong == NULL)
        wrong = wrong_of_path(rest + whole);
    if (wrong != NULL)
        return wrong;
    char *name = apr_pstrndup(p, rest, host);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    place->host = name;
    const char *port = place->port == HTTPS_PORT ? "" : apr_psprintf(p, ":%d", place->port);
    place->url = apr_pstrcat(p, "https://", name, port,
                             folder_of(rest[whole] == '\0' ? "/" : rest + whole, p), NULL);
    return NULL;
}

apr_status_t aphd_place_read(aphd_place_t *place, const char *url, apr_pool_t *p, aph_error_t *err)
{
    const char *wrong = "it begins neither with https:// nor with file:///";
    memset(place, 0, sizeof *place);
    if (strlen(url) > URL_MAX)
        return aph_error_set(err, APH_EUSAGE, 2487, "the address of the catalog is longer than %d "
                             "characters", URL_MAX);
    if (strncmp(url, "https://", 8) == 0)
        wrong = read_https(place, url + 8, p);
    else if (strncmp(url, "file://", 7) == 0)
        wrong = read_file(place, url + 7, p);
    if (wrong != NULL)
        return aph_error_set(err, APH_EUSAGE, 2488, "%s: this is no address of a catalog: %s", url,
                             wrong);
    return APR_SUCCESS;
}
