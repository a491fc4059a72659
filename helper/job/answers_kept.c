/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/answers_kept.h"

#include <string.h>

#define ASKED ".asked"
#define MADE  ".made"
#define PORTS ".ports"
#define ANY   "*" /* a type that a row of an earlier apphost does not tell */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* The object of that name in kept, which is made where there is none. */
static json_t *part_of(json_t *kept, const char *name)
{
    if (!json_is_object(json_object_get(kept, name)))
        json_object_set_new(kept, name, json_object());
    return json_object_get(kept, name);
}

json_t *aphd_answers_of(const json_t *row)
{
    json_t *kept = json_deep_copy(json_object_get(row, "answers"));
    size_t i;
    json_t *one;
    if (!json_is_object(kept)) {
        json_decref(kept);
        kept = json_object();
    }
    if (json_object_get(kept, ASKED) != NULL)
        return kept;
    json_t *asked = part_of(kept, ASKED);
    json_array_foreach(json_object_get(json_object_get(row, "plan"), "answers"), i, one)
        if (!json_is_true(json_object_get(one, "secret")))
            json_object_set_new(asked, text_of(one, "question"),
                                json_sprintf("%s/" ANY, text_of(one, "kind")));
        else if (json_is_string(json_object_get(kept, text_of(one, "question"))))
            json_object_set(part_of(kept, MADE), text_of(one, "question"),
                            json_object_get(kept, text_of(one, "question")));
    return kept;
}

/* asked: "KIND/TYPE" of then, or NULL where that is not known. */
static int is_same_question(const json_t *question, const char *asked)
{
    const char *kind = text_of(question, "kind"), *type = text_of(question, "type");
    size_t length = strlen(kind);
    if (aphd_source_is_secret(question))
        return asked == NULL || strcmp(strchr(asked, '/') != NULL ? strchr(asked, '/') + 1 : "",
                                       type) == 0;
    if (asked == NULL)
        return strcmp(kind, "storage") != 0 && strcmp(kind, "device") != 0;
    return strncmp(asked, kind, length) == 0 && asked[length] == '/'
        && (strcmp(asked + length + 1, ANY) == 0 || strcmp(asked + length + 1, type) == 0);
}

json_t *aphd_answers_kept(const json_t *kept, const json_t *question, int *said)
{
    const char *id = text_of(question, "id");
    const char *asked = json_string_value(json_object_get(json_object_get(kept, ASKED), id));
    json_t *answer = json_object_get(kept, id);
    json_t *made = json_object_get(json_object_get(kept, MADE), id);
    json_t *port = json_object_get(json_object_get(kept, PORTS), id);
    *said = 0;
    if (json_is_string(answer) && (made == NULL || aphd_source_is_secret(question))
        && is_same_question(question, asked)) {
        *said = made == NULL;
        return answer;
    }
    if (json_is_string(made) && aphd_source_is_secret(question))
        return made;
    return strcmp(text_of(question, "kind"), "port") == 0 && json_is_string(port) ? port : NULL;
}

static void merge_part(json_t *into, const json_t *some, const char *name)
{
    const json_t *part = json_object_get(some, name);
    if (json_is_object(part))
        json_object_update(part_of(into, name), (json_t *)part);
}

void aphd_answers_merge(json_t *into, const json_t *some)
{
    const char *id;
    json_t *answer;
    json_object_foreach((json_t *)some, id, answer) {
        if (!json_is_string(answer) || id[0] == '.')
            continue;
        json_object_set(into, id, answer);
        json_object_del(part_of(into, ASKED), id);
        json_object_del(part_of(into, MADE), id);
    }
    merge_part(into, some, ASKED);
    merge_part(into, some, MADE);
    merge_part(into, some, PORTS);
}

json_t *aphd_answers_tried(const json_t *kept, const char *revision, const json_t *has)
{
    const char *tried = json_string_value(json_object_get(kept, APHD_ANSWERS_FOR)), *id;
    json_t *answer;
    if (tried == NULL || strcmp(tried, revision) == 0)
        return json_incref((json_t *)kept);
    json_t *rest = json_deep_copy(kept), *made = aphd_answers_made(kept);
    json_object_foreach((json_t *)has, id, answer)
        if (json_is_string(answer)) {
            json_object_del(rest, id);
            json_object_del(json_object_get(rest, ASKED), id);
        }
    aphd_answers_merge(rest, made);
    json_decref(made);
    return rest;
}

json_t *aphd_answers_made(const json_t *kept)
{
    json_t *secrets = json_object();
    const json_t *made = json_object_get(kept, MADE);
    json_object_set_new(secrets, ASKED, json_object());
    if (json_is_object(made)) {
        json_object_update(secrets, (json_t *)made);
        json_object_set_new(secrets, MADE, json_deep_copy(made));
    }
    return secrets;
}

json_t *aphd_answers_secrets(const json_t *kept)
{
    static const char type[] = "/secret";
    json_t *secrets = aphd_answers_made(kept);
    const char *id;
    json_t *asked;
    json_object_foreach(json_object_get(kept, ASKED), id, asked) {
        const char *as = json_string_value(asked);
        size_t length = as != NULL ? strlen(as) : 0, tail = sizeof type - 1;
        if (length < tail || strcmp(as + length - tail, type) != 0 || json_object_get(kept, id) == NULL)
            continue;
        json_object_set(secrets, id, json_object_get(kept, id));
        json_object_set(json_object_get(secrets, ASKED), id, asked);
    }
    return secrets;
}

json_t *aphd_answers_said(const aphd_source_t *source)
{
    json_t *said = json_object(), *asked = part_of(said, ASKED), *question, *answer;
    size_t i;
    json_array_foreach(json_object_get(source->manifest, "questions"), i, question) {
        const char *id = text_of(question, "id");
        if ((answer = json_object_get(source->given, id)) == NULL)
            continue;
        json_object_set(said, id, answer);
        json_object_set_new(asked, id, json_sprintf("%s/%s", text_of(question, "kind"),
                                                    text_of(question, "type")));
    }
    return said;
}

json_t *aphd_answers_stay(const aphd_source_t *source, const json_t *before)
{
    json_t *stay = json_deep_copy(before), *said = aphd_answers_said(source), *question;
    size_t i;
    if (stay == NULL)
        stay = json_object();
    aphd_answers_merge(stay, said);
    json_decref(said);
    json_array_foreach(json_object_get(source->manifest, "questions"), i, question) {
        const char *id = text_of(question, "id");
        json_t *answer = json_object_get(source->answers, id);
        if (json_object_get(source->given, id) != NULL || !json_is_string(answer))
            continue;
        if (aphd_source_is_secret(question) && json_string_length(answer) > 0) {
            json_object_set(stay, id, answer);
            json_object_del(part_of(stay, ASKED), id);
            json_object_set(part_of(stay, MADE), id, answer);
        } else if (strcmp(text_of(question, "kind"), "port") == 0) {
            json_object_set(part_of(stay, PORTS), id, answer);
        }
    }
    return stay;
}
