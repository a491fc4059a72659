/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a template as httpd reads it: lines that end in a backslash go on in the next one,
 * comments and directives begin behind blanks, sections nest. */
#include "helper/vhost/scan.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#define BLANKS    " \t\v\f\r"
#define DEPTH_MAX 32

static const struct {
    const char *word;
    aphd_line_word_t means;
} line_words[] = {{"APP_ALIASES", APHD_LINE_ALIASES},
                  {"APP_CUSTOM_OPTIONS", APHD_LINE_OPTIONS},
                  {"HDA_ACCESS", APHD_LINE_ACCESS}};

/* Directives that begin like this may keep somebody out; where one of an admin's template does, the
 * app must not be served past it. Including and expanding count, for what they bring is unknown. */
static const char *const access_words[] = {
    "Require",     "Auth",       "Order",      "Allow from",   "Allow\t", "Deny",   "Satisfy",
    "SSLVerify",   "SSLRequire", "SSLOptions", "Include",      "Use ",    "OIDC",   "OAuth",
    "Mellon",      "Shib",       "CAS",        "Gss",          "Krb",     "Sec",    "QS_",
    "RewriteRule", "Redirect",   "LDAP",       "Session",      "JWT",     "<Limit", "<Require",
    "<If ",        "<ElseIf",    "<Auth",      "AllowMethods", "Remote",  "ModSec", "LuaHook",
    "EvasiveDOS",  "DOSBlock",   "GeoIP",      "MaxMind"};

static const char *const harmless_lines[] = {"Require all granted", "Include \"${APPHOST_TLS}\"",
                                             "RewriteEngine"};

typedef struct section_t {
    const char *name;
    int line;
} section_t;

typedef struct scanning_t {
    const aphd_template_t *template;
    aphd_scan_t *scan;
    section_t open[DEPTH_MAX];
    int depth;
    int host_depth;             /* of open[], where the <VirtualHost> stands; -1 outside */
    apr_array_header_t *begins; /* of int; the first is no block's */
    char *joined;               /* as long as the template */
    apr_pool_t *p;
    aph_error_t *err;
} scanning_t;

static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

size_t aphd_word_length(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && is_word(text[i]))
        i++;
    return i;
}

static apr_status_t complain(const scanning_t *s, int line, const char *what)
{
    return aph_error_set(s->err, APH_ECONFIG, 2052, "%s:%d: %s", s->template->path, line, what);
}

static int keeps_out(const char *directive)
{
    for (size_t i = 0; i < sizeof harmless_lines / sizeof harmless_lines[0]; i++)
        if (strcasecmp(directive, harmless_lines[i]) == 0)
            return 0;
    for (size_t i = 0; i < sizeof access_words / sizeof access_words[0]; i++)
        if (strncasecmp(directive, access_words[i], strlen(access_words[i])) == 0)
            return 1;
    return 0;
}

/* *word receives the word for lines in text, which then must be all there is. */
static apr_status_t find_line_word(const scanning_t *s, const char *text, int line,
                                   aphd_line_word_t *word)
{
    *word = APHD_LINE_OWN;
    for (const char *c = text; *c != '\0';) {
        size_t length = aphd_word_length(c, strlen(c));
        for (size_t i = 0; i < sizeof line_words / sizeof line_words[0]; i++) {
            if (length != strlen(line_words[i].word) || memcmp(c, line_words[i].word, length) != 0)
                continue;
            if (strlen(text) != length)
                return complain(s, line,
                                apr_pstrcat(s->p, line_words[i].word,
                                            " becomes whole lines: it must stand alone in its "
                                            "own",
                                            NULL));
            *word = line_words[i].means;
        }
        c += length > 0 ? length : 1;
    }
    return *word == APHD_LINE_OWN || s->host_depth >= 0
               ? APR_SUCCESS
               : complain(s, line,
                          apr_pstrcat(s->p, text,
                                      " stands outside of <VirtualHost>, and would "
                                      "be for every site: move it inside",
                                      NULL));
}

static apr_status_t open_section(scanning_t *s, const char *name, int line)
{
    if (s->depth == DEPTH_MAX)
        return complain(s, line, "more than 32 sections are open");
    if (strcasecmp(name, "VirtualHost") == 0) {
        if (s->host_depth >= 0)
            return complain(s, line, "<VirtualHost> stands within another one");
        s->host_depth = s->depth;
        APR_ARRAY_PUSH(s->begins, int) = line;
    }
    s->open[s->depth++] = (section_t){name, line};
    return APR_SUCCESS;
}

static apr_status_t close_section(scanning_t *s, const char *name, int line)
{
    if (s->depth == 0 || strcasecmp(s->open[s->depth - 1].name, name) != 0)
        return complain(s, line,
                        apr_psprintf(s->p, "</%.60s> closes nothing: %s%s%s", name,
                                     s->depth > 0 ? "open is <" : "no section is open",
                                     s->depth > 0 ? s->open[s->depth - 1].name : "",
                                     s->depth > 0 ? ">" : ""));
    s->depth--;
    if (s->depth == s->host_depth)
        s->host_depth = -1;
    return APR_SUCCESS;
}

/* A whole line as httpd sees it: joined, without blanks at both ends. */
static apr_status_t judge_line(scanning_t *s, const char *text, int line, aphd_line_t *found)
{
    apr_status_t rv = APR_SUCCESS;
    int inside = s->host_depth >= 0;
    found->comment = *text == '#';
    if (*text == '\0' || found->comment)
        return APR_SUCCESS;
    rv = find_line_word(s, text, line, &found->word);
    if (rv != APR_SUCCESS || found->word != APHD_LINE_OWN)
        return rv;
    found->access = keeps_out(text) != 0;
    if (*text == '<') {
        const char *name = text + 1 + (text[1] == '/');
        name = apr_pstrmemdup(s->p, name, strcspn(name, BLANKS ">"));
        rv = text[1] == '/' ? close_section(s, name, line) : open_section(s, name, line);
    }
    /* The closing line of a block still belongs to it. */
    found->block = inside || s->host_depth >= 0 ? s->begins->nelts - 1 : 0;
    return rv;
}

/* Length of the line without its end; *goes_on whether the next one belongs to it. */
static size_t line_content(const char *line, size_t length, int *goes_on)
{
    size_t end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
    *goes_on = end > 0 && line[end - 1] == '\\';
    return *goes_on ? end - 1 : length;
}

static const char *trimmed(char *text)
{
    text += strspn(text, BLANKS);
    size_t length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

/* Takes the line at text and those it goes on in. Returns where the next one begins; NULL at a
 * failure. */
static const char *take_line(scanning_t *s, const char *text, int *number, apr_status_t *rv)
{
    const char *end = s->template->text + s->template->length;
    size_t used = 0;
    int first = s->scan->lines->nelts, goes_on = 1, start = *number;
    aphd_line_t found = {.word = APHD_LINE_OWN};
    while (goes_on && text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = newline != NULL ? (size_t)(newline - text) : (size_t)(end - text);
        size_t content = line_content(text, length, &goes_on);
        memcpy(s->joined + used, text, content);
        used += content;
        APR_ARRAY_PUSH(s->scan->lines, aphd_line_t) =
            (aphd_line_t){.text = text, .length = length, .number = (*number)++};
        text = newline != NULL ? newline + 1 : end;
    }
    s->joined[used] = '\0';
    *rv = judge_line(s, trimmed(s->joined), start, &found);
    if (*rv == APR_SUCCESS && found.word != APHD_LINE_OWN && s->scan->lines->nelts != first + 1)
        *rv = complain(s, start, "a word that becomes whole lines cannot go on in the next line");
    for (int i = first; i < s->scan->lines->nelts; i++) {
        aphd_line_t *line = &APR_ARRAY_IDX(s->scan->lines, i, aphd_line_t);
        line->comment = found.comment;
        line->word = found.word;
        line->access = found.access;
        line->block = s->host_depth >= 0 ? s->begins->nelts - 1 : found.block;
        line->depth = s->host_depth >= 0 ? s->depth - s->host_depth : 0;
    }
    return *rv == APR_SUCCESS ? text : NULL;
}

apr_status_t aphd_template_scan(const aphd_template_t *template, aphd_scan_t *scan, apr_pool_t *p,
                                aph_error_t *err)
{
    scanning_t s = {.template = template, .scan = scan, .host_depth = -1, .p = p, .err = err};
    apr_status_t rv = APR_SUCCESS;
    int number = 1;
    s.joined = apr_palloc(p, template->length + 1);
    scan->lines = apr_array_make(p, 64, sizeof(aphd_line_t));
    s.begins = apr_array_make(p, 4, sizeof(int));
    APR_ARRAY_PUSH(s.begins, int) = 0;
    for (const char *text = template->text;
         text != NULL && text < template->text + template->length;)
        text = take_line(&s, text, &number, &rv);
    if (rv == APR_SUCCESS && s.depth > 0)
        rv = complain(&s, s.open[s.depth - 1].line,
                      apr_pstrcat(p, "<", s.open[s.depth - 1].name, "> is never closed", NULL));
    if (rv == APR_SUCCESS && s.begins->nelts == 1)
        rv = complain(&s, 1, "there is no <VirtualHost> in it");
    scan->block_count = s.begins->nelts - 1;
    scan->block_lines = (const int *)s.begins->elts;
    return rv;
}
