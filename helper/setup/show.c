/* SPDX-License-Identifier: Apache-2.0 */
/* Printing. Paths and texts are root's own words; still nothing a terminal would obey is passed on.
 */
#include "helper/setup/show.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/frame.h"
#include "helper/setup/plan.h"

#define ANSWER_MAX 256

void aphd_setup_note(aphd_setup_t *setup, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    APR_ARRAY_PUSH(setup->notes, const char *) = apr_pvsprintf(setup->p, format, args);
    va_end(args);
}

static void put(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char octet = (unsigned char)text[i];
        putchar((octet < 0x20 && octet != '\t') || octet == 0x7F ? '?' : octet);
    }
}

static void put_line(const char *mark, const char *line, size_t length)
{
    printf("    %s", mark);
    put(line, length);
    putchar('\n');
}

/* Whether text has this line. */
static int has_line(const char *text, const char *line, size_t length)
{
    while (text != NULL && *text != '\0') {
        size_t here = strcspn(text, "\n");
        if (here == length && strncmp(text, line, length) == 0)
            return 1;
        text += here + (text[here] == '\n');
    }
    return 0;
}

/* The lines of text that other has not; all of them where other is NULL. */
static void put_lines(const char *text, const char *other, const char *mark)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, "\n");
        if (other == NULL || !has_line(other, text, length))
            put_line(mark, text, length);
        text += length + (text[length] == '\n');
    }
}

static void show_change(const aphd_setup_t *setup, const aphd_change_t *change)
{
    if (!aphd_plan_differs(setup, change))
        return;
    if (change->after.kind == APHD_LINK) {
        printf("  %s -> %s\n      (%s)\n", change->path, change->after.text, change->why);
        return;
    }
    int replaced = change->before.kind == APHD_FILE;
    int edited = strcmp(change->path, setup->config_path) == 0;
    printf("  %s%s\n      (%s)\n", change->path,
           edited && replaced ? ", these lines; the original is kept"
           : replaced         ? ", instead of what is there; the original is kept"
                              : "",
           change->why);
    if (edited && replaced) {
        put_lines(change->before.text, change->after.text, "- ");
        put_lines(change->after.text, change->before.text, "+ ");
    } else {
        put_lines(change->after.text, NULL, "| ");
    }
    putchar('\n');
}

void aphd_show_plan(const aphd_setup_t *setup)
{
    if (setup->json)
        return;
    printf("httpd: %s, its configuration in %s%s\n", setup->httpd->command[0], setup->layout.root,
           setup->parent != 0 ? "" : " (it does not run)");
    printf("Apps:  ");
    for (const char *const *domain = setup->settings->domains; *domain != NULL; domain++)
        printf("%sNAME.%s", domain != setup->settings->domains ? ", " : "", *domain);
    printf(", port %d\n\nTo be written:\n\n", setup->settings->public_port);
    for (int i = 0; i < setup->changes->nelts; i++)
        show_change(setup, &APR_ARRAY_IDX(setup->changes, i, aphd_change_t));
    printf("Then: %s%s%s.\n", "the ports of apps are reserved",
           access("/run/systemd/system", F_OK) == 0 ? ", apphostd is enabled and started" : "",
           setup->parent != 0 ? ", httpd is reloaded (gracefully: nobody is cut off)" : "");
}

void aphd_show_teardown(const aphd_setup_t *setup, const char *const *apps)
{
    const aphd_record_t *record = setup->record;
    if (setup->json)
        return;
    for (int i = 0; apps[i] != NULL; i++)
        printf("%s  %s\n", i == 0 ? "Apps to be uninstalled:\n" : "", apps[i]);
    if (record != NULL)
        printf("To be removed, or to become again what it was before setup:\n");
    for (int i = 0; record != NULL && i < record->entries->nelts; i++) {
        const aphd_change_t *change = &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t).change;
        printf("  %s%s\n", change->path,
               change->before.kind != APHD_NOTHING ? " (as it was before)" : "");
    }
    if (setup->purge)
        printf("To be deleted, for good, with the data of every app:\n  %s\n  %s\n  %s\n",
               setup->settings->state_dir, setup->settings->runtime_dir,
               strcmp(setup->config_path, APHD_SETTINGS_PATH) == 0 ? APH_SYSCONFDIR
                                                                   : setup->config_path);
    else
        printf("To be kept: %s, with the data of every app.\n", setup->settings->state_dir);
}

void aphd_show_notes(aphd_setup_t *setup)
{
    if (setup->json)
        return;
    for (int i = 0; i < setup->notes->nelts; i++)
        printf("%s\n", APR_ARRAY_IDX(setup->notes, i, const char *));
    apr_array_clear(setup->notes);
}

void aphd_show_step(const aphd_setup_t *setup, const char *format, ...)
{
    va_list args;
    if (setup->json)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* One line from the terminal, without blanks around it; nonzero when there was one. */
static int read_line(char *line, size_t size)
{
    fflush(stdout);
    if (fgets(line, (int)size, stdin) == NULL)
        return 0;
    line[strcspn(line, "\r\n")] = '\0';
    return 1;
}

static int can_ask(const aphd_setup_t *setup)
{
    return !setup->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void aphd_show_ask_domain(aphd_setup_t *setup, const char *proposal)
{
    char line[ANSWER_MAX];
    if (setup->yes || !can_ask(setup))
        return;
    printf("The domain apps live under, so that an app is NAME.DOMAIN [%s]: ", proposal);
    if (read_line(line, sizeof line) && *line != '\0')
        setup->domain = apr_pstrdup(setup->p, line);
}

apr_status_t aphd_show_consent(const aphd_setup_t *setup, const char *question, aph_error_t *err)
{
    char line[ANSWER_MAX];
    if (setup->yes)
        return APR_SUCCESS;
    if (!can_ask(setup))
        return aph_error_set(err, APH_ECONSENT, 2187,
                             "nothing was changed: there is no terminal to ask. Give --yes if that "
                             "is wanted");
    do {
        printf("%s [y/n] ", question);
        if (!read_line(line, sizeof line))
            line[0] = 'n';
    } while (strcasecmp(line, "y") != 0 && strcasecmp(line, "yes") != 0 &&
             strncasecmp(line, "n", 1) != 0);
    return line[0] == 'y' || line[0] == 'Y'
               ? APR_SUCCESS
               : aph_error_set(err, APH_ECONSENT, 2188, "nothing was changed");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *spell_changes(const aphd_setup_t *setup, int done)
{
    json_t *list = json_array();
    for (int i = 0; setup->changes != NULL && i < setup->changes->nelts; i++) {
        const aphd_change_t *change = &APR_ARRAY_IDX(setup->changes, i, aphd_change_t);
        int link = change->after.kind == APHD_LINK;
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:b}", "path", change->path, "kind",
                                        link ? "link" : "file", link ? "target" : "text",
                                        change->after.text, "why", change->why, "differs",
                                        !done && aphd_plan_differs(setup, change)));
    }
    return list;
}

void aphd_show_json(const aphd_setup_t *setup, int done, const aph_error_t *error)
{
    json_t *notes = json_array();
    for (int i = 0; i < setup->notes->nelts; i++)
        json_array_append_new(notes, json_string(APR_ARRAY_IDX(setup->notes, i, const char *)));
    json_t *whole = error != NULL ? aph_frame_error(error) : json_object();
    json_object_set_new(whole, "changes", spell_changes(setup, done));
    json_object_set_new(whole, "notes", notes);
    json_object_set_new(whole, "done", json_boolean(done));
    json_dumpf(whole, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(whole);
}
