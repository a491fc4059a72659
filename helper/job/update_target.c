/* SPDX-License-Identifier: Apache-2.0 */
/* Updating, first half: which text with which answers the app is to be, whether it may be, and what would
 * change. */
#include "helper/job/update.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/base/cidr.h"
#include "helper/catalog/store.h"
#include "helper/job/update_plan.h"

#define NUMBER_MAX 7 /* digits of a revision's number; eight and more may begin a sha256 */

static const char *row_text(const aphd_update_t *update, const char *member)
{
    return json_string_value(json_object_get(update->install.job->app.row, member));
}

/* --- which ---------------------------------------------------------------------------------- */

static apr_status_t has_entry(const aphd_update_t *update, aph_error_t *err)
{
    const aphd_job_app_t *app = &update->install.job->app;
    const char *verb = update->rollback ? "roll back" : "update";
    if (app->files)
        return aph_error_set(err, APH_EUSAGE, 2633, "%s is a folder that httpd serves, so there is "
                             "nothing to %s: change the files", app->name, verb);
    if (row_text(update, "entry") == NULL)
        return aph_error_set(err, APH_EUSAGE, 2634, "%s was installed from a script and not from a "
                             "catalog, so there is nothing to %s it to; `apphostctl uninstall %s` keeps "
                             "its data, and the new script, installed under the same name, finds it",
                             app->name, verb, app->name);
    return APR_SUCCESS;
}

/* The sha256 of the entry's revision with that number, as its author counts; the newest text where two
 * have it. */
static apr_status_t find_number(aphd_update_t *update, int number, const char **sha256,
                                aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    const char *entry = row_text(update, "entry"), *slash = strchr(entry, '/');
    aphd_catalog_store_t *store;
    json_auto_t *rows = NULL;
    size_t i;
    json_t *row;
    aphd_revision_filter_t filter = {
        .id = slash != NULL ? slash + 1 : entry, .inactive = 1, .obsolete = 1, .limit = 10000,
        .catalog = slash != NULL ? apr_pstrmemdup(job->p, entry, (apr_size_t)(slash - entry)) : NULL,
    };
    json_int_t newest = -1;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_revision_list(store, &filter, &rows, NULL, err);
    aphd_catalog_store_close(store);
    *sha256 = NULL;
    json_array_foreach(rows, i, row) {
        json_int_t created = json_integer_value(json_object_get(row, "created"));
        if (json_integer_value(json_object_get(row, "revision")) == number && created > newest) {
            newest = created;
            *sha256 = apr_pstrdup(job->p, json_string_value(json_object_get(row, "sha256")));
        }
    }
    if (status == APR_SUCCESS && *sha256 == NULL)
        return aph_error_set(err, APH_ENOTFOUND, 2635, "no revision %d of %s is known here; "
                             "`apphostctl revision list --all` shows those that are", number, entry);
    return status;
}

/* Nonzero where the entry of source had that name before, in the same catalog. */
static int was_called(const aphd_source_t *source, const char *entry)
{
    const char *slash = strchr(entry, '/');
    size_t prefix = slash != NULL ? (size_t)(slash + 1 - entry) : 0, i;
    const json_t *was;
    if (prefix == 0 || strncmp(source->name, entry, prefix) != 0)
        return 0;
    json_array_foreach(source->was, i, was)
        if (json_is_string(was) && strcmp(json_string_value(was), entry + prefix) == 0)
            return 1;
    return 0;
}

/* A revision by its number, by its sha256 or the beginning of one; none: the active one. */
static apr_status_t find_named(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    const char *entry = row_text(update, "entry");
    const char *named = aphd_job_text(job, "revision"), *ref = named != NULL ? named : entry;
    aphd_source_t *source;
    size_t length = strlen(ref);
    apr_status_t status = APR_SUCCESS;
    if (named != NULL && length > 0 && length <= NUMBER_MAX && strspn(ref, "0123456789") == length)
        status = find_number(update, (int)apr_atoi64(ref), &ref, err);
    if (status == APR_SUCCESS)
        status = aphd_source_find(job, ref, named != NULL, &source, err);
    if (status == APH_ENOTFOUND && named == NULL)
        aph_error_wrap(err, "%s has nothing to move to", job->app.name);
    if (status != APR_SUCCESS)
        return status;
    if (strcmp(source->name, entry) != 0 && !was_called(source, entry))
        return aph_error_set(err, APH_EUSAGE, 2636, "%s was made from %s, and %.64s is a revision of %s; "
                             "another entry is installed anew", job->app.name, entry, ref, source->name);
    update->install.source = source;
    return APR_SUCCESS;
}

static apr_status_t find_previous(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    json_t *previous = json_object_get(job->app.row, "previous");
    if (!json_is_object(previous))
        return aph_error_set(err, APH_EUSAGE, 2637, "%s was never updated since it was installed, so "
                             "there is nothing to go back to", job->app.name);
    json_auto_t *row = json_copy(previous);
    json_object_set(row, "entry", json_object_get(job->app.row, "entry"));
    apr_status_t status = aphd_source_of_row(job, row, &update->install.source, err);
    if (status == APR_SUCCESS && update->install.source == NULL)
        return aph_error_set(err, APH_EINTERNAL, 2638, "what %s was before its update is no entry of a "
                             "catalog", job->app.name);
    return status;
}

/* Whether part says nothing that whole does not say. */
static int adds_nothing(const json_t *part, const json_t *whole)
{
    const char *id;
    json_t *answer;
    json_object_foreach((json_t *)part, id, answer)
        if (!json_equal(answer, json_object_get(whole, id)))
            return 0;
    return 1;
}

apr_status_t aphd_update_find(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    const char *revision = row_text(update, "revision");
    apr_status_t status = has_entry(update, err);
    if (status == APR_SUCCESS)
        status = update->rollback ? find_previous(update, err) : find_named(update, err);
    if (status == APR_SUCCESS)
        status = aphd_source_given(job, &update->given, err);
    if (status != APR_SUCCESS)
        return status;
    const aphd_source_t *source = update->install.source;
    update->same = !update->rollback && revision != NULL && strcmp(revision, source->revision) == 0
                && adds_nothing(update->given, json_object_get(job->app.row, "answers"));
    update->target = json_pack("{s:s, s:s, s:s, s:s}", "format", source->format, "script", source->text,
                               "entry", source->name, "revision", source->revision);
    return APR_SUCCESS;
}

/* --- what is there -------------------------------------------------------------------------- */

/* "previous", with the images as the row has them: a start may have pulled one again. */
static json_t *what_it_is(const json_t *row)
{
    static const char *const kept[] = {"revision", "format", "script", "answers", "consents", "allowed",
                                       NULL};
    json_t *before = json_object();
    json_t *plan = json_copy(json_object_get(row, "plan"));
    for (const char *const *member = kept; *member != NULL; member++)
        json_object_set(before, *member, json_object_get(row, *member));
    json_object_set(plan, "images", json_object_get(row, "images"));
    json_object_set_new(before, "plan", plan);
    return before;
}

/* What install is told of it. Going back, all is known that was agreed to then, too. */
static void know_replaced(aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    const json_t *row = job->app.row, *previous = json_object_get(row, "previous");
    const json_t *old_plan = json_object_get(previous, "plan");
    const json_t *back = update->rollback ? previous : NULL;
    json_auto_t *allowed = aphd_texts_joined(json_object_get(row, "allowed"),
                                             json_object_get(back, "allowed"));
    update->before = what_it_is(row);
    json_auto_t *back_then = aphd_findings_agreed(back);
    update->agreed = aphd_findings_agreed(row);
    json_array_extend(update->agreed, back_then);
    update->allowed = aphd_texts_joined(allowed, aphd_job_list(job, "allow"));
    update->images = json_array();
    json_array_extend(update->images, json_object_get(row, "images"));
    json_array_extend(update->images, json_object_get(old_plan, "images"));
    update->replaced = (aphd_replaced_t){
        .agreed = update->agreed, .allowed = update->allowed, .images = update->images,
        .ports = json_object_get(json_object_get(json_object_get(row, "plan"), "content"), "ports"),
        .exactly = update->rollback ? json_object_get(old_plan, "images") : NULL,
    };
}

/* --- judging -------------------------------------------------------------------------------- */

/* What the person says now, over what was answered before: going back, over what was answered then. What
 * is not asked any more is kept for the day it is asked again. */
static apr_status_t answer(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    aphd_source_t *source = update->install.source;
    const json_t *row = job->app.row;
    const json_t *kept = json_object_get(update->rollback ? json_object_get(row, "previous") : row,
                                         "answers");
    apr_status_t status = aphd_source_fits(job, source, err);
    if (status == APR_SUCCESS)
        status = aphd_source_answer(job, source, update->given, kept, update->replaced.ports, err);
    if (status == APR_SUCCESS)
        status = aphd_source_apply(job, source, &update->install.script, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "%s stays what it is", job->app.name);
        return status;
    }
    json_t *answers = json_deep_copy(kept);
    json_object_update(answers, source->answers);
    json_object_set_new(update->target, "answers", answers);
    return APR_SUCCESS;
}

/* Its network belongs to the containers that run: it cannot be made larger under them. */
static apr_status_t fits_network(const aphd_update_t *update, aph_error_t *err)
{
    const aphd_job_t *job = update->install.job;
    const json_t *compose = json_object_get(update->install.script, "compose");
    int services = (int)json_array_size(json_object_get(compose, "services"));
    const char *subnet = row_text(update, "subnet");
    aphd_cidr_t own;
    if (subnet == NULL || !aphd_cidr_parse(subnet, &own) || aphd_cidr_bits_for(services) >= own.bits)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EDENIED, 2639, "the new revision has %d services, and the network of "
                         "%s, %s, has no room for them; uninstall it (its data stays) and install it "
                         "again under the same name", services, job->app.name, subnet);
}

static apr_status_t keeps_its_web(const aphd_update_t *update, aph_error_t *err)
{
    const aphd_job_app_t *app = &update->install.job->app;
    int web = update->install.policy.web_service != NULL;
    if (update->install.policy.verdict == APHD_DENY)
        return APR_SUCCESS;
    const char *scheme = json_string_value(json_object_get(
        json_object_get(update->install.source->manifest, "web"), "scheme"));
    if (web == app->web && app->web && scheme != NULL && (strcmp(scheme, "https") == 0) != app->https)
        return aph_error_set(err, APH_EDENIED, 2650, "%s is reached inside with %s, and the new revision "
                             "with %s; uninstall it (its data stays) and install it again under the same "
                             "name", app->name, app->https ? "https" : "http", scheme);
    if (web == app->web)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EDENIED, 2640, "%s has %s, and the new revision has %s; that is "
                         "another app: uninstall it (its data stays) and install it again under the same "
                         "name", app->name, app->web ? "a web page" : "no web page",
                         web ? "one" : "none");
}

apr_status_t aphd_update_judge(aphd_update_t *update, aph_error_t *err)
{
    aphd_install_t *install = &update->install;
    aphd_job_t *job = install->job;
    aphd_install_step(install, 0, "read", update->rollback ? "reading what it was"
                                                           : "reading and judging the new revision");
    know_replaced(update);
    apr_status_t status = aphd_site_from_row(job, &job->app, &install->site, err);
    if (status == APR_SUCCESS)
        status = answer(update, err);
    if (status == APR_SUCCESS)
        status = fits_network(update, err);
    if (status == APR_SUCCESS)
        status = aphd_install_judge(install, NULL, err);
    return status == APR_SUCCESS ? keeps_its_web(update, err) : status;
}

/* --- the plan ------------------------------------------------------------------------------- */

/* Files of the author that an update writes again, and all contents of compose's configs: those are
 * nobody's but the author's. Only what is there can be written again. */
static json_t *files_again(const aphd_update_t *update)
{
    const aphd_install_t *install = &update->install;
    json_t *again = json_array();
    size_t i;
    json_t *file;
    json_array_foreach(install->files, i, file) {
        json_t *path = json_object_get(file, "path");
        if (i >= json_array_size(json_object_get(install->script, "files"))
            || aphd_source_writes_again(install->source, json_string_value(path)))
            json_array_append(again, path);
    }
    return again;
}

static void add_warning(json_t *plan, const char *id, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_array_append_new(json_object_get(plan, "warnings"),
                              json_pack("{s:s, s:s}", "id", id, "text", text));
}

/* Options belong to the app: some are the person's own word, and they are not told apart later. */
static int leaves_options(const aphd_update_t *update)
{
    const json_t *has = json_object_get(update->install.job->app.row, "options");
    size_t i;
    json_t *option;
    json_array_foreach(json_object_get(update->install.source->manifest, "options"), i, option)
        if (!aphd_texts_have(has, json_string_value(option)))
            return 1;
    return 0;
}

static void warn(const aphd_update_t *update, json_t *plan)
{
    aphd_job_t *job = update->install.job;
    const json_t *entry = update->install.source->manifest;
    const char *changes = json_string_value(json_object_get(entry, "changes"));
    if (!update->rollback && changes != NULL && changes[0] != '\0')
        add_warning(plan, "changes", apr_pstrcat(job->p, "What its author says of this revision: ",
                                                 changes, NULL));
    if (leaves_options(update))
        add_warning(plan, "options", "The new revision wants other options of its virtual host; those of "
                    "the app stay as they are. To have them, uninstall it (its data stays) and install it "
                    "again under the same name.");
    add_warning(plan, "one-way", update->rollback
                ? "Its data is not taken back: what the newer version wrote, the older one has to read. "
                  "Where it cannot, it does not come up, and the newer one is started again."
                : "Its data is not copied. A new version may change it in a way that the old one cannot "
                  "read any more: back up the data folders first where that matters.");
}

apr_status_t aphd_update_plan(aphd_update_t *update, aph_error_t *err)
{
    static const char *const agreed[] = {"rollback", "from", "to", "files", "stopped", NULL};
    aphd_install_t *install = &update->install;
    apr_status_t status = aphd_install_plan(install, err);
    if (status != APR_SUCCESS)
        return status;
    update->again = files_again(update);
    aphd_update_in_t in = {
        .row = install->job->app.row, .plan = install->plan, .target = update->target,
        .again = update->again, .rollback = update->rollback, .stopped = update->stopped,
    };
    json_t *difference = aphd_update_difference(&in);
    json_t *content = json_object();
    for (const char *const *member = agreed; *member != NULL; member++)
        json_object_set(content, *member, json_object_get(difference, *member));
    json_object_set_new(install->plan, "update", difference);
    json_object_set_new(json_object_get(install->plan, "content"), "update", content);
    warn(update, install->plan);
    return aphd_install_hash(install, err);
}

json_t *aphd_update_record(const aphd_update_t *update)
{
    const aphd_install_t *install = &update->install;
    json_t *record = json_copy(update->target);
    json_object_set_new(record, "compose", json_string(install->model));
    json_object_set(record, "plan", install->plan);
    json_object_set_new(record, "images", aphd_install_image_rows(install));
    json_object_set(record, "consents", install->consents);
    json_object_set(record, "allowed", install->rules);
    json_object_set(record, "previous", update->before);
    return record;
}
