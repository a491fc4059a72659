/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/writers.h"

#include <stdlib.h>
#include <string.h>

#define ID_MAX 2147483647LL

/* The number text begins with, up to a colon or its end; -1 where it is none. */
static json_int_t number(const char *text)
{
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return -1;
    long long value = strtoll(text, &end, 10);
    return (*end == '\0' || *end == ':') && value <= ID_MAX ? value : -1;
}

static json_t *number_or_null(json_int_t value)
{
    return value >= 0 ? json_integer(value) : json_null();
}

static json_t *writer(const char *service, const char *user, const char *group, const char *from)
{
    const char *colon = strchr(user, ':');
    json_int_t gid = number(group != NULL ? group : colon != NULL ? colon + 1 : NULL);
    int root = user[0] == '\0'
            || (strncmp(user, "root", 4) == 0 && (user[4] == '\0' || user[4] == ':'));
    json_int_t uid = root ? 0 : number(user);
    return json_pack("{s:s, s:s, s:o, s:o, s:s}", "service", service, "user", user,
                     "uid", number_or_null(uid), "gid", number_or_null(gid), "from", from);
}

static const json_t *image_of(const json_t *images, const char *service)
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

/* The author's word, else the image's. */
static const char *variable(const json_t *service, const json_t *image, const char *name,
                            const char *member)
{
    const char *text = json_string_value(
        json_object_get(json_object_get(service, "environment"), name));
    return text != NULL ? text : json_string_value(json_object_get(image, member));
}

static json_t *writer_of(const char *name, const json_t *compose, const json_t *images)
{
    const json_t *service = json_object_get(json_object_get(compose, "services"), name);
    const json_t *image = image_of(images, name);
    const char *puid = variable(service, image, "PUID", "puid");
    const char *pgid = variable(service, image, "PGID", "pgid");
    const char *said = json_string_value(json_object_get(service, "user"));
    const char *inside = json_string_value(json_object_get(image, "user"));
    if (said == NULL && puid != NULL && number(puid) >= 0 && strchr(puid, ':') == NULL)
        return writer(name, puid, pgid != NULL ? pgid : "", "puid");
    if (said != NULL)
        return writer(name, said, NULL, "compose");
    if (inside != NULL)
        return writer(name, inside, NULL, "image");
    return json_pack("{s:s, s:s, s:n, s:n, s:s}", "service", name, "user", "", "uid", "gid", "from",
                     "unknown");
}

json_t *aphd_writers_of(const char *path, const json_t *binds, const json_t *compose,
                        const json_t *images)
{
    json_t *writers = json_array();
    size_t i;
    json_t *bind;
    json_array_foreach((json_t *)binds, i, bind) {
        const char *bound = json_string_value(json_object_get(bind, "path"));
        const char *service = json_string_value(json_object_get(bind, "service"));
        if (bound != NULL && service != NULL && strcmp(bound, path) == 0
            && !json_is_true(json_object_get(bind, "read_only")))
            json_array_append_new(writers, writer_of(service, compose, images));
    }
    return writers;
}

int aphd_writers_owner(const json_t *writers, uid_t *uid, gid_t *gid)
{
    json_int_t found = 0, group = -1;
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)writers, i, one) {
        const json_t *number = json_object_get(one, "uid"), *its = json_object_get(one, "gid");
        if (!json_is_integer(number))
            return 0;
        if (json_integer_value(number) == 0) /* root inside writes everywhere */
            continue;
        if (found != 0 && json_integer_value(number) != found)
            return 0;
        found = json_integer_value(number);
        group = json_is_integer(its) ? json_integer_value(its) : group;
    }
    *uid = (uid_t)found;
    *gid = (gid_t)group;
    return found != 0;
}
