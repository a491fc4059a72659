/* SPDX-License-Identifier: Apache-2.0 */
/* Directives of httpd in an Amahi entry, and the switches that say the same. */
#include "helper/read/amahi.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#define WORDS_MAX 8

typedef struct directive_t {
    const char *words[WORDS_MAX];
    int count, line;
} directive_t;

/* The option a directive stands for; "" for none, and NULL where its arguments are not understood.
 */
typedef const char *option_cb(const directive_t *directive, apr_pool_t *p);

static int is_number(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < 12 && strspn(text, "0123456789") == length;
}

static const char *option_body(const directive_t *d, apr_pool_t *p)
{
    return d->count == 2 && is_number(d->words[1]) ? apr_pstrcat(p, "max-body=", d->words[1], NULL)
                                                   : NULL;
}

static const char *option_timeout(const directive_t *d, apr_pool_t *p)
{
    return d->count == 2 && is_number(d->words[1]) ? apr_pstrcat(p, "timeout=", d->words[1], NULL)
                                                   : NULL;
}

/* Header [always] set NAME VALUE */
static const char *option_header(const directive_t *d, apr_pool_t *p)
{
    int at = d->count > 1 && strcasecmp(d->words[1], "always") == 0 ? 2 : 1;
    if (d->count != at + 3 || strcasecmp(d->words[at], "set") != 0)
        return NULL;
    const char *age = strstr(d->words[at + 2], "max-age=");
    if (strcasecmp(d->words[at + 1], "Strict-Transport-Security") != 0)
        return apr_pstrcat(p, "header=", d->words[at + 1], ":", d->words[at + 2], NULL);
    if (age == NULL)
        return NULL;
    age += strlen("max-age=");
    return apr_pstrcat(p, "hsts=", apr_pstrmemdup(p, age, strspn(age, "0123456789")), NULL);
}

static const char *option_tls(const directive_t *d, apr_pool_t *p)
{
    if (d->count != 2)
        return NULL;
    return strcasecmp(d->words[1], "on") == 0 ? "backend-https" : "";
}

static const char *option_log(const directive_t *d, apr_pool_t *p)
{
    return d->count > 1 && strcmp(d->words[1], "/dev/null") == 0 ? "no-access-log" : NULL;
}

/* What the module does without being told. */
static const char *option_none(const directive_t *d, apr_pool_t *p)
{
    return "";
}

static const struct {
    const char *name;
    option_cb *option;
} directives[] = {
    {"LimitRequestBody", option_body},    {"ProxyTimeout", option_timeout},
    {"Timeout", option_timeout},          {"Header", option_header},
    {"SSLProxyEngine", option_tls},       {"CustomLog", option_log},
    {"ProxyPreserveHost", option_none},   {"ProxyRequests", option_none},
    {"AllowEncodedSlashes", option_none}, {"ProxyPass", option_none},
    {"ProxyPassReverse", option_none},
};

/* Splits a line into words, as httpd does: blanks, and quotes around a word. */
static void split(char *line, directive_t *directive)
{
    directive->count = 0;
    for (char *at = line; directive->count < WORDS_MAX;) {
        at += strspn(at, " \t\r");
        if (*at == '\0')
            return;
        char quote = *at == '"' || *at == '\'' ? *at++ : '\0';
        char *end =
            at + (quote != '\0' ? strcspn(at, quote == '"' ? "\"" : "'") : strcspn(at, " \t\r"));
        directive->words[directive->count++] = at;
        at = *end != '\0' ? end + 1 : end;
        *end = '\0';
    }
}

static apr_status_t take(const directive_t *directive, json_t *options, apr_pool_t *p,
                         aph_error_t *err)
{
    const char *name = directive->words[0], *option = NULL;
    size_t i = 0;
    while (i < sizeof directives / sizeof directives[0] &&
           strcasecmp(directives[i].name, name) != 0)
        i++;
    if (i < sizeof directives / sizeof directives[0])
        option = directives[i].option(directive, p);
    if (option == NULL)
        return aph_error_set(
            err, APH_EDENIED, 2468,
            "webapp_custom_options, line %d: no option of apphost says what %.60s "
            "does here, and an author's text never gets into httpd's configuration",
            directive->line, name);
    if (*option != '\0')
        json_array_append_new(options, json_string(option));
    return APR_SUCCESS;
}

apr_status_t aphd_amahi_options(const char *text, json_t *options, apr_pool_t *p, aph_error_t *err)
{
    char *copy = apr_pstrdup(p, text), *next;
    directive_t directive = {.line = 0};
    apr_status_t rv = APR_SUCCESS;
    for (char *line = copy; line != NULL && rv == APR_SUCCESS; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        directive.line++;
        split(line, &directive);
        if (directive.count > 0 && directive.words[0][0] != '#')
            rv = take(&directive, options, p, err);
    }
    return rv;
}
