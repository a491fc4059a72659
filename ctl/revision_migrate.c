/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision migrate: one update for each app whose revision is not the active one of its
 * entry. Each is a job of its own, and what hinders one does not hinder the next.
 *
 *   OLD # -> NEW name          on standard output: done, or, of a dry run, to be done
 *   # OLD -> NEW name: reason  on standard error: skipped or failed; the exit code is 2 then
 *
 * A dry run plans each, and what needs consent or is refused is skipped as it would be.
 *
 * An app that is named is updated although its entry says that updates are not to be automatic. */
#include "ctl/revision.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl/operation.h"
#include "ctl/plan_text.h"

enum { DRY_RUN };

typedef struct migration_t {
    aphc_context_t *context;
    const aphc_arguments_t *arguments;
    int moved, left;
} migration_t;

static int is_named(const aphc_arguments_t *arguments, const char *name)
{
    for (int i = 0; i < arguments->operand_count; i++)
        if (strcmp(arguments->operands[i], name) == 0)
            return 1;
    return 0;
}

/* "OLD # -> NEW name" or, with other words between the two, the same. */
static void print_move(const migration_t *migration, const aphc_terminal_t *out, const json_t *app,
                       const char *between)
{
    apr_pool_t *p = migration->context->p;
    const json_t *active = json_object_get(app, "active");
    const char *entry =
        apr_pstrcat(p, aphc_get_text(active, "catalog"), "/", aphc_get_text(active, "id"), NULL);
    aphc_put(out, APHC_PLAIN,
             aphc_revision_id(p, aphc_get_text(app, "entry"), aphc_get_text(app, "revision")));
    aphc_putf(out, "%s", between);
    aphc_put(out, APHC_PLAIN, aphc_revision_id(p, entry, aphc_get_text(active, "sha256")));
    aphc_putf(out, " %s", aphc_get_text(app, "name"));
}

static void leave(migration_t *migration, const json_t *app, const char *reason)
{
    const aphc_terminal_t *out = &migration->context->err;
    migration->left++;
    aphc_putf(out, "# ");
    print_move(migration, out, app, " -> ");
    aphc_putf(out, ": ");
    aphc_put(out, APHC_PLAIN, reason);
    aphc_putf(out, "\n");
}

static int has_category(const json_t *revision, const char *label)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(revision, "categories"), i, one)
        if (strcmp(json_string_value(one), label) == 0)
            return 1;
    return 0;
}

/* Why the app is not moved; NULL: it is. */
static const char *reason_to_leave(const json_t *app, int named)
{
    const json_t *active = json_object_get(app, "active");
    if (!json_is_object(active))
        return aphc_get_text(app, "why");
    if (json_is_true(json_object_get(active, "obsolete")))
        return "the active revision of its entry is obsolete; `apphostctl update --obsolete` moves "
               "it "
               "there all the same";
    if (named)
        return NULL;
    if (!json_is_true(json_object_get(active, "automatic_updates"))
        || has_category(active, "no_updates"))
        return "its entry wants no automatic updates; name the app to update it";
    return NULL;
}

/* Only planned: what the update itself would say. */
static apr_status_t plan(migration_t *migration, const char *name, aph_error_t *err)
{
    json_auto_t *answer = NULL;
    apr_status_t status =
        aphc_operation(migration->context, "update",
                       json_pack("{s:s, s:b}", "name", name, "plan_only", 1),
                       APHC_LINES_ARE_LOG, &answer, err);
    aphc_verdict_t verdict = aphc_plan_verdict(json_object_get(answer, "plan"));
    if (status != APR_SUCCESS || json_is_false(json_object_get(answer, "changed"))
        || verdict == APHC_PLAN_FREE)
        return status;
    if (verdict == APHC_PLAN_REFUSED)
        return aph_error_set(err, APH_EDENIED, 2756, "its new revision is refused; "
                             "`apphostctl update %s --plan` says why", name);
    return aph_error_set(err, APH_ECONSENT, 2757, "it asks for what needs your consent; "
                         "`apphostctl update %s --plan` shows it", name);
}

static apr_status_t move(migration_t *migration, const json_t *app)
{
    aphc_context_t *context = migration->context;
    const char *name = aphc_get_text(app, "name");
    aph_error_t why = APH_ERROR_INIT;
    json_auto_t *answer = NULL;
    apr_status_t status;
    if (migration->arguments->values[DRY_RUN] != NULL)
        status = plan(migration, name, &why);
    else
        status = aphc_operation(context, "update", json_pack("{s:s}", "name", name),
                                APHC_LINES_ARE_LOG, &answer, &why);
    if (status == APR_EINTR)
        return status;
    if (status != APR_SUCCESS) {
        leave(migration, app, why.message);
        return APR_SUCCESS;
    }
    migration->moved++;
    print_move(migration, &context->out, app, " # -> ");
    aphc_putf(&context->out, "\n");
    fflush(context->out.file);
    return APR_SUCCESS;
}

static apr_status_t move_all(migration_t *migration, const json_t *apps)
{
    size_t i;
    const json_t *app;
    apr_status_t status = APR_SUCCESS;
    json_array_foreach((json_t *)apps, i, app)
    {
        int named = is_named(migration->arguments, aphc_get_text(app, "name"));
        const json_t *active = json_object_get(app, "active");
        if ((migration->arguments->operand_count > 0 && !named)
            || json_equal(json_object_get(active, "sha256"), json_object_get(app, "revision")))
            continue;
        const char *reason = reason_to_leave(app, named);
        if (reason != NULL)
            leave(migration, app, reason);
        else if ((status = move(migration, app)) != APR_SUCCESS)
            break;
    }
    return status;
}

static int is_listed(const json_t *apps, const char *name)
{
    size_t i;
    const json_t *app;
    json_array_foreach((json_t *)apps, i, app)
        if (strcmp(aphc_get_text(app, "name"), name) == 0)
            return 1;
    return 0;
}

apr_status_t aphc_revision_migrate(aphc_context_t *context, const aphc_arguments_t *arguments,
                                   aph_error_t *err)
{
    migration_t migration = {.context = context, .arguments = arguments};
    json_auto_t *answer = NULL;
    json_t *args = json_pack("{s:i, s:b}", "limit", 1, "apps", 1);
    apr_status_t status =
        aphc_operation_silent(context, "revision-list", args, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *apps = json_object_get(answer, "apps");
    for (int i = 0; i < arguments->operand_count; i++)
        if (!is_listed(apps, arguments->operands[i]))
            return aph_error_set(err, APH_ENOTFOUND, 2534, "no app from a catalog is called %s",
                                 arguments->operands[i]);
    status = move_all(&migration, apps);
    if (status != APR_SUCCESS)
        return status;
    if (!context->quiet)
        aphc_putf(&context->err, "# %d %s, %d skipped.\n", migration.moved,
                  arguments->values[DRY_RUN] != NULL ? "to be updated" : "updated", migration.left);
    return migration.left > 0 ? APH_EUSAGE : APR_SUCCESS; /* exit code 2 */
}
