/* SPDX-License-Identifier: Apache-2.0 */
/* What a command of apphostctl is: one file, and one row in the table of commands.c.
 *
 * Name, usage and help of a command that asks apphostd come from common/ops.def; those of the few
 * that do not (local.def) have the same form. A command gets its arguments already parsed, answers
 * with a status, and leaves the sentence about a failure in err: only main prints it and exits. */
#ifndef APHC_COMMAND_H
#define APHC_COMMAND_H

#include <apr_pools.h>
#include <jansson.h>

#include "common/error.h"
#include "ctl/terminal.h"

#define APHC_OPTIONS_MAX  16 /* of one command; the options all share are not counted */
#define APHC_REPEATS_MAX  64 /* options with "..." of one command line */
#define APHC_OPERANDS_MAX 64

/* What holds for the whole run. Passed down; nothing else is shared. */
typedef struct aphc_context_t {
    apr_pool_t *p; /* lives as long as the program */
    const char *socket_path;
    aphc_terminal_t out; /* what was asked for */
    aphc_terminal_t err; /* progress, questions, complaints */
    json_t *beside;      /* with --json: what a failed command still has to show, printed in one
                            object with its error; NULL: nothing */
    unsigned json : 1;   /* standard output carries JSON and nothing else */
    unsigned quiet : 1;  /* no progress */
    unsigned no_color : 1;
} aphc_context_t;

typedef struct aphc_option_t {
    const char *name;  /* without its dashes; NULL ends a list */
    char letter;       /* short form, or 0 */
    const char *value; /* what stands for its value in help; NULL: a switch; "X..." may be given
                          more than once */
    const char *help;
} aphc_option_t;

/* A command line taken apart. Values point into argv. */
typedef struct aphc_arguments_t {
    const char *operands[APHC_OPERANDS_MAX];
    int operand_count;
    const char *values[APHC_OPTIONS_MAX]; /* in the order of the command's options; "" for a switch
                                             that was given, NULL for what was not; the last of
                                             several */
    struct {
        int option; /* place in the command's options */
        const char *value;
    } repeats[APHC_REPEATS_MAX]; /* those with "...", as given */
    int repeat_count;
    unsigned help : 1;
} aphc_arguments_t;

typedef struct aphc_command_t {
    const char *name;
    apr_status_t (*run)(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err);
    const aphc_option_t *options; /* NULL: none of its own */
    int operands_min, operands_max;
    const char *usage; /* from ops.def or local.def */
    const char *help;
    unsigned local : 1; /* asks no apphostd by itself */
    unsigned minus_operands : 1; /* "-word" is an operand, but for options of one letter */
} aphc_command_t;

/* Fills *command with the row of that place or name; 0 where there is none. */
int aphc_command_at(size_t place, aphc_command_t *command);
int aphc_command_find(const char *name, aphc_command_t *command);

/* The command a line begins with: how many of its words (argc is at least 1) are its name, 1 or 2;
 * 0 where there is none of that name. */
int aphc_command_take(int argc, char **argv, aphc_command_t *command);

/* The second words of the verbs that begin with group, with a blank between; in p. NULL: no verb
 * does. */
const char *aphc_command_group(const char *group, apr_pool_t *p);

/* The options every command takes. */
extern const aphc_option_t aphc_common_options[];

/* The commands. APR_EINTR without a sentence means: the person interrupted, and was told what that
 * leaves behind. */
apr_status_t aphc_install(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_uninstall(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_start(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_stop(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_restart(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_vhost(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_render(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_reload(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_update(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_rollback(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_search(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_show(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_catalog_list(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_catalog_add(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_catalog_remove(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_catalog_refresh(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_catalog_sign(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_catalog_check(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_list(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_import(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_activate(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_deactivate(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_diff(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_categorize(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_clean(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_revision_migrate(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_storage_list(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_storage_add(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_storage_remove(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_list(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_status(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_logs(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_jobs(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_job(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_check(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_doctor(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_setup(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_teardown(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_help(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);
apr_status_t aphc_version(aphc_context_t *, const aphc_arguments_t *, aph_error_t *);

/* Their options; a command reads arguments->values in this order. */
extern const aphc_option_t aphc_update_options[];
extern const aphc_option_t aphc_rollback_options[];
extern const aphc_option_t aphc_search_options[];
extern const aphc_option_t aphc_catalog_add_options[];
extern const aphc_option_t aphc_catalog_refresh_options[];
extern const aphc_option_t aphc_catalog_sign_options[];
extern const aphc_option_t aphc_catalog_check_options[];
extern const aphc_option_t aphc_revision_list_options[];
extern const aphc_option_t aphc_revision_import_options[];
extern const aphc_option_t aphc_revision_activate_options[];
extern const aphc_option_t aphc_revision_dry_options[];
extern const aphc_option_t aphc_storage_add_options[];
extern const aphc_option_t aphc_install_options[];
extern const aphc_option_t aphc_uninstall_options[];
extern const aphc_option_t aphc_logs_options[];
extern const aphc_option_t aphc_job_options[];
extern const aphc_option_t aphc_check_options[];
extern const aphc_option_t aphc_doctor_options[];
extern const aphc_option_t aphc_setup_options[];
extern const aphc_option_t aphc_teardown_options[];

#endif
