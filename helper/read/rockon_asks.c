/* SPDX-License-Identifier: Apache-2.0 */
/* What a rock-on leaves to the person who installs it: where volumes lie, ports of the machine,
 * devices, and who its programs run as. */
#include "helper/read/rockon.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "helper/read/entry_table.h"

#define PATH_MOST 500
#define SIZE_MOST 1125899906842624 /* a pebibyte: as many octets as a question may name */
#define ASKED_MAX 256
#define ID_LAST   2147483647

apr_status_t aphd_rockon_malformed(aphd_rockon_t *r, const aphd_rockon_container_t *c,
                                   const char *key, const char *name, const char *why)
{
    return aph_error_set(r->err, APH_EUNREADABLE, 2456, "containers.%.60s.%s%s%.100s: %s", c->name,
                         key, *name != '\0' ? "." : "", name, why);
}

const char *aphd_rockon_said(aphd_rockon_t *r, const json_t *about)
{
    return apr_pstrcat(r->p, aphd_rockon_plain(json_object_get(about, "label"), r->p), " ",
                       aphd_rockon_plain(json_object_get(about, "description"), r->p), NULL);
}

/* Members of a container in the order of their index; those without one last, as they stand. */
typedef struct member_t {
    const char *name;
    json_t *about;
    json_int_t index;
} member_t;

static int is_text(const aphd_rockon_t *r, const json_t *value)
{
    return value == NULL || json_is_null(value) || json_is_boolean(value) ||
           aphd_rockon_text(value, r->p) != NULL;
}

apr_status_t aphd_rockon_each(aphd_rockon_t *r, aphd_rockon_container_t *c, const char *key,
                              aphd_rockon_member_cb *take)
{
    json_t *members = json_object_get(c->text, key), *about;
    const char *name;
    member_t *list = apr_pcalloc(r->p, ASKED_MAX * sizeof *list);
    size_t count = 0;
    apr_status_t rv = APR_SUCCESS;
    if (members == NULL || json_is_null(members) ||
        (json_is_array(members) && json_array_size(members) == 0))
        return APR_SUCCESS;
    if (!json_is_object(members) || json_object_size(members) > ASKED_MAX)
        return aphd_rockon_malformed(r, c, key, "", "is not an object, or has too many members");
    json_object_foreach(members, name, about) {
        member_t member = {name, about, ID_LAST};
        size_t at = count++;
        aphd_rockon_number(json_object_get(about, "index"), &member.index);
        for (; at > 0 && list[at - 1].index > member.index; at--)
            list[at] = list[at - 1];
        list[at] = member;
    }
    for (size_t i = 0; i < count && rv == APR_SUCCESS; i++)
        if (!is_text(r, json_object_get(list[i].about, "label")) ||
            !is_text(r, json_object_get(list[i].about, "description")))
            rv = aphd_rockon_malformed(r, c, key, list[i].name, "label or description is not a text");
        else
            rv = take(r, c, list[i].name, list[i].about);
    return rv;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* Whether there is a question of that kind about target of the container. */
static int is_asked(const aphd_rockon_t *r, const aphd_rockon_container_t *c, const char *kind,
                    const char *target)
{
    size_t i;
    json_t *question;
    json_array_foreach(r->questions, i, question)
        if (strcmp(text_of(question, "kind"), kind) == 0 &&
            strcmp(text_of(question, "service"), c->name) == 0 &&
            strcmp(text_of(question, "target"), target) == 0)
            return 1;
    return 0;
}

/* --- volumes --- */

static apr_status_t take_volume(aphd_rockon_t *r, aphd_rockon_container_t *c, const char *name,
                                json_t *about)
{
    size_t length = strlen(name);
    json_int_t octets = 0;
    while (length > 1 && name[length - 1] == '/')
        length--;
    const char *target = apr_pstrmemdup(r->p, name, length);
    if (!aphd_grammar_fits(APHD_GRAMMAR_ABSOLUTE, target))
        return aphd_rockon_malformed(r, c, "volumes", name,
                                     "is not an absolute path of the container");
    if (!json_is_object(about) && !json_is_string(about))
        return aphd_rockon_malformed(r, c, "volumes", name,
                                     "is not an object with label and description");
    if (is_asked(r, c, "storage", target))
        return aphd_rockon_malformed(r, c, "volumes", name, "stands there twice");
    json_t *size = json_object_get(about, "min_size");
    if (size != NULL && (!aphd_rockon_number(size, &octets) || octets < 0 || octets > SIZE_MOST))
        return aphd_rockon_malformed(r, c, "volumes", name, "min_size is not a number of octets");
    aphd_rockon_question_t question = {.id = target + 1, /* its folder is called so */
                                       .kind = "storage",
                                       .type = "text",
                                       .target = target,
                                       .min_size = octets,
                                       .from = about};
    if (json_is_string(about))
        question.label = aphd_rockon_plain(about, r->p);
    aphd_rockon_ask(r, c, &question);
    return APR_SUCCESS;
}

apr_status_t aphd_rockon_volumes(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    return aphd_rockon_each(r, c, "volumes", take_volume);
}

/* --- ports --- */

/* tcp, udp, or both: where nothing is said, both are published. */
static const char *protocol_of(const json_t *about, apr_pool_t *p)
{
    const json_t *value = aphd_rockon_member(about, "protocol");
    const char *text = value != NULL && !json_is_null(value) ? aphd_rockon_text(value, p) : "";
    if (text == NULL)
        return NULL;
    if (*text == '\0' || strcasecmp(text, "both") == 0 || strcasecmp(text, "tcp/udp") == 0 ||
        strcasecmp(text, "udp/tcp") == 0)
        return "both";
    return strcasecmp(text, "tcp") == 0 ? "tcp" : strcasecmp(text, "udp") == 0 ? "udp" : NULL;
}

static int is_page(const json_t *about)
{
    const json_t *page = json_object_get(about, "ui");
    return json_is_object(page) || aphd_rockon_flag(page);
}

/* How sure it is that this port is the one a browser wants, where several say so. */
static int page_likeness(aphd_rockon_t *r, const json_t *about)
{
    const char *said = aphd_rockon_said(r, about);
    return 2 * (aphd_rockon_says(said, "web") || aphd_rockon_says(said, "browser")) -
           aphd_rockon_says(said, "daemon");
}

/* The port of the page of all containers; *owner is whose. */
static const char *page_port(aphd_rockon_t *r, aphd_rockon_container_t **owner)
{
    const char *best = NULL, *name;
    json_t *about;
    int most = -2;
    for (size_t i = 0; i < r->count; i++)
        json_object_foreach(json_object_get(r->containers[i].text, "ports"), name, about)
            if (is_page(about) && page_likeness(r, about) > most) {
                most = page_likeness(r, about);
                best = name;
                *owner = &r->containers[i];
            }
    return best;
}

static const char *page_path(aphd_rockon_t *r, const json_t *about)
{
    const json_t *own = json_object_get(about, "ui");
    const char *path = aphd_rockon_text(json_object_get(own, "slug"), r->p);
    if (path == NULL)
        path = aphd_rockon_text(json_object_get(json_object_get(r->text, "ui"), "slug"), r->p);
    if (path == NULL)
        path = "";
    path = apr_pstrcat(r->p, "/", path + strspn(path, "/"), NULL);
    return strlen(path) <= PATH_MOST && aphd_grammar_fits(APHD_GRAMMAR_WEBPATH, path) ? path : "/";
}

static void set_page(aphd_rockon_t *r, aphd_rockon_container_t *c, int port, json_int_t outside,
                     const json_t *about)
{
    const json_t *own = json_object_get(about, "ui");
    int tls = aphd_rockon_flag(json_object_get(own, "https")) ||
              aphd_rockon_flag(json_object_get(json_object_get(r->text, "ui"), "https"));
    const char *path = page_path(r, about);
    if (c->on_host)
        r->host_page = apr_psprintf(r->p, "%s://ADDRESS-OF-THIS-MACHINE:%" APR_INT64_T_FMT "%s",
                                    tls ? "https" : "http", (apr_int64_t)outside, path);
    else
        json_object_set_new(r->manifest, "web",
                            json_pack("{s:s,s:i,s:s,s:s}", "service", c->name, "port", port,
                                      "scheme", tls ? "https" : "http", "path", path));
}

/* A number the policy would let an app have without root's word. */
static int may_be_offered(json_int_t port)
{
    return port >= 1024 && port <= 65535 &&
           (port <= APH_PORT_BASE || port > APH_PORT_BASE + APH_APP_ID_MAX_DEFAULT);
}

/* Whether another port of this app is offered that number already. */
static int is_offered(const aphd_rockon_t *r, const char *protocol, json_int_t port)
{
    size_t i;
    json_t *question;
    json_array_foreach(r->questions, i, question) {
        const char *other = text_of(question, "protocol");
        if (strcmp(text_of(question, "kind"), "port") == 0 &&
            (strcmp(other, protocol) == 0 || strcmp(other, "both") == 0 ||
             strcmp(protocol, "both") == 0) &&
            apr_atoi64(text_of(question, "default")) == port)
            return 1;
    }
    return 0;
}

/* What the person is told where the number its author suggests is not offered; "": it is. */
static const char *why_not(aphd_rockon_t *r, json_int_t port)
{
    if (may_be_offered(port))
        return "";
    return apr_psprintf(r->p,
                        "Its author suggests %" APR_INT64_T_FMT
                        ", which apphost does not offer by itself: %s.",
                        (apr_int64_t)port,
                        port < 1024 ? "ports below 1024 are this machine's own"
                                    : "from these ports apphost gives each app its own");
}

/* Where two ports have the same number, the later one gets the next that is free, as on the system
 * the rock-on was written for. */
static void ask_port(aphd_rockon_t *r, aphd_rockon_container_t *c, const char *name,
                     const char *protocol, json_int_t outside, const json_t *about)
{
    const char *text = aphd_rockon_plain(json_object_get(about, "description"), r->p);
    const char *why = why_not(r, outside);
    while (*why == '\0' && is_offered(r, protocol, outside) && may_be_offered(outside + 1))
        outside++;
    const char *number = apr_psprintf(r->p, "%" APR_INT64_T_FMT, (apr_int64_t)outside);
    aphd_rockon_question_t question = {.id = apr_pstrcat(r->p, "port_", name, NULL),
                                       .kind = "port",
                                       .type = "integer",
                                       .target = name,
                                       .protocol = protocol,
                                       .initial = *why == '\0' ? number : NULL,
                                       .bounded = 1,
                                       .min = 1,
                                       .max = 65535,
                                       .text = text,
                                       .from = about};
    if (*why != '\0')
        question.text = apr_pstrcat(r->p, text, *text != '\0' ? " " : "", why, NULL);
    aphd_rockon_ask(r, c, &question);
    if (*text == '\0')
        text = aphd_rockon_plain(json_object_get(about, "label"), r->p);
    static const char *const protocols[] = {"tcp", "udp"};
    for (size_t i = 0; i < 2 && *why == '\0' && *text != '\0'; i++)
        if (strcmp(protocol, "both") == 0 || strcmp(protocol, protocols[i]) == 0)
            aphd_rockon_permission(r, apr_psprintf(r->p, "ports.%s/%s", number, protocols[i]),
                                   text);
}

static apr_status_t take_port(aphd_rockon_t *r, aphd_rockon_container_t *c, const char *name,
                              json_t *about)
{
    json_t *number = json_string(name);
    json_int_t port = 0, outside = 0;
    int sound = aphd_rockon_number(number, &port) && port >= 1 && port <= 65535;
    json_decref(number);
    if (!sound)
        return aphd_rockon_malformed(r, c, "ports", name,
                                     "is not a port: a number from 1 to 65535");
    if (!json_is_object(about))
        return aphd_rockon_malformed(r, c, "ports", name,
                                     "is not an object with label and host_default");
    const char *protocol = protocol_of(about, r->p);
    if (protocol == NULL)
        return aphd_rockon_malformed(r, c, "ports", name, "protocol is not tcp or udp");
    outside = port;
    json_t *wanted = json_object_get(about, "host_default");
    if (wanted != NULL && !json_is_null(wanted) &&
        (!aphd_rockon_number(wanted, &outside) || outside < 1 || outside > 65535))
        return aphd_rockon_malformed(r, c, "ports", name, "host_default is not a port");
    aphd_rockon_container_t *owner = NULL;
    const char *page = page_port(r, &owner);
    if (c == owner && strcmp(page, name) == 0 && strcmp(protocol, "udp") != 0)
        set_page(r, c, (int)port, outside, about);
    else if (!c->on_host)
        ask_port(r, c, apr_psprintf(r->p, "%" APR_INT64_T_FMT, (apr_int64_t)port), protocol,
                 outside, about);
    return APR_SUCCESS;
}

apr_status_t aphd_rockon_ports(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    return aphd_rockon_each(r, c, "ports", take_port);
}

/* --- devices --- */

/* The key is a path or only a name for people; what counts is what the person answers. */
static apr_status_t take_device(aphd_rockon_t *r, aphd_rockon_container_t *c, const char *name,
                                json_t *about)
{
    if (!json_is_object(about))
        return aphd_rockon_malformed(r, c, "devices", name,
                                     "is not an object with label and description");
    const char *slug = aphd_rockon_slug(name, '_', 30, r->p);
    slug = strncmp(slug, "_dev_", 5) == 0 ? slug + 5 : slug;
    aphd_rockon_question_t question = {.id = apr_pstrcat(r->p, "device_", slug, NULL),
                                       .kind = "device",
                                       .type = "text",
                                       .from = about};
    aphd_rockon_ask(r, c, &question);
    return APR_SUCCESS;
}

apr_status_t aphd_rockon_devices(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    return aphd_rockon_each(r, c, "devices", take_device);
}

/* --- who the programs are --- */

#define OWNER_OF_VOLUME (-1)
#define GROUP_OF_ENGINE (-2)

static const char *ask_id(aphd_rockon_t *r, const char *id, const char *label, const char *initial,
                          const char *text)
{
    aphd_rockon_question_t question = {.id = id,
                                       .kind = "custom",
                                       .type = "integer",
                                       .initial = initial,
                                       .label = label,
                                       .text = text,
                                       .required = initial == NULL,
                                       .advanced = initial != NULL,
                                       .bounded = 1,
                                       .max = ID_LAST};
    return apr_pstrcat(r->p, "{{answer.", aphd_rockon_ask(r, NULL, &question), "}}", NULL);
}

/* uid and gid: a number, or the owner of the first volume, or the group of the engine's socket. */
apr_status_t aphd_rockon_owner(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    json_t *user = json_object_get(c->text, "uid"), *group = json_object_get(c->text, "gid");
    json_int_t uid = 0, gid = OWNER_OF_VOLUME;
    if ((user == NULL || json_is_null(user)) && (group == NULL || json_is_null(group)))
        return APR_SUCCESS;
    if ((user != NULL && (!aphd_rockon_number(user, &uid) || uid < OWNER_OF_VOLUME)) ||
        (group != NULL && (!aphd_rockon_number(group, &gid) || gid < GROUP_OF_ENGINE)))
        return aphd_rockon_malformed(r, c, "uid", "gid", "is not a number, -1 or -2");
    const char *text = apr_psprintf(r->p, "%" APR_INT64_T_FMT, (apr_int64_t)uid);
    if (uid == OWNER_OF_VOLUME)
        text = ask_id(r, "uid", "User id", "1000",
                      "The user this app's programs run as; its folders have to be theirs.");
    if (gid == GROUP_OF_ENGINE)
        text =
            apr_pstrcat(r->p, text, ":",
                        ask_id(r, "engine_gid", "Group id of the container engine", NULL,
                               "This app works with the container engine itself: the number of the "
                               "group its socket belongs to, as in: getent group docker"),
                        NULL);
    else if (group != NULL && gid != OWNER_OF_VOLUME)
        text = apr_psprintf(r->p, "%s:%" APR_INT64_T_FMT, text, (apr_int64_t)gid);
    else if (group != NULL)
        text = apr_pstrcat(
            r->p, text, ":",
            ask_id(r, "gid", "Group id", "1000", "The group this app's programs run as."), NULL);
    json_object_set_new(c->service, "user", json_string(text));
    return APR_SUCCESS;
}
