/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering. Values are judged, the template is read as lines, each line is written with its words
 * replaced, and what we wrote ourselves is judged once more before it is given out. */
#include "helper/vhost/render.h"

#include <string.h>
#include <apr_strings.h>

#include "common/hostname.h"
#include "helper/vhost/names.h"
#include "helper/vhost/scan.h"
#include "helper/vhost/text.h"

enum { NAME, DOMAIN, PORT, PUBLIC_PORT, ROOT_DIR, FILES_DIR, AUTHFILE, WORD_COUNT };

static const char *const words[WORD_COUNT] = {
    [NAME] = "HDA_APP_NAME",           [DOMAIN] = "HDA_DOMAIN",     [PORT] = "APP_PORT",
    [PUBLIC_PORT] = "APP_PUBLIC_PORT", [ROOT_DIR] = "APP_ROOT_DIR", [FILES_DIR] = "APP_FILES_DIR",
    [AUTHFILE] = "HDA_AUTHFILE",
};

typedef struct rendering_t {
    const aphd_template_t *template;
    const aphd_vhost_app_t *app;
    const char *values[WORD_COUNT]; /* NULL: the app has none */
    aphd_scan_t scan;
    char *out; /* APHD_VHOST_TEXT_MAX octets */
    size_t length;
    int too_long;
    int wrong_line;                                   /* one of ours is not one we write */
    unsigned pending_options : 1, pending_access : 1; /* they wait for the end of a section */
    unsigned options_done : 1, access_done : 1;       /* in this block */
    apr_pool_t *p;
    aph_error_t *err;
} rendering_t;

/* --- values ---------------------------------------------------------------------------------- */

static apr_status_t refuse(const char *what, const char *value, aph_error_t *err)
{
    return aph_error_set(
        err, APH_EUSAGE, 2053,
        "%s \"%.200s\" cannot stand in httpd's configuration: it is outside its grammar", what,
        value);
}

static int host_valid(const char *host)
{
    char normal[APH_HOST_MAX + 1];
    size_t length;
    return strchr(host, '.') != NULL && aph_domain_valid(host) &&
           aph_host_normalise(host, normal, &length) == APR_SUCCESS && strcmp(host, normal) == 0;
}

static apr_status_t judge_names(const aphd_vhost_app_t *app, aph_error_t *err)
{
    int count = 0;
    if (!aph_label_valid(app->name))
        return refuse("the name", app->name, err);
    if (app->domains == NULL || app->domains[0] == NULL)
        return refuse("the domain", "", err);
    for (const char *const *domain = app->domains; *domain != NULL; domain++)
        if (!aph_domain_valid(*domain) || strlen(*domain) + strlen(app->name) + 1 > APH_HOST_MAX)
            return refuse("the domain", *domain, err);
    for (const char *const *alias = app->aliases; alias != NULL && *alias != NULL; alias++)
        if (!host_valid(*alias) || ++count > APHD_ALIASES_MAX)
            return refuse("the alias", *alias, err);
    return APR_SUCCESS;
}

static apr_status_t judge_values(const rendering_t *r)
{
    const aphd_vhost_app_t *app = r->app;
    const char *auth_file = app->options != NULL ? app->options->auth_file : NULL;
    apr_status_t rv = judge_names(app, r->err);
    if (rv != APR_SUCCESS)
        return rv;
    if (aphd_kind_of(app->kind) == APHD_KIND_UNKNOWN)
        return refuse("the kind", app->kind, r->err);
    if (app->port < 0 || app->port > 65535)
        return refuse("the port", apr_itoa(r->p, app->port), r->err);
    if (app->public_port < 1 || app->public_port > 65535)
        return refuse("the public port", apr_itoa(r->p, app->public_port), r->err);
    if (!aphd_vhost_path_valid(app->root_dir))
        return refuse("the folder", app->root_dir, r->err);
    if (app->files_dir != NULL && !aphd_vhost_path_valid(app->files_dir))
        return refuse("the folder", app->files_dir, r->err);
    if (auth_file != NULL && !aphd_vhost_path_valid(auth_file))
        return refuse("the file", auth_file, r->err);
    return APR_SUCCESS;
}

static void fill_values(rendering_t *r)
{
    const aphd_vhost_app_t *app = r->app;
    const char *auth_file = app->options != NULL ? app->options->auth_file : NULL;
    r->values[NAME] = app->name;
    r->values[DOMAIN] = app->domains[0];
    r->values[PORT] = app->port > 0 ? apr_itoa(r->p, app->port) : NULL;
    r->values[PUBLIC_PORT] = apr_itoa(r->p, app->public_port);
    r->values[ROOT_DIR] = app->root_dir;
    r->values[FILES_DIR] = app->files_dir;
    r->values[AUTHFILE] =
        auth_file != NULL ? auth_file : apr_pstrcat(r->p, app->root_dir, "/htpasswd", NULL);
}

/* --- lines of ours --------------------------------------------------------------------------- */

static void put(rendering_t *r, const char *text, size_t length)
{
    if (r->length + length > APHD_VHOST_TEXT_MAX)
        r->too_long = 1;
    if (r->too_long)
        return;
    memcpy(r->out + r->length, text, length);
    r->length += length;
}

static void put_line(rendering_t *r, const char *indent, const char *line)
{
    if (!aphd_vhost_line_valid(line, strlen(line)))
        r->wrong_line = 1;
    put(r, indent, strlen(indent));
    put(r, line, strlen(line));
    put(r, "\n", 1);
}

/* The names under the other domains, then the aliases. */
static void put_aliases(rendering_t *r, const char *indent)
{
    const aphd_vhost_app_t *app = r->app;
    const char *line = "ServerAlias";
    for (const char *const *domain = app->domains + 1; *domain != NULL; domain++)
        line = apr_pstrcat(r->p, line, " ", app->name, ".", *domain, NULL);
    for (const char *const *alias = app->aliases; alias != NULL && *alias != NULL; alias++)
        line = apr_pstrcat(r->p, line, " ", *alias, NULL);
    if (strchr(line, ' ') != NULL)
        put_line(r, indent, line);
}

static void put_options(rendering_t *r, const char *indent)
{
    const aphd_options_t *options = r->app->options;
    for (int i = 0; options != NULL && i < options->lines->nelts; i++)
        put_line(r, indent, APR_ARRAY_IDX(options->lines, i, const char *));
    r->options_done = 1;
}

static int wants_access(const aphd_vhost_app_t *app)
{
    return app->options != NULL && app->options->access;
}

static void put_require(rendering_t *r, const char *indent)
{
    const aphd_options_t *options = r->app->options;
    const char *inner = apr_pstrcat(r->p, indent, "    ", NULL);
    put_line(r, indent, "<RequireAll>");
    if (options->auth_file != NULL)
        put_line(r, inner, "Require valid-user");
    if (options->allow_ip->nelts > 0)
        put_line(r, inner,
                 apr_pstrcat(r->p, "Require ip ", apr_array_pstrcat(r->p, options->allow_ip, ' '),
                             NULL));
    put_line(r, indent, "</RequireAll>");
}

/* In an <If>, which is merged after all other sections: an <If> of the template or of the main
 * server with a Require of its own would take the place of ours otherwise. */
static void put_access(rendering_t *r, const char *indent)
{
    const aphd_options_t *options = r->app->options;
    const char *inner = apr_pstrcat(r->p, indent, "    ", NULL);
    const char *innermost = apr_pstrcat(r->p, inner, "    ", NULL);
    r->access_done = 1;
    if (!wants_access(r->app))
        return;
    put_line(r, indent, "<Location \"/\">");
    put_line(r, inner, "<If \"true\">");
    if (options->auth_file != NULL) {
        const char *realm = options->auth_name != NULL ? options->auth_name : r->app->name;
        put_line(r, innermost, "AuthType Basic");
        put_line(r, innermost, apr_pstrcat(r->p, "AuthName \"", realm, "\"", NULL));
        put_line(r, innermost, "AuthBasicProvider file");
        put_line(r, innermost,
                 apr_pstrcat(r->p, "AuthUserFile \"", options->auth_file, "\"", NULL));
    }
    put_require(r, innermost);
    put_line(r, inner, "</If>");
    put_line(r, indent, "</Location>");
}

/* --- lines of the template ------------------------------------------------------------------- */

static apr_status_t put_own_line(rendering_t *r, const aphd_line_t *line)
{
    for (size_t i = 0; i < line->length;) {
        size_t length = aphd_word_length(line->text + i, line->length - i);
        int word = 0;
        while (word < WORD_COUNT && (line->comment || strlen(words[word]) != length ||
                                     memcmp(words[word], line->text + i, length) != 0))
            word++;
        if (word < WORD_COUNT && r->values[word] == NULL)
            return aph_error_set(r->err, APH_ECONFIG, 2054, "%s:%d: an app of kind %s has no %s",
                                 r->template->path, line->number, r->app->kind, words[word]);
        if (word < WORD_COUNT)
            put(r, r->values[word], strlen(r->values[word]));
        else
            put(r, line->text + i, length > 0 ? length : 1);
        i += length > 0 ? length : 1;
    }
    if (line->text + line->length < r->template->text + r->template->length)
        put(r, "\n", 1);
    return APR_SUCCESS;
}

static int block_has(const rendering_t *r, int block, aphd_line_word_t word)
{
    for (int i = 0; i < r->scan.lines->nelts; i++) {
        const aphd_line_t *line = &APR_ARRAY_IDX(r->scan.lines, i, aphd_line_t);
        if ((block == 0 || line->block == block) && line->word == word)
            return 1;
    }
    return 0;
}

static const char *indent_of(const rendering_t *r, const aphd_line_t *line)
{
    size_t blanks = 0;
    while (blanks < line->length && (line->text[blanks] == ' ' || line->text[blanks] == '\t'))
        blanks++;
    return apr_pstrmemdup(r->p, line->text, blanks);
}

/* Options and access are about the whole virtual host, so within another section they wait for its
 * end: <Location> is not allowed in there, and <Directory> says nothing to a request that is
 * proxied. */
static void put_word(rendering_t *r, const aphd_line_t *line)
{
    if (line->word == APHD_LINE_ALIASES) {
        put_aliases(r, indent_of(r, line));
        return;
    }
    r->pending_options |= line->word == APHD_LINE_OPTIONS;
    r->pending_access |=
        line->word == APHD_LINE_ACCESS || !block_has(r, line->block, APHD_LINE_ACCESS);
}

static void put_pending(rendering_t *r, const char *indent)
{
    if (r->pending_options && !r->options_done)
        put_options(r, indent);
    if (r->pending_access && !r->access_done)
        put_access(r, indent);
    r->pending_options = r->pending_access = 0;
}

static apr_status_t put_lines(rendering_t *r)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; i < r->scan.lines->nelts && rv == APR_SUCCESS; i++) {
        const aphd_line_t *line = &APR_ARRAY_IDX(r->scan.lines, i, aphd_line_t);
        if (line->block == 0 || line->depth == 0)
            r->options_done = r->access_done = 0;
        if (line->word != APHD_LINE_OWN)
            put_word(r, line);
        else
            rv = put_own_line(r, line);
        if (line->depth == 1)
            put_pending(r, indent_of(r, line));
    }
    return rv;
}

/* --- what the whole must be ------------------------------------------------------------------ */

static int alias_outside(const aphd_vhost_app_t *app)
{
    for (const char *const *alias = app->aliases; alias != NULL && *alias != NULL; alias++)
        if (!aphd_host_inside(*alias, app->domains))
            return 1;
    return 0;
}

/* What would be left out without a word is refused instead. */
static apr_status_t judge_places(const rendering_t *r)
{
    const aphd_options_t *options = r->app->options;
    for (int block = 1; wants_access(r->app) && block <= r->scan.block_count; block++)
        if (!block_has(r, block, APHD_LINE_ACCESS) && !block_has(r, block, APHD_LINE_OPTIONS))
            return aph_error_set(
                r->err, APH_ECONFIG, 2055,
                "%s:%d: this <VirtualHost> has neither HDA_ACCESS nor "
                "APP_CUSTOM_OPTIONS, so %s would not be asked for in it: add a line with "
                "HDA_ACCESS",
                r->template->path, r->scan.block_lines[block],
                options->auth_file != NULL ? "the password" : "the address");
    if (options != NULL && options->lines->nelts > 0 && !block_has(r, 0, APHD_LINE_OPTIONS))
        return aph_error_set(
            r->err, APH_ECONFIG, 2056,
            "%s has no line with APP_CUSTOM_OPTIONS, so there is no place for the options "
            "%s: add one",
            r->template->path, options->named);
    if (alias_outside(r->app) && !block_has(r, 0, APHD_LINE_ALIASES))
        return aph_error_set(
            r->err, APH_ECONFIG, 2057,
            "%s has no line with APP_ALIASES, so aliases outside of the domains would not "
            "be answered: add one",
            r->template->path);
    return APR_SUCCESS;
}

/* Our own text is held to our grammar as a whole; an admin's template is the admin's. */
static apr_status_t judge_result(rendering_t *r)
{
    if (r->too_long)
        return aph_error_set(r->err, APH_ECONFIG, 2058,
                             "%s becomes more than 64 KiB for the app %s", r->template->path,
                             r->app->name);
    for (size_t i = 0; r->template->shipped && i < r->length && !r->wrong_line;) {
        const char *newline = memchr(r->out + i, '\n', r->length - i);
        size_t length = newline != NULL ? (size_t)(newline - r->out) - i : r->length - i;
        r->wrong_line = !aphd_vhost_line_valid(r->out + i, length);
        i += length + 1;
    }
    if (r->wrong_line)
        return aph_error_set(
            r->err, APH_EINTERNAL, 2059,
            "the virtual host of %s has a line that apphost does not write: it is not "
            "used",
            r->app->name);
    return APR_SUCCESS;
}

static int admin_keeps_out(const rendering_t *r)
{
    for (int i = 0; i < r->scan.lines->nelts; i++)
        if (APR_ARRAY_IDX(r->scan.lines, i, aphd_line_t).access)
            return !r->template->shipped;
    return 0;
}

static void conclude(const rendering_t *r, aphd_vhost_t *vhost)
{
    const aphd_vhost_app_t *app = r->app;
    const char *why = "";
    if (!r->template->shipped)
        why = apr_pstrcat(r->p, "; the template ", r->template->path, " is not the shipped one",
                          NULL);
    if (app->options != NULL && app->options->vhost)
        why = apr_pstrcat(r->p, why, "; options: ", app->options->named, NULL);
    if (alias_outside(app))
        why = apr_pstrcat(r->p, why, "; an alias lies outside of the domains", NULL);
    if (aphd_kind_of(app->kind) == APHD_KIND_WEBAPP)
        why = apr_pstrcat(r->p, why, "; httpd itself serves the files", NULL);
    vhost->because = *why != '\0' ? why + 2 : "";
    vhost->says_more = *why != '\0';
    vhost->access = wants_access(app) || admin_keeps_out(r);
    r->out[r->length] = '\0';
    vhost->text = r->out;
    vhost->length = r->length;
}

apr_status_t aphd_vhost_render(const aphd_template_t *template, const aphd_vhost_app_t *app,
                               aphd_vhost_t *vhost, apr_pool_t *p, aph_error_t *err)
{
    rendering_t r = {.template = template, .app = app, .p = p, .err = err};
    apr_status_t rv = judge_values(&r);
    if (rv == APR_SUCCESS)
        rv = aphd_template_scan(template, &r.scan, p, err);
    if (rv == APR_SUCCESS)
        rv = judge_places(&r);
    if (rv != APR_SUCCESS)
        return rv;
    fill_values(&r);
    r.out = apr_palloc(p, APHD_VHOST_TEXT_MAX + 1);
    rv = put_lines(&r);
    if (rv == APR_SUCCESS)
        rv = judge_result(&r);
    if (rv == APR_SUCCESS)
        conclude(&r, vhost);
    return rv;
}
