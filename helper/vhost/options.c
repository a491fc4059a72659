/* SPDX-License-Identifier: Apache-2.0 */
/* Options: one judge for each row of common/options.def. */
#include "helper/vhost/options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "common/options.h"
#include "common/route_map.h"
#include "helper/vhost/text.h"

#define BODY_MAX     APR_INT64_C(1099511627776) /* 1 TiB */
#define HEADER_MAX   1024
#define HSTS_DEFAULT 15552000
#define HSTS_MAX     63072000
#define ON_TLS       " \"expr=%{HTTPS} == 'on'\""

typedef struct judging_t {
    aphd_options_t *options;
    unsigned headers_seen; /* one bit for each row of the list of headers */
    apr_pool_t *p;
} judging_t;

/* Takes value (NULL: none was given, which only happens where the row allows it) into options.
 * Returns NULL, or what is allowed. */
typedef const char *judge_t(judging_t *judging, const char *value);

static void add_line(judging_t *judging, const char *line)
{
    APR_ARRAY_PUSH(judging->options->lines, const char *) = line;
}

static void add_module(judging_t *judging, const char *name)
{
    apr_array_header_t *modules = judging->options->modules;
    for (int i = 0; i < modules->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(modules, i, const char *), name) == 0)
            return;
    APR_ARRAY_PUSH(modules, const char *) = name;
}

/* *number receives a whole number of at most 15 digits in least..most; the rest goes to *rest. */
static int read_number(const char *value, apr_int64_t least, apr_int64_t most, apr_int64_t *number,
                       const char **rest)
{
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 15 || (rest == NULL && value[digits] != '\0'))
        return 0;
    *number = atoll(value);
    if (rest != NULL)
        *rest = value + digits;
    return *number >= least && *number <= most;
}

static const char *option_auth_file(judging_t *judging, const char *value)
{
    if (!aphd_vhost_path_valid(value))
        return "an absolute path of letters, digits and ._@+,=- is needed, without . and ..";
    judging->options->auth_file = apr_pstrdup(judging->p, value);
    add_module(judging, "authn_file");
    add_module(judging, "authz_user");
    return NULL;
}

static const char *option_auth_name(judging_t *judging, const char *value)
{
    if (!aphd_vhost_realm_valid(value))
        return "1 to 64 printable ASCII characters are needed, none of \" \\ % $ < > `";
    judging->options->auth_name = apr_pstrdup(judging->p, value);
    return NULL;
}

/* Nonzero when the bits of address behind the first bits are all 0. */
static int only_network(const unsigned char *address, int octets, int bits)
{
    for (int i = bits; i < octets * 8; i++)
        if ((address[i / 8] & (0x80 >> (i % 8))) != 0)
            return 0;
    return 1;
}

/* An IPv4 address inside of IPv6 never matches: httpd takes such clients for what they are. */
static int is_network(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char octets[sizeof(struct in6_addr)];
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    int size = memchr(text, ':', length) != NULL ? 16 : 4;
    apr_int64_t bits = size * 8;
    if (length == 0 || length >= sizeof address)
        return 0;
    memcpy(address, text, length);
    address[length] = '\0';
    if (inet_pton(size == 16 ? AF_INET6 : AF_INET, address, octets) != 1)
        return 0;
    if (slash != NULL && (slash[1] == '0' || !read_number(slash + 1, 1, size * 8, &bits, NULL)))
        return 0;
    if (size == 16 && strchr(address, '.') != NULL)
        return 0;
    return only_network(octets, size, (int)bits);
}

static const char *option_allow_ip(judging_t *judging, const char *value)
{
    static const char *const allowed = "IPv4 or IPv6 addresses are needed, or networks "
                                       "ADDRESS/BITS whose address has no bit behind "
                                       "them, joined by commas, 64 at most";
    apr_array_header_t *known = judging->options->allow_ip;
    char *copy = apr_pstrdup(judging->p, value);
    for (char *next, *one = copy; one != NULL; one = next) {
        next = strchr(one, ',');
        if (next != NULL)
            *next++ = '\0';
        for (char *c = one; *c != '\0'; c++)
            *c = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
        if (!is_network(one) || known->nelts == APHD_ALLOW_IP_MAX)
            return allowed;
        APR_ARRAY_PUSH(known, const char *) = one;
    }
    return NULL;
}

static const char *option_max_body(judging_t *judging, const char *value)
{
    static const char *const allowed =
        "a whole number of bytes up to 1 TiB is needed, also with K, M or G; 0 is without limit";
    static const char units[] = "KMG";
    apr_int64_t number;
    const char *unit;
    if (!read_number(value, 0, BODY_MAX, &number, &unit))
        return allowed;
    if (*unit != '\0') {
        const char *found = strchr(units, *unit >= 'a' ? *unit - 'a' + 'A' : *unit);
        if (found == NULL || unit[1] != '\0')
            return allowed;
        for (int i = 0; i <= found - units && number <= BODY_MAX; i++)
            number *= 1024;
    }
    if (number > BODY_MAX)
        return allowed;
    add_line(judging, apr_psprintf(judging->p, "LimitRequestBody %" APR_INT64_T_FMT, number));
    return NULL;
}

static const char *option_timeout(judging_t *judging, const char *value)
{
    apr_int64_t seconds;
    if (!read_number(value, 1, 86400, &seconds, NULL))
        return "a whole number of seconds from 1 to 86400 is needed";
    add_line(judging, apr_psprintf(judging->p, "AppHostTimeout %" APR_INT64_T_FMT, seconds));
    return NULL;
}

/* "always" is a table of its own in httpd, beside the one an app's headers come in: without the
 * unset, clients would get both. */
static const char *option_hsts(judging_t *judging, const char *value)
{
    apr_int64_t seconds = HSTS_DEFAULT;
    if (value != NULL && !read_number(value, 0, HSTS_MAX, &seconds, NULL))
        return "a whole number of seconds from 0 to 63072000 (two years) is needed";
    add_line(judging, "Header onsuccess unset Strict-Transport-Security" ON_TLS);
    add_line(judging, apr_psprintf(judging->p,
                                   "Header always set Strict-Transport-Security "
                                   "\"max-age=%" APR_INT64_T_FMT "\"%s",
                                   seconds, ON_TLS));
    return NULL;
}

static const char *list_headers(apr_pool_t *p)
{
    size_t count;
    const aph_header_t *headers = aph_option_headers(&count);
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = apr_pstrcat(p, list, i > 0 ? ", " : "", headers[i].name, NULL);
    return list;
}

static const char *option_header(judging_t *judging, const char *value)
{
    apr_pool_t *p = judging->p;
    size_t count, length = strcspn(value, ":");
    const aph_header_t *headers = aph_option_headers(&count);
    const aph_header_t *header = aph_option_header_find(value, length);
    if (header == NULL || value[length] == '\0')
        return apr_pstrcat(p, "NAME:VALUE is needed, NAME being one of ", list_headers(p), NULL);
    unsigned bit = 1u << (header - headers);
    if ((judging->headers_seen & bit) != 0)
        return apr_pstrcat(p, "it is given twice for ", header->name, NULL);
    const char *content = value + length + 1;
    content += strspn(content, " ");
    if (strlen(content) > HEADER_MAX || strncmp(content, "expr=", 5) == 0 ||
        !aphd_vhost_matches(content, header->grammar))
        return apr_psprintf(p,
                            "the value of %s must be %s, at most %d printable ASCII characters, "
                            "none of \" \\ %% $ < > `",
                            header->name, header->words, HEADER_MAX);
    judging->headers_seen |= bit;
    add_line(judging, apr_pstrcat(p, "Header onsuccess unset ", header->name, NULL));
    add_line(judging,
             apr_pstrcat(p, "Header always set ", header->name, " \"", content, "\"", NULL));
    return NULL;
}

static const char *option_no_access_log(judging_t *judging, const char *value)
{
    add_line(judging, "SetEnvIf Request_URI \"^\" dontlog");
    return NULL;
}

static const char *read_limit(const char *value, uint32_t *limit)
{
    apr_int64_t number;
    if (!read_number(value, 1, 1000000, &number, NULL))
        return "a whole number from 1 to 1000000 is needed";
    *limit = (uint32_t)number;
    return NULL;
}

static const char *option_max_requests(judging_t *judging, const char *value)
{
    return read_limit(value, &judging->options->max_requests);
}

static const char *option_max_websockets(judging_t *judging, const char *value)
{
    return read_limit(value, &judging->options->max_websockets);
}

static const char *option_backend_https(judging_t *judging, const char *value)
{
    judging->options->route_flags |= APH_ROUTE_HTTPS;
    return NULL;
}

/* In the order of aph_options(). */
static judge_t *const judges[] = {
#define APH_OPTION_ROW(symbol, name, value, place, access, repeats, module, becomes, help)         \
    option_##symbol,
#define APH_HEADER_ROW(name, grammar, words)
#include "common/options.def"
#undef APH_OPTION_ROW
#undef APH_HEADER_ROW
};

static const char *list_options(apr_pool_t *p)
{
    size_t count;
    const aph_option_t *rows = aph_options(&count);
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = apr_pstrcat(p, list, i > 0 ? ", " : "", rows[i].name, NULL);
    return list;
}

/* Finds the row of one text and judges its shape: whether it has a value, and whether it came
 * before. */
static apr_status_t find_row(const char *given, unsigned *seen, size_t *row, apr_pool_t *p,
                             aph_error_t *err)
{
    size_t count, length = strcspn(given, "=");
    const aph_option_t *rows = aph_options(&count);
    const aph_option_t *found = aph_option_find(given, length);
    int has_value = given[length] == '=' && given[length + 1] != '\0';
    if (found == NULL)
        return aph_error_set(err, APH_EUSAGE, 2031,
                             "there is no option \"%.*s\"; these there are: %s",
                             (int)(length < 40 ? length : 40), given, list_options(p));
    *row = (size_t)(found - rows);
    if (found->value == NULL && given[length] == '=')
        return aph_error_set(err, APH_EUSAGE, 2032, "option %s takes no value", found->name);
    if (found->value != NULL && !has_value && (found->value[0] != '[' || given[length] == '='))
        return aph_error_set(err, APH_EUSAGE, 2033, "option %s needs a value: %s=%s", found->name,
                             found->name, found->value);
    if ((*seen & (1u << *row)) != 0 && !found->repeats)
        return aph_error_set(err, APH_EUSAGE, 2034, "option %s is given twice", found->name);
    *seen |= 1u << *row;
    return APR_SUCCESS;
}

static apr_status_t take(judging_t *judging, size_t row, const char *given, aph_error_t *err)
{
    size_t count, length = strcspn(given, "=");
    const aph_option_t *option = &aph_options(&count)[row];
    aphd_options_t *options = judging->options;
    const char *value = given[length] == '=' ? given + length + 1 : NULL;
    const char *allowed = judges[row](judging, value);
    if (allowed != NULL)
        return aph_error_set(err, APH_EUSAGE, 2035, "option %s: %s, and not \"%.60s\"",
                             option->name, allowed, value != NULL ? value : "");
    if (option->module != NULL)
        add_module(judging, option->module);
    if (option->place == APH_OPTION_VHOST && strstr(options->named, option->name) == NULL)
        options->named = apr_pstrcat(judging->p, options->named,
                                     *options->named != '\0' ? ", " : "", option->name, NULL);
    options->vhost |= option->place == APH_OPTION_VHOST;
    options->access |= option->access;
    return APR_SUCCESS;
}

apr_status_t aphd_options_parse(const char *const *given, int count, aphd_options_t *options,
                                apr_pool_t *p, aph_error_t *err)
{
    judging_t judging = {.options = options, .p = p};
    size_t rows_of[APHD_OPTIONS_MAX], row_count;
    unsigned seen = 0;
    apr_status_t rv = APR_SUCCESS;
    memset(options, 0, sizeof *options);
    options->named = "";
    options->lines = apr_array_make(p, 4, sizeof(const char *));
    options->allow_ip = apr_array_make(p, 4, sizeof(const char *));
    options->modules = apr_array_make(p, 4, sizeof(const char *));
    if (count > APHD_OPTIONS_MAX)
        return aph_error_set(err, APH_EUSAGE, 2036, "an app has at most %d options, these are %d",
                             APHD_OPTIONS_MAX, count);
    for (int i = 0; i < count && rv == APR_SUCCESS; i++)
        rv = find_row(given[i], &seen, &rows_of[i], p, err);
    aph_options(&row_count);
    /* In the order of the table, so that the same options always make the same text. */
    for (size_t row = 0; row < row_count; row++)
        for (int i = 0; i < count && rv == APR_SUCCESS; i++)
            if (rows_of[i] == row)
                rv = take(&judging, row, given[i], err);
    if (rv == APR_SUCCESS && options->auth_name != NULL && options->auth_file == NULL)
        rv = aph_error_set(err, APH_EUSAGE, 2037,
                           "option auth-name says nothing without auth-file: give both");
    return rv;
}
