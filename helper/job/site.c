/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/site.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/hostname.h"
#include "common/route_map.h"
#include "helper/vhost/files_dir.h"
#include "helper/vhost/template.h"

/* The texts of a JSON array; *count of them, NULL-terminated, their octets borrowed. */
static const char *const *texts_of(const json_t *list, int *count, apr_pool_t *p)
{
    const char **texts = apr_pcalloc(p, (json_array_size(list) + 1) * sizeof *texts);
    size_t i;
    const json_t *item;
    *count = 0;
    json_array_foreach((json_t *)list, i, item)
        if (json_is_string(item))
            texts[(*count)++] = json_string_value(item);
    return texts;
}

static apr_status_t forget_json(void *data)
{
    json_decref(data);
    return APR_SUCCESS;
}

/* An array the job's pool owns. */
static json_t *pool_array(const aphd_job_t *job)
{
    json_t *list = json_array();
    apr_pool_cleanup_register(job->p, list, forget_json, apr_pool_cleanup_null);
    return list;
}

static int by_name_cb(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static apr_status_t take_aliases(const aphd_job_t *job, const char *name, const json_t *typed,
                                 aphd_site_t *site, aph_error_t *err)
{
    char machine[256] = "";
    int count, outside = 0;
    const char *const *texts = texts_of(typed, &count, job->p);
    gethostname(machine, sizeof machine - 1);
    aphd_naming_t naming = {name, job->settings->domains, machine};
    site->alias_list = pool_array(job);
    apr_status_t status = aphd_aliases_judge(texts, count, &naming, &site->aliases, &outside,
                                             job->p, err);
    /* In the order of the database, so that a virtual host is the same text whoever renders it. */
    if (status == APR_SUCCESS && count > 1)
        qsort((void *)site->aliases, (size_t)count, sizeof *site->aliases, by_name_cb);
    for (int i = 0; status == APR_SUCCESS && site->aliases[i] != NULL; i++)
        json_array_append_new(site->alias_list, json_string(site->aliases[i]));
    return status;
}

static apr_status_t take_options(const aphd_job_t *job, json_t *given, aphd_site_t *site,
                                 aph_error_t *err)
{
    int count;
    const char *const *texts = texts_of(given, &count, job->p);
    site->option_list = given != NULL ? given : pool_array(job);
    return aphd_options_parse(texts, count, &site->options, job->p, err);
}

/* Files are looked at only once: what becomes of them later, httpd says by itself. */
static apr_status_t judge_files(const aphd_job_t *job, const aphd_site_t *site, aph_error_t *err)
{
    aphd_web_user_t user;
    if (site->webapp == NULL && site->options.auth_file == NULL)
        return APR_SUCCESS;
    apr_status_t status = aphd_web_user_find(job->settings, &user, job->p, err);
    if (status == APR_SUCCESS && site->webapp != NULL)
        status = aphd_files_dir_judge(site->webapp, &user, job->settings, job->p, err);
    if (status == APR_SUCCESS && site->options.auth_file != NULL)
        status = aphd_auth_file_judge(site->options.auth_file, &user, job->settings, job->p, err);
    return status;
}

apr_status_t aphd_site_judge_headless(const aphd_site_t *site, aph_error_t *err)
{
    if (site->aliases[0] != NULL || json_array_size(site->option_list) > 0)
        return aph_error_set(err, APH_EUSAGE, 1260, "a headless app has no web page, so aliases and "
                             "options mean nothing; leave them out");
    return APR_SUCCESS;
}

/* What does not go together. */
static apr_status_t judge_whole(int has_script, const aphd_site_t *site, aph_error_t *err)
{
    if (site->kind == APHD_KIND_WEBAPP && site->webapp == NULL)
        return aph_error_set(err, APH_EUSAGE, 1255, "a webapp needs the folder it serves: "
                             "--webapp DIR");
    if (site->kind != APHD_KIND_WEBAPP && site->webapp != NULL)
        return aph_error_set(err, APH_EUSAGE, 1256, "a folder is served by the kind webapp; leave "
                             "--kind %s or --webapp out", site->kind_name);
    if (site->webapp != NULL && has_script)
        return aph_error_set(err, APH_EUSAGE, 1257, "an install script starts containers and a "
                             "webapp has none; give one of the two");
    if (site->webapp == NULL && !has_script)
        return aph_error_set(err, APH_EUSAGE, 1258, "there is nothing to install: give an entry "
                             "of a catalog, an install script, or a folder with --webapp");
    if (site->webapp != NULL
        && (site->options.route_flags != 0 || site->options.max_requests != 0
            || site->options.max_websockets != 0))
        return aph_error_set(err, APH_EUSAGE, 1259, "backend-https, max-requests and "
                             "max-websockets are about containers, and a webapp has none; leave "
                             "them out");
    return site->kind == APHD_KIND_HEADLESS ? aphd_site_judge_headless(site, err) : APR_SUCCESS;
}

/* --- what an entry says ---------------------------------------------------------------------- */

/* Who gets in, and what browsers remember, is for the person who installs. */
static int is_for_authors(const char *option)
{
    static const char *const not_theirs[] = {"auth-file", "auth-name", "allow-ip", "hsts"};
    size_t length = strcspn(option, "=");
    for (size_t i = 0; i < sizeof not_theirs / sizeof not_theirs[0]; i++)
        if (strlen(not_theirs[i]) == length && strncmp(option, not_theirs[i], length) == 0)
            return 0;
    return 1;
}

/* "max-body" of "max-body=8M" was said by the person, too. */
static int is_said(const json_t *given, const char *option)
{
    size_t length = strcspn(option, "="), i;
    json_t *item;
    json_array_foreach((json_t *)given, i, item) {
        const char *said = json_string_value(item);
        if (said != NULL && strcspn(said, "=") == length && strncmp(said, option, length) == 0)
            return 1;
    }
    return 0;
}

/* The person's options, then those of the entry that the person says nothing about. */
static apr_status_t join_options(const aphd_job_t *job, const json_t *manifest, json_t *given,
                                 json_t **joined, aph_error_t *err)
{
    static const char https[] = "backend-https";
    const json_t *web = json_object_get(manifest, "web");
    const char *scheme = json_string_value(json_object_get(web, "scheme"));
    size_t i;
    json_t *item;
    *joined = pool_array(job);
    json_array_extend(*joined, given);
    json_array_foreach(json_object_get(manifest, "options"), i, item) {
        const char *option = json_string_value(item);
        if (option != NULL && !is_for_authors(option))
            return aph_error_set(err, APH_EDENIED, 2605, "the entry wants the option %.60s, which only the "
                                 "person who installs may give; it cannot be installed as it is",
                                 option);
        if (option != NULL && !is_said(given, option))
            json_array_append(*joined, item);
    }
    if (scheme != NULL && strcmp(scheme, "https") == 0 && !is_said(*joined, https))
        json_array_append_new(*joined, json_string(https));
    return APR_SUCCESS;
}

static const char *kind_of(const aphd_site_t *site, const char *given, const json_t *manifest)
{
    const char *of_entry = json_string_value(json_object_get(manifest, "kind"));
    if (given != NULL)
        return given;
    if (of_entry != NULL && of_entry[0] != '\0')
        return of_entry;
    return site->webapp != NULL ? "webapp" : "container";
}

apr_status_t aphd_site_from_args(const aphd_job_t *job, const json_t *manifest, aphd_site_t *site,
                                 aph_error_t *err)
{
    json_t *args = json_object_get(job->request, "args");
    json_t *options = json_object_get(args, "options");
    memset(site, 0, sizeof *site);
    site->webapp = aphd_job_text(job, "webapp");
    site->kind_name = kind_of(site, aphd_job_text(job, "kind"), manifest);
    apr_status_t status = aphd_kind_judge(site->kind_name, err);
    if (status == APR_SUCCESS && manifest != NULL)
        status = join_options(job, manifest, options, &options, err);
    if (status != APR_SUCCESS)
        return status;
    site->kind = aphd_kind_of(site->kind_name);
    status = take_aliases(job, aphd_job_text(job, "name"), json_object_get(args, "aliases"), site,
                          err);
    if (status == APR_SUCCESS)
        status = take_options(job, options, site, err);
    if (status == APR_SUCCESS)
        status = judge_whole(manifest != NULL || aphd_job_text(job, "script") != NULL, site, err);
    return status == APR_SUCCESS ? judge_files(job, site, err) : status;
}

static apr_status_t from_row(const aphd_job_t *job, const aphd_job_app_t *app, json_t *options,
                             aphd_site_t *site, aph_error_t *err)
{
    const char *kind = json_string_value(json_object_get(app->row, "kind"));
    memset(site, 0, sizeof *site);
    site->kind_name = kind != NULL ? kind : "container";
    site->kind = aphd_kind_of(site->kind_name);
    site->webapp = json_string_value(json_object_get(app->row, "webapp"));
    apr_status_t status = take_aliases(job, app->name, json_object_get(app->row, "aliases"), site,
                                       err);
    if (status == APR_SUCCESS)
        status = take_options(job, options, site, err);
    return status == APR_SUCCESS ? aphd_site_render(job, app, site, err) : status;
}

apr_status_t aphd_site_from_row(const aphd_job_t *job, const aphd_job_app_t *app, aphd_site_t *site,
                                aph_error_t *err)
{
    return from_row(job, app, json_object_get(app->row, "options"), site, err);
}

static int brought(const json_t *manifest, const json_t *option)
{
    const char *scheme = json_string_value(
        json_object_get(json_object_get(manifest, "web"), "scheme"));
    const char *text = json_string_value(option);
    size_t i;
    json_t *item;
    if (scheme != NULL && text != NULL && strcmp(scheme, "https") == 0
        && strcmp(text, "backend-https") == 0)
        return 1;
    json_array_foreach(json_object_get(manifest, "options"), i, item)
        if (json_equal(item, option))
            return 1;
    return 0;
}

apr_status_t aphd_site_moved(const aphd_job_t *job, const aphd_job_app_t *app, const json_t *was,
                             const json_t *is, aphd_site_t *site, aph_error_t *err)
{
    json_t *own = pool_array(job), *joined = NULL;
    size_t i;
    json_t *option;
    json_array_foreach(json_object_get(app->row, "options"), i, option)
        if (!brought(was, option))
            json_array_append(own, option);
    apr_status_t status = join_options(job, is, own, &joined, err);
    return status == APR_SUCCESS ? from_row(job, app, joined, site, err) : status;
}

static uint32_t route_flags(const aphd_site_t *site)
{
    return site->options.route_flags | (site->vhost.access ? APH_ROUTE_OWN_VHOST : 0)
         | (site->kind == APHD_KIND_WEBAPP ? APH_ROUTE_OWN_VHOST | APH_ROUTE_FILES : 0);
}

apr_status_t aphd_site_render(const aphd_job_t *job, const aphd_job_app_t *app, aphd_site_t *site,
                              aph_error_t *err)
{
    aphd_template_t template;
    if (!app->web || site->kind == APHD_KIND_HEADLESS)
        return APR_SUCCESS;
    apr_status_t status = aphd_template_find(job->settings, site->kind_name, NULL, &template,
                                             job->p, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_vhost_app_t facts = {
        .name = app->name, .kind = site->kind_name, .domains = job->settings->domains,
        .aliases = site->aliases, .port = site->kind == APHD_KIND_WEBAPP ? 0 : app->port,
        .public_port = job->settings->public_port, .root_dir = app->site_dir,
        .files_dir = site->webapp, .options = &site->options,
    };
    site->template_path = template.path;
    status = aphd_vhost_render(&template, &facts, &site->vhost, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    site->enabled = site->vhost.says_more || job->settings->vhosts_always;
    site->route_flags = route_flags(site);
    return APR_SUCCESS;
}

json_t *aphd_site_content(const aphd_site_t *site)
{
    return json_pack("{s:s, s:O, s:O, s:s?, s:b}", "kind", site->kind_name, "aliases",
                     site->alias_list, "options", site->option_list, "webapp", site->webapp,
                     "vhost", (int)site->enabled);
}

json_t *aphd_site_fields(const aphd_site_t *site, int enabled)
{
    return json_pack("{s:i, s:i, s:i, s:i}", "vhost", enabled, "route_flags",
                     (int)site->route_flags, "max_requests", (int)site->options.max_requests,
                     "max_websockets", (int)site->options.max_websockets);
}
