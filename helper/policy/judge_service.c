/* SPDX-License-Identifier: Apache-2.0 */
/* What runs: image, command, user, names, labels. */
#include <string.h>
#include <strings.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const char *own_text(const aphd_judge_t *j)
{
    return json_string_value(j->value);
}

static void deny_value(aphd_judge_t *j, const char *wanted)
{
    aphd_find(j, APHD_DENY, j->line, own_text(j), "value", "%.80s is not what %s may be: %s",
              own_text(j), j->key, wanted);
}

void judge_image(aphd_judge_t *j)
{
    const char *image = own_text(j);
    if (!aphd_image(image)) {
        deny_value(j, "write [REGISTRY/]NAME[:TAG], in lower case");
        return;
    }
    aphd_put(j, "image", json_string(image));
    json_t *row = json_pack("{s:s,s:s,s:i}", "service", j->name, "ref", image, "line", j->line);
    if (json_array_append_new(j->result->images, row) != 0)
        j->failed = 1;
}

/* Whatever it says, it is said to the container. */
void judge_command(aphd_judge_t *j)
{
    if (json_is_string(j->value)) {
        if (*own_text(j) != '\0')
            aphd_put(j, j->key, json_string(own_text(j)));
        return;
    }
    size_t i;
    json_t *word;
    aphd_put(j, j->key, json_array());
    json_array_foreach(j->value, i, word)
        aphd_put_item(j, j->key, json_string(aphd_text(word, "value")));
}

void judge_working_dir(aphd_judge_t *j)
{
    const char *path = own_text(j);
    if (strcmp(path, "/") == 0 || aphd_target(path))
        aphd_put(j, j->key, json_string(path));
    else
        deny_value(j, "an absolute path of the container, not in /proc, /sys or /dev");
}

void judge_user(aphd_judge_t *j)
{
    const char *user = own_text(j);
    const char *colon = strchr(user, ':');
    if (aphd_made_of(user, LETTERS "_.:-", 128) && strchr(":-", *user) == NULL
        && (colon == NULL || (colon[1] != '\0' && strchr(colon + 1, ':') == NULL)))
        aphd_put(j, j->key, json_string(user));
    else
        deny_value(j, "USER or USER:GROUP, by name or number");
}

void judge_platform(aphd_judge_t *j)
{
    if (strncmp(own_text(j), "linux/", 6) == 0
        && aphd_made_of(own_text(j) + 6, "abcdefghijklmnopqrstuvwxyz0123456789/", 32))
        aphd_put(j, j->key, json_string(own_text(j)));
    else
        deny_value(j, "linux/ and an architecture");
}

void judge_container_name(aphd_judge_t *j)
{
    json_t *ours = json_sprintf("%s-%s", j->site->project, j->name);
    /* APP_IDENTIFIER becomes the project: the author asked for the name we give anyway. */
    if (strcmp(own_text(j), j->site->project) != 0
        && strcmp(own_text(j), json_string_value(ours)) != 0)
        aphd_find(j, APHD_REWRITE, j->line, own_text(j), "ours",
                  "the container is called %s instead, for another app may use the name",
                  json_string_value(ours));
    json_decref(ours);
}

void judge_hostname(aphd_judge_t *j)
{
    if (aphd_host(own_text(j)))
        aphd_put(j, j->key, json_string(own_text(j)));
    else
        deny_value(j, "letters, digits, dots and dashes");
}

/* Labels by which other programs on the machine take orders from a container. */
static int speaks_to_others(const char *label)
{
    static const char *const prefixes[] = {"traefik",    "caddy",       "com.centurylinklabs.",
                                           "watchtower", "ofelia.",     "diun",
                                           "homepage",   "io.podman",   "io.containers",
                                           "apphost",    "org.apphost", "com.docker",
                                           "homarr",     "glance",      "nginx",
                                           "swag",       "autoheal",    "dockge",
                                           "wud",        "kuma"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncasecmp(label, prefixes[i], strlen(prefixes[i])) == 0) /* traefik reads any case */
            return 1;
    return 0;
}

void judge_labels(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_t *labels = json_object();
    json_array_foreach(j->value, i, row) {
        const char *label = aphd_text(row, "key");
        const char *text = aphd_text(row, "value");
        if (speaks_to_others(label))
            aphd_find(j, APHD_REWRITE, aphd_line(row), label, "label",
                      "%.80s is left out: other programs on this machine would take orders from it",
                      label);
        else if (!aphd_made_of(label, LETTERS "._/-", 256))
            aphd_find(j, APHD_DENY, aphd_line(row), label, "value",
                      "%.80s is not a label: letters, digits, dots, dashes and slashes", label);
        else
            json_object_set_new(labels, label, json_string(text != NULL ? text : ""));
    }
    aphd_put(j, j->key, labels);
}
