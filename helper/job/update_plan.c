/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/update_plan.h"

#include <string.h>

int aphd_texts_have(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
        if (json_is_string(item) && text != NULL && strcmp(json_string_value(item), text) == 0)
            return 1;
    return 0;
}

static void add_texts(json_t *list, const json_t *more)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)more, i, item)
        if (json_is_string(item) && !aphd_texts_have(list, json_string_value(item)))
            json_array_append(list, item);
}

json_t *aphd_texts_joined(const json_t *part, const json_t *other)
{
    json_t *list = json_array();
    add_texts(list, part);
    add_texts(list, other);
    return list;
}

/* --- images -------------------------------------------------------------------------------- */

static const json_t *of_service(const json_t *images, const char *service)
{
    size_t i;
    json_t *image;
    json_array_foreach((json_t *)images, i, image) {
        const char *name = json_string_value(json_object_get(image, "service"));
        if (name != NULL && strcmp(name, service) == 0)
            return image;
    }
    return NULL;
}

/* What is pulled is known by its digest, what is here by its id. One without a digest may be
 * anything. */
static int is_same_image(const json_t *was, const json_t *is)
{
    const char *key = json_is_true(json_object_get(is, "pull")) ? "digest" : "id";
    const json_t *one = json_object_get(was, key), *other = json_object_get(is, key);
    return json_is_string(one) && json_is_string(other) && json_equal(one, other);
}

static void add_image(json_t *list, const json_t *service, const json_t *was, const json_t *is)
{
    json_array_append_new(list, json_pack("{s:O, s:O?, s:O?}", "service", service,
                                          "from", json_object_get(was, "ref"),
                                          "to", json_object_get(is, "ref")));
}

static json_t *images_changed(const json_t *was, const json_t *is)
{
    json_t *list = json_array();
    size_t i;
    json_t *image;
    json_array_foreach((json_t *)is, i, image) {
        const json_t *service = json_object_get(image, "service");
        const json_t *old = of_service(was, json_string_value(service));
        if (old == NULL || !is_same_image(old, image))
            add_image(list, service, old, image);
    }
    json_array_foreach((json_t *)was, i, image) {
        const json_t *service = json_object_get(image, "service");
        if (of_service(is, json_string_value(service)) == NULL)
            add_image(list, service, image, NULL);
    }
    return list;
}

/* --- ports --------------------------------------------------------------------------------- */

/* The web port is the app's own and stays; its "host" is null in a plan's content. */
static const json_t *ports_of(const json_t *plan)
{
    return json_object_get(json_object_get(plan, "content"), "ports");
}

/* "" is every address. */
static const char *address_of(const json_t *port)
{
    const char *address = json_string_value(json_object_get(port, "address"));
    return address != NULL ? address : "";
}

static int has_port(const json_t *ports, const json_t *wanted)
{
    size_t i;
    json_t *port;
    json_array_foreach((json_t *)ports, i, port)
        if (json_equal(json_object_get(port, "host"), json_object_get(wanted, "host"))
            && json_equal(json_object_get(port, "protocol"), json_object_get(wanted, "protocol"))
            && strcmp(address_of(port), address_of(wanted)) == 0)
            return 1;
    return 0;
}

/* The ports of some that others have not. */
static void add_ports(json_t *list, const json_t *some, const json_t *others, int opens)
{
    size_t i;
    json_t *port;
    json_array_foreach((json_t *)some, i, port)
        if (json_is_integer(json_object_get(port, "host")) && !has_port(others, port))
            json_array_append_new(list, json_pack("{s:O, s:O, s:s, s:b}",
                                                  "port", json_object_get(port, "host"),
                                                  "protocol", json_object_get(port, "protocol"),
                                                  "address", address_of(port), "opens", opens));
}

static json_t *ports_changed(const json_t *was, const json_t *is)
{
    json_t *list = json_array();
    add_ports(list, ports_of(is), ports_of(was), 1);
    add_ports(list, ports_of(was), ports_of(is), 0);
    return list;
}

/* --- mounts -------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* A new reference; memory is none of the app's files. */
static json_t *source_of(const json_t *mount, const char *data_dir)
{
    const char *source = text_of(mount, "source");
    size_t length = data_dir != NULL ? strlen(data_dir) : 0;
    const char *end = json_is_true(json_object_get(mount, "read_only")) ? " (read-only)" : "";
    if (source[0] == '\0' || strcmp(text_of(mount, "type"), "tmpfs") == 0)
        return json_null();
    if (length > 0 && strncmp(source, data_dir, length) == 0
        && (source[length] == '/' || source[length] == '\0'))
        return json_sprintf(".%s%s", source + length, end);
    return json_sprintf("%s%s", source, end);
}

static const json_t *at_target(const json_t *service, const char *target)
{
    size_t i;
    json_t *mount;
    json_array_foreach(json_object_get(service, "volumes"), i, mount)
        if (strcmp(text_of(mount, "target"), target) == 0)
            return mount;
    return NULL;
}

static void add_mount(const aphd_update_in_t *in, json_t *list, const char *service,
                      const char *target, const json_t *was, const json_t *is)
{
    json_t *from = source_of(was, in->data_dir), *to = source_of(is, in->data_dir);
    if (json_equal(from, to)) {
        json_decref(from);
        json_decref(to);
        return;
    }
    json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "service", service, "target",
                                          target, "from", from, "to", to));
}

static json_t *mounts_changed(const aphd_update_in_t *in)
{
    json_t *list = json_array();
    const char *name;
    json_t *service;
    size_t i;
    json_t *mount;
    json_object_foreach(json_object_get(in->is, "services"), name, service) {
        const json_t *old = json_object_get(json_object_get(in->was, "services"), name);
        if (old == NULL)
            continue;
        json_array_foreach(json_object_get(old, "volumes"), i, mount)
            add_mount(in, list, name, text_of(mount, "target"), mount,
                      at_target(service, text_of(mount, "target")));
        json_array_foreach(json_object_get(service, "volumes"), i, mount)
            if (at_target(old, text_of(mount, "target")) == NULL)
                add_mount(in, list, name, text_of(mount, "target"), NULL, mount);
    }
    return list;
}

/* --- consent and answers ------------------------------------------------------------------- */

static json_t *ids_of(const json_t *findings)
{
    json_t *ids = json_array();
    size_t i;
    json_t *finding;
    json_array_foreach((json_t *)findings, i, finding)
        json_array_append(ids, json_object_get(finding, "id"));
    return ids;
}

json_t *aphd_findings_agreed(const json_t *row)
{
    static const char *const lists[] = {"asked", "overridden", "agreed", NULL};
    json_t *agreed = json_array();
    size_t i;
    json_t *finding;
    for (const char *const *list = lists; *list != NULL; list++)
        json_array_foreach(json_object_get(json_object_get(row, "plan"), *list), i, finding)
            if (aphd_texts_have(json_object_get(row, "consents"),
                                json_string_value(json_object_get(finding, "id"))))
                json_array_append(agreed, finding);
    return agreed;
}

static int names_id(const json_t *findings, const json_t *id)
{
    size_t i;
    json_t *finding;
    json_array_foreach((json_t *)findings, i, finding)
        if (json_equal(json_object_get(finding, "id"), id))
            return 1;
    return 0;
}

/* What is asked anew, since it is more now, is not gone. */
static json_t *consents_gone(const json_t *consents, const json_t *plan)
{
    json_t *gone = json_array();
    size_t i;
    json_t *id;
    json_array_foreach((json_t *)consents, i, id)
        if (!names_id(json_object_get(plan, "agreed"), id)
            && !names_id(json_object_get(plan, "asked"), id)
            && !names_id(json_object_get(plan, "overridden"), id))
            json_array_append(gone, id);
    return gone;
}

/* Questions only: an answer may be a password. */
static json_t *answers_changed(const json_t *was, const json_t *is)
{
    json_t *ids = json_array();
    const char *id;
    json_t *answer;
    json_object_foreach((json_t *)is, id, answer) {
        const json_t *old = json_object_get(was, id);
        if (json_is_string(answer) && (old == NULL || !json_equal(old, answer)))
            json_array_append_new(ids, json_string(id));
    }
    return ids;
}

/* Defaults that nobody answered for are in no row's answers; what the app was made with is in its plan. */
static json_t *all_changed(const aphd_update_in_t *in)
{
    const json_t *was = json_object_get(in->row, "plan");
    json_t *ids = answers_changed(json_object_get(in->row, "answers"),
                                  json_object_get(in->target, "answers"));
    json_t *answer;
    const char *id;
    was = json_object_get(json_object_get(was, "content"), "answers");
    json_object_foreach(json_object_get(json_object_get(in->plan, "content"), "answers"), id, answer) {
        const json_t *old = json_object_get(was, id);
        int is_empty = old == NULL && json_string_length(answer) == 0;
        if (json_is_string(answer) && !is_empty && (old == NULL || !json_equal(old, answer))
            && !aphd_texts_have(ids, id))
            json_array_append_new(ids, json_string(id));
    }
    return ids;
}

json_t *aphd_update_difference(const aphd_update_in_t *in)
{
    const json_t *row = in->row, *was = json_object_get(row, "plan");
    json_t *agreed = ids_of(json_object_get(in->plan, "agreed"));
    json_t *gone = consents_gone(json_object_get(row, "consents"), in->plan);
    return json_pack("{s:b, s:O?, s:O?, s:o, s:o, s:o, s:O, s:o, s:o, s:o, s:b}",
                     "rollback", in->rollback, "from", json_object_get(row, "revision"),
                     "to", json_object_get(in->target, "revision"),
                     "images", images_changed(json_object_get(row, "images"),
                                              json_object_get(in->plan, "images")),
                     "ports", ports_changed(was, in->plan),
                     "mounts", mounts_changed(in), "files", in->again,
                     "agreed", agreed, "gone", gone,
                     "answers", all_changed(in),
                     "stopped", in->stopped);
}
