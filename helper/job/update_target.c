/* SPDX-License-Identifier: Apache-2.0 */
/* Updating, first half: which text with which answers the app is to be, whether it may be, and what
 * would change. */
#include "helper/job/update.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/base/cidr.h"
#include "helper/catalog/store.h"
#include "helper/job/update_plan.h"

#define NUMBER_MAX 7 /* digits of a revision's number; eight and more may begin a sha256 */

/* "CATALOG/ID@SHA256" of a REVISION: new reference. */
static json_t *ref_of(const json_t *row)
{
    return json_sprintf("%s/%s@%s", json_string_value(json_object_get(row, "catalog")),
                        json_string_value(json_object_get(row, "id")),
                        json_string_value(json_object_get(row, "sha256")));
}

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
        return aph_error_set(
            err, APH_EUSAGE, 2634,
            "%s was installed from a script and not from a "
            "catalog, so there is nothing to %s it to; `apphostctl uninstall %s` keeps "
            "its data, and the new script, installed under the same name, finds it",
            app->name, verb, app->name);
    return APR_SUCCESS;
}

/* Nonzero where word, a number as an author counts or the first digits of a sha256, means the
 * revision. */
static int is_meant(const json_t *row, const char *word)
{
    size_t length = strlen(word);
    if (length <= NUMBER_MAX)
        return json_integer_value(json_object_get(row, "revision")) == apr_atoi64(word);
    return strncmp(json_string_value(json_object_get(row, "sha256")), word, length) == 0;
}

/* Of the revisions of one entry (CATALOG/ID): those that word means, the newest where a number was
 * used for two; each as CATALOG/ID@SHA256, appended to found. */
static apr_status_t find_of(const aphd_update_t *update, aphd_catalog_store_t *store,
                            const char *entry, const char *word, json_t *found, aph_error_t *err)
{
    apr_pool_t *p = update->install.job->p;
    const char *slash = strchr(entry, '/');
    json_auto_t *rows = NULL;
    const json_t *row, *newest = NULL;
    size_t i;
    aphd_revision_filter_t filter = {
        .id = slash != NULL ? slash + 1 : entry, .inactive = 1, .obsolete = 1, .limit = 10000,
        .catalog = slash != NULL ? apr_pstrmemdup(p, entry, (apr_size_t)(slash - entry)) : NULL,
    };
    apr_status_t status = aphd_revision_list(store, &filter, &rows, NULL, err);
    json_array_foreach(rows, i, row) {
        if (!is_meant(row, word))
            continue;
        if (strlen(word) > NUMBER_MAX)
            json_array_append_new(found, ref_of(row));
        else if (newest == NULL || json_integer_value(json_object_get(row, "created"))
                                       > json_integer_value(json_object_get(newest, "created")))
            newest = row;
    }
    if (newest != NULL)
        json_array_append_new(found, ref_of(newest));
    return status;
}

/* The entry may be called something else by now: then that is where its new revisions are. */
static apr_status_t find_all(const aphd_update_t *update, aphd_catalog_store_t *store,
                             const char *word, json_t *found, aph_error_t *err)
{
    const char *entry = row_text(update, "entry");
    json_auto_t *now = NULL, *ref = NULL;
    aph_error_t unheard = APH_ERROR_INIT;
    apr_status_t status = find_of(update, store, entry, word, found, err);
    if (status != APR_SUCCESS || json_array_size(found) > 0
        || aphd_revision_find(store, entry, &now, NULL, &unheard) != APR_SUCCESS)
        return status;
    ref = ref_of(now);
    const char *name = json_string_value(ref);
    name = apr_pstrmemdup(update->install.job->p, name, strcspn(name, "@"));
    return strcmp(name, entry) != 0 ? find_of(update, store, name, word, found, err) : status;
}

/* Digits that no revision of the app's entry has may be those of another entry: that is said. */
static apr_status_t not_its_own(const aphd_update_t *update, aphd_catalog_store_t *store,
                                const char *word, aph_error_t *err)
{
    const char *entry = row_text(update, "entry"), *name = update->install.job->app.name;
    json_auto_t *row = NULL, *ref = NULL;
    aph_error_t unheard = APH_ERROR_INIT;
    if (strlen(word) <= NUMBER_MAX)
        return aph_error_set(err, APH_ENOTFOUND, 2635,
                             "no revision %s of %s is known here; `apphostctl "
                             "revision list --all` shows those that are",
                             word, entry);
    if (aphd_revision_find(store, word, &row, NULL, &unheard) != APR_SUCCESS)
        return aph_error_set(err, APH_ENOTFOUND, 2783,
                             "%s was made from %s, and no revision of that begins "
                             "with %.64s; `apphostctl revision list --all` shows those there are",
                             name, entry, word);
    ref = ref_of(row);
    return aph_error_set(err, APH_EUSAGE, 2784,
                         "%s was made from %s, and %.64s is another entry's: %.200s; "
                         "another entry is installed anew",
                         name, entry, word, json_string_value(ref));
}

/* A number or digits as CATALOG/ID@SHA256, of the app's own entry and no other. */
static apr_status_t find_own(aphd_update_t *update, const char *word, const char **ref,
                             aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    aphd_catalog_store_t *store;
    json_auto_t *found = json_array();
    const char *list = "";
    size_t i;
    json_t *one;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    status = find_all(update, store, word, found, err);
    if (status == APR_SUCCESS && json_array_size(found) == 0)
        status = not_its_own(update, store, word, err);
    aphd_catalog_store_close(store);
    if (status != APR_SUCCESS)
        return status;
    json_array_foreach(found, i, one)
        list = apr_pstrcat(job->p, list, i > 0 ? ", " : "", json_string_value(one), NULL);
    *ref = list;
    return json_array_size(found) == 1 ? APR_SUCCESS
         : aph_error_set(err, APH_EUSAGE, 2785, "%.64s is ambiguous; name one of: %s", word, list);
}

/* What a number or digits alone are of: the app's own entry. */
static int is_short(const char *word)
{
    size_t length = strlen(word);
    return length > 0 && (length <= NUMBER_MAX ? strspn(word, "0123456789") == length
                                               : strspn(word, "0123456789abcdef") == length);
}

/* It was agreed to once: the one the app is at, and the one it was at. */
static int was_its_own(const aphd_update_t *update, const aphd_source_t *source)
{
    const json_t *row = update->install.job->app.row;
    const char *before =
        json_string_value(json_object_get(json_object_get(row, "previous"), "revision"));
    const char *now = row_text(update, "revision");
    return (now != NULL && strcmp(source->revision, now) == 0)
        || (before != NULL && strcmp(source->revision, before) == 0);
}

/* A revision by its number, by its sha256 or the beginning of one, or as lists print it; none: the
 * active one. */
static apr_status_t find_named(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    const char *entry = row_text(update, "entry");
    const char *named = aphd_job_text(job, "revision"), *ref = named != NULL ? named : entry;
    aphd_source_t *source;
    apr_status_t status = named != NULL && is_short(named) ? find_own(update, named, &ref, err)
                                                           : APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = aphd_source_find(job, ref, 1, &source, err);
    if (status == APH_ENOTFOUND && named == NULL)
        aph_error_wrap(err, "%s has nothing to move to", job->app.name);
    if (status != APR_SUCCESS)
        return status;
    if (strcmp(source->name, entry) != 0 && !aphd_source_was(source, entry))
        return aph_error_set(err, APH_EUSAGE, 2636,
                             "%s was made from %s, and %.64s is a revision of %s; "
                             "another entry is installed anew",
                             job->app.name, entry, ref, source->name);
    if (source->obsolete && !was_its_own(update, source) && !aphd_job_flag(job, "obsolete"))
        return aph_error_set(
            err, APH_EDENIED, 2786,
            "revision %.16s of %s is obsolete: its catalog offers "
            "it no more, and %s stays what it is. Say --obsolete to move to it all the "
            "same",
            source->revision, source->name, job->app.name);
    update->install.source = source;
    return APR_SUCCESS;
}

static apr_status_t find_previous(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    json_t *previous = json_object_get(job->app.row, "previous");
    if (!json_is_object(previous) || json_object_get(previous, "kept") != NULL)
        return aph_error_set(err, APH_EUSAGE, 2637,
                             "%s was never updated since it was installed, so "
                             "there is nothing to go back to",
                             job->app.name);
    json_auto_t *row = json_copy(previous);
    json_object_set(row, "entry", json_object_get(job->app.row, "entry"));
    apr_status_t status = aphd_source_of_row(job, row, &update->install.source, err);
    if (status == APR_SUCCESS && update->install.source == NULL)
        return aph_error_set(err, APH_EINTERNAL, 2638,
                             "what %s was before its update is no entry of a "
                             "catalog",
                             job->app.name);
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
    update->target = json_pack("{s:s, s:s, s:s, s:s}", "format", source->format, "script",
                               source->text, "entry", source->name, "revision", source->revision);
    return APR_SUCCESS;
}

/* --- what is there -------------------------------------------------------------------------- */

/* "previous", with the images as the row has them: a start may have pulled one again. */
static json_t *what_it_is(const json_t *row)
{
    static const char *const kept[] = {"revision", "format",  "script", "answers",
                                       "consents", "allowed", NULL};
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

/* Its network belongs to the containers that run: it cannot be made larger under them. */
static apr_status_t fits_network(const aphd_update_t *update, aph_error_t *err)
{
    const aphd_job_t *job = update->install.job;
    const json_t *compose = json_object_get(update->install.script, "compose");
    int services = (int)json_array_size(json_object_get(compose, "services"));
    const char *subnet = row_text(update, "subnet");
    aphd_cidr_t own;
    if (subnet == NULL || !aphd_cidr_parse(subnet, &own)
        || aphd_cidr_bits_for(services) >= own.bits)
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_EDENIED, 2639,
        "the new revision has %d services, and the network of "
        "%s, %s, has no room for them; uninstall it (its data stays) and install it "
        "again under the same name",
        services, job->app.name, subnet);
}

static apr_status_t keeps_its_web(const aphd_update_t *update, aph_error_t *err)
{
    const aphd_job_app_t *app = &update->install.job->app;
    int web = update->install.policy.web_service != NULL;
    if (update->install.policy.verdict == APHD_DENY)
        return APR_SUCCESS;
    const char *scheme = json_string_value(json_object_get(
        json_object_get(update->install.source->manifest, "web"), "scheme"));
    if (web == app->web && app->web && scheme != NULL
        && (strcmp(scheme, "https") == 0) != app->https)
        return aph_error_set(
            err, APH_EDENIED, 2650,
            "%s is reached inside with %s, and the new revision "
            "with %s; uninstall it (its data stays) and install it again under the same "
            "name",
            app->name, app->https ? "https" : "http", scheme);
    if (web == app->web)
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_EDENIED, 2640,
        "%s has %s, and the new revision has %s; that is "
        "another app: uninstall it (its data stays) and install it again under the same "
        "name",
        app->name, app->web ? "a web page" : "no web page", web ? "one" : "none");
}

apr_status_t aphd_update_judge(aphd_update_t *update, aph_error_t *err)
{
    aphd_install_t *install = &update->install;
    aphd_install_step(install, 0, "read",
                      update->rollback ? "reading what it was"
                                       : "reading and judging the new revision");
    know_replaced(update);
    apr_status_t status = aphd_update_site(update, err);
    if (status == APR_SUCCESS)
        status = aphd_update_answer(update, err);
    if (status == APR_SUCCESS)
        status = fits_network(update, err);
    if (status == APR_SUCCESS)
        status = aphd_install_judge(install, NULL, err);
    return status == APR_SUCCESS ? keeps_its_web(update, err) : status;
}

/* --- the plan ------------------------------------------------------------------------------- */

static void add_warning(json_t *plan, const char *id, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_array_append_new(json_object_get(plan, "warnings"),
                              json_pack("{s:s, s:s}", "id", id, "text", text));
}

/* Nonzero where the newest revision of the entry that is known here calls it obsolete. */
static int is_obsolete_now(const aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    const char *entry = update->install.source->name, *slash = strchr(entry, '/');
    aphd_catalog_store_t *store;
    json_auto_t *rows = NULL;
    const json_t *row, *newest = NULL;
    size_t i;
    aph_error_t unheard = APH_ERROR_INIT;
    aphd_revision_filter_t filter = {.inactive = 1, .obsolete = 1, .limit = 10000};
    if (slash == NULL || aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p,
                                                 &unheard) != APR_SUCCESS)
        return 0;
    filter.catalog = apr_pstrmemdup(job->p, entry, (apr_size_t)(slash - entry));
    filter.id = slash + 1;
    aphd_revision_list(store, &filter, &rows, NULL, &unheard);
    aphd_catalog_store_close(store);
    json_array_foreach(rows, i, row)
        if (newest == NULL || json_integer_value(json_object_get(row, "created"))
                                  > json_integer_value(json_object_get(newest, "created")))
            newest = row; /* of one second, the list has the newest first */
    return json_is_true(json_object_get(newest, "obsolete"));
}

/* What is not offered any more may be gone back to all the same, and whoever does it hears so. */
static void warn_of_its_own(const aphd_update_t *update, json_t *plan)
{
    const aphd_source_t *source = update->install.source;
    int obsolete = json_is_true(json_object_get(source->manifest, "obsolete"));
    if (!was_its_own(update, source))
        return;
    if (obsolete)
        add_warning(plan, "own",
                    "It goes to an obsolete revision all the same, because this app was made "
                    "from it before.");
    else if (update->rollback && is_obsolete_now(update))
        add_warning(plan, "own",
                    "Its catalog calls the entry obsolete by now. It goes back all the same, "
                    "because this app was made from that revision before.");
}

static const char *list_of(const json_t *options, apr_pool_t *p)
{
    const char *text = "";
    size_t i;
    json_t *option;
    json_array_foreach((json_t *)options, i, option)
        text = apr_pstrcat(p, text, i > 0 ? ", " : "", json_string_value(option), NULL);
    return text[0] != '\0' ? text : "none";
}

static const char *options_change(const aphd_update_t *update)
{
    apr_pool_t *p = update->install.job->p;
    return apr_psprintf(p, "Its virtual host gets other options: %s, in place of: %s.",
                        list_of(update->install.site.option_list, p),
                        list_of(json_object_get(update->install.job->app.row, "options"), p));
}

static void warn(const aphd_update_t *update, json_t *plan)
{
    aphd_job_t *job = update->install.job;
    const json_t *entry = update->install.source->manifest;
    const char *changes = json_string_value(json_object_get(entry, "changes"));
    if (!update->rollback && changes != NULL && changes[0] != '\0')
        add_warning(plan, "changes", apr_pstrcat(job->p, "What its author says of this revision: ",
                                                 changes, NULL));
    warn_of_its_own(update, plan);
    if (!json_equal(update->install.site.option_list, json_object_get(job->app.row, "options")))
        add_warning(plan, "options", options_change(update));
    add_warning(plan, "one-way",
                update->rollback
                    ? "Its data is not taken back: what the newer version wrote, the older one has "
                      "to read. "
                      "Where it cannot, it does not come up, and the newer one is started again."
                    : "Its data is not copied. A new version may change it in a way that the old "
                      "one cannot "
                      "read any more: back up the data folders first where that matters.");
}

apr_status_t aphd_update_plan(aphd_update_t *update, aph_error_t *err)
{
    static const char *const agreed[] = {"rollback", "from", "to", "files", "stopped", NULL};
    aphd_install_t *install = &update->install;
    apr_status_t status = aphd_update_files(update, err);
    if (status == APR_SUCCESS)
        status = aphd_install_plan(install, err);
    if (status != APR_SUCCESS)
        return status;
    const char *model = row_text(update, "compose");
    json_auto_t *was = model != NULL ? json_loads(model, 0, NULL) : NULL;
    aphd_update_in_t in = {
        .was = was, .is = install->policy.compose, .data_dir = install->job->app.data_dir,
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
    json_object_set_new(record, "consents", aphd_update_consents(install->consents));
    json_object_set(record, "allowed", install->rules);
    json_object_set(record, "previous", update->before);
    return record;
}
