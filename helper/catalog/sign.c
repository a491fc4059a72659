/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-sign [--json] [--key FILE|--new-key FILE] [--name NAME] [--days N] DIR
 *
 *   1. The key is read, or made.
 *   2. The index that is there tells name and version; the new one counts on.
 *   3. Every entry is read as apphost would read it: what nobody can install is not signed.
 *   4. index.json is replaced, then index.json.sig. Who fetches in between finds a signature that does
 *      not fit, keeps what it has, and comes again.
 *
 * Needs no apphostd and no rights but to the folder. */
#include "helper/catalog/sign.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/catalog/index.h"
#include "helper/read/index_form.h"

#define DAYS_USUAL 90
#define DAYS_MAX   3650

typedef struct signing_t {
    const char *folder, *key_path, *new_key_path, *name, *days_text;
    int as_json, days;
    aphd_sign_key_t key;
    aphd_index_t old;      /* version 0: there is none */
    json_t *index;
    apr_pool_t *p;
} signing_t;

static apr_status_t take_arguments(signing_t *signing, int argc, char **argv, aph_error_t *err)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},          {"key", required_argument, NULL, 'k'},
        {"new-key", required_argument, NULL, 'K'}, {"name", required_argument, NULL, 'n'},
        {"days", required_argument, NULL, 'd'},    {NULL, 0, NULL, 0},
    };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **into = option == 'k'   ? &signing->key_path
                            : option == 'K' ? &signing->new_key_path
                            : option == 'n' ? &signing->name
                            : option == 'd' ? &signing->days_text
                                            : NULL;
        if (into != NULL)
            *into = optarg;
        else if (option == 'j')
            signing->as_json = 1;
        else
            return aph_error_set(err, APH_EUSAGE, 2526,
                                 "usage: apphost-sign [--json] [--key FILE|--new-key "
                                 "FILE] [--name NAME] [--days N] DIR");
    }
    signing->days = signing->days_text != NULL ? atoi(signing->days_text) : DAYS_USUAL;
    if (optind != argc - 1 || (signing->key_path != NULL && signing->new_key_path != NULL)
        || signing->days < 1 || signing->days > DAYS_MAX
        || (signing->name != NULL && !aphd_index_is_id(signing->name)))
        return aph_error_set(err, APH_EUSAGE, 2527,
                             "one folder is needed, one of --key and --new-key, days "
                             "from 1 to %d, and a name of a-z 0-9 - _ .",
                             DAYS_MAX);
    signing->folder = argv[optind];
    return APR_SUCCESS;
}

static const char *path_of(const signing_t *signing, const char *file)
{
    return apr_pstrcat(signing->p, signing->folder, "/", file, NULL);
}

/* An old signature beside a new index would be a broken catalog. */
static apr_status_t take_key(signing_t *signing, aph_error_t *err)
{
    if (signing->new_key_path != NULL)
        return aphd_sign_key_make(&signing->key, signing->new_key_path, err);
    if (signing->key_path != NULL)
        return aphd_sign_key_read(&signing->key, signing->key_path, err);
    return access(path_of(signing, APHD_SIGNATURE_FILE), F_OK) != 0 ? APR_SUCCESS
         : aph_error_set(err, APH_EUSAGE, 2528, "%s is signed; the new index needs --key, too",
                         signing->folder);
}

static apr_status_t read_old(signing_t *signing, aph_error_t *err)
{
    char *octets = NULL;
    size_t length = 0;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status =
        aph_file_read(path_of(signing, APHD_INDEX_FILE), APH_INDEX_MAX, &octets, &length, &why);
    if (status == APR_SUCCESS)
        status = aphd_index_read(&signing->old, octets, length, signing->p, &why);
    free(octets);
    if (status == APH_ENOTFOUND)
        return APR_SUCCESS;
    if (status != APR_SUCCESS)
        return aph_error_set(err, status, 2529,
                             "the index that is there tells no version to count on from: "
                             "%s. Move it away only if nobody has fetched it",
                             why.message);
    return APR_SUCCESS;
}

static const char *stamp(json_int_t seconds, apr_pool_t *p)
{
    char text[32] = "";
    time_t time = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&time, &parts) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return apr_pstrdup(p, text);
}

static apr_status_t make_index(signing_t *signing, aph_error_t *err)
{
    json_t *entries = NULL;
    json_int_t now = (json_int_t)time(NULL);
    const char *name = signing->name != NULL ? signing->name
                     : signing->old.name != NULL ? signing->old.name : "catalog";
    apr_status_t status = aphd_sign_entries(signing->folder, &entries, signing->p, err);
    if (status != APR_SUCCESS)
        return status;
    signing->index =
        json_pack("{s:i, s:s, s:I, s:s, s:s, s:o}", "apphost-catalog", 1, "name", name, "version",
                  signing->old.version + 1, "generated", stamp(now, signing->p), "expires",
                  stamp(now + signing->days * 86400LL, signing->p), "entries", entries);
    return APR_SUCCESS;
}

static apr_status_t write_index(signing_t *signing, aph_error_t *err)
{
    char *octets = json_dumps(signing->index, JSON_INDENT(1));
    size_t length = octets != NULL ? strlen(octets) : 0;
    apr_status_t status =
        aph_file_replace(path_of(signing, APHD_INDEX_FILE), octets, length, 0644, err);
    if (status == APR_SUCCESS && (signing->key_path != NULL || signing->new_key_path != NULL)) {
        const char *text = aphd_sign_text(&signing->key, octets, length, signing->p);
        status =
            aph_file_replace(path_of(signing, APHD_SIGNATURE_FILE), text, strlen(text), 0644, err);
    }
    free(octets);
    return status;
}

static void say_done(const signing_t *signing)
{
    json_int_t version = json_integer_value(json_object_get(signing->index, "version"));
    size_t count = json_array_size(json_object_get(signing->index, "entries"));
    const char *expires = json_string_value(json_object_get(signing->index, "expires"));
    const char *key = signing->key.public_hex;
    if (signing->as_json)
        printf("{\"version\":%lld,\"entries\":%zu,\"expires\":\"%s\",\"key\":%s%s%s}\n",
               (long long)version, count, expires, *key != '\0' ? "\"" : "",
               *key != '\0' ? key : "null", *key != '\0' ? "\"" : "");
    else
        printf("%s: version %lld, %zu entries, expires %s\n%s%s\n", signing->folder,
               (long long)version, count, expires,
               *key != '\0' ? "key " : "not signed; fit for file: only", key);
}

int main(int argc, char **argv)
{
    aph_error_t err = APH_ERROR_INIT;
    signing_t signing = {.folder = NULL};
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&signing.p, NULL) != APR_SUCCESS
        || sodium_init() < 0)
        return 1;
    apr_status_t status = take_arguments(&signing, argc, argv, &err);
    if (status == APR_SUCCESS)
        status = read_old(&signing, &err);
    if (status == APR_SUCCESS)
        status = take_key(&signing, &err);
    if (status == APR_SUCCESS)
        status = make_index(&signing, &err);
    if (status == APR_SUCCESS)
        status = write_index(&signing, &err);
    if (status == APR_SUCCESS)
        say_done(&signing);
    else
        fprintf(stderr, "apphostctl: %s. (%s)\n", err.message, err.tag);
    sodium_memzero(&signing.key, sizeof signing.key);
    json_decref(signing.index);
    apr_pool_destroy(signing.p);
    return status == APR_SUCCESS ? 0 : aph_error_exit_code(status);
}
