/* SPDX-License-Identifier: Apache-2.0 */
/* A folder in a storage location: nothing an author can ask for, only what a person answered. */
#include <string.h>

#include "common/storage_answer.h"
#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

/* What the job made of a person's answer to just this mount; NULL where there is no such answer. */
static const json_t *chosen(const aphd_judge_t *j, const char *target, const char *answer)
{
    size_t i;
    json_t *site;
    json_array_foreach(j->site->storage, i, site) {
        const char *service = aphd_text(site, "service"), *path = aphd_text(site, "path");
        const char *its_target = aphd_text(site, "target"), *its = aphd_text(site, "answer");
        if (service != NULL && path != NULL && its_target != NULL && its != NULL
            && strcmp(service, j->name) == 0 && strcmp(its_target, target) == 0
            && strcmp(its, answer) == 0)
            return aphd_absolute(path) && path[1] != '\0' ? site : NULL;
    }
    return NULL;
}

static void put(aphd_judge_t *j, const json_t *row, const char *path, int read_only)
{
    json_t *mount = json_pack("{s:s,s:s,s:s,s:{s:s}}", "type", "bind", "source", path, "target",
                              aphd_text(row, "target"), "bind", "propagation", "rprivate");
    if (read_only)
        json_object_set_new(mount, "read_only", json_true());
    aphd_put_item(j, "volumes", mount);
}

static void list(aphd_judge_t *j, const json_t *row, const char *path, int read_only)
{
    char location[APH_STORAGE_NAME_MAX + 1];
    const char *answer = aphd_text(row, "source");
    aph_storage_answer_split(answer, location, NULL);
    json_t *bind = json_pack("{s:s,s:i,s:s,s:s,s:b,s:s,s:s}", "service", j->name, "line",
                             aphd_line(row), "path", path, "target", aphd_text(row, "target"),
                             "read_only", read_only, "location", location, "answer", answer);
    if (json_array_append_new(j->result->binds, bind) != 0)
        j->failed = 1;
}

void aphd_judge_storage(aphd_judge_t *j, const json_t *row)
{
    const char *answer = aphd_text(row, "source"), *target = aphd_text(row, "target");
    int plain = answer != NULL && aph_storage_answer_fault(answer) == NULL
             && json_array_size(json_object_get(row, "options")) == 0;
    const json_t *site = plain ? chosen(j, target, answer) : NULL;
    if (site == NULL) {
        aphd_find(
            j, APHD_DENY, aphd_line(row), answer != NULL ? answer : target, "storage",
            "%.120s: a folder in a storage location is mounted only where a person answered a "
            "storage question with it; a folder of the app's own is written ./NAME",
            answer != NULL ? answer : target);
        return;
    }
    const char *path = aphd_text(site, "path");
    int read_only = json_is_true(json_object_get(row, "read_only"))
                 || json_is_true(json_object_get(site, "read_only"));
    aphd_find(j, json_is_true(json_object_get(site, "ask")) ? APHD_ASK : APHD_REWRITE,
              aphd_line(row), answer, "storage",
              "%.63s will %s %.200s, which is %.200s of this machine, as %.120s", j->name,
              read_only ? "read" : "read and write", answer, path, target);
    aphd_terms(j, "%s as %s", path, target);
    put(j, row, path, read_only);
    list(j, row, path, read_only);
}

/* --- once all services were seen --- */

static int is_writable(const json_t *bind)
{
    return !json_is_true(json_object_get(bind, "read_only"));
}

/* inner lies in outer, and is not the same. */
static int lies_in(const char *inner, const char *outer)
{
    return strcmp(inner, outer) != 0 && aphd_below(inner, outer);
}

static void judge_neighbour(aphd_judge_t *j, const json_t *bind, const json_t *other)
{
    const char *path = aphd_text(bind, "path"), *theirs = aphd_text(other, "path");
    const char *app = aphd_text(other, "app");
    if (theirs == NULL)
        return;
    if (is_writable(other) && lies_in(path, theirs))
        aphd_find(j, APHD_DENY, aphd_line(bind), aphd_text(bind, "answer"), "nested-folder",
                  "%.200s lies in %.200s, to which the app %.63s may write: it could put a link "
                  "there that leads elsewhere; choose that folder itself, or one beside it",
                  path, theirs, app != NULL ? app : "?");
    else if (is_writable(bind) && lies_in(theirs, path))
        aphd_find(j, APHD_DENY, aphd_line(bind), aphd_text(bind, "answer"), "nested-folder",
                  "%.200s holds %.200s of the app %.63s: this app could put a link there that "
                  "leads that one elsewhere; choose that folder itself, or one beside it",
                  path, theirs, app != NULL ? app : "?");
}

void aphd_storage_settle(aphd_judge_t *j)
{
    size_t i, k;
    json_t *bind, *other;
    j->section = "services";
    j->key = "volumes";
    json_array_foreach(j->result->binds, i, bind) {
        if (json_object_get(bind, "location") == NULL)
            continue;
        j->name = aphd_text(bind, "service");
        json_array_foreach(j->site->storage_others, k, other)
            judge_neighbour(j, bind, other);
    }
}
