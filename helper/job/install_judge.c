/* SPDX-License-Identifier: Apache-2.0 */
/* Installing, first half: a place for the app, its text read and judged. The plan that is made of it and the
 * consent to it stand in install_plan.c and install_agree.c. */
#include "helper/job/install.h"

#include <string.h>
#include <apr_strings.h>

#include "common/hostname.h"
#include "common/route_map.h"
#include "helper/job/engine_networks.h"
#include "helper/job/port_probe.h"
#include "helper/job/secrets.h"
#include "helper/job/subnets.h"
#include "helper/job/vhosts.h"
#include "helper/read/reader.h"

#define ROUTES "/proc/net/route"

/* --- a place ------------------------------------------------------------------------------- */

/* Reserves until the port that comes with the id is free; the ids in between are skipped. Where there
 * is no next id, the job keeps the row it has: its end gives that one back. */
static apr_status_t reserve(aphd_install_t *install, int web, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    const aphd_source_t *source = install->source;
    const char *script = source != NULL ? source->text : aphd_job_text(job, "script");
    aphd_reservation_t wanted = {
        .name = aphd_job_text(job, "name"), .web = web, .script = script != NULL ? script : "",
        .uninstall_script = aphd_job_text(job, "uninstall_script"),
        .kind = install->site.kind_name, .webapp = install->site.webapp,
        .aliases = install->site.alias_list, .options = install->site.option_list,
        .skip = install->skip,
    };
    if (source != NULL) {
        wanted.format = source->format;
        wanted.entry = source->name;
        wanted.revision = source->revision;
    }
    for (;;) {
        json_t *row;
        char owner[APHD_PORT_OWNER_MAX];
        apr_status_t status = aphd_halt_check(&job->halt, err);
        if (status == APR_SUCCESS)
            status = aphd_ask_reserve(job->ask, &wanted, &row, err);
        if (status == APR_SUCCESS)
            status = aphd_job_take_app(job, row, err);
        job->app.https = (install->site.options.route_flags & APH_ROUTE_HTTPS) != 0;
        if (status != APR_SUCCESS || job->app.files
            || (!web && install->site.kind != APHD_KIND_HEADLESS)
            || aphd_port_free("127.0.0.1", job->app.port))
            return status;
        aphd_port_owner(job->app.port, owner);
        aphd_report_log(&job->report, "id %d is skipped: port %d is in use by %s", job->app.app_id,
                        job->app.port, owner);
        json_array_append_new(install->skip, json_integer(job->app.app_id));
    }
}

/* Only now it is known whether data of an earlier installation is there, whose secrets must stay. */
static apr_status_t apply_entry(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    aphd_source_t *source = install->source;
    json_auto_t *given = NULL, *kept = NULL;
    if (aphd_job_text(job, "uninstall_script") != NULL)
        return aph_error_set(err, APH_EUSAGE, 2606, "an entry of a catalog knows how it is uninstalled; leave "
                             "--uninstall-script out");
    apr_status_t status = aphd_source_given(job, &given, err);
    if (status == APR_SUCCESS)
        status = aphd_source_kept(job, source, job->app.name, job->app.row, &kept, err);
    if (status == APR_SUCCESS)
        status = aphd_source_answer(job, source, given, kept, NULL, err);
    return status == APR_SUCCESS ? aphd_source_apply(job, source, &install->script, err) : status;
}

static apr_status_t read_script(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    const char *script = aphd_job_text(job, "script");
    const char *uninstall = aphd_job_text(job, "uninstall_script");
    aphd_words_t words = {.host_port = apr_itoa(job->p, job->app.port),
                          .webapp_path = job->app.data_dir,
                          .app_identifier = job->app.project,
                          .app_hostname = job->app.host};
    json_auto_t *unused = NULL;
    json_decref(install->script);
    install->script = NULL;
    if (install->source != NULL)
        return apply_entry(install, err);
    apr_status_t status = aphd_reader_run(APHD_READ_INSTALL, script, strlen(script), &words,
                                          &install->script, err);
    /* Read now, while its author's text can still be refused; nothing is fetched at uninstall
     * time. */
    if (status == APR_SUCCESS && uninstall != NULL
        && (status = aphd_reader_run(APHD_READ_UNINSTALL, uninstall, strlen(uninstall), &words,
                                     &unused, err)) != APR_SUCCESS)
        aph_error_wrap(err, "the uninstall script");
    if (status == APR_SUCCESS && !json_is_object(json_object_get(install->script, "compose")))
        return aph_error_set(err, APH_EUNREADABLE, 1200, "the script writes no docker-compose.yml, "
                             "so there is nothing to start; give an install script or a compose "
                             "file");
    return status;
}

static int lists(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return 1;
    return 0;
}

/* Data that another entry or script left under this name are somebody's: whose they become is asked, also
 * where an entry says it had that name before. */
static void ask_for_data(aphd_install_t *install, const json_t *consents)
{
    aphd_job_t *job = install->job;
    const json_t *data = json_object_get(json_object_get(job->app.row, "previous"), "kept");
    const char *had = json_string_value(json_object_get(data, "entry"));
    const char *is = install->source != NULL ? install->source->name : NULL;
    aphd_policy_result_t *policy = &install->policy;
    if (install->replaced != NULL || data == NULL || (had == NULL && is == NULL)
        || (had != NULL && is != NULL && strcmp(had, is) == 0))
        return;
    const char *whose = had != NULL ? had : "a script";
    const char *id = apr_pstrcat(job->p, "data.", had != NULL ? had : "script", NULL);
    int renamed = is != NULL && had != NULL && aphd_source_was(install->source, had);
    json_t *finding = json_pack("{s:s, s:s, s:i, s:s, s:s, s:o, s:s}", "id", id, "key", "data", "line", 1,
        "verdict", "ask", "value", whose, "reason",
        json_sprintf("it takes over the data of %s%s, kept under the name %s, with the secrets made for "
                     "them; another name leaves them alone", whose,
                     renamed ? " (its author says it was called so)" : "", job->app.name),
        "rule", "kept-data");
    if (lists(consents, id))
        json_object_set_new(finding, "consented", json_true());
    else if (policy->verdict < APHD_ASK)
        policy->verdict = APHD_ASK;
    json_array_append_new(policy->findings, finding);
}

apr_status_t aphd_install_judge(aphd_install_t *install, json_t *consents, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    if (install->source != NULL)
        install->storage = install->source->storage;
    aphd_policy_site_t site = {
        .app_id = job->app.app_id, .port = job->app.port, .max_app_id = job->settings->max_app_id,
        .project = job->app.project, .instance = job->instance, .data_dir = job->app.data_dir,
        .subnet = json_string_value(json_object_get(job->app.row, "subnet")), .consents = consents,
        .allowed = install->replaced != NULL ? install->replaced->allowed
                                             : aphd_job_list(job, "allow"),
        .storage = install->storage,
    };
    aphd_policy_result_clear(&install->policy);
    memset(&install->policy, 0, sizeof install->policy);
    apr_status_t status = aphd_install_storage_gains(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_neighbours(install, err);
    site.storage_others = install->storage_others;
    if (status == APR_SUCCESS)
        status = aphd_policy_judge(json_object_get(install->script, "compose"), &site,
                                   &install->policy, err);
    if (status == APR_SUCCESS)
        ask_for_data(install, consents);
    if (status == APR_SUCCESS && install->source != NULL) {
        json_auto_t *secrets = aphd_source_hidden(install->source);
        aphd_secrets_in_findings(install->policy.findings, secrets);
    }
    /* Who only wants the plan sees there, all at once, what is refused. */
    if (status == APR_SUCCESS && install->policy.verdict == APHD_DENY
        && !aphd_job_flag(job, "plan_only"))
        return aph_error_set(err, APH_EDENIED, 1201, "refused: %s",
                             aphd_plan_list(install->policy.findings, "deny", job->p));
    return status;
}

static apr_status_t take_subnet(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    json_auto_t *networks = NULL, *taken = NULL;
    const char *subnet = NULL;
    const json_t *services = json_object_get(json_object_get(install->script, "compose"),
                                             "services");
    apr_status_t status = aphd_networks_all(job->engine, &networks, err);
    if (status == APR_SUCCESS)
        status = aphd_subnets_taken(networks, ROUTES, &taken, err);
    if (status == APR_SUCCESS)
        status = aphd_ask_subnet(job->ask, taken, (int)json_array_size(services), &subnet, job->p,
                                 err);
    if (status == APR_SUCCESS)
        json_object_set_new(job->app.row, "subnet", json_string(subnet));
    return status;
}

static apr_status_t place(aphd_install_t *install, int web, aph_error_t *err)
{
    apr_status_t status = reserve(install, web, err);
    if (status == APR_SUCCESS)
        status = read_script(install, err);
    if (status == APR_SUCCESS)
        status = take_subnet(install, err);
    return status == APR_SUCCESS ? aphd_install_judge(install, NULL, err) : status;
}

/* Whether the app has a web page shows only in its text, and its text can only be read for a port.
 * So a headless one is reserved a second time, without a route. */
apr_status_t aphd_install_place(aphd_install_t *install, aph_error_t *err)
{
    int headless = install->site.kind == APHD_KIND_HEADLESS;
    aphd_install_step(install, 2, "read", install->source != NULL ? "reading and judging the entry"
                                                                  : "reading and judging the script");
    apr_status_t status = place(install, !headless, err);
    if (status == APR_SUCCESS && !headless && install->policy.web_service == NULL)
        status = place(install, 0, err);
    if (status == APR_SUCCESS && !install->job->app.web)
        status = aphd_site_judge_headless(&install->site, err);
    return status == APR_SUCCESS
         ? aphd_site_render(install->job, &install->job->app, &install->site, err) : status;
}

/* Nothing is read, so there is nothing to judge but the folder, which was judged by its path. */
apr_status_t aphd_install_place_files(aphd_install_t *install, aph_error_t *err)
{
    aphd_policy_result_t *policy = &install->policy;
    aphd_install_step(install, 2, "read", "looking at its folder");
    apr_status_t status = reserve(install, 1, err);
    if (status != APR_SUCCESS)
        return status;
    *policy = (aphd_policy_result_t){.findings = json_array(), .images = json_array(),
                                     .binds = json_array(), .files = json_array(),
                                     .ports = json_array(), .order = json_array()};
    return aphd_site_render(install->job, &install->job->app, &install->site, err);
}

/* --- names --------------------------------------------------------------------------------- */

/* Nonzero where the name is the project's or begins with it. */
static int is_project_name(const aphd_job_app_t *app, const char *name)
{
    size_t length = strlen(app->project);
    return strncmp(name, app->project, length) == 0
        && (name[length] == '\0' || name[length] == '-' || name[length] == '_');
}

static apr_status_t check_containers(const aphd_install_t *install, const json_t *containers,
                                     aph_error_t *err)
{
    const aphd_job_app_t *app = &install->job->app;
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container) {
        const char *name = aphd_container_name(container);
        if (aphd_owner_has(&app->owner, json_object_get(container, "Labels")))
            continue;
        if (strcmp(name, app->name) == 0)
            return aph_error_set(err, APH_ETAKEN, 1202, "a container that is not apphost's is "
                                 "called %s; choose another name for the app", name);
        if (is_project_name(app, name))
            return aph_error_set(err, APH_ETAKEN, 1203, "a container called %s exists and is not "
                                 "apphost's; remove it or rename it", name);
    }
    return APR_SUCCESS;
}

static apr_status_t check_networks(const aphd_install_t *install, const json_t *networks,
                                   aph_error_t *err)
{
    const aphd_job_app_t *app = &install->job->app;
    size_t i;
    json_t *network;
    json_array_foreach(networks, i, network) {
        const char *name = json_string_value(json_object_get(network, "Name"));
        if (name != NULL && is_project_name(app, name)
            && !aphd_owner_has(&app->owner, json_object_get(network, "Labels")))
            return aph_error_set(err, APH_ETAKEN, 1204, "a network called %s exists and is not "
                                 "apphost's; remove it (docker network rm)", name);
    }
    return APR_SUCCESS;
}

/* Its own containers have it, and go before the new ones come. */
static int is_its_own(const aphd_install_t *install, const json_t *wanted)
{
    size_t i;
    json_t *port;
    if (install->replaced != NULL)
        json_array_foreach((json_t *)install->replaced->ports, i, port)
            if (json_equal(json_object_get(port, "host"), json_object_get(wanted, "host"))
                && json_equal(json_object_get(port, "protocol"), json_object_get(wanted, "protocol")))
                return 1;
    return 0;
}

/* Ports of the host that were asked for beside the web port. */
static apr_status_t check_ports(const aphd_install_t *install, aph_error_t *err)
{
    size_t i;
    json_t *port;
    json_array_foreach(install->policy.ports, i, port) {
        char owner[APHD_PORT_OWNER_MAX];
        const char *protocol = json_string_value(json_object_get(port, "protocol"));
        int host = (int)json_integer_value(json_object_get(port, "host"));
        int udp = protocol != NULL && strcmp(protocol, "udp") == 0;
        if (json_is_true(json_object_get(port, "web")) || host == 0 || is_its_own(install, port)
            || (udp ? aphd_port_free_udp("0.0.0.0", host) : aphd_port_free("0.0.0.0", host)))
            continue;
        aphd_port_owner(host, owner);
        return aph_error_set(err, APH_ETAKEN, 1205, "port %d, which the app wants on this machine, "
                             "is in use by %s; stop that or change the port in the script", host,
                             owner);
    }
    return APR_SUCCESS;
}

apr_status_t aphd_install_names(aphd_install_t *install, aph_error_t *err)
{
    json_auto_t *containers = NULL, *networks = NULL;
    aphd_job_t *job = install->job;
    aphd_engine_t *engine = job->engine;
    aphd_install_step(install, 3, "names", "checking names and ports");
    apr_status_t status = install->replaced == NULL
                        ? aphd_vhosts_names_free(job, &job->app, &install->site, err) : APR_SUCCESS;
    if (status != APR_SUCCESS || job->app.files)
        return status;
    status = aphd_containers_all(engine, &containers, err);
    if (status == APR_SUCCESS)
        status = check_containers(install, containers, err);
    if (status == APR_SUCCESS)
        status = aphd_networks_all(engine, &networks, err);
    if (status == APR_SUCCESS)
        status = check_networks(install, networks, err);
    return status == APR_SUCCESS ? check_ports(install, err) : status;
}
