/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/dump.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

/* Where in the output we are, and what a line of DUMP_VHOSTS belongs to. */
typedef struct place_t {
    aphd_httpd_facts_t *facts;
    apr_array_header_t *lonely;
    apr_pool_t *p;
    const char *address, *file;
    int line;
    enum { ELSEWHERE, VHOSTS, INCLUDES, MODULES } section;
} place_t;

static int begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static const char *after_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static const char *lower(const char *text, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, text);
    for (char *c = copy; *c != '\0'; c++)
        *c = (char)apr_tolower(*c);
    return copy;
}

/* `"/etc/apache2"` and `name="www-data" id=33`: what stands between the first two quotes; NULL for
 * text without them. */
static const char *quoted(const char *text, apr_pool_t *p)
{
    const char *open = strchr(text, '"');
    const char *close = open != NULL ? strchr(open + 1, '"') : NULL;
    return close != NULL ? apr_pstrmemdup(p, open + 1, (apr_size_t)(close - open - 1)) : NULL;
}

/* Splits "a.example (/etc/x.conf:7)" in place. 0 for a line that does not end so. */
static int split_place(char *text, const char **file, int *line)
{
    size_t length = strlen(text);
    char *open = strstr(text, " (");
    char *colon = strrchr(text, ':');
    if (open == NULL || colon == NULL || colon < open || text[length - 1] != ')')
        return 0;
    text[length - 1] = '\0';
    *colon = *open = '\0';
    *file = open + 2;
    *line = atoi(colon + 1);
    return *line > 0;
}

static void add_name(place_t *place, const char *name, int alias, int wildcard)
{
    aphd_httpd_name_t *added = apr_array_push(place->facts->names);
    *added = (aphd_httpd_name_t){.name = lower(name, place->p),
                                 .address = place->address,
                                 .file = place->file,
                                 .line = place->line,
                                 .alias = alias != 0,
                                 .wildcard = wildcard != 0};
}

/* *:80                   is a NameVirtualHost
 *          default server a.example (/etc/x.conf:7)
 *          port 80 namevhost a.example (/etc/x.conf:7)
 *                  alias b.example
 *                  wild alias *.c.example
 * 127.0.0.1:*            star.example (/etc/x.conf:26) */
static void read_vhost_line(place_t *place, char *line)
{
    if (apr_isspace(*line)) {
        char *word = line + strspn(line, " \t");
        char *name = strstr(word, " namevhost ");
        if (begins(word, "port ") && name != NULL) {
            name += strlen(" namevhost ");
            if (split_place(name, &place->file, &place->line))
                add_name(place, name, 0, 0);
        } else if (begins(word, "alias ") && place->file != NULL)
            add_name(place, word + strlen("alias "), 1, 0);
        else if (begins(word, "wild alias ") && place->file != NULL)
            add_name(place, word + strlen("wild alias "), 1, 1);
        return;
    }
    size_t length = strcspn(line, " ");
    char *rest = line + length + strspn(line + length, " ");
    place->address = apr_pstrmemdup(place->p, line, length);
    place->file = NULL;
    if (begins(rest, "is a NameVirtualHost") || !split_place(rest, &place->file, &place->line))
        return;
    add_name(place, rest, 0, 0);
    if (place->lonely != NULL)
        APR_ARRAY_PUSH(place->lonely, const char *) = place->address;
}

static const char *known_user(const char *text, apr_pool_t *p)
{
    const char *name = quoted(text, p);
    return name != NULL && strcmp(name, "#-1") != 0 ? name : NULL;
}

/* The definitions of our own question are not httpd's. */
static void add_define(place_t *place, const char *text)
{
    if (!begins(text, "DUMP_") && strcmp(text, "APPHOST_CANDIDATE") != 0)
        APR_ARRAY_PUSH(place->facts->defines, const char *) = text;
}

/* Lines of DUMP_RUN_CFG have no title above them; each says what it is. */
static int read_run_line(place_t *place, const char *line)
{
    aphd_httpd_facts_t *facts = place->facts;
    if (begins(line, "ServerRoot: "))
        facts->server_root = quoted(line, place->p);
    else if (begins(line, "Main DocumentRoot: "))
        facts->document_root = quoted(line, place->p);
    else if (begins(line, "Main ErrorLog: "))
        facts->error_log = quoted(line, place->p);
    else if (begins(line, "PidFile: "))
        facts->pid_file = quoted(line, place->p);
    else if (begins(line, "User: "))
        facts->user = known_user(line, place->p);
    else if (begins(line, "Group: "))
        facts->group = known_user(line, place->p);
    else if (begins(line, "Define: "))
        add_define(place, apr_pstrdup(place->p, line + strlen("Define: ")));
    else
        return 0;
    return 1;
}

static int read_title(place_t *place, const char *line)
{
    if (begins(line, "VirtualHost configuration:"))
        place->section = VHOSTS;
    else if (begins(line, "Included configuration files:"))
        place->section = INCLUDES;
    else if (begins(line, "Loaded Modules:"))
        place->section = MODULES;
    else
        return 0;
    return 1;
}

/* "    (146) /etc/apache2/mods-enabled/alias.load" */
static void read_include_line(place_t *place, const char *line)
{
    const char *path = strstr(line, ") ");
    if (path != NULL)
        APR_ARRAY_PUSH(place->facts->includes, const char *) = apr_pstrdup(place->p, path + 2);
}

/* " ssl_module (shared)" */
static void read_module_line(place_t *place, const char *line)
{
    const char *name = after_blanks(line);
    APR_ARRAY_PUSH(place->facts->modules, const char *) =
        apr_pstrmemdup(place->p, name, strcspn(name, " "));
}

void aphd_dump_read(aphd_httpd_facts_t *facts, apr_array_header_t *lonely, const char *text,
                    apr_pool_t *p)
{
    place_t place = {.facts = facts, .lonely = lonely, .p = p};
    char *rest, *copy = apr_pstrdup(p, text);
    for (char *line = apr_strtok(copy, "\n", &rest); line != NULL;
         line = apr_strtok(NULL, "\n", &rest)) {
        if (read_title(&place, line))
            continue;
        if (read_run_line(&place, line))
            place.section = ELSEWHERE;
        else if (place.section == VHOSTS)
            read_vhost_line(&place, line);
        else if (place.section == INCLUDES)
            read_include_line(&place, line);
        else if (place.section == MODULES && *line == ' ')
            read_module_line(&place, line);
    }
}

void aphd_dump_drop_ours(aphd_httpd_facts_t *facts, const char *const *folders)
{
    aphd_httpd_name_t *names = (aphd_httpd_name_t *)facts->names->elts;
    int kept = 0;
    for (int i = 0; i < facts->names->nelts; i++) {
        int ours = names[i].file[0] != '/';
        for (const char *const *folder = folders; *folder != NULL; folder++)
            ours = ours || begins(names[i].file, *folder);
        if (!ours)
            names[kept++] = names[i];
    }
    facts->names->nelts = kept;
}

void aphd_dump_build(aphd_httpd_build_t *build, const char *text, apr_pool_t *p)
{
    const char *version = strstr(text, "Server version: Apache/");
    const char *mpm = strstr(text, "Server MPM:");
    const char *root = strstr(text, " -D HTTPD_ROOT=");
    const char *file = strstr(text, " -D SERVER_CONFIG_FILE=");
    *build = (aphd_httpd_build_t){"", "", NULL};
    if (version != NULL) {
        version = strchr(version, '/') + 1;
        build->version = apr_pstrmemdup(p, version, strspn(version, "0123456789."));
    }
    if (mpm != NULL) {
        mpm = after_blanks(mpm + strlen("Server MPM:"));
        build->mpm = lower(apr_pstrmemdup(p, mpm, strcspn(mpm, " \n")), p);
    }
    root = root != NULL ? quoted(root, p) : NULL;
    file = file != NULL ? quoted(file, p) : NULL;
    if (file != NULL && *file != '/' && root != NULL)
        file = apr_pstrcat(p, root, "/", file, NULL);
    build->config_file = file;
}
