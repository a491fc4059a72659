/* SPDX-License-Identifier: Apache-2.0 */
/* Rights beyond those of an ordinary container. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

void judge_privileged(aphd_judge_t *j)
{
    if (json_is_true(j->value)
        && aphd_override(j, j->line, NULL, "privileged",
                         "privileged hands over the whole machine; name the one right that is "
                         "needed (cap_add, devices)"))
        aphd_put(j, j->key, json_true());
}

static const char *const engine_default[] =
    {"AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",       "MKNOD",
     "NET_BIND_SERVICE", "SETFCAP", "SETGID",       "SETPCAP", "SETUID", "SYS_CHROOT", NULL};

static const struct {
    const char *name;
    const char *consequence;
} asked[] = {
    {"NET_ADMIN", "the app may change the network settings of its containers"},
    {"NET_RAW", "the app may send forged packets into its network"},
    {"SYS_NICE", "the app may take processor time from others"},
    {"IPC_LOCK", "the app may hold memory that cannot be swapped out"},
    {"SYS_TIME", "the app may set the clock of this machine"},
};

/* " cap_net_admin" is NET_ADMIN: engines read all spellings alike. */
static int capability_name(const char *text, char *name, size_t size)
{
    text += strspn(text, " ");
    size_t length = strcspn(text, " ");
    if (text[length + strspn(text + length, " ")] != '\0' || length >= size)
        return 0;
    for (size_t i = 0; i < length; i++)
        name[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    name[length] = '\0';
    if (strncmp(name, "CAP_", 4) == 0)
        memmove(name, name + 4, length - 3);
    return aphd_made_of(name, UPPER "_0123456789", size);
}

static int is_default(const char *name)
{
    for (const char *const *at = engine_default; *at != NULL; at++)
        if (strcmp(*at, name) == 0)
            return 1;
    return 0;
}

static void add_capability(aphd_judge_t *j, const json_t *row)
{
    char name[40];
    const char *text = aphd_text(row, "value");
    if (capability_name(text, name, sizeof name)) {
        size_t i = 0, count = sizeof asked / sizeof asked[0];
        while (i < count && strcmp(asked[i].name, name) != 0)
            i++;
        if (i < count)
            aphd_find(j, APHD_ASK, aphd_line(row), name, "capability", "%s: %s", name,
                      asked[i].consequence);
        if (i < count || is_default(name))
            aphd_put_item(j, "cap_add", json_string(name));
        else if (aphd_override(j, aphd_line(row), name, "cap-add",
                               "%.60s is a right from which a container can take over the machine",
                               name))
            aphd_put_item(j, "cap_add", json_string(name));
        return;
    }
    aphd_find(j, APHD_DENY, aphd_line(row), text, "capability",
              "%.60s is not the name of a capability", text);
}

void judge_cap_add(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row)
        add_capability(j, row);
}

/* To have less is always fine. */
void judge_cap_drop(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row) {
        char name[40];
        if (capability_name(aphd_text(row, "value"), name, sizeof name))
            aphd_put_item(j, "cap_drop", json_string(name));
        else
            aphd_find(j, APHD_DENY, aphd_line(row), aphd_text(row, "value"), "capability",
                      "%.60s is not the name of a capability", aphd_text(row, "value"));
    }
}

/* The options that take one wall away, and name no file: compose would read it from the host. */
static int wall_named(const char *text)
{
    static const char *const walls[] = {"seccomp=unconfined",      "seccomp:unconfined",
                                        "apparmor=unconfined",     "apparmor:unconfined",
                                        "label=disable",           "label:disable",
                                        "systempaths=unconfined",  "systempaths:unconfined",
                                        "no-new-privileges:false", "no-new-privileges=false"};
    for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++)
        if (strcmp(walls[i], text) == 0)
            return 1;
    return 0;
}

/* no-new-privileges is ours already; every other option takes a wall away. */
void judge_security_opt(aphd_judge_t *j)
{
    static const char *const fine[] = {"no-new-privileges", "no-new-privileges:true",
                                       "no-new-privileges=true"};
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row) {
        const char *text = aphd_text(row, "value");
        size_t k = 0;
        while (k < sizeof fine / sizeof fine[0] && strcmp(fine[k], text) != 0)
            k++;
        if (k < sizeof fine / sizeof fine[0])
            continue;
        if (!wall_named(text))
            aphd_find(j, APHD_DENY, aphd_line(row), text, "security",
                      "%.80s is not an option that apphost passes on", text);
        else if (aphd_override(j, aphd_line(row), text, "security-opt",
                               "%.80s weakens the walls around the container", text)) {
            j->may_regain |= strncmp(text, "no-new", 6) == 0;
            aphd_put_item(j, "security_opt", json_string(text));
        }
    }
}

void judge_group_add(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row) {
        const char *text = aphd_text(row, "value");
        if (!aphd_host(text)) {
            aphd_find(j, APHD_DENY, aphd_line(row), text, "value", "%.60s is not a group", text);
            continue;
        }
        aphd_find(j, APHD_ASK, aphd_line(row), text, "group",
                  "the app's programs join the group %.60s, also for files of this machine it sees",
                  text);
        aphd_put_item(j, "group_add", json_string(text));
    }
}

/* Settings a container has for itself alone, by the baseline of the pod security standards. */
static const char *const safe_settings[] = {"kernel.shm_rmid_forced",
                                            "net.ipv4.ip_local_port_range",
                                            "net.ipv4.ip_unprivileged_port_start",
                                            "net.ipv4.tcp_syncookies",
                                            "net.ipv4.ping_group_range",
                                            "net.ipv4.ip_local_reserved_ports",
                                            "net.ipv4.tcp_keepalive_time",
                                            "net.ipv4.tcp_fin_timeout",
                                            "net.ipv4.tcp_keepalive_intvl",
                                            "net.ipv4.tcp_keepalive_probes",
                                            "net.core.somaxconn",
                                            NULL};

void judge_sysctls(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_t *settings = json_object();
    json_array_foreach(j->value, i, row) {
        const char *name = aphd_text(row, "key"), *text = aphd_text(row, "value");
        const char *const *safe = safe_settings;
        while (*safe != NULL && strcmp(*safe, name) != 0)
            safe++;
        if (text == NULL || !aphd_made_of(text, "0123456789 -", 40)
            || (*safe == NULL && strncmp(name, "net.", 4) != 0)
            || !aphd_made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789._-", 80)) {
            aphd_find(j, APHD_DENY, aphd_line(row), name, "sysctl",
                      "%.80s is not a setting a container has for itself", name);
            continue;
        }
        if (*safe == NULL)
            aphd_find(j, APHD_ASK, aphd_line(row), name, "sysctl",
                      "the app sets %.80s to %.40s in its own network", name, text);
        json_object_set_new(settings, name, json_string(text));
    }
    if (json_object_size(settings) > 0)
        json_object_set(j->out, "sysctls", settings);
    json_decref(settings);
}

/* A namespace of the host instead of one's own. */
static void put_host_mode(aphd_judge_t *j, const char *rule, const char *why)
{
    if (aphd_override(j, j->line, "host", rule, "host is not allowed: %s", why))
        aphd_put(j, j->key, json_string("host"));
}

void judge_ipc(aphd_judge_t *j)
{
    const char *mode = json_string_value(j->value);
    if (strcmp(mode, "private") == 0 || strcmp(mode, "none") == 0)
        aphd_put(j, "ipc", json_string(mode));
    else if (strcmp(mode, "host") == 0)
        put_host_mode(j, "ipc-host", "it shares memory with the programs of this machine");
    else if (strcmp(mode, "shareable") != 0)
        aphd_find(j, APHD_DENY, j->line, mode, "ipc", "%.80s: it shares memory with others", mode);
}

void judge_pid(aphd_judge_t *j)
{
    const char *mode = json_string_value(j->value);
    if (strcmp(mode, "host") == 0)
        put_host_mode(j, "pid-host", j->reason);
    else if (*mode != '\0')
        aphd_find(j, APHD_DENY, j->line, mode, "pid", "%.80s: %s", mode, j->reason);
}

void judge_userns_mode(aphd_judge_t *j)
{
    const char *mode = json_string_value(j->value);
    if (strcmp(mode, "host") == 0)
        put_host_mode(j, "userns-host", j->reason);
    else
        aphd_find(j, APHD_DENY, j->line, mode, "userns", "%.80s: %s", mode, j->reason);
}

/* --- devices --- */

/* Devices that a person can be asked about: graphics, sound, serial adapters. */
static int device_asked(const char *path)
{
    static const char *const serial[] = {"/dev/ttyUSB", "/dev/ttyACM"};
    if (!aphd_absolute(path))
        return 0;
    for (size_t i = 0; i < sizeof serial / sizeof serial[0]; i++)
        if (strncmp(path, serial[i], strlen(serial[i])) == 0)
            return aphd_made_of(path + strlen(serial[i]), "0123456789", 3);
    return aphd_below(path, "/dev/dri") || aphd_below(path, "/dev/snd");
}

/* vendor.com/class=name, as the engine's CDI files list them. */
static int device_named(const char *text)
{
    const char *slash = strchr(text, '/'), *equals = strchr(text, '=');
    return *text != '/' && slash != NULL && equals != NULL && equals > slash && equals[1] != '\0'
           && memchr(text, '.', (size_t)(slash - text)) != NULL
           && aphd_made_of(text, "abcdefghijklmnopqrstuvwxyz" UPPER "0123456789./=_-", 128);
}

static int split_device(const char *text, char *host, char *inside, size_t size)
{
    size_t length = strcspn(text, ":");
    const char *rest = text + length + (text[length] == ':');
    size_t second = strcspn(rest, ":");
    const char *rights = rest[second] == ':' ? rest + second + 1 : "rwm";
    if (length >= size || second >= size || !aphd_made_of(rights, "rwm", 3))
        return 0;
    snprintf(host, size, "%.*s", (int)length, text);
    snprintf(inside, size, "%.*s", (int)second, rest);
    return *inside == '\0' || (aphd_absolute(inside) && aphd_below(inside, "/dev"));
}

static void take_device(aphd_judge_t *j, int line, const char *text)
{
    char host[256], inside[256];
    int split = split_device(text, host, inside, sizeof host);
    if (device_named(text) || (split && device_asked(host)))
        aphd_find(j, APHD_ASK, line, text, "device",
                  "the app uses the device %.80s of this machine", text);
    else if (!split || !aphd_absolute(host) || strncmp(host, "/dev/", 5) != 0) {
        aphd_find(j, APHD_DENY, line, text, "device", "%.80s is not a device an app may have",
                  text);
        return;
    } else if (!aphd_override(j, line, text, "device",
                              "%.80s is not a device an app may have (graphics, sound, serial "
                              "adapters)",
                              text)) {
        return;
    }
    aphd_put_item(j, "devices", json_string(text));
}

void judge_device(aphd_judge_t *j)
{
    take_device(j, j->line, j->text);
}

/* Those written as {source, target, permissions}; compose knows the short form only. */
void judge_devices(aphd_judge_t *j)
{
    const char *place;
    json_t *members;
    json_object_foreach(j->made, place, members) {
        const char *source = aphd_text(members, "source"), *target = aphd_text(members, "target");
        const char *rights = aphd_text(members, "permissions");
        if (source == NULL) {
            aphd_find(j, APHD_DENY, aphd_line(members), NULL, "device", "a device needs a source");
            continue;
        }
        json_t *text = rights != NULL ? json_sprintf("%s:%s:%s", source,
                                                     target != NULL ? target : source, rights)
                       : target != NULL ? json_sprintf("%s:%s", source, target)
                                        : json_string(source);
        take_device(j, aphd_line(members), json_string_value(text));
        json_decref(text);
    }
}

/* --- graphics processors: deploy.resources.reservations.devices, and gpus --- */

/* What a leaf wants of them; where several say how many, the last one counts. */
static void want_gpus(aphd_judge_t *j, long long count)
{
    if (count != 0)
        json_object_set_new(j->made, "count", json_integer(count));
    json_object_set_new(j->made, "line", json_integer(j->line));
}

static void deny_gpu(aphd_judge_t *j)
{
    aphd_find(j, APHD_DENY, j->line, j->text, "gpu", "%.60s: %s is not passed on", j->text,
              j->part);
}

void judge_gpu_count(aphd_judge_t *j)
{
    long long count = 0;
    if (strcmp(j->text, "all") == 0)
        want_gpus(j, -1);
    else if (aphd_number(j->text, -1, 64, &count) && count != 0)
        want_gpus(j, count);
    else
        deny_gpu(j);
}

void judge_gpu_any(aphd_judge_t *j)
{
    want_gpus(j, -1);
}

void judge_gpu_driver(aphd_judge_t *j)
{
    if (strcmp(j->text, "nvidia") == 0)
        want_gpus(j, 0);
    else
        deny_gpu(j);
}

void judge_gpu_ability(aphd_judge_t *j)
{
    static const char *const known[] = {"gpu",   "compute",  "utility", "video",
                                        "graphics", "display", "nvidia", "compat32"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], j->text) == 0) {
            want_gpus(j, 0);
            return;
        }
    deny_gpu(j);
}

void judge_generic_resource(aphd_judge_t *j)
{
    aphd_find(j, APHD_ASK, j->line, j->text, "device",
              "the app wants a device that is called %.60s; it gets nothing of the kind", j->text);
}

void aphd_put_gpus(aphd_judge_t *j)
{
    int line = (int)json_integer_value(json_object_get(j->made, "line"));
    json_int_t count = json_integer_value(json_object_get(j->made, "count"));
    if (line == 0)
        return;
    aphd_find(j, APHD_ASK, line, "gpu", "gpu",
              "the app uses the graphics processors of this machine");
    if (count > 0)
        aphd_terms(j, "%lld of them", (long long)count);
    aphd_put(j, "deploy",
             json_pack("{s:{s:{s:[{s:s,s:I,s:[s]}]}}}", "resources", "reservations", "devices",
                       "driver", "nvidia", "count", count != 0 ? count : (json_int_t)-1,
                       "capabilities", "gpu"));
}

void judge_gpus(aphd_judge_t *j)
{
    aphd_put_gpus(j);
}
