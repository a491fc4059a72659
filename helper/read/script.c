/* SPDX-License-Identifier: Apache-2.0 */
/* What an Amahi script says, command by command. Nothing is run: eleven of thirteen real scripts
 * are one here-document and one docker-compose, and the others need what no app may have. */
#include "helper/read/script.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/read/compose_normal.h"
#include "helper/read/script_line.h"
#include "helper/read/text_check.h"
#include "helper/read/words.h"

#define FILES_MAX 64

typedef struct script_t {
    const aphd_words_t *words;
    apr_pool_t *p;
    aph_error_t *err;
    json_t *files, *folders, *modes, *purge;
    aphd_bundle_file_t bundle[FILES_MAX];
    size_t bundle_count;
    const aphd_bundle_file_t *compose; /* among bundle, once it was written */
    int compose_line;                  /* of its command */
    int up_line;                       /* 0: not yet */
    int commands;
    unsigned stop : 1, remove : 1;
} script_t;

typedef apr_status_t (*command_cb)(script_t *script, const aphd_script_line_t *line);

static apr_status_t refuse(script_t *script, int tag, int line, const char *word, const char *why)
{
    return aph_error_set(script->err, APH_EUNREADABLE, tag, "line %d: %.80s %s", line, word, why);
}

/* The line as the author would recognise it, for a message. */
static const char *spelled(script_t *script, const aphd_script_line_t *line)
{
    const char *text = line->words[0];
    for (size_t i = 1; i < line->count; i++)
        text = apr_pstrcat(script->p, text, " ", line->words[i], NULL);
    return text;
}

static int is_compose_name(const char *path)
{
    return strcmp(path, "docker-compose.yml") == 0 || strcmp(path, "docker-compose.yaml") == 0
           || strcmp(path, "compose.yml") == 0 || strcmp(path, "compose.yaml") == 0;
}

static apr_status_t add_file(script_t *script, const char *path, const aphd_script_line_t *line)
{
    for (size_t i = 0; i < script->bundle_count; i++)
        if (strcmp(script->bundle[i].path, path) == 0)
            return refuse(script, 480, line->line, path, "is written for the second time");
    if (script->bundle_count == FILES_MAX)
        return refuse(script, 481, line->line, path, "is one file too many");
    aphd_bundle_file_t *file = &script->bundle[script->bundle_count++];
    *file = (aphd_bundle_file_t){.path = path, .text = line->body, .line = line->body_line};
    if (!is_compose_name(path)) {
        json_array_append_new(script->files, json_pack("{s:s,s:i,s:s}", "path", path, "line",
                                                       line->line, "text", line->body));
        return APR_SUCCESS;
    }
    if (script->compose != NULL)
        return refuse(script, 482, line->line, path, "is a second compose file; an app has one");
    script->compose = file;
    script->compose_line = line->line;
    return APR_SUCCESS;
}

/* cat > FILE << 'EOF' */
static apr_status_t command_cat(script_t *script, const aphd_script_line_t *line)
{
    if (line->count != 1)
        return refuse(script, 483, line->line, line->words[1], "after cat is not read");
    if (line->output == NULL || line->tag == NULL)
        return refuse(script, 484, line->line, "cat",
                      "is read only as: cat > FILE << 'EOF', with the text below it");
    const char *path = NULL;
    apr_status_t rv =
        aphd_script_path(line->output, script->words, line->line, &path, script->p, script->err);
    return rv != APR_SUCCESS ? rv : add_file(script, path, line);
}

/* Adds the paths of a command from word `from` on to list; mode may be NULL. */
static apr_status_t add_paths(script_t *script, const aphd_script_line_t *line, size_t from,
                              json_t *list, const char *mode, int recursive)
{
    if (from >= line->count)
        return refuse(script, 485, line->line, line->words[0], "names no file");
    for (size_t i = from; i < line->count; i++) {
        const char *path = NULL;
        if (line->words[i][0] == '-')
            return refuse(script, 486, line->line, line->words[i], "is an option that is not read");
        apr_status_t rv = aphd_script_path(line->words[i], script->words, line->line, &path,
                                           script->p, script->err);
        if (rv != APR_SUCCESS)
            return rv;
        json_t *row = json_pack("{s:s,s:i}", "path", path, "line", line->line);
        if (mode != NULL) {
            json_object_set_new(row, "mode", json_string(mode));
            json_object_set_new(row, "recursive", json_boolean(recursive));
        }
        json_array_append_new(list, row);
    }
    return APR_SUCCESS;
}

static apr_status_t command_mkdir(script_t *script, const aphd_script_line_t *line)
{
    size_t from = line->count > 1 && strcmp(line->words[1], "-p") == 0 ? 2 : 1;
    return add_paths(script, line, from, script->folders, NULL, 0);
}

/* chmod [-R] OCTAL PATH...: no set-user-id, set-group-id or sticky bits. */
static apr_status_t command_chmod(script_t *script, const aphd_script_line_t *line)
{
    int recursive = line->count > 1 && strcmp(line->words[1], "-R") == 0;
    size_t at = recursive ? 2 : 1;
    const char *mode = at < line->count ? line->words[at] : "";
    size_t digits = strspn(mode, "01234567");
    if (mode[digits] != '\0' || digits < 3 || digits > 4 || (digits == 4 && mode[0] != '0'))
        return refuse(script, 487, line->line, *mode != '\0' ? mode : "chmod",
                      "is not read as a mode: write three octal digits, as in 755");
    const char *four = digits == 4 ? mode : apr_pstrcat(script->p, "0", mode, NULL);
    return add_paths(script, line, at + 1, script->modes, four, recursive);
}

/* rm -rf REL: names data that a purge will delete. */
static apr_status_t command_rm(script_t *script, const aphd_script_line_t *line)
{
    size_t from = 1;
    while (from < line->count && line->words[from][0] == '-') {
        const char *flags = line->words[from] + 1;
        if (*flags == '\0' || flags[strspn(flags, "rRf")] != '\0')
            return refuse(script, 488, line->line, line->words[from],
                          "is an option of rm that is not read");
        from++;
    }
    return add_paths(script, line, from, script->purge, NULL, 0);
}

/* The words after docker-compose, or after "docker compose", as one text. */
static const char *compose_request(script_t *script, const aphd_script_line_t *line)
{
    const char *text = "";
    for (size_t i = strcmp(line->words[0], "docker") == 0 ? 2 : 1; i < line->count; i++)
        text = apr_pstrcat(script->p, text, *text != '\0' ? " " : "", line->words[i], NULL);
    return text;
}

static int is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return 1;
    return 0;
}

static const char *const ups[] = {"up -d", "up --detach", NULL};
static const char *const stops[] = {"stop", NULL};
static const char *const removals[] = {"rm -f",    "rm --force", "rm -sf", "rm -fs",
                                       "rm -s -f", "rm -f -s",   "down",   NULL};

static apr_status_t install_compose(script_t *script, const aphd_script_line_t *line)
{
    const char *request = compose_request(script, line);
    /* A script that may run twice takes the old containers down first; we do so by ourselves. */
    if (is_one_of(request, stops) || is_one_of(request, removals))
        return APR_SUCCESS;
    if (strcmp(request, "up") == 0)
        return refuse(script, 489, line->line, spelled(script, line),
                      "would never return: write docker-compose up -d");
    if (!is_one_of(request, ups))
        return refuse(
            script, 490, line->line, spelled(script, line),
            "is not read: an install script says docker-compose up -d, nothing else of it");
    if (script->compose == NULL)
        return refuse(script, 491, line->line, spelled(script, line),
                      "comes before docker-compose.yml is written");
    script->up_line = line->line;
    return APR_SUCCESS;
}

static apr_status_t uninstall_compose(script_t *script, const aphd_script_line_t *line)
{
    const char *request = compose_request(script, line);
    if (is_one_of(request, stops))
        script->stop = 1;
    else if (is_one_of(request, removals))
        script->stop = script->remove = 1;
    else
        return refuse(script, 492, line->line, spelled(script, line),
                      "is not read: an uninstall script says docker-compose stop, rm -f or down");
    return APR_SUCCESS;
}

typedef struct command_t {
    const char *program;
    command_cb install;   /* NULL: not in an install script */
    command_cb uninstall; /* NULL: not in an uninstall script */
} command_t;

static const command_t commands[] = {
    {"cat", command_cat, NULL},
    {"mkdir", command_mkdir, NULL},
    {"chmod", command_chmod, NULL},
    {"rm", NULL, command_rm},
    {"docker-compose", install_compose, uninstall_compose},
};

static command_cb find_command(const aphd_script_line_t *line, int uninstall)
{
    const char *program = line->words[0];
    if (strcmp(program, "docker") == 0 && line->count > 1 && strcmp(line->words[1], "compose") == 0)
        program = "docker-compose";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].program, program) == 0)
            return uninstall ? commands[i].uninstall : commands[i].install;
    return NULL;
}

static apr_status_t read_command(script_t *script, const aphd_script_line_t *line, int uninstall)
{
    if (line->count == 0 && (line->output != NULL || line->tag != NULL))
        return refuse(script, 493, line->line, line->output != NULL ? ">" : "<<",
                      "stands without a command before it");
    if (line->count == 0)
        return APR_SUCCESS;
    script->commands++;
    command_cb command = find_command(line, uninstall);
    if (command == NULL && strcmp(line->words[0], "docker") == 0)
        return refuse(script, 494, line->line, spelled(script, line),
                      "is not read: what an app runs stands in docker-compose.yml");
    if (command == NULL)
        return aphd_script_unknown(line->words[0], line->line, script->err);
    if (command != command_cat && (line->output != NULL || line->tag != NULL))
        return refuse(script, 495, line->line, line->output != NULL ? line->output : line->tag,
                      "redirects a command other than cat");
    if (script->up_line != 0)
        return aph_error_set(script->err, APH_EUNREADABLE, 496,
                             "line %d: %.80s comes after the app was started in line %d; starting "
                             "it is the last thing a script does",
                             line->line, line->words[0], script->up_line);
    return command(script, line);
}

static apr_status_t read_commands(script_t *script, const aphd_foreign_t *foreign, int uninstall)
{
    aphd_script_cursor_t cursor = {.text = foreign->text, .length = foreign->length, .line = 1};
    aphd_script_line_t line;
    apr_status_t rv;
    while ((rv = aphd_script_next(&cursor, &line, script->p, script->err)) == APR_SUCCESS) {
        rv = read_command(script, &line, uninstall);
        if (rv != APR_SUCCESS)
            return rv;
    }
    if (rv != APR_EOF)
        return rv;
    if (script->commands == 0)
        return aph_error_set(script->err, APH_EUNREADABLE, 497, "line 1: the script is empty");
    return APR_SUCCESS;
}

/* Checks the characters, takes carriage returns off the line ends, and replaces the words. */
static apr_status_t prepare(script_t *script, aphd_foreign_t *foreign)
{
    if (foreign->length > APH_FOREIGN_MAX)
        return aph_error_set(script->err, APH_EUNREADABLE, 498, "%zu octets; at most %d are read",
                             foreign->length, APH_FOREIGN_MAX);
    apr_status_t rv = aphd_text_check(foreign, APHD_TEXT_TABS_ALLOWED, script->err);
    if (rv != APR_SUCCESS)
        return rv;
    char *plain = apr_palloc(script->p, foreign->length + 1);
    size_t size = 0;
    for (size_t i = 0; i < foreign->length; i++)
        if (foreign->text[i] != '\r')
            plain[size++] = foreign->text[i];
    foreign->text = plain;
    foreign->length = size;
    return aphd_words_replace(foreign, script->words, foreign, script->p, script->err);
}

/* A compose file begins with a key or a document marker, a script with a command. */
static int looks_like_compose(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\n");
        if (*text != '#')
            break;
        text += strcspn(text, "\n");
    }
    if (*text == '{' || strncmp(text, "---", 3) == 0 || strncmp(text, "? ", 2) == 0 || *text == '%')
        return 1;
    size_t word = strcspn(text, " \t\n:");
    const char *colon = text + word + strspn(text + word, " ");
    return word > 0 && *colon == ':' && strchr(" \t\n", colon[1]) != NULL;
}

static apr_status_t read_script(script_t *script, const aphd_foreign_t *foreign)
{
    apr_status_t rv = read_commands(script, foreign, 0);
    if (rv != APR_SUCCESS)
        return rv;
    if (script->compose == NULL)
        return aph_error_set(script->err, APH_EUNREADABLE, 499,
                             "the script writes no docker-compose.yml, so there is nothing to run");
    if (script->up_line == 0)
        return aph_error_set(script->err, APH_EUNREADABLE, 500,
                             "the script never says docker-compose up -d, so nothing would run");
    return APR_SUCCESS;
}

apr_status_t aphd_script_install(const char *text, size_t length, const aphd_words_t *words,
                                 json_t **normal, apr_pool_t *p, aph_error_t *err)
{
    script_t script = {.words = words, .p = p, .err = err};
    aphd_foreign_t foreign = {text, length, 1};
    apr_status_t rv = prepare(&script, &foreign);
    if (rv != APR_SUCCESS)
        return rv;
    script.files = json_array();
    script.folders = json_array();
    script.modes = json_array();
    json_t *compose = NULL;
    if (looks_like_compose(foreign.text)) {
        rv = aphd_compose_read(&foreign, NULL, &compose, p, err);
    } else if ((rv = read_script(&script, &foreign)) == APR_SUCCESS) {
        aphd_bundle_t bundle = {script.bundle, script.bundle_count};
        aphd_foreign_t text_of_compose = {script.compose->text, strlen(script.compose->text),
                                          script.compose->line};
        rv = aphd_compose_read(&text_of_compose, &bundle, &compose, p, err);
    }
    json_t *value = json_pack("{s:o,s:o,s:o,s:b,s:o*}", "files", script.files, "folders",
                              script.folders, "modes", script.modes, "up", 1, "compose", compose);
    if (rv == APR_SUCCESS)
        *normal = value;
    else
        json_decref(value);
    return rv;
}

apr_status_t aphd_script_uninstall(const char *text, size_t length, const aphd_words_t *words,
                                   json_t **normal, apr_pool_t *p, aph_error_t *err)
{
    script_t script = {.words = words, .p = p, .err = err};
    aphd_foreign_t foreign = {text, length, 1};
    apr_status_t rv = prepare(&script, &foreign);
    if (rv != APR_SUCCESS)
        return rv;
    script.purge = json_array();
    rv = read_commands(&script, &foreign, 1);
    if (rv != APR_SUCCESS) {
        json_decref(script.purge);
        return rv;
    }
    *normal = json_pack("{s:b,s:b,s:o}", "stop", script.stop, "remove", script.remove, "purge",
                        script.purge);
    return APR_SUCCESS;
}
