/* SPDX-License-Identifier: Apache-2.0 */
/* Copies first, the record last: a record on the disk is always whole. */
#include "helper/setup/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <sodium.h>

#include "common/file_replace.h"
#include "helper/base/purge.h"

#define FILE_LIMIT   (1024 * 1024)
#define RECORD_LIMIT (1024 * 1024)

static const char *const states[] = {
    [APHD_WRITING] = "writing", [APHD_DONE] = "done", [APHD_REMOVING] = "removing"};
static const char *const kinds[] = {
    [APHD_NOTHING] = "nothing", [APHD_FILE] = "file", [APHD_LINK] = "link"};

const char *aphd_record_sum(const char *octets, size_t length, apr_pool_t *p)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    char *digits = apr_palloc(p, 2 * sizeof sum + 1);
    crypto_hash_sha256(sum, (const unsigned char *)octets, length);
    sodium_bin2hex(digits, 2 * sizeof sum + 1, sum, sizeof sum);
    return digits;
}

aphd_recorded_t *aphd_record_find(const aphd_record_t *record, const char *path)
{
    for (int i = 0; record != NULL && i < record->entries->nelts; i++) {
        aphd_recorded_t *entry = &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t);
        if (strcmp(entry->change.path, path) == 0)
            return entry;
    }
    return NULL;
}

static const char *record_path(const char *state_dir, apr_pool_t *p)
{
    return apr_pstrcat(p, state_dir, "/setup.json", NULL);
}

static const char *copies_path(const char *state_dir, apr_pool_t *p)
{
    return apr_pstrcat(p, state_dir, "/setup.before", NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

static aphd_kind_t kind_of(const json_t *object)
{
    const char *word = json_string_value(json_object_get(object, "kind"));
    for (aphd_kind_t kind = APHD_FILE; word != NULL && kind <= APHD_LINK; kind++)
        if (strcmp(word, kinds[kind]) == 0)
            return kind;
    return APHD_NOTHING;
}

static mode_t mode_of(const json_t *object)
{
    return (mode_t)json_integer_value(json_object_get(object, "mode")) & 07777;
}

/* A word of object in p; NULL where there is none. */
static const char *word_of(const json_t *object, const char *key, apr_pool_t *p)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word != NULL ? apr_pstrdup(p, word) : NULL;
}

static apr_status_t read_copy(aphd_thing_t *before, const json_t *from, const char *state_dir,
                              apr_pool_t *p, aph_error_t *err)
{
    char *octets = NULL;
    before->kind = kind_of(from);
    if (before->kind == APHD_NOTHING)
        return APR_SUCCESS;
    const char *path = apr_psprintf(p, "%s/%d", copies_path(state_dir, p),
                                    (int)json_integer_value(json_object_get(from, "copy")));
    apr_status_t status = aph_file_read(path, FILE_LIMIT, &octets, &before->length, err);
    if (status != APR_SUCCESS)
        return status;
    before->text = apr_pmemdup(p, octets, before->length + 1);
    free(octets);
    before->mode = mode_of(from);
    before->uid = (uid_t)json_integer_value(json_object_get(from, "uid"));
    before->gid = (gid_t)json_integer_value(json_object_get(from, "gid"));
    return APR_SUCCESS;
}

static apr_status_t read_entry(aphd_record_t *record, const json_t *from, const char *state_dir,
                               apr_pool_t *p, aph_error_t *err)
{
    aphd_recorded_t *entry = apr_array_push(record->entries);
    *entry = (aphd_recorded_t){.sha256 = word_of(from, "sha256", p)};
    aphd_change_t *change = &entry->change;
    change->path = word_of(from, "path", p);
    change->why = word_of(from, "why", p);
    change->after.kind = kind_of(from);
    change->after.mode = mode_of(from);
    change->shared = json_is_true(json_object_get(from, "shared"));
    change->active = json_is_true(json_object_get(from, "active"));
    if (change->path == NULL || change->path[0] != '/' || entry->sha256 == NULL ||
        change->why == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2160,
                             "%s is damaged; compare it with the files it names, remove those by "
                             "hand, then it",
                             record->path);
    return read_copy(&change->before, json_object_get(from, "before"), state_dir, p, err);
}

static apr_status_t read_state(aphd_record_t *record, const json_t *from, aph_error_t *err)
{
    const char *word = json_string_value(json_object_get(from, "state"));
    for (aphd_record_state_t state = APHD_WRITING; word != NULL && state <= APHD_REMOVING; state++)
        if (strcmp(word, states[state]) == 0) {
            record->state = state;
            return APR_SUCCESS;
        }
    return aph_error_set(err, APH_EUNREADABLE, 2161,
                         "%s is not a record of this version of apphost: its state is unknown",
                         record->path);
}

apr_status_t aphd_record_read(aphd_record_t **record, const char *state_dir, apr_pool_t *p,
                              aph_error_t *err)
{
    aph_error_t why = APH_ERROR_INIT;
    char *octets = NULL;
    size_t length, i;
    json_t *entry;
    const char *path = record_path(state_dir, p);
    *record = NULL;
    apr_status_t status = aph_file_read(path, RECORD_LIMIT, &octets, &length, &why);
    if (status == APH_ENOTFOUND)
        return APR_SUCCESS;
    if (status != APR_SUCCESS)
        return aph_error_set(err, status, 2162, "%s", why.message);
    json_t *whole = json_loadb(octets, length, JSON_REJECT_DUPLICATES, NULL);
    free(octets);
    *record = apr_pcalloc(p, sizeof **record);
    (*record)->path = path;
    (*record)->config = word_of(whole, "config", p);
    (*record)->reserved_before = word_of(whole, "reserved_before", p);
    (*record)->made_state_dir = json_is_true(json_object_get(whole, "made_state_dir"));
    (*record)->service = json_is_true(json_object_get(whole, "service"));
    (*record)->entries = apr_array_make(p, 16, sizeof(aphd_recorded_t));
    status = read_state(*record, whole, err);
    json_array_foreach(json_object_get(whole, "changes"), i, entry) if (status == APR_SUCCESS)
        status = read_entry(*record, entry, state_dir, p, err);
    json_decref(whole);
    return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

static apr_status_t write_copies(const aphd_record_t *record, const char *state_dir, apr_pool_t *p,
                                 aph_error_t *err)
{
    const char *folder = copies_path(state_dir, p);
    apr_status_t status = APR_SUCCESS;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2163, "%s cannot be made: %s", folder,
                             strerror(errno));
    for (int i = 0; status == APR_SUCCESS && i < record->entries->nelts; i++) {
        const aphd_thing_t *before =
            &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t).change.before;
        if (before->kind != APHD_NOTHING)
            status = aph_file_replace(apr_psprintf(p, "%s/%d", folder, i), before->text,
                                      before->length, 0600, err);
    }
    return status;
}

static json_t *spell_before(const aphd_thing_t *before, int place, apr_pool_t *p)
{
    if (before->kind == APHD_NOTHING)
        return json_null();
    return json_pack("{s:s, s:s, s:i, s:I, s:I, s:i}", "kind", kinds[before->kind], "sha256",
                     aphd_record_sum(before->text, before->length, p), "mode", (int)before->mode,
                     "uid", (json_int_t)before->uid, "gid", (json_int_t)before->gid, "copy", place);
}

static json_t *spell(const aphd_record_t *record, apr_pool_t *p)
{
    json_t *changes = json_array();
    for (int i = 0; i < record->entries->nelts; i++) {
        const aphd_recorded_t *entry = &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t);
        const aphd_change_t *change = &entry->change;
        json_array_append_new(
            changes, json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:b, s:o}", "path", change->path,
                               "kind", kinds[change->after.kind], "sha256", entry->sha256, "mode",
                               (int)change->after.mode, "why", change->why, "shared",
                               (int)change->shared, "active", (int)change->active, "before",
                               spell_before(&change->before, i, p)));
    }
    return json_pack("{s:i, s:s, s:s, s:b, s:s?, s:b, s:o}", "version", 1, "state",
                     states[record->state], "config", record->config, "made_state_dir",
                     (int)record->made_state_dir, "reserved_before", record->reserved_before,
                     "service", (int)record->service, "changes", changes);
}

apr_status_t aphd_record_write(const aphd_record_t *record, const char *state_dir, apr_pool_t *p,
                               aph_error_t *err)
{
    apr_status_t status = write_copies(record, state_dir, p, err);
    if (status != APR_SUCCESS)
        return status;
    json_t *whole = spell(record, p);
    char *text = whole != NULL ? json_dumps(whole, JSON_INDENT(1)) : NULL;
    json_decref(whole);
    if (text == NULL)
        return aph_error_set(err, APH_ECONFIG, 2164,
                             "a path that setup works on is not UTF-8 text; give the folder of "
                             "httpd's configuration another name");
    status = aph_file_replace(record_path(state_dir, p), text, strlen(text), 0600, err);
    free(text);
    return status;
}

apr_status_t aphd_record_remove(const char *state_dir, apr_pool_t *p, aph_error_t *err)
{
    const char *path = record_path(state_dir, p);
    if (unlink(path) != 0 && errno != ENOENT)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2165, "%s cannot be removed: %s", path,
                             strerror(errno));
    return aphd_purge_path(copies_path(state_dir, p), err);
}
