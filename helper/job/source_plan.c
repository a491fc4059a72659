/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says of the entry an app is made from: plan.h. */
#include "helper/job/source.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/job/engine_images.h"
#include "helper/job/registry_name.h"
#include "helper/job/secrets.h"

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static int lists(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
        if (strcmp(json_string_value(item), text) == 0)
            return 1;
    return 0;
}

/* --- answers ------------------------------------------------------------------------------- */

/* A secret is agreed to by the hash of the plan (aphd_source_secrets), and shown by a word. */
static json_t *answers_agreed(const aphd_source_t *source)
{
    json_t *agreed = json_object();
    const char *id;
    json_t *answer;
    json_object_foreach(source->answers, id, answer) {
        if (!aphd_source_is_secret(aphd_source_question(source->manifest, id)))
            json_object_set(agreed, id, answer);
        else
            json_object_set_new(agreed, id, json_pack("{s:s}", "secret",
                                                      lists(source->made, id) ? "made" : "given"));
    }
    return agreed;
}

static json_t *answers_shown(const aphd_source_t *source)
{
    json_t *rows = json_array();
    size_t i;
    json_t *question;
    json_array_foreach(json_object_get(source->manifest, "questions"), i, question) {
        const char *id = text_of(question, "id");
        json_t *answer = json_object_get(source->answers, id);
        int secret = aphd_source_is_secret(question);
        if (answer == NULL || json_string_length(answer) == 0)
            continue;
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:O?, s:b, s:b}", "question", id,
            "label", text_of(question, "label"), "kind", text_of(question, "kind"),
            "value", secret ? NULL : answer, "secret", secret, "made", lists(source->made, id)));
    }
    return rows;
}

json_t *aphd_source_secrets(const aphd_source_t *source)
{
    json_t *secrets = json_object();
    const char *id;
    json_t *answer;
    json_object_foreach(source->answers, id, answer)
        if (aphd_source_is_secret(aphd_source_question(source->manifest, id))
            && !lists(source->made, id))
            json_object_set(secrets, id, answer);
    return secrets;
}

/* --- its author's words -------------------------------------------------------------------- */

static const json_t *permission(const json_t *manifest, const char *id)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(manifest, "permissions"), i, row)
        if (strcmp(text_of(row, "id"), id) == 0)
            return row;
    return NULL;
}

static void add_reasons(const json_t *manifest, json_t *findings)
{
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding) {
        const json_t *row = permission(manifest, text_of(finding, "id"));
        if (row != NULL && text_of(row, "reason")[0] != '\0')
            json_object_set(finding, "author", json_object_get(row, "reason"));
    }
}

static void warn(json_t *warnings, const char *id, json_t *text)
{
    if (text != NULL)
        json_array_append_new(warnings, json_pack("{s:s, s:o}", "id", id, "text", text));
}

json_t *aphd_source_hidden(const aphd_source_t *source)
{
    json_t *secrets = json_array();
    const char *id;
    json_t *answer;
    json_object_foreach(source->answers, id, answer)
        if (aphd_source_is_secret(aphd_source_question(source->manifest, id))
            && json_string_length(answer) > 0)
            json_array_append(secrets, answer);
    return secrets;
}

/* A word that stands in the author's own text, in the app's name or in an answer that is none is no
 * word that could be kept from anybody; nor is a short one. */
static int is_telling(const aphd_source_t *source, const json_t *plan, const char *secret)
{
    enum { TELLING = 8 };
    const char *id;
    json_t *answer;
    json_object_foreach(source->answers, id, answer)
        if (!aphd_source_is_secret(aphd_source_question(source->manifest, id))
            && strstr(json_string_value(answer), secret) != NULL)
            return 0;
    return strlen(secret) >= TELLING && strstr(source->text, secret) == NULL
        && strstr(text_of(plan, "name"), secret) == NULL;
}

apr_status_t aphd_source_check_shown(const aphd_source_t *source, const json_t *plan,
                                     aph_error_t *err)
{
    static const char *const members[] = {"images", "folders", "asked", "overridden", "agreed"};
    const char *id;
    json_t *answer;
    char *place = NULL;
    json_object_foreach(source->answers, id, answer) {
        const char *secret = json_string_value(answer), *member = "";
        if (!aphd_source_is_secret(aphd_source_question(source->manifest, id))
            || !is_telling(source, plan, secret))
            continue;
        for (size_t i = 0; i < sizeof members / sizeof members[0] && place == NULL; i++)
            place = aphd_secrets_place(json_object_get(plan, member = members[i]), secret);
        if (place == NULL && (member = "files"))
            place = aphd_secrets_place(json_object_get(json_object_get(plan, "content"), member),
                                       secret);
        if (place == NULL)
            continue;
        aph_error_set(err, APH_EDENIED, 2787,
                      "%s puts the answer to %s, which is a secret, where everybody "
                      "would read it (%s.%.60s of the plan); its author has to put it elsewhere",
                      source->name, id, member, place);
        free(place);
        return err->status;
    }
    return APR_SUCCESS;
}

static void warn_of_entry(const aphd_source_t *source, json_t *warnings)
{
    const json_t *manifest = source->manifest;
    size_t i;
    json_t *row;
    if (source->stale != NULL)
        warn(warnings, "catalog", json_string(source->stale));
    if (json_is_true(json_object_get(manifest, "obsolete")))
        warn(warnings, "obsolete",
             json_string("this entry is obsolete: its catalog offers it no more"));
    if (text_of(manifest, "deprecated")[0] != '\0')
        warn(warnings, "deprecated", json_sprintf("its author advises against it: %s",
                                                  text_of(manifest, "deprecated")));
    if (text_of(manifest, "advisory")[0] != '\0')
        warn(warnings, "advisory",
             json_sprintf("its author warns: %s", text_of(manifest, "advisory")));
    json_array_foreach(source->moved, i, row)
        warn(warnings, "port",
             json_sprintf("port %d is in use by %s, so %s gets port %d instead; another one: "
                          "--set %s=PORT", (int)json_integer_value(json_object_get(row, "wanted")),
                          text_of(row, "owner"), text_of(row, "label"),
                          (int)json_integer_value(json_object_get(row, "port")),
                          text_of(row, "question")));
}

/* --- digests ------------------------------------------------------------------------------- */

/* A digest of a row is "NAME@sha256:...". */
static apr_status_t pin(json_t *image, const char *digest, apr_pool_t *p, aph_error_t *err)
{
    const char *ref = text_of(image, "ref"), *known = strchr(text_of(image, "digest"), '@');
    const char *name, *tag;
    int pull = json_is_true(json_object_get(image, "pull"));
    if (json_is_true(json_object_get(image, "exact"))
        || (known != NULL && strcmp(known + 1, digest) == 0))
        return APR_SUCCESS;
    if (known != NULL || !pull)
        return aph_error_set(err, APH_EIMAGE, 2607,
                             "image %s is not the one the entry was made for: %s has it "
                             "as %s, and the entry says %s; %s",
                             ref, pull ? "its registry" : "this machine",
                             known != NULL ? known + 1 : "one without a digest", digest,
                             pull ? "a newer revision of the entry may name the new one"
                                  : "remove or rename that image, or wait for a newer revision");
    aphd_image_split(ref, &name, &tag, p);
    json_object_set_new(image, "digest", json_string(apr_pstrcat(p, name, "@", digest, NULL)));
    return APR_SUCCESS;
}

apr_status_t aphd_source_pin(const aphd_source_t *source, json_t *images, apr_pool_t *p,
                             aph_error_t *err)
{
    const json_t *digests = json_object_get(source->manifest, "digests");
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *image;
    json_array_foreach(images, i, image) {
        const char *digest = json_string_value(json_object_get(digests, text_of(image, "ref")));
        if (status == APR_SUCCESS && digest != NULL && aphd_registry_is_digest(digest))
            status = pin(image, digest, p, err);
    }
    return status;
}

/* An entry can say which digest an image must have. Where it does not, whoever has the tag
 * decides. */
static void warn_of_images(const aphd_source_t *source, const json_t *images, json_t *warnings,
                           apr_pool_t *p)
{
    const json_t *digests = json_object_get(source->manifest, "digests");
    const char *loose = "";
    size_t i;
    json_t *image;
    json_array_foreach((json_t *)images, i, image) {
        const char *ref = text_of(image, "ref");
        int pinned = strchr(ref, '@') != NULL || json_is_string(json_object_get(digests, ref));
        json_object_set_new(image, "pinned", json_boolean(pinned));
        if (!pinned)
            loose = strstr(loose, ref) != NULL ? loose : apr_pstrcat(p, loose, " ", ref, NULL);
    }
    if (loose[0] != '\0')
        warn(warnings, "pin",
             json_sprintf("not pinned:%s; the entry names no digest, so what is fetched is "
                          "whatever the registry has under that name",
                          loose));
}

/* Nonzero where one of the two is the other one, or above it. */
static int overlap(const char *a, const char *b)
{
    size_t x = strlen(a), y = strlen(b), least = x < y ? x : y;
    return strncmp(a, b, least) == 0 && (x == y || (x < y ? b : a)[least] == '/');
}

static const char *backup_of(const json_t *rows, const char *path)
{
    const char *found = NULL;
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        const char *backup = json_string_value(json_object_get(row, "backup"));
        if (backup != NULL && overlap(text_of(row, "path"), path)
            && (found == NULL || strcmp(backup, "keep") == 0))
            found = backup;
    }
    return found;
}

void aphd_source_add_backup(const json_t *rows, json_t *folders, const char *base)
{
    size_t i;
    json_t *folder;
    json_array_foreach(folders, i, folder) {
        const char *path = text_of(folder, "path");
        if (base != NULL && strncmp(path, base, strlen(base)) == 0 && path[strlen(base)] == '/')
            path += strlen(base) + 1;
        const char *backup = backup_of(rows, path);
        if (backup != NULL)
            json_object_set_new(folder, "backup", json_string(backup));
    }
}

void aphd_source_in_plan(const aphd_source_t *source, json_t *content, json_t *plan, apr_pool_t *p)
{
    static const char *const copied[] = {"version", "title", "health", "prepare"};
    static const char *const findings[] = {"asked", "overridden", "agreed", "refused", "rewritten"};
    json_object_set_new(content, "entry", json_string(source->name));
    json_object_set_new(content, "revision", json_string(source->revision));
    json_object_set_new(content, "answers", answers_agreed(source));
    json_object_set_new(plan, "entry", json_string(source->name));
    json_object_set_new(plan, "revision", json_string(source->revision));
    json_object_set_new(plan, "answers", answers_shown(source));
    json_object_set_new(plan, "notes", json_string(source->notes != NULL ? source->notes : ""));
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++)
        json_object_set(plan, copied[i], json_object_get(source->manifest, copied[i]));
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++)
        add_reasons(source->manifest, json_object_get(plan, findings[i]));
    aphd_source_add_backup(json_object_get(source->manifest, "data"), json_object_get(plan, "folders"),
                           NULL);
    warn_of_entry(source, json_object_get(plan, "warnings"));
    warn_of_images(source, json_object_get(plan, "images"), json_object_get(plan, "warnings"), p);
}
