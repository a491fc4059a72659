/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: every section, every key, looked up in keys.def and handed to its judge. */
#include "helper/policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "helper/base/job_wire.h"
#include "helper/policy/grammar.h"
#include "helper/policy/table.h"
#include "helper/policy/variables.h"

#define SERVICES_MAX 61 /* addresses in a /26, less network, broadcast and gateway */

/* These judges look at no value and pass none on; variables in it go nowhere. */
static int ignores_value(const aphd_row_t *row)
{
    return row->judge == judge_deny || row->judge == judge_drop || row->judge == judge_replace;
}

static void judge_value(aphd_judge_t *j, const aphd_row_t *row, const json_t *value)
{
    char variable[128];
    int line = j->line;
    json_t *plain = aphd_variables_read(value, j->line, variable, sizeof variable, &line);
    if (plain == NULL) {
        j->failed = 1;
    } else if (*variable != '\0') {
        aphd_find(
            j, APHD_DENY, line, variable, "variable",
            "%s would be filled in from the environment of apphost; write the value itself, or "
            "$$ where a $ is meant",
            variable);
    } else {
        j->value = plain;
        j->made = json_object();
        if (row->shape == APHD_SHAPE_TREE)
            aphd_judge_parts(j, row->section);
        row->judge(j);
        json_decref(j->made);
        j->value = j->made = NULL;
    }
    json_decref(plain);
}

static void judge_key(aphd_judge_t *j, aphd_section_t section, const json_t *key)
{
    j->key = aphd_text(key, "key");
    j->line = aphd_line(key);
    j->shape = aphd_text(key, "shape");
    const aphd_row_t *row = aphd_table_key(section, j->key);
    int is_note = strncmp(j->key, "x-", 2) == 0;
    if (is_note && (row == NULL || strcmp(j->shape, "other") == 0))
        return;
    if (row == NULL) {
        aphd_find_unknown(j, j->key);
        return;
    }
    j->reason = row->reason;
    if (ignores_value(row))
        row->judge(j);
    else if (strcmp(j->shape, "other") == 0)
        aphd_find(j, APHD_DENY, j->line, NULL, "shape", "the value of %s is not of its kind",
                  j->key);
    else
        judge_value(j, row, json_object_get(key, "value"));
}

static void judge_keys(aphd_judge_t *j, aphd_section_t section, const json_t *keys)
{
    size_t i;
    json_t *key;
    json_array_foreach(keys, i, key)
        judge_key(j, section, key);
}

/* Steps to a named section; its name goes into files of ours and must be plain. */
static int enter(aphd_judge_t *j, const char *section, const json_t *entry)
{
    j->section = section;
    j->name = aphd_text(entry, "name");
    j->line = aphd_line(entry);
    j->key = "";
    if (aphd_name(j->name))
        return 1;
    aphd_find(j, APHD_DENY, j->line, NULL, "name",
              "%.80s is not a name apphost can use: letters, digits, dots, dashes and "
              "underscores, beginning with a letter or digit",
              j->name);
    return 0;
}

/* No compose takes a mode together with names on a network. */
static void drop_idle_networks(aphd_judge_t *j)
{
    if (json_object_get(j->out, "network_mode") != NULL)
        json_object_del(j->out, "networks");
}

static void label_ours(aphd_judge_t *j)
{
    json_t *labels = json_object_get(j->out, "labels");
    if (labels == NULL) {
        labels = json_object();
        aphd_put(j, "labels", labels);
    }
    json_object_set_new(labels, APHD_LABEL_INSTANCE, json_string(j->site->instance));
    json_object_set_new(labels, APHD_LABEL_APP, json_sprintf("%d", j->site->app_id));
}

/* Networks are judged, and none of them is made: all become the app's own. */
static void judge_networks(aphd_judge_t *j)
{
    const json_t *networks = json_object_get(j->compose, "networks");
    size_t i;
    json_t *network;
    json_array_foreach(networks, i, network) {
        if (!enter(j, "networks", network))
            continue;
        json_object_set_new(j->networks, j->name, json_null());
        j->out = json_object();
        judge_keys(j, APHD_NETWORK, json_object_get(network, "keys"));
        json_decref(j->out);
        j->key = "";
        if (i == 1)
            aphd_find(j, APHD_REWRITE, aphd_line(network), NULL, "one-network",
                      "the app's services share one network instead of several");
    }
}

static void judge_volumes(aphd_judge_t *j)
{
    size_t i;
    json_t *volume;
    json_array_foreach(json_object_get(j->compose, "volumes"), i, volume) {
        if (!enter(j, "volumes", volume))
            continue;
        j->out = json_object();
        judge_keys(j, APHD_VOLUME, json_object_get(volume, "keys"));
        aphd_put(j, "name", json_sprintf("%s_%s", j->site->project, j->name));
        label_ours(j);
        json_object_set_new(j->volumes, j->name, j->out);
    }
}

static void judge_contents(aphd_judge_t *j, const char *list, aphd_section_t section)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(j->compose, list), i, entry) {
        if (!enter(j, list, entry))
            continue;
        j->out = json_object();
        judge_keys(j, section, json_object_get(entry, "keys"));
        json_t *id = json_sprintf("%s.%s", list, j->name);
        json_object_set_new(j->contents, json_string_value(id), j->out);
        json_decref(id);
    }
}

/* What every service gets, whatever its author wrote. */
static void add_ours(aphd_judge_t *j)
{
    aphd_put(j, "container_name", json_sprintf("%s-%s", j->site->project, j->name));
    if (json_object_get(j->out, "restart") == NULL)
        aphd_put(j, "restart", json_string("unless-stopped"));
    if (json_object_get(j->out, "pids_limit") == NULL)
        aphd_put(j, "pids_limit", json_integer(APHD_PIDS_MAX));
    if (json_object_get(j->out, "mem_limit") == NULL && j->site->memory_max > 0)
        aphd_put(j, "mem_limit", json_integer(j->site->memory_max));
    aphd_put(j, "logging",
             json_pack("{s:s,s:{s:s,s:s}}", "driver", "json-file", "options", "max-size", "10m",
                       "max-file", "3"));
    /* Programs that start as root and step down (gosu, su-exec, s6, sudo -u by root) work under
     * it; what stops working is the way back up, from the app's user to root, and that is the
     * point. */
    if (!j->may_regain)
        aphd_put_item(j, "security_opt", json_string("no-new-privileges:true"));
    label_ours(j);
    drop_idle_networks(j);
}

/* Whether the author said where the image comes from, in words that were refused: then that is the
 * cause, and a missing image only what follows from it. */
static int image_was_refused(const json_t *service)
{
    size_t i;
    json_t *key;
    json_array_foreach(json_object_get(service, "keys"), i, key) {
        const char *name = aphd_text(key, "key");
        if (strcmp(name, "image") == 0 || strcmp(name, "build") == 0
            || strcmp(name, "extends") == 0)
            return 1;
    }
    return 0;
}

/* It says something of its environment alone, which is judged as any other's, and nothing runs. */
static void judge_proxy(aphd_judge_t *j, const json_t *service)
{
    if (!enter(j, "services", service))
        return;
    j->out = json_object();
    judge_keys(j, APHD_SERVICE, json_object_get(service, "keys"));
    aphd_proxy_note(j, aphd_line(service));
    json_decref(j->out);
}

static void judge_service(aphd_judge_t *j, const json_t *service)
{
    if (!enter(j, "services", service))
        return;
    json_object_set_new(j->edges, j->name, json_array());
    j->out = json_object();
    j->may_regain = 0;
    judge_keys(j, APHD_SERVICE, json_object_get(service, "keys"));
    j->key = "image";
    if (json_object_get(j->out, "image") == NULL && !image_was_refused(service))
        aphd_find(j, APHD_DENY, aphd_line(service), NULL, "no-image",
                  "%s names no image that can be pulled", j->name);
    add_ours(j);
    json_object_set_new(json_object_get(j->result->compose, "services"), j->name, j->out);
}

/* Zero when there are none, or so many that what follows, which compares each with each, is not
 * done. */
static int judge_services(aphd_judge_t *j)
{
    const json_t *services = json_object_get(j->compose, "services");
    size_t i, count = json_array_size(services) - (size_t)aphd_has_proxy(j);
    json_t *service;
    j->section = "services";
    j->name = NULL;
    j->key = "services";
    if (count == 0)
        aphd_find(j, APHD_DENY, 1, NULL, "no-service", "the file names no service to run");
    if (count > SERVICES_MAX)
        aphd_find(j, APHD_DENY, 1, NULL, "too-many", "%zu services; an app has at most %d", count,
                  SERVICES_MAX);
    if (count == 0 || count > SERVICES_MAX)
        return 0;
    json_array_foreach(services, i, service) {
        if (aphd_is_proxy(service))
            judge_proxy(j, service);
        else
            judge_service(j, service);
    }
    return 1;
}

/* Whoever starts the rendered services one by one does so in the order they stand in. */
static void put_in_order(aphd_judge_t *j)
{
    const json_t *services = json_object_get(j->result->compose, "services");
    json_t *ordered = json_object();
    size_t i;
    json_t *name;
    json_array_foreach(j->result->order, i, name)
        json_object_set(ordered, json_string_value(name),
                        json_object_get(services, json_string_value(name)));
    /* Fewer are in order only where a circle was found, and nothing will be rendered. */
    if (json_object_size(ordered) == json_object_size(services)
        && json_object_set(j->result->compose, "services", ordered) != 0)
        j->failed = 1;
    json_decref(ordered);
}

/* The one network of the app. Never IPv6, whatever the engine's own configuration says: the
 * firewall's chain is one for IPv4. */
static void add_network(aphd_judge_t *j)
{
    j->out = json_object();
    aphd_put(j, "driver", json_string("bridge"));
    aphd_put(j, "enable_ipv6", json_false());
    if (j->site->subnet != NULL)
        aphd_put(j, "ipam",
                 json_pack("{s:s,s:[{s:s}]}", "driver", "default", "config", "subnet",
                           j->site->subnet));
    label_ours(j);
    json_t *networks = json_pack("{s:o}", "default", j->out);
    if (json_object_set_new(j->result->compose, "networks", networks) != 0)
        j->failed = 1;
    if (json_object_size(j->volumes) > 0)
        json_object_set(j->result->compose, "volumes", j->volumes);
}

static int by_line(const void *a, const void *b)
{
    json_t *const *left = a, *const *right = b;
    int lines = aphd_line(*left) - aphd_line(*right);
    /* The same line: by name, so that the order never depends on sorting. */
    return lines != 0 ? lines : strcmp(aphd_text(*left, "id"), aphd_text(*right, "id"));
}

static void sort_findings(aphd_judge_t *j)
{
    size_t count = json_array_size(j->result->findings);
    json_t **sorted = calloc(count + 1, sizeof *sorted);
    if (sorted == NULL) {
        j->failed = 1;
        return;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(j->result->findings, i);
    qsort(sorted, count, sizeof *sorted, by_line);
    json_t *ordered = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(ordered, sorted[i]);
    json_decref(j->result->findings);
    j->result->findings = ordered;
    free(sorted);
}

static void walk(aphd_judge_t *j)
{
    j->section = "";
    judge_keys(j, APHD_TOP, json_object_get(j->compose, "top"));
    judge_networks(j);
    judge_volumes(j);
    judge_contents(j, "configs", APHD_CONFIG);
    judge_contents(j, "secrets", APHD_SECRET);
    if (judge_services(j)) {
        aphd_proxy_settle(j);
        aphd_ports_settle(j);
        aphd_binds_settle(j);
        aphd_storage_settle(j);
        aphd_links_settle(j);
        aphd_order_settle(j);
        put_in_order(j);
        add_network(j);
    }
    sort_findings(j);
}

apr_status_t aphd_policy_judge(const json_t *compose, const aphd_policy_site_t *site,
                               aphd_policy_result_t *result, aph_error_t *err)
{
    memset(result, 0, sizeof *result);
    apr_status_t rv = aphd_model_check(compose, err);
    if (rv != APR_SUCCESS)
        return rv;
    result->findings = json_array();
    result->compose = json_pack("{s:{}}", "services");
    result->images = json_array();
    result->binds = json_array();
    result->files = json_array();
    result->ports = json_array();
    result->order = json_array();
    aphd_judge_t j = {.site = site,
                      .result = result,
                      .compose = compose,
                      .networks = json_object(),
                      .volumes = json_object(),
                      .contents = json_object(),
                      .published = json_array(),
                      .edges = json_object()};
    walk(&j);
    json_decref(j.networks);
    json_decref(j.volumes);
    json_decref(j.contents);
    json_decref(j.published);
    json_decref(j.edges);
    json_decref(j.proxy);
    if (j.failed) {
        aphd_policy_result_clear(result);
        return aph_error_set(err, APR_ENOMEM, 601, "no memory to judge the compose file");
    }
    if (result->verdict == APHD_DENY) {
        json_decref(result->compose);
        result->compose = NULL;
    }
    return APR_SUCCESS;
}

void aphd_policy_result_clear(aphd_policy_result_t *result)
{
    json_decref(result->findings);
    json_decref(result->compose);
    json_decref(result->images);
    json_decref(result->binds);
    json_decref(result->files);
    json_decref(result->ports);
    json_decref(result->order);
    memset(result, 0, sizeof *result);
}
