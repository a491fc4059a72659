/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and judging one text. */
#include "helper/policy/check.h"

#include <stdlib.h>
#include <string.h>

#include "common/file_replace.h"
#include "helper/policy/check_catalog.h"

const aphd_words_t aphd_check_words = {.host_port = "35001",
                                       .webapp_path = "/var/lib/apphost/data/1",
                                       .app_identifier = "apphost-00000000-1",
                                       .app_hostname = "app.home.arpa",
                                       .app_name = "app",
                                       .app_url = "https://app.home.arpa",
                                       .app_domain = "home.arpa"};
const aphd_policy_site_t aphd_check_site = {.app_id = 1,
                                               .port = APH_PORT_BASE + 1,
                                               .max_app_id = APH_APP_ID_MAX_DEFAULT,
                                               .project = "apphost-00000000-1",
                                               .instance = "00000000-0000-0000-0000-000000000000",
                                               .data_dir = "/var/lib/apphost/data/1"};

static apr_status_t judge(aphd_check_t *check, const aphd_check_options_t *options)
{
    const json_t *compose = json_object_get(check->normal, "compose");
    aphd_policy_site_t site = aphd_check_site;
    site.allowed = options->allowed;
    site.consents = options->consents;
    if (!json_is_object(compose))
        return aph_error_set(&check->error, APH_EUNREADABLE, 2223,
                             "it writes no docker-compose.yml, so there is nothing to start");
    return aphd_policy_judge(compose, &site, &check->result, &check->error);
}

/* Whether something asks for that id. */
static int is_asked(const aphd_check_t *check, const char *id)
{
    size_t i;
    json_t *finding;
    json_array_foreach(check->result.findings, i, finding)
        if (strcmp(json_string_value(json_object_get(finding, "id")), id) == 0
            && (json_is_true(json_object_get(finding, "consented"))
                || json_is_true(json_object_get(finding, "overridden"))))
            return 1;
    return 0;
}

apr_status_t aphd_check_run(aphd_check_t *check, const aphd_check_options_t *options,
                            aph_error_t *err)
{
    char *text = NULL;
    size_t length = 0, i;
    json_t *id;
    aphd_reader_kind_t kind = check->uninstall ? APHD_READ_UNINSTALL : APHD_READ_INSTALL;
    check->error = (aph_error_t)APH_ERROR_INIT;
    apr_status_t rv = aph_file_read(check->path, APH_FOREIGN_MAX, &text, &length, &check->error);
    if (rv == APR_SUCCESS)
        rv = aphd_reader_run(kind, text, length, &aphd_check_words, &check->normal, &check->error);
    free(text);
    if (rv == APH_ETOOLARGE) /* whatever the reason, it is not read */
        check->error.status = APH_EUNREADABLE;
    if (rv != APR_SUCCESS || check->uninstall || judge(check, options) != APR_SUCCESS)
        return APR_SUCCESS;
    json_array_foreach(options->consents, i, id)
        if (!is_asked(check, json_string_value(id)))
            return aph_error_set(err, APH_EUSAGE, 2221, "%s does not ask for %.100s", check->path,
                                 json_string_value(id));
    return APR_SUCCESS;
}

void aphd_check_clear(aphd_check_t *check)
{
    json_decref(check->normal);
    aphd_policy_result_clear(&check->result);
    check->normal = NULL;
}

aphd_check_end_t aphd_check_end(const aphd_check_t *check)
{
    static const aphd_check_end_t ends[] = {[APHD_ALLOW] = APHD_END_ALLOW,
                                            [APHD_REWRITE] = APHD_END_REWRITE,
                                            [APHD_ASK] = APHD_END_ASK,
                                            [APHD_DENY] = APHD_END_DENY};
    return check->error.status != APR_SUCCESS ? APHD_END_UNREADABLE : ends[check->result.verdict];
}

const char *aphd_check_end_name(aphd_check_end_t end)
{
    return end == APHD_END_UNREADABLE ? "unreadable" : aphd_verdict_name((aphd_verdict_t)end);
}

int aphd_check_exit_code(const aphd_check_t *check)
{
    switch (aphd_check_end(check)) {
    case APHD_END_ASK:
        return aph_error_exit_code(APH_ECONSENT);
    case APHD_END_DENY:
        return aph_error_exit_code(APH_EDENIED);
    case APHD_END_UNREADABLE:
        return aph_error_exit_code(check->error.status);
    default:
        return 0;
    }
}
