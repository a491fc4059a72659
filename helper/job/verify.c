/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the table per power: what the engine calls it, and how it is compared with the model.
 * A container may have less than the model says (an image that drops something), never more. */
#include "helper/job/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/job_wire.h"
#include "helper/job/verify_values.h"

typedef struct comparing_t {
    const aphd_verify_t *verify;
    const json_t *service;    /* of the model */
    const json_t *container;  /* as inspected */
    const char *name;         /* of the service */
    const char *setting;
    aph_error_t *err;
} comparing_t;

static apr_status_t differs(const comparing_t *comparing, const char *what)
{
    return aph_error_set(comparing->err, APH_EDENIED, 1120, "the engine started service %s with "
                         "another %s than was agreed (%s); it was stopped: look at the engine and "
                         "at programs that change containers", comparing->name,
                         comparing->setting, what != NULL && what[0] != '\0' ? what : "none");
}

static const json_t *host_config(const comparing_t *comparing)
{
    return json_object_get(json_object_get(comparing->container, "HostConfig"), comparing->setting);
}

/* --- one comparison each ------------------------------------------------------------------- */

static apr_status_t same_flag(const comparing_t *comparing, const char *key)
{
    int is = json_is_true(host_config(comparing));
    int may = key != NULL && json_is_true(json_object_get(comparing->service, key));
    return !is || may ? APR_SUCCESS : differs(comparing, "true");
}

static apr_status_t same_mode(const comparing_t *comparing, const char *key)
{
    const char *is = json_string_value(host_config(comparing));
    const json_t *wish = key != NULL ? json_object_get(comparing->service, key) : NULL;
    const char *may = json_string_value(wish);
    if (is == NULL || is[0] == '\0' || strcmp(is, "private") == 0 || strcmp(is, "shareable") == 0
        || (may != NULL && strcmp(is, may) == 0))
        return APR_SUCCESS;
    return differs(comparing, is);
}

/* Our own networks are named after the project. */
static int is_ours(const comparing_t *comparing, const char *network)
{
    size_t length = strlen(comparing->verify->project);
    return strncmp(network, comparing->verify->project, length) == 0
        && (network[length] == '_' || network[length] == '-' || network[length] == '\0');
}

/* Docker's mode is the name of the first network. Podman says "bridge" of any that is one, which is
 * the name of Docker's default network: then the networks themselves tell. */
static apr_status_t same_own_network(const comparing_t *comparing, const char *mode)
{
    const json_t *settings = json_object_get(comparing->container, "NetworkSettings");
    json_t *networks = json_object_get(settings, "Networks"), *ignored;
    const char *name;
    int bridge = strcmp(mode, "bridge") == 0;
    if (!is_ours(comparing, mode) && !(bridge && json_object_size(networks) > 0))
        return differs(comparing, mode);
    json_object_foreach(networks, name, ignored)
        if (!is_ours(comparing, name))
            return differs(comparing, name);
    return APR_SUCCESS;
}

/* "service:x" comes back as that container's id. */
static apr_status_t same_network(const comparing_t *comparing, const char *key)
{
    const char *is = json_string_value(host_config(comparing));
    const char *may = json_string_value(json_object_get(comparing->service, key));
    if (is == NULL)
        return APR_SUCCESS;
    if (may != NULL && strncmp(may, "service:", 8) == 0)
        return strncmp(is, "container:", 10) == 0 ? APR_SUCCESS : differs(comparing, is);
    if (may != NULL)
        return strcmp(is, may) == 0 ? APR_SUCCESS : differs(comparing, is);
    return same_own_network(comparing, is);
}

static int in_model(const comparing_t *comparing, const char *key, const char *one,
                    aphd_normal_t *normal)
{
    size_t i;
    json_t *may;
    json_array_foreach(json_object_get(comparing->service, key), i, may) {
        char other[512];
        normal(may, other, sizeof other);
        if (strcmp(one, other) == 0)
            return 1;
    }
    return 0;
}

/* Every string of the engine's list must be one of the model's; normal brings both to one form. */
static apr_status_t subset(const comparing_t *comparing, const char *key, aphd_normal_t *normal)
{
    size_t i;
    json_t *is;
    json_array_foreach(host_config(comparing), i, is) {
        char one[512];
        normal(is, one, sizeof one);
        if (!in_model(comparing, key, one, normal))
            return differs(comparing, one);
    }
    return APR_SUCCESS;
}

static apr_status_t same_capabilities(const comparing_t *comparing, const char *key)
{
    return subset(comparing, key, aphd_normal_capability);
}

static apr_status_t same_devices(const comparing_t *comparing, const char *key)
{
    return subset(comparing, key, aphd_normal_device);
}

static apr_status_t same_words(const comparing_t *comparing, const char *key)
{
    return subset(comparing, key, aphd_normal_word);
}

/* The engine takes SELinux's label off by itself where a namespace of the host was agreed to: the label
 * would forbid what that is for. */
static int label_goes(const json_t *service)
{
    const char *pid = json_string_value(json_object_get(service, "pid"));
    const char *ipc = json_string_value(json_object_get(service, "ipc"));
    return json_is_true(json_object_get(service, "privileged"))
        || (pid != NULL && strcmp(pid, "host") == 0) || (ipc != NULL && strcmp(ipc, "host") == 0);
}

static apr_status_t same_security(const comparing_t *comparing, const char *key)
{
    size_t i;
    json_t *is;
    json_array_foreach(host_config(comparing), i, is) {
        char one[512];
        aphd_normal_security(is, one, sizeof one);
        if (strcmp(one, "label:disable") == 0 && label_goes(comparing->service))
            continue;
        if (!in_model(comparing, key, one, aphd_normal_security))
            return differs(comparing, one);
    }
    return APR_SUCCESS;
}

static apr_status_t no_list(const comparing_t *comparing, const char *key)
{
    const json_t *is = host_config(comparing);
    return json_array_size(is) == 0 ? APR_SUCCESS : differs(comparing, "a list");
}

/* GPUs were asked for in any of the three places compose knows. */
static apr_status_t no_requests(const comparing_t *comparing, const char *key)
{
    int may = json_object_get(comparing->service, "gpus") != NULL
           || json_object_get(comparing->service, "deploy") != NULL;
    return may ? APR_SUCCESS : no_list(comparing, key);
}

static apr_status_t same_ports(const comparing_t *comparing, const char *key)
{
    const char *target;
    json_t *bindings, *binding, *may;
    size_t i, k;
    json_object_foreach((json_t *)host_config(comparing), target, bindings) {
        json_array_foreach(bindings, i, binding) {
            char one[128], other[128];
            int found = 0;
            aphd_normal_binding(target, binding, one, sizeof one);
            json_array_foreach(json_object_get(comparing->service, key), k, may) {
                aphd_normal_port(may, other, sizeof other);
                found = found || strcmp(one, other) == 0;
            }
            if (!found)
                return differs(comparing, one);
        }
    }
    return APR_SUCCESS;
}

/* The policy lets no other propagation pass than that; an engine that does not tell has its default,
 * which is the same. */
static int is_private(const json_t *mount)
{
    const char *is = json_string_value(json_object_get(mount, "Propagation"));
    return is == NULL || *is == '\0' || strcmp(is, "rprivate") == 0 || strcmp(is, "private") == 0;
}

/* The effective mounts, not the wishes: a bind must be the model's with its source and its right to
 * write. A volume has no power over the host unless its options give it one, and those are the
 * model's; the image's own anonymous ones are among them. */
static apr_status_t same_mounts(const comparing_t *comparing, const char *key)
{
    size_t i, k;
    json_t *mount, *may;
    json_array_foreach(json_object_get(comparing->container, comparing->setting), i, mount) {
        const char *type = json_string_value(json_object_get(mount, "Type"));
        const char *target = json_string_value(json_object_get(mount, "Destination"));
        const char *source = json_string_value(json_object_get(mount, "Source"));
        int found = type != NULL && (strcmp(type, "volume") == 0 || strcmp(type, "tmpfs") == 0);
        json_array_foreach(json_object_get(comparing->service, key), k, may) {
            aphd_mount_t wish;
            if (found || !aphd_mount_read(may, &wish))
                continue;
            found = target != NULL && source != NULL && strcmp(wish.target, target) == 0
                 && strcmp(wish.source, source) == 0
                 && (!wish.read_only || !json_is_true(json_object_get(mount, "RW")))
                 && (!wish.private || is_private(mount));
        }
        if (!found)
            return differs(comparing, source);
    }
    return APR_SUCCESS;
}

static apr_status_t same_labels(const comparing_t *comparing, const char *key)
{
    const json_t *config = json_object_get(comparing->container, "Config");
    const json_t *labels = json_object_get(config, comparing->setting);
    const char *instance = json_string_value(json_object_get(labels, APHD_LABEL_INSTANCE));
    const char *app = json_string_value(json_object_get(labels, APHD_LABEL_APP));
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%d", comparing->verify->app_id);
    if (instance != NULL && app != NULL && strcmp(app, wanted) == 0
        && strcmp(instance, comparing->verify->instance) == 0)
        return APR_SUCCESS;
    return differs(comparing, app);
}

static apr_status_t same_image(const comparing_t *comparing, const char *key)
{
    const char *is = json_string_value(json_object_get(comparing->container, comparing->setting));
    const char *may = json_string_value(json_object_get(comparing->service, key));
    if (is == NULL || may == NULL || strncmp(may, "sha256:", 7) != 0 || strcmp(is, may) == 0)
        return APR_SUCCESS;
    return differs(comparing, is);
}

/* --- the table ----------------------------------------------------------------------------- */

static const struct {
    const char *setting; /* the engine's name */
    const char *key;     /* the model's; NULL: nothing may be set */
    apr_status_t (*compare)(const comparing_t *comparing, const char *key);
} rows[] = {
    {"Privileged",        "privileged",   same_flag},
    {"PublishAllPorts",   NULL,           same_flag},
    {"PidMode",           "pid",          same_mode},
    {"IpcMode",           "ipc",          same_mode},
    {"UTSMode",           NULL,           same_mode},
    {"UsernsMode",        "userns_mode",  same_mode},
    {"CgroupParent",      NULL,           same_mode},
    {"NetworkMode",       "network_mode", same_network},
    {"CapAdd",            "cap_add",      same_capabilities},
    {"SecurityOpt",       "security_opt", same_security},
    {"GroupAdd",          "group_add",    same_words},
    {"Devices",           "devices",      same_devices},
    {"DeviceCgroupRules", NULL,           no_list},
    {"DeviceRequests",    NULL,           no_requests},
    {"VolumesFrom",       NULL,           no_list},
    {"PortBindings",      "ports",        same_ports},
    {"Mounts",            "volumes",      same_mounts},
    {"Labels",            "labels",       same_labels},
    {"Image",             "image",        same_image},
};

apr_status_t aphd_verify_container(const aphd_verify_t *verify, const char *service,
                                   const json_t *container, aph_error_t *err)
{
    const json_t *services = json_object_get(verify->model, "services");
    comparing_t comparing = {.verify = verify, .service = json_object_get(services, service),
                             .container = container, .name = service, .err = err};
    if (comparing.service == NULL)
        return aph_error_set(err, APH_EDENIED, 1121, "a container of the app belongs to no service "
                             "of its model (%s)", service);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        comparing.setting = rows[i].setting;
        apr_status_t status = rows[i].compare(&comparing, rows[i].key);
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}
