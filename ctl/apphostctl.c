/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl: options, the command's row, the command; and the one place that complains and exits.
 */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>

#include "common/frame.h"
#include "ctl/arguments.h"
#include "ctl/command.h"
#include "ctl/operation.h"

#define DEFAULT_SOCKET   "/run/apphost/apphostd.sock"
#define EXIT_INTERRUPTED 130 /* 128 + SIGINT, as shells have it */

/* A word that begins verbs of two, or none at all. */
static apr_status_t no_command(aphc_context_t *context, int argc, char **argv, aph_error_t *err)
{
    const char *seconds = aphc_command_group(argv[0], context->p);
    if (seconds == NULL)
        return aph_error_set(err, APH_EUSAGE, 1766,
                             "there is no command '%.60s'; apphostctl help lists them", argv[0]);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return aphc_help(context, &(aphc_arguments_t){.operands = {argv[0]}, .operand_count = 1},
                         err);
    return aph_error_set(err, APH_EUSAGE, 2530,
                         "after '%s' comes one of: %s; see: apphostctl help %s", argv[0], seconds,
                         argv[0]);
}

static apr_status_t run(aphc_context_t *context, int argc, char **argv, aph_error_t *err)
{
    aphc_command_t command;
    aphc_arguments_t arguments;
    int rest = 0, help = 0;
    apr_status_t status = aphc_arguments_common(context, argc, argv, &rest, &help, err);
    if (status != APR_SUCCESS)
        return status;
    aphc_terminal_init(&context->out, stdout, context->no_color);
    if (help)
        return aphc_help(context, &(aphc_arguments_t){.operand_count = 0}, err);
    if (rest >= argc)
        return aph_error_set(err, APH_EUSAGE, 1765,
                             "a command is missing; apphostctl help lists them");
    int words = aphc_command_take(argc - rest, argv + rest, &command);
    if (words == 0)
        return no_command(context, argc - rest, argv + rest, err);
    rest += words - 1;
    status = aphc_arguments_parse(context, &command, argc - rest, argv + rest, &arguments, err);
    if (status != APR_SUCCESS)
        return status;
    aphc_terminal_init(&context->out, stdout, context->no_color);
    aphc_terminal_init(&context->err, stderr, context->no_color);
    if (arguments.help)
        return aphc_help(context, &(aphc_arguments_t){.operands = {command.name}}, err);
    return command.run(context, &arguments, err);
}

/* "apphostctl: sentence. (APH0123)", or the same as JSON on standard output. */
static void complain(const aphc_context_t *context, const aph_error_t *err)
{
    if (context->json) {
        json_t *object = aph_frame_error(err);
        json_object_update(object, context->beside);
        aphc_print_json(context, object);
        json_decref(object);
        return;
    }
    aphc_putf(&context->err, "apphostctl: ");
    aphc_put(&context->err, APHC_RED, err->message);
    /* A sentence that came whole, as some of apphostd's do, gets no second full stop. */
    size_t length = strlen(err->message);
    aphc_putf(&context->err, "%s (%s)\n", length > 0 && err->message[length - 1] == '.' ? "" : ".",
              err->tag);
}

int main(int argc, char **argv)
{
    aph_error_t err = APH_ERROR_INIT;
    aphc_context_t context = {.socket_path = DEFAULT_SOCKET};
    const char *socket_path = getenv("APPHOST_SOCKET");
    if (socket_path != NULL && *socket_path != '\0')
        context.socket_path = socket_path;
    /* For the width of characters only; numbers and messages stay the same everywhere. */
    setlocale(LC_CTYPE, "C.UTF-8");
    /* `apphostctl list | head -1` ends in silence, as people expect. */
    signal(SIGPIPE, SIG_DFL);
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&context.p, NULL) != APR_SUCCESS)
        return aph_error_exit_code(APH_EINTERNAL);
    aphc_terminal_init(&context.out, stdout, 0);
    aphc_terminal_init(&context.err, stderr, 0);

    apr_status_t status = run(&context, argc, argv, &err);
    if (err.status != APR_SUCCESS)
        complain(&context, &err);
    json_decref(context.beside);
    if (fflush(stdout) != 0 && status == APR_SUCCESS)
        status = APH_ENOSPACE;
    apr_terminate();
    return status == APR_EINTR ? EXIT_INTERRUPTED : aph_error_exit_code(status);
}
