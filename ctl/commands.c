/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: one row each, joined with the words of ops.def and local.def. */
#include "ctl/command.h"

#include <string.h>
#include <apr_strings.h>

#include "common/ops.h"

typedef struct words_t {
    const char *name, *usage, *help;
} words_t;

static const words_t local_words[] = {
#define APHC_LOCAL_ROW(name, usage, help) {name, usage, help},
#include "ctl/local.def"
#undef APHC_LOCAL_ROW
};

typedef struct row_t {
    const char *name;
    apr_status_t (*run)(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
    const aphc_option_t *options;
    int operands_min, operands_max;
} row_t;

/* In the order in which help lists them. */
static const row_t rows[] = {
    {"install", aphc_install, aphc_install_options, 0, 1},
    {"uninstall", aphc_uninstall, aphc_uninstall_options, 1, 1},
    {"start", aphc_start, NULL, 1, 1},
    {"stop", aphc_stop, NULL, 1, 1},
    {"restart", aphc_restart, NULL, 1, 1},
    {"vhost", aphc_vhost, NULL, 1, 1},
    {"render", aphc_render, NULL, 0, 0},
    {"reload", aphc_reload, NULL, 0, 0},
    {"list", aphc_list, NULL, 0, 0},
    {"status", aphc_status, NULL, 0, 1},
    {"logs", aphc_logs, aphc_logs_options, 1, 1},
    {"metrics", aphc_metrics, aphc_metrics_options, 0, 1},
    {"state", aphc_state, NULL, 1, 1},
    {"changes", aphc_changes, aphc_changes_options, 1, 1},
    {"jobs", aphc_jobs, NULL, 0, 0},
    {"job", aphc_job, aphc_job_options, 1, 1},
    {"update", aphc_update, aphc_update_options, 1, 1},
    {"rollback", aphc_rollback, aphc_rollback_options, 1, 1},
    {"search", aphc_search, aphc_search_options, 0, APHC_OPERANDS_MAX},
    {"show", aphc_show, NULL, 1, 1},
    {"catalog list", aphc_catalog_list, NULL, 0, 0},
    {"catalog add", aphc_catalog_add, aphc_catalog_add_options, 2, 2},
    {"catalog remove", aphc_catalog_remove, NULL, 1, 1},
    {"catalog refresh", aphc_catalog_refresh, aphc_catalog_refresh_options, 0, 1},
    {"catalog sign", aphc_catalog_sign, aphc_catalog_sign_options, 1, 1},
    {"catalog check", aphc_catalog_check, aphc_catalog_check_options, 1, 1},
    {"revision list", aphc_revision_list, aphc_revision_list_options, 0, APHC_OPERANDS_MAX},
    {"revision import", aphc_revision_import, aphc_revision_import_options, 1, 1},
    {"revision activate", aphc_revision_activate, aphc_revision_activate_options, 0,
     APHC_OPERANDS_MAX},
    {"revision deactivate", aphc_revision_deactivate, aphc_revision_dry_options, 0,
     APHC_OPERANDS_MAX},
    {"revision diff", aphc_revision_diff, NULL, 2, 2},
    {"revision categorize", aphc_revision_categorize, aphc_revision_dry_options, 1,
     APHC_OPERANDS_MAX},
    {"revision clean", aphc_revision_clean, aphc_revision_dry_options, 0, 0},
    {"revision migrate", aphc_revision_migrate, aphc_revision_dry_options, 0, APHC_OPERANDS_MAX},
    {"storage list", aphc_storage_list, NULL, 0, 0},
    {"storage add", aphc_storage_add, aphc_storage_add_options, 2, 2},
    {"storage remove", aphc_storage_remove, NULL, 1, 1},
    {"person list", aphc_person_list, NULL, 0, 0},
    {"person add", aphc_person_add, aphc_person_add_options, 1, 1},
    {"person change", aphc_person_change, aphc_person_change_options, 1, 1},
    {"person password", aphc_person_password, NULL, 1, 1},
    {"person remove", aphc_person_remove, NULL, 1, 1},
    {"session list", aphc_session_list, NULL, 0, 1},
    {"session end", aphc_session_end, NULL, 1, 1},
    {"token add", aphc_token_add, aphc_token_add_options, 2, 2},
    {"token list", aphc_token_list, NULL, 0, 1},
    {"token remove", aphc_token_remove, NULL, 1, 1},
    {"check", aphc_check, aphc_check_options, 1, 1},
    {"doctor", aphc_doctor, aphc_doctor_options, 0, 0},
    {"setup", aphc_setup, aphc_setup_options, 0, 0},
    {"teardown", aphc_teardown, aphc_teardown_options, 0, 0},
    {"help", aphc_help, NULL, 0, 2},
    {"version", aphc_version, NULL, 0, 0},
};

const aphc_option_t aphc_common_options[] = {
    {"socket", 0, "PATH",
     "where apphostd listens (default: $APPHOST_SOCKET, else "
     "/run/apphost/apphostd.sock)"},
    {"json", 0, NULL, "print JSON, for programs"},
    {"quiet", 'q', NULL, "show no progress"},
    {"no-color", 0, NULL, "use no colours"},
    {"help", 'h', NULL, "explain this command"},
    {NULL, 0, NULL, NULL},
};

/* The operation of a verb: the blank of one of two words is a hyphen there. */
static const aph_op_t *find_op(const char *verb)
{
    char name[64];
    size_t i = 0;
    for (; i < sizeof name - 1 && verb[i] != '\0'; i++)
        name[i] = (char)(verb[i] == ' ' ? '-' : verb[i]);
    name[i] = '\0';
    return aph_op_find(name);
}

static void put_words(aphc_command_t *command)
{
    const aph_op_t *op = find_op(command->name);
    if (op != NULL) {
        command->usage = op->usage;
        command->help = op->help;
        return;
    }
    for (size_t i = 0; i < sizeof local_words / sizeof local_words[0]; i++)
        if (strcmp(local_words[i].name, command->name) == 0) {
            command->usage = local_words[i].usage;
            command->help = local_words[i].help;
            command->local = 1;
        }
}

int aphc_command_at(size_t place, aphc_command_t *command)
{
    if (place >= sizeof rows / sizeof rows[0])
        return 0;
    const row_t *row = &rows[place];
    *command = (aphc_command_t){.name = row->name,
                                .run = row->run,
                                .options = row->options,
                                .operands_min = row->operands_min,
                                .operands_max = row->operands_max};
    put_words(command);
    command->minus_operands = strstr(command->usage, "|-LABEL") != NULL;
    return 1;
}

int aphc_command_find(const char *name, aphc_command_t *command)
{
    const aph_op_t *op = find_op(name);
    for (size_t i = 0; aphc_command_at(i, command); i++)
        if (strcmp(command->name, name) == 0 || (op != NULL && find_op(command->name) == op))
            return 1;
    return 0;
}

/* The word after "GROUP " in a command's name; NULL where the command is of another group. */
static const char *second_word(const aphc_command_t *command, const char *group)
{
    size_t length = strlen(group);
    return strncmp(command->name, group, length) == 0 && command->name[length] == ' '
               ? command->name + length + 1 : NULL;
}

int aphc_command_take(int argc, char **argv, aphc_command_t *command)
{
    for (size_t i = 0; aphc_command_at(i, command); i++) {
        const char *second = second_word(command, argv[0]);
        if (second != NULL && argc > 1 && strcmp(second, argv[1]) == 0)
            return 2;
    }
    return aphc_command_find(argv[0], command) && strchr(command->name, ' ') == NULL;
}

const char *aphc_command_group(const char *group, apr_pool_t *p)
{
    const char *words = NULL;
    aphc_command_t command;
    for (size_t i = 0; aphc_command_at(i, &command); i++) {
        const char *second = second_word(&command, group);
        if (second != NULL)
            words = words == NULL ? second : apr_pstrcat(p, words, " ", second, NULL);
    }
    return words;
}
