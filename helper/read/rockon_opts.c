/* SPDX-License-Identifier: Apache-2.0 */
/* opts: arguments of `docker run`, pairs of flag and value in most definitions. Each flag that is
 * known has a row, and becomes the compose key that says the same; the policy judges that. A flag
 * without a row is refused by its name, for what it would have given the container is not known. */
#include "helper/read/rockon.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "helper/read/entry_table.h"

typedef struct flag_t flag_t;
typedef apr_status_t (*flag_cb)(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                                const char *value);

struct flag_t {
    const char *name, *brief; /* brief: NULL, or the other spelling */
    const char *key;          /* of compose */
    flag_cb take;
    int bare; /* stands without a value */
};

static apr_status_t malformed(aphd_rockon_t *r, const aphd_rockon_container_t *c, const char *flag,
                              const char *value, const char *why)
{
    return aph_error_set(r->err, APH_EUNREADABLE, 2450, "containers.%.60s.opts: %.40s %.80s: %s",
                         c->name, flag, value, why);
}

/* What the author says of it, for the question the policy asks: the sentence of a text that names
 * the thing, or that there is none. */
static const char *sentence_about(aphd_rockon_t *r, const char *member, const char *word)
{
    const char *text = aphd_rockon_plain(json_object_get(r->text, member), r->p);
    while (*text != '\0') {
        const char *end = text;
        while (*end != '\0' && *end != '\n' &&
               !(strchr(".!?", *end) != NULL && strchr(" \n", end[1]) != NULL))
            end++;
        size_t length = (size_t)(end - text) + (*end != '\0' && *end != '\n');
        const char *sentence = apr_pstrmemdup(r->p, text, length);
        if (aphd_rockon_says(sentence, word) && length < 400)
            return sentence;
        text = *end == '\0' ? end : end + 1;
        text += strspn(text, " \n");
    }
    return NULL;
}

static void explain(aphd_rockon_t *r, const aphd_rockon_container_t *c, const flag_t *flag,
                    const char *value, const char *word)
{
    const char *what = *value != '\0' ? apr_pstrcat(r->p, ".", value, NULL) : "";
    const char *id = apr_pstrcat(r->p, c->name, ".", flag->key, what, NULL);
    const char *reason = sentence_about(r, "description", word);
    if (reason == NULL)
        reason = sentence_about(r, "more_info", word);
    if (reason == NULL)
        reason =
            apr_psprintf(r->p, "The rock-on starts %s with %s%s%s; its author does not say why.",
                         c->name, flag->name, *value != '\0' ? " " : "", value);
    aphd_rockon_permission(r, id, reason);
}

/* --- what becomes of each --- */

static apr_status_t take_env(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                             const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return malformed(r, c, flag->name, value,
                         "names no value, so it would come from whoever starts the container");
    json_t *variables = json_object_get(c->service, "environment");
    const char *name = apr_pstrmemdup(r->p, value, (size_t)(equals - value));
    json_object_set_new(variables, name, aphd_rockon_literal(equals + 1, r->p));
    return APR_SUCCESS;
}

static apr_status_t take_item(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                              const char *value)
{
    aphd_rockon_add(c->service, flag->key, aphd_rockon_literal(value, r->p));
    return APR_SUCCESS;
}

/* An item that the policy asks about or refuses. */
static apr_status_t take_right(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                               const char *value)
{
    explain(r, c, flag, value, value);
    return take_item(r, c, flag, value);
}

static apr_status_t take_capability(aphd_rockon_t *r, aphd_rockon_container_t *c,
                                    const flag_t *flag, const char *value)
{
    char *name = apr_pstrdup(r->p, value);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    return take_right(r, c, flag, strncmp(name, "CAP_", 4) == 0 ? name + 4 : name);
}

static apr_status_t take_text(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                              const char *value)
{
    json_object_set_new(c->service, flag->key, aphd_rockon_literal(value, r->p));
    return APR_SUCCESS;
}

static apr_status_t take_flag(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                              const char *value)
{
    if (*value != '\0' && strcasecmp(value, "true") != 0 && strcasecmp(value, "false") != 0)
        return malformed(r, c, flag->name, value, "is true or false");
    int on = strcasecmp(value, "false") != 0;
    json_object_set_new(c->service, flag->key, json_boolean(on));
    if (on && strcmp(flag->key, "privileged") == 0)
        explain(r, c, flag, "", "privileged");
    return APR_SUCCESS;
}

/* A number of seconds, to docker. */
static apr_status_t take_seconds(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                                 const char *value)
{
    if (*value == '\0' || value[strspn(value, "0123456789")] != '\0')
        return malformed(r, c, flag->name, value, "is a number of seconds");
    return take_text(r, c, flag, apr_pstrcat(r->p, value, "s", NULL));
}

/* What is done anyway. */
static apr_status_t take_nothing(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                                 const char *value)
{
    return APR_SUCCESS;
}

static apr_status_t take_terminal(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                                  const char *value)
{
    if (strcmp(flag->key, "stdin_open") != 0)
        json_object_set_new(c->service, "tty", json_true());
    if (strcmp(flag->key, "tty") != 0)
        json_object_set_new(c->service, "stdin_open", json_true());
    return APR_SUCCESS;
}

static apr_status_t take_net(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                             const char *value)
{
    const char *other = strncmp(value, "container:", 10) == 0 ? value + 10 : NULL;
    if (strcmp(value, "bridge") == 0 || strcmp(value, "default") == 0)
        return APR_SUCCESS;
    c->on_host = strcmp(value, "host") == 0;
    if (other != NULL && aphd_rockon_find(r, other) != NULL)
        value = apr_pstrcat(r->p, "service:", other, NULL);
    take_text(r, c, flag, value);
    if (c->on_host)
        explain(r, c, flag, value, "net=host");
    return APR_SUCCESS;
}

/* Others reach it by that name too. */
static void add_alias(aphd_rockon_container_t *c, const char *alias)
{
    json_t *networks = json_object_get(c->service, "networks");
    if (strcmp(alias, c->name) == 0)
        return;
    if (networks == NULL) {
        networks = json_pack("{s:{s:[]}}", "default", "aliases");
        json_object_set_new(c->service, "networks", networks);
    }
    json_t *aliases = json_object_get(json_object_get(networks, "default"), "aliases");
    size_t i;
    json_t *known;
    json_array_foreach(aliases, i, known)
        if (strcmp(json_string_value(known), alias) == 0)
            return;
    json_array_append_new(aliases, json_string(alias));
}

static apr_status_t take_alias(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                               const char *value)
{
    add_alias(c, value);
    return APR_SUCCESS;
}

/* TARGET[:ALIAS]. Containers of one rock-on share the app's network, so only the name is left. */
static apr_status_t take_link(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                              const char *value)
{
    const char *colon = strchr(value, ':');
    size_t length = colon != NULL ? (size_t)(colon - value) : strlen(value);
    aphd_rockon_container_t *target = aphd_rockon_find(r, apr_pstrmemdup(r->p, value, length));
    if (target == NULL)
        return aph_error_set(r->err, APH_EDENIED, 2451,
                             "containers.%.60s.opts: %s %.80s: it links to a container that is not "
                             "of this rock-on",
                             c->name, flag->name, value);
    if (colon != NULL && colon[1] != '\0')
        add_alias(target, colon + 1);
    return APR_SUCCESS;
}

/* The volume of a path that was given no source. */
static const char *own_volume(aphd_rockon_t *r, const aphd_rockon_container_t *c, const char *path)
{
    return aphd_rockon_slug(apr_pstrcat(r->p, c->name, "-", path, NULL), '-', 60, r->p);
}

/* [SOURCE:]TARGET[:OPTIONS] */
static apr_status_t take_volume(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                                const char *value)
{
    const char *colon = strchr(value, ':');
    const char *source = colon != NULL ? apr_pstrmemdup(r->p, value, (size_t)(colon - value))
                                       : own_volume(r, c, value);
    if (colon == NULL && *value != '/')
        return malformed(r, c, flag->name, value, "is not an absolute path");
    const char *mount = colon != NULL ? value : apr_pstrcat(r->p, source, ":", value, NULL);
    aphd_rockon_add(c->service, flag->key, aphd_rockon_literal(mount, r->p));
    if (strchr("/.~", *source) == NULL)
        json_object_set_new(r->volumes, source, json_object());
    else
        explain(r, c, flag, source, source);
    return APR_SUCCESS;
}

static apr_status_t take_sysctl(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                                const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return malformed(r, c, flag->name, value, "is NAME=VALUE");
    json_t *settings = json_object_get(c->service, flag->key);
    if (settings == NULL) {
        settings = json_object();
        json_object_set_new(c->service, flag->key, settings);
    }
    const char *name = apr_pstrmemdup(r->p, value, (size_t)(equals - value));
    json_object_set_new(settings, name, aphd_rockon_literal(equals + 1, r->p));
    explain(r, c, flag, name, name);
    return APR_SUCCESS;
}

/* [ADDRESS:]HOST:CONTAINER[/PROTOCOL] becomes a port like any other, which the person may move. */
static apr_status_t take_publish(aphd_rockon_t *r, aphd_rockon_container_t *c, const flag_t *flag,
                                 const char *value)
{
    const char *last = strrchr(value, ':');
    const char *slash = strchr(value, '/');
    const char *inside = last != NULL ? last + 1 : value;
    const char *outside = "";
    if (last != NULL) {
        outside = apr_pstrmemdup(r->p, value, (size_t)(last - value));
        outside = strrchr(outside, ':') != NULL ? strrchr(outside, ':') + 1 : outside;
    }
    size_t digits = strspn(inside, "0123456789");
    json_int_t host = 0;
    json_t *text = json_string(outside);
    int sound = digits > 0 && (inside + digits == slash || inside[digits] == '\0') &&
                (*outside == '\0' || aphd_rockon_number(text, &host));
    json_decref(text);
    if (!sound)
        return malformed(r, c, flag->name, value, "is HOST:CONTAINER, two numbers");
    json_t *ports = json_object_get(c->text, "ports");
    if (!json_is_object(ports)) {
        ports = json_object();
        json_object_set_new(c->text, "ports", ports);
    }
    const char *number = apr_pstrmemdup(r->p, inside, digits);
    if (json_object_get(ports, number) == NULL)
        json_object_set_new(ports, number,
                            json_pack("{s:o,s:s,s:I}", "label", json_sprintf("Port %s", number),
                                      "protocol", slash != NULL ? slash + 1 : "tcp", "host_default",
                                      host != 0 ? host : (json_int_t)apr_atoi64(number)));
    return APR_SUCCESS;
}

static const flag_t flags[] = {
    {"--env", "-e", "environment", take_env, 0},
    {"--net", "--network", "network_mode", take_net, 0},
    {"--cap-add", NULL, "cap_add", take_capability, 0},
    {"--cap-drop", NULL, "cap_drop", take_item, 0},
    {"--volumes-from", NULL, "volumes_from", take_item, 0},
    {"--link", NULL, "links", take_link, 0},
    {"--volume", "-v", "volumes", take_volume, 0},
    {"--privileged", NULL, "privileged", take_flag, 1},
    {"--device", NULL, "devices", take_right, 0},
    {"--sysctl", NULL, "sysctls", take_sysctl, 0},
    {"--publish", "-p", "ports", take_publish, 0},
    {"--restart", NULL, "restart", take_text, 0},
    {"--security-opt", NULL, "security_opt", take_right, 0},
    {"--shm-size", NULL, "shm_size", take_text, 0},
    {"-it", "-ti", "", take_terminal, 1},
    {"--tty", "-t", "tty", take_terminal, 1},
    {"--interactive", "-i", "stdin_open", take_terminal, 1},
    {"--dns", NULL, "dns", take_item, 0},
    {"--hostname", "-h", "hostname", take_text, 0},
    {"--user", "-u", "user", take_text, 0},
    {"--init", NULL, "init", take_flag, 1},
    {"--read-only", NULL, "read_only", take_flag, 1},
    {"--tmpfs", NULL, "tmpfs", take_item, 0},
    {"--add-host", NULL, "extra_hosts", take_item, 0},
    {"--group-add", NULL, "group_add", take_right, 0},
    {"--memory", "-m", "mem_limit", take_text, 0},
    {"--cpus", NULL, "cpus", take_text, 0},
    {"--cpu-shares", "-c", "cpu_shares", take_text, 0},
    {"--pids-limit", NULL, "pids_limit", take_text, 0},
    {"--entrypoint", NULL, "entrypoint", take_item, 0},
    {"--workdir", "-w", "working_dir", take_text, 0},
    {"--stop-signal", NULL, "stop_signal", take_text, 0},
    {"--stop-timeout", NULL, "stop_grace_period", take_seconds, 0},
    {"--dns-search", NULL, "dns_search", take_item, 0},
    {"--network-alias", "--net-alias", "networks", take_alias, 0},
    {"--expose", NULL, "expose", take_item, 0},
    {"--platform", NULL, "platform", take_text, 0},
    {"--detach", "-d", "", take_nothing, 1},
    {"--userns", NULL, "userns_mode", take_text, 0},
    {"--uts", NULL, "uts", take_text, 0},
    {"--pid", NULL, "pid", take_text, 0},
    {"--ipc", NULL, "ipc", take_text, 0},
};

static const flag_t *find_flag(const char *name)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(flags[i].name, name) == 0 ||
            (flags[i].brief != NULL && strcmp(flags[i].brief, name) == 0))
            return &flags[i];
    return NULL;
}

/* --- reading the list --- */

#define ARGUMENTS_MAX 512

typedef struct arguments_t {
    const char *texts[ARGUMENTS_MAX];
    size_t count;
} arguments_t;

/* An argument; "--flag value" in one text is two. */
static int add_argument(aphd_rockon_t *r, arguments_t *list, const json_t *value)
{
    const char *text = aphd_rockon_text(value, r->p);
    if (text == NULL || list->count + 2 > ARGUMENTS_MAX || !aphd_plain_fits(text, 0))
        return 0;
    size_t word = strcspn(text, " =");
    if (text[0] == '-' && text[word] == ' ') {
        list->texts[list->count++] = apr_pstrmemdup(r->p, text, word);
        text += word + strspn(text + word, " ");
    }
    if (*text != '\0')
        list->texts[list->count++] = text;
    return 1;
}

/* All entries one after the other: pairs, and the entries of one, three and four that there were.
 */
static int flatten(aphd_rockon_t *r, const json_t *opts, arguments_t *list)
{
    size_t i, k;
    json_t *entry, *item;
    if (json_is_string(opts))
        return add_argument(r, list, opts);
    json_array_foreach(opts, i, entry) {
        if (!json_is_array(entry)) {
            if (!add_argument(r, list, entry))
                return 0;
            continue;
        }
        json_array_foreach(entry, k, item)
            if (!add_argument(r, list, item))
                return 0;
    }
    return json_is_array(opts);
}

static apr_status_t take_argument(aphd_rockon_t *r, aphd_rockon_container_t *c,
                                  const arguments_t *list, size_t *at)
{
    const char *text = list->texts[(*at)++];
    const char *equals = strchr(text, '=');
    const char *name = equals != NULL ? apr_pstrmemdup(r->p, text, (size_t)(equals - text)) : text;
    const flag_t *flag = find_flag(name);
    if (*text != '-')
        return malformed(r, c, text, "", "stands where a flag of docker run is expected");
    if (flag == NULL)
        return aph_error_set(r->err, APH_EDENIED, 2452,
                             "containers.%.60s.opts: %.60s is not an argument of docker run that "
                             "apphost has a counterpart of",
                             c->name, name);
    if (equals != NULL)
        return flag->take(r, c, flag, equals + 1);
    int follows = *at < list->count && *list->texts[*at] != '-';
    if (flag->bare && follows &&
        (strcmp(list->texts[*at], "true") == 0 || strcmp(list->texts[*at], "false") == 0))
        return flag->take(r, c, flag, list->texts[(*at)++]);
    if (flag->bare)
        return flag->take(r, c, flag, "");
    if (*at == list->count)
        return malformed(r, c, text, "", "has no value");
    return flag->take(r, c, flag, list->texts[(*at)++]);
}

static apr_status_t read_command(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    json_t *arguments = json_object_get(c->text, "cmd_arguments");
    size_t i, k;
    json_t *entry, *item;
    if (arguments == NULL)
        return APR_SUCCESS;
    json_array_foreach(arguments, i, entry) {
        const char *whole = aphd_rockon_text(entry, r->p);
        if (whole != NULL && *whole != '\0')
            aphd_rockon_add(c->service, "command", aphd_rockon_literal(whole, r->p));
        json_array_foreach(entry, k, item) {
            const char *text = aphd_rockon_text(item, r->p);
            if (text == NULL || !aphd_plain_fits(text, 0))
                break;
            if (*text != '\0') /* the second half of a pair that has none */
                aphd_rockon_add(c->service, "command", aphd_rockon_literal(text, r->p));
        }
        if (whole == NULL && (!json_is_array(entry) || k < json_array_size(entry)))
            break;
    }
    if (!json_is_array(arguments) || i < json_array_size(arguments))
        return aph_error_set(
            r->err, APH_EUNREADABLE, 2453,
            "containers.%.60s.cmd_arguments: is not a list of lists of texts without "
            "control characters",
            c->name);
    return APR_SUCCESS;
}

apr_status_t aphd_rockon_opts(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    json_t *opts = json_object_get(c->text, "opts");
    arguments_t *list = apr_pcalloc(r->p, sizeof *list);
    apr_status_t rv = APR_SUCCESS;
    if (opts != NULL && !json_is_null(opts) && !flatten(r, opts, list))
        return aph_error_set(
            r->err, APH_EUNREADABLE, 2454,
            "containers.%.60s.opts: is not a list of pairs of texts without control "
            "characters",
            c->name);
    for (size_t at = 0; at < list->count && rv == APR_SUCCESS;)
        rv = take_argument(r, c, list, &at);
    return rv == APR_SUCCESS ? read_command(r, c) : rv;
}

/* --- what containers take over from each other --- */

/* Images that do nothing without a command: a container of one only holds volumes. */
static int only_holds(const aphd_rockon_container_t *c)
{
    static const char *const images[] = {"busybox",     "alpine",          "tianon/true",
                                         "hello-world", "library/busybox", "library/alpine"};
    static const char *const needs[] = {"ports", "environment", "devices", "cmd_arguments"};
    const char *image = json_string_value(json_object_get(c->text, "image"));
    size_t i = 0;
    while (i < sizeof images / sizeof images[0] && strcmp(images[i], image) != 0)
        i++;
    if (i == sizeof images / sizeof images[0])
        return 0;
    for (i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (json_object_get(c->text, needs[i]) != NULL)
            return 0;
    return json_object_size(json_object_get(c->service, "environment")) == 0;
}

static int users_of(const aphd_rockon_t *r, const char *name)
{
    int users = 0;
    size_t k, length = strlen(name);
    json_t *item;
    for (size_t i = 0; i < r->count; i++)
        json_array_foreach(json_object_get(r->containers[i].service, "volumes_from"), k, item) {
            const char *text = json_string_value(item);
            users += strncmp(text, name, length) == 0 && strchr(":", text[length]) != NULL;
        }
    return users;
}

static int mounts_at(const json_t *service, const char *mount)
{
    const char *target = strchr(mount, ':');
    size_t i;
    json_t *known;
    json_array_foreach(json_object_get(service, "volumes"), i, known) {
        const char *other = strchr(json_string_value(known), ':');
        size_t length = other != NULL && target != NULL ? strcspn(target + 1, ":") : 0;
        if (length > 0 && strcspn(other + 1, ":") == length &&
            strncmp(other + 1, target + 1, length) == 0)
            return 1;
    }
    return 0;
}

/* A folder that several containers use cannot be asked of one: it is a folder of the app. */
static void fix_volumes(aphd_rockon_t *r, aphd_rockon_container_t *from)
{
    const char *target;
    void *next;
    json_t *volumes = json_object_get(from->text, "volumes"), *about;
    json_object_foreach_safe(volumes, next, target, about) {
        const char *folder = apr_pstrcat(r->p, "./", own_volume(r, from, target), NULL);
        aphd_rockon_add(from->service, "volumes",
                        json_string(apr_pstrcat(r->p, folder, ":", target, NULL)));
        json_object_del(volumes, target);
    }
}

static void take_over(aphd_rockon_t *r, aphd_rockon_container_t *c, aphd_rockon_container_t *from,
                      int read_only)
{
    json_t *own = json_object_get(c->text, "volumes"), *mount;
    if (from->folded && from->users == 1 && !read_only) {
        if (!json_is_object(own)) {
            own = json_object();
            json_object_set_new(c->text, "volumes", own);
        }
        json_object_update_missing(own, json_object_get(from->text, "volumes"));
    } else {
        fix_volumes(r, from);
    }
    size_t i;
    json_array_foreach(json_object_get(from->service, "volumes"), i, mount) {
        const char *text = json_string_value(mount);
        if (!mounts_at(c->service, text))
            aphd_rockon_add(c->service, "volumes",
                            json_string(apr_pstrcat(r->p, text, read_only ? ":ro" : "", NULL)));
    }
}

/* Who takes the volumes of a stranger keeps the key, and the policy refuses it. */
static void settle_volumes_from(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    json_t *list = json_incref(json_object_get(c->service, "volumes_from")), *item;
    json_t *strangers = json_array();
    size_t i;
    json_array_foreach(list, i, item) {
        const char *text = json_string_value(item);
        size_t length = strcspn(text, ":");
        aphd_rockon_container_t *from = aphd_rockon_find(r, apr_pstrmemdup(r->p, text, length));
        if (from != NULL && from != c)
            take_over(r, c, from, strcmp(text + length, ":ro") == 0);
        else
            json_array_append_new(strangers, json_sprintf("container:%s", text));
    }
    if (json_array_size(strangers) > 0)
        json_object_set(c->service, "volumes_from", strangers);
    else
        json_object_del(c->service, "volumes_from");
    json_decref(strangers);
    json_decref(list);
}

/* container_links: USER: [{"source_container": NAME, "name": NAME_OF_THE_LINK}...] */
static apr_status_t take_links(aphd_rockon_t *r)
{
    const char *user;
    json_t *list, *link;
    size_t i;
    json_object_foreach(json_object_get(r->text, "container_links"), user, list)
        json_array_foreach(list, i, link) {
            const char *source = aphd_rockon_text(json_object_get(link, "source_container"), r->p);
            const char *alias = aphd_rockon_text(json_object_get(link, "name"), r->p);
            aphd_rockon_container_t *target = source != NULL ? aphd_rockon_find(r, source) : NULL;
            if (target == NULL || aphd_rockon_find(r, user) == NULL)
                return aph_error_set(r->err, APH_EUNREADABLE, 2455,
                                     "container_links.%.60s: %.60s is not a container of this "
                                     "rock-on",
                                     user, source != NULL ? source : "source_container");
            if (alias != NULL && *alias != '\0' && aphd_rockon_find(r, alias) == NULL &&
                !target->on_host)
                add_alias(target, alias);
        }
    return APR_SUCCESS;
}

apr_status_t aphd_rockon_share(aphd_rockon_t *r)
{
    for (size_t i = 0; i < r->count; i++) {
        aphd_rockon_container_t *c = &r->containers[i];
        c->users = users_of(r, c->name);
        c->folded = c->users > 0 && only_holds(c);
    }
    for (size_t i = 0; i < r->count; i++)
        settle_volumes_from(r, &r->containers[i]);
    return take_links(r);
}
