/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's way of writing words, as far as a word has one meaning without a shell. */
#include "helper/read/script_line.h"

#include <string.h>
#include <apr_strings.h>

/* A line being taken apart. */
typedef struct scanner_t {
    const char *at, *end;
    int line;
    apr_pool_t *p;
    aph_error_t *err;
} scanner_t;

static apr_status_t refuse(scanner_t *s, int tag, const char *word, const char *why)
{
    return aph_error_set(s->err, APH_EUNREADABLE, tag, "line %d: %.60s %s", s->line, word, why);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(scanner_t *s)
{
    while (s->at < s->end && is_blank(*s->at))
        s->at++;
}

/* The rest of the line up to the next blank, for a message. */
static const char *rest_word(const scanner_t *s, const char *from)
{
    const char *end = from;
    while (end < s->end && !is_blank(*end))
        end++;
    return apr_pstrmemdup(s->p, from, (size_t)(end - from));
}

/* Characters that make a shell do more than split words. */
static apr_status_t check_plain(scanner_t *s, char c, const char *word_start)
{
    if (c == '$' || c == '`')
        return refuse(s, 450, rest_word(s, word_start),
                      "needs a shell to fill in a value: write the value itself");
    if (c == '\\')
        return refuse(s, 451, rest_word(s, word_start), "uses a backslash: quote the word instead");
    if (strchr("*?[]{}~", c) != NULL)
        return refuse(s, 452, rest_word(s, word_start),
                      "is a pattern, which only a shell can expand: name the file");
    return APR_SUCCESS;
}

/* Takes one word; quotes are taken off. *quoted says whether there were any. */
static apr_status_t take_word(scanner_t *s, const char **word, int *quoted)
{
    const char *start = s->at;
    char *out = apr_palloc(s->p, (size_t)(s->end - s->at) + 1);
    size_t length = 0;
    char quote = '\0';
    *quoted = 0;
    for (; s->at < s->end; s->at++) {
        char c = *s->at;
        if (quote == '\0' && (is_blank(c) || strchr("|&;<>()", c) != NULL))
            break;
        if (quote == '\0' ? (c == '\'' || c == '"') : c == quote) {
            quote = quote == '\0' ? c : '\0';
            *quoted = 1;
            continue;
        }
        apr_status_t rv = quote == '\'' || (quote == '"' && strchr("$`\\", c) == NULL)
                              ? APR_SUCCESS
                              : check_plain(s, c, start);
        if (rv != APR_SUCCESS)
            return rv;
        out[length++] = c;
    }
    out[length] = '\0';
    if (quote != '\0')
        return refuse(s, 453, rest_word(s, start),
                      "opens a quotation that the line does not close");
    *word = out;
    return APR_SUCCESS;
}

static apr_status_t take_tag(scanner_t *s, aphd_script_line_t *line)
{
    if (line->tag != NULL)
        return refuse(s, 454, "<<", "begins a second here-document on one line");
    s->at += 2;
    if (s->at < s->end && *s->at == '<')
        return refuse(s, 455, "<<<", "is not read: write a here-document");
    if (s->at < s->end && *s->at == '-') {
        line->strip_tabs = 1;
        s->at++;
    }
    skip_blanks(s);
    int quoted = 0;
    apr_status_t rv = take_word(s, &line->tag, &quoted);
    if (rv == APR_SUCCESS && *line->tag == '\0')
        return refuse(s, 456, "<<", "names no end word");
    line->tag_quoted = quoted != 0;
    return rv;
}

static apr_status_t take_output(scanner_t *s, aphd_script_line_t *line)
{
    if (s->at + 1 < s->end && (s->at[1] == '>' || s->at[1] == '&' || s->at[1] == '|'))
        return refuse(s, 457, rest_word(s, s->at), "is not read: a file is written once, with >");
    if (line->output != NULL)
        return refuse(s, 458, ">", "stands twice on one line");
    s->at++;
    skip_blanks(s);
    int quoted = 0;
    apr_status_t rv = take_word(s, &line->output, &quoted);
    if (rv == APR_SUCCESS && *line->output == '\0')
        return refuse(s, 459, ">", "names no file");
    return rv;
}

/* | & ; < ( ) : a trailing ; is the one that changes nothing. */
static apr_status_t take_operator(scanner_t *s)
{
    const char *start = s->at;
    if (*s->at == ';') {
        s->at++;
        skip_blanks(s);
        if (s->at == s->end || *s->at == '#')
            return APR_SUCCESS;
    }
    const char *word = rest_word(s, start);
    return refuse(s, 460, word, "joins commands or files: write one command a line, without pipes");
}

static apr_status_t take_words(scanner_t *s, aphd_script_line_t *line)
{
    for (skip_blanks(s); s->at < s->end && *s->at != '#'; skip_blanks(s)) {
        apr_status_t rv;
        int quoted = 0;
        if (*s->at == '<' && s->at + 1 < s->end && s->at[1] == '<')
            rv = take_tag(s, line);
        else if (*s->at == '>')
            rv = take_output(s, line);
        else if (strchr("|&;<()", *s->at) != NULL)
            rv = take_operator(s);
        else if (line->count == APHD_LINE_WORDS_MAX)
            rv = refuse(s, 461, rest_word(s, s->at), "is one word too many for a line");
        else
            rv = take_word(s, &line->words[line->count++], &quoted);
        if (rv != APR_SUCCESS)
            return rv;
    }
    return APR_SUCCESS;
}

/* The end of the line at cursor, without its line feed; the cursor moves to the next line. */
static const char *take_line(aphd_script_cursor_t *cursor)
{
    const char *start = cursor->text + cursor->at;
    const char *feed = memchr(start, '\n', cursor->length - cursor->at);
    const char *end = feed != NULL ? feed : cursor->text + cursor->length;
    cursor->at = (size_t)(end - cursor->text) + (feed != NULL);
    cursor->line++;
    return end;
}

static size_t leading(const char *start, const char *end, const char *set)
{
    size_t count = 0;
    while (start + count < end && strchr(set, start[count]) != NULL)
        count++;
    return count;
}

static int is_tag(const char *start, const char *end, const char *tag)
{
    while (end > start && is_blank(end[-1]))
        end--;
    return (size_t)(end - start) == strlen(tag) && memcmp(start, tag, strlen(tag)) == 0;
}

/* Finds where the here-document ends. An end word that stands too far right ends nothing for a
 * shell, and is hardly ever meant as text: it is refused by name. */
static apr_status_t find_end(aphd_script_cursor_t *cursor, const aphd_script_line_t *line,
                             size_t *end_at, aph_error_t *err)
{
    while (cursor->at < cursor->length) {
        int number = cursor->line;
        const char *start = cursor->text + cursor->at;
        *end_at = cursor->at;
        const char *end = take_line(cursor);
        if (is_tag(start + (line->strip_tabs ? leading(start, end, "\t") : 0), end, line->tag))
            return APR_SUCCESS;
        if (is_tag(start + leading(start, end, " \t"), end, line->tag))
            return aph_error_set(
                err, APH_EUNREADABLE, 462,
                "line %d: the closing %.40s is indented, so the text begun in line "
                "%d does not end there; put it at the start of its line",
                number, line->tag, line->line);
    }
    return aph_error_set(err, APH_EUNREADABLE, 463,
                         "line %d: the text begun here has no closing %.40s", line->line,
                         line->tag);
}

/* <<- : tabs before each line go away. */
static void strip_tabs(aphd_script_line_t *line, apr_pool_t *p)
{
    char *out = apr_palloc(p, line->body_length + 1);
    size_t length = 0;
    int at_start = 1;
    for (size_t i = 0; i < line->body_length; i++) {
        at_start = at_start && line->body[i] == '\t';
        if (!at_start)
            out[length++] = line->body[i];
        at_start = at_start || line->body[i] == '\n';
    }
    out[length] = '\0';
    line->body = out;
    line->body_length = length;
}

static apr_status_t take_body(aphd_script_cursor_t *cursor, aphd_script_line_t *line, apr_pool_t *p,
                              aph_error_t *err)
{
    size_t start = cursor->at, end = start;
    line->body_line = cursor->line;
    apr_status_t rv = find_end(cursor, line, &end, err);
    if (rv != APR_SUCCESS)
        return rv;
    line->body = apr_pstrmemdup(p, cursor->text + start, end - start);
    line->body_length = end - start;
    size_t odd = strcspn(line->body, "$`\\");
    if (!line->tag_quoted && odd < line->body_length) {
        int number = line->body_line;
        for (size_t i = 0; i < odd; i++)
            number += line->body[i] == '\n';
        return aph_error_set(
            err, APH_EUNREADABLE, 464,
            "line %d: %c has a meaning for a shell in a text whose end word is not "
            "quoted; write << '%.40s' in line %d",
            number, line->body[odd], line->tag, line->line);
    }
    if (line->strip_tabs)
        strip_tabs(line, p);
    return APR_SUCCESS;
}

apr_status_t aphd_script_next(aphd_script_cursor_t *cursor, aphd_script_line_t *line, apr_pool_t *p,
                              aph_error_t *err)
{
    if (cursor->at >= cursor->length)
        return APR_EOF;
    memset(line, 0, sizeof *line);
    line->line = cursor->line;
    const char *start = cursor->text + cursor->at;
    scanner_t s = {.at = start, .end = take_line(cursor), .line = line->line, .p = p, .err = err};
    apr_status_t rv = take_words(&s, line);
    if (rv == APR_SUCCESS && line->tag != NULL)
        rv = take_body(cursor, line, p, err);
    return rv;
}
