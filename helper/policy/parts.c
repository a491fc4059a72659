/* SPDX-License-Identifier: Apache-2.0 */
/* Keys below keys: each leaf of a tree to the judge of its own row. */
#include "helper/policy/table.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

/* "services.a.deploy" has the leaf "resources.limits.memory"; places in lists are numbers. */
static void write_path(const aphd_judge_t *j, const json_t *leaf, char *text, size_t size)
{
    size_t i, used = (size_t)snprintf(text, size, "%.80s", j->key);
    json_t *step;
    json_array_foreach(json_object_get(leaf, "path"), i, step) {
        if (used + 64 > size)
            break;
        int more = json_is_string(step)
                       ? snprintf(text + used, size - used, ".%.60s", json_string_value(step))
                       : snprintf(text + used, size - used, ".%d", (int)json_integer_value(step));
        used += (size_t)more;
    }
    aph_utf8_mend(text);
}

/* Whether the author marked the leaf, or something around it, as a note to himself. */
static int is_note(const json_t *leaf)
{
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(leaf, "path"), i, step)
        if (json_is_string(step) && strncmp(json_string_value(step), "x-", 2) == 0)
            return 1;
    return 0;
}

static void judge_leaf(aphd_judge_t *j, aphd_section_t section, const json_t *leaf)
{
    char path[400];
    const aphd_row_t *row = aphd_table_part(section, j->key, leaf);
    write_path(j, leaf, path, sizeof path);
    j->line = aphd_line(leaf);
    if (row == NULL && json_array_size(json_object_get(leaf, "path")) == 0) {
        aphd_find(j, APHD_DENY, j->line, NULL, "shape", "the value of %s is not of its kind",
                  j->key);
    } else if (row == NULL && !is_note(leaf)) {
        aphd_find_unknown(j, path);
    } else if (row != NULL) {
        j->leaf = leaf;
        j->text = aphd_text(leaf, "value") != NULL ? aphd_text(leaf, "value") : "";
        j->part = path;
        j->reason = row->reason;
        row->judge(j);
    }
    j->leaf = NULL;
    j->part = NULL;
}

void aphd_judge_parts(aphd_judge_t *j, aphd_section_t section)
{
    size_t i;
    json_t *leaf;
    int line = j->line;
    const char *reason = j->reason;
    json_array_foreach(j->value, i, leaf) {
        int nothing = json_array_size(json_object_get(leaf, "path")) == 0
                      && json_is_null(json_object_get(leaf, "value"));
        if (!nothing)
            judge_leaf(j, section, leaf);
    }
    j->line = line;
    j->reason = reason;
}

int aphd_judge_option(aphd_judge_t *j, aphd_section_t section, const char *list, const char *name,
                      const char *text)
{
    char path[400];
    const aphd_row_t *row = aphd_table_option(section, list, name);
    int denied = j->denied;
    const char *reason = j->reason;
    snprintf(path, sizeof path, "%.80s.%.200s", list, name);
    aph_utf8_mend(path);
    if (row == NULL && strncmp(name, "x-", 2) != 0 && strstr(name, ".x-") == NULL) {
        aphd_find_unknown(j, path);
    } else if (row != NULL) {
        j->part = path;
        j->text = text;
        j->reason = row->reason;
        row->judge(j);
        j->part = NULL;
    }
    j->reason = reason;
    return j->denied == denied;
}

/* --- judges of parts without a subject of their own --- */

void judge_parts(aphd_judge_t *j)
{
}

/* These are members of their list's form, and its judge looks at them; as an option of a kind of
 * mount or port that has no use for it, one is refused. */
void judge_whole(aphd_judge_t *j)
{
    aphd_find(j, APHD_DENY, j->line, j->part, "mount-option", "%s has no meaning there", j->part);
}

/* Kept for the judge of the whole, by the place it stands at. */
void judge_member(aphd_judge_t *j)
{
    char place[16];
    const char *name = aphd_leaf_key(j->leaf, 1);
    snprintf(place, sizeof place, "%d", aphd_leaf_place(j->leaf, 0));
    json_t *members = json_object_get(j->made, place);
    if (members == NULL) {
        members = json_pack("{s:i}", "line", j->line);
        if (json_object_set_new(j->made, place, members) != 0)
            j->failed = 1;
    }
    if (json_object_set_new(members, name != NULL ? name : "source", json_string(j->text)) != 0)
        j->failed = 1;
}

/* What a swarm would act on, and one machine does not. */
void judge_one_machine(aphd_judge_t *j)
{
    if (strcmp(j->part, "deploy.replicas") != 0 || strcmp(j->text, "1") != 0)
        aphd_find(j, APHD_REWRITE, j->line, j->text, "one-machine", "%s is left out: %s", j->part,
                  j->reason);
}
