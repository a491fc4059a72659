/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-job: one operation, started by apphostd with a socket on descriptor 3. With -w INSTANCE
 * it takes that apphost's chains out of the firewall, and needs no apphostd: for who removes
 * apphost. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_general.h>
#include <curl/curl.h>
#include <sodium.h>

#include "helper/base/job_wire.h"
#include "helper/base/wall.h"
#include "helper/catalog/stories.h"
#include "helper/job/job.h"

static const struct {
    const char *op;
    aphd_story_t *story;
} stories[] = {
    {"install", aphd_story_install}, {"uninstall", aphd_story_uninstall},
    {"start", aphd_story_start},     {"stop", aphd_story_stop},
    {"restart", aphd_story_restart}, {"logs", aphd_story_logs},
    {"watch", aphd_story_watch},     {"render", aphd_story_render},
    {"reload", aphd_story_reload},
    {"metrics", aphd_story_metrics}, {"state", aphd_story_state}, {"changes", aphd_story_changes},
    {"update", aphd_story_update},
    {"rollback", aphd_story_rollback},
    {"search", aphd_story_search},
    {"show", aphd_story_show},
    {"catalog-list", aphd_story_catalog_list},
    {"catalog-add", aphd_story_catalog_add},
    {"catalog-remove", aphd_story_catalog_remove},
    {"catalog-refresh", aphd_story_catalog_refresh},
    {"storage-list", aphd_story_storage_list},
    {"storage-add", aphd_story_storage_add},
    {"storage-remove", aphd_story_storage_remove},
    {"revision-list", aphd_story_revision_list},
    {"revision-activate", aphd_story_revision_activate},
    {"revision-deactivate", aphd_story_revision_deactivate},
    {"revision-categorize", aphd_story_revision_categorize},
    {"revision-clean", aphd_story_revision_clean},
    {"revision-import", aphd_story_revision_import},
    {"revision-diff", aphd_story_revision_diff},
    {"sign-in", aphd_story_password},
    {"password", aphd_story_password},
    {"person-add", aphd_story_password},
    {"person-password", aphd_story_password},
};

static apr_status_t tell(aphd_job_t *job, aph_error_t *err)
{
    if (json_is_object(json_object_get(job->request, "recover")))
        return aphd_story_recover(job, err);
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++)
        if (strcmp(stories[i].op, job->op) == 0)
            return stories[i].story(job, err);
    return aph_error_set(err, APH_EINTERNAL, 1250, "there is no operation %s", job->op);
}

/* A job that cannot even begin says so itself, where there is still someone to say it to. */
static void say_failed(aphd_job_t *job, const aph_error_t *err)
{
    aph_error_t unheard = APH_ERROR_INIT;
    aphd_ending_t ending = {.result = "failed", .app = "keep", .reason = err};
    if (job->ask != NULL)
        aphd_ask_finish(job->ask, &ending, &unheard);
}

static int is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static const char *settings_path(int argc, char **argv, const char **wall_of)
{
    const char *path = APHD_SETTINGS_PATH;
    int option;
    while ((option = getopt(argc, argv, "c:w:")) != -1) {
        if (option == 'w' && strlen(optarg) >= 8)
            *wall_of = optarg;
        else if (option == 'c')
            path = optarg;
        else
            return NULL;
    }
    return optind == argc ? path : NULL;
}

static int remove_wall(const char *path, const char *instance)
{
    apr_pool_t *p;
    aphd_settings_t *settings;
    aph_error_t err = APH_ERROR_INIT;
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS)
        return 1;
    apr_status_t status = aphd_settings_load(&settings, path, p, &err);
    if (status == APR_SUCCESS) {
        aphd_wall_t wall = {.settings = settings, .instance = instance};
        status = aphd_wall_remove(&wall, p, &err);
        aphd_wall_clear(&wall);
    }
    if (status != APR_SUCCESS)
        fprintf(stderr, "%s %s\n", err.tag, err.message);
    apr_pool_destroy(p);
    return status == APR_SUCCESS ? 0 : aph_error_exit_code(status);
}

int main(int argc, char **argv)
{
    apr_pool_t *p;
    aphd_job_t job;
    aph_error_t err = APH_ERROR_INIT;
    const char *wall_of = NULL;
    const char *path = settings_path(argc, argv, &wall_of);
    if (path != NULL && wall_of != NULL)
        return remove_wall(path, wall_of);
    if (path == NULL || !is_socket(APHD_JOB_FD)) {
        fprintf(stderr, "apphost-job is started by apphostd, not by hand\n");
        return 2;
    }
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS
        || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || sodium_init() < 0)
        return 1;
    apr_status_t status = aphd_job_open(&job, path, APHD_JOB_FD, p, &err);
    if (status == APR_SUCCESS && job.op != NULL)
        status = tell(&job, &err);
    if (status != APR_SUCCESS && status != APR_EOF && status != APR_INCOMPLETE) {
        say_failed(&job, &err);
        fprintf(stderr, "%s %s\n", err.tag, err.message);
    }
    aphd_job_close(&job);
    apr_pool_destroy(p);
    curl_global_cleanup();
    return status == APR_SUCCESS ? 0 : 1;
}
