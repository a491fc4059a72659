/* SPDX-License-Identifier: Apache-2.0 */
/* Folders in storage locations: what an answer looks like, and that no mount of one passes but what a
 * person answered, whoever asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>

#include "common/storage_answer.h"
#include "helper/policy/policy.h"
#include "helper/read/compose_normal.h"

static apr_pool_t *pool;

/* --- the grammar --- */

static void test_answers(void **state)
{
    static const char *const good[] = {"media", "media/films", "nas-1/a/b/c/d/e/f/g/h",
                                       "media/Films (old) & new", "media/M\xC3\xBCsik", "m/_x",
                                       "media/2024.01", "media/It's #1!"};
    static const char *const bad[] = {
        "", "/", "/srv/media", "media/", "media//films", "media/.", "media/..", "media/../etc",
        "media/a/../b", "./media", "../media", "media/.hidden", "media/-rf", "media/ x", "media/x ",
        "media/x.", "media/~root", "media/$HOME", "media/a:b", "media/a,b", "media/a\\b", "media/a\nb",
        "media/a\tb", "media/`x`", "media/a;b", "media/a|b", "media/a*", "media/a?", "media/a\"b",
        "media/<a>", "Media/x", "-media/x", "media./x", "me dia/x", "nas/1/2/3/4/5/6/7/8/9",
        ("media/\xE2\x80\xAE" "cod.exe"), "media/x\xE2\x80\x8B", "media/\xC0\xAF", "media/\xFF",
        "media/\xEF\xBB\xBFx", "media/a\xC2\x85",
        "a123456789012345678901234567890123456789012345678901234567890123/x"};
    char location[APH_STORAGE_NAME_MAX + 1], text[APH_STORAGE_ANSWER_MAX + 2];
    const char *folder;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!aph_storage_answer_split(good[i], NULL, NULL))
            fail_msg("%s is refused: %s", good[i], aph_storage_answer_fault(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (aph_storage_answer_split(bad[i], NULL, NULL))
            fail_msg("\"%s\" is taken", bad[i]);
    assert_true(aph_storage_answer_split("media/films/new", location, &folder));
    assert_string_equal(location, "media");
    assert_string_equal(folder, "films/new");
    assert_true(aph_storage_answer_split("media", location, &folder));
    assert_string_equal(folder, "");
    memset(text, 'a', sizeof text);
    memcpy(text, "media/", 6);
    text[6 + 255] = '\0';
    assert_true(aph_storage_answer_split(text, NULL, NULL));
    text[6 + 255] = 'a';
    text[6 + 256] = '\0';
    assert_false(aph_storage_answer_split(text, NULL, NULL));
}

/* --- the policy --- */

static const aphd_policy_site_t base_site = {.app_id = 7,
                                             .port = 35007,
                                             .max_app_id = 999,
                                             .project = "apphost-12345678-7",
                                             .instance = "12345678",
                                             .data_dir = "/srv/data/7",
                                             .subnet = "10.213.0.16/28"};

static json_t *mount(const char *type, const char *source, const char *target, int read_only)
{
    return json_pack("{s:i,s:s,s:s,s:s,s:b,s:[]}", "line", 4, "type", type, "source", source,
                     "target", target, "read_only", read_only, "options");
}

/* The normal form of one service with these mounts (stolen). */
static json_t *normal(json_t *mounts)
{
    return json_pack("{s:i,s:[],s:[{s:s,s:i,s:[{s:s,s:i,s:s,s:s},{s:s,s:i,s:s,s:o}]}],s:[],s:[],"
                     "s:[],s:[]}",
                     "format", 2, "top", "services", "name", "web", "line", 1, "keys", "key",
                     "image", "line", 2, "shape", "string", "value", "x", "key", "volumes", "line",
                     3, "shape", "mounts", "value", mounts, "networks", "volumes", "configs",
                     "secrets");
}

static json_t *answered(const char *service, const char *target, const char *answer,
                        const char *path, int read_only)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:b}", "service", service, "target", target, "answer",
                     answer, "path", path, "read_only", read_only);
}

/* storage and others are stolen; either may be NULL. */
static aphd_policy_result_t judged(json_t *mounts, json_t *storage, json_t *others)
{
    aphd_policy_result_t result;
    aph_error_t err = APH_ERROR_INIT;
    aphd_policy_site_t site = base_site;
    json_t *compose = normal(mounts);
    site.storage = storage;
    site.storage_others = others;
    assert_non_null(compose);
    assert_int_equal(aphd_policy_judge(compose, &site, &result, &err), APR_SUCCESS);
    json_decref(compose);
    json_decref(storage);
    json_decref(others);
    return result;
}

static const char *rule_of(const aphd_policy_result_t *result, size_t at)
{
    return json_string_value(json_object_get(json_array_get(result->findings, at), "rule"));
}

static void is_refused(json_t *mounts, json_t *storage, json_t *others, const char *rule)
{
    aphd_policy_result_t result = judged(mounts, storage, others);
    int found = 0;
    assert_int_equal(result.verdict, APHD_DENY);
    assert_null(result.compose);
    for (size_t i = 0; i < json_array_size(result.findings); i++)
        found |= strcmp(rule_of(&result, i), rule) == 0;
    assert_true(found);
    aphd_policy_result_clear(&result);
}

static json_t *films(void)
{
    return json_pack("[o]", answered("web", "/films", "media/films", "/srv/media/films", 0));
}

static void test_an_answer_is_mounted(void **state)
{
    aphd_policy_result_t result = judged(
        json_pack("[o]", mount("storage", "media/films", "/films", 0)), films(), NULL);
    assert_int_equal(result.verdict, APHD_REWRITE);
    const json_t *finding = json_array_get(result.findings, 0);
    assert_string_equal(rule_of(&result, 0), "storage");
    assert_non_null(strstr(json_string_value(json_object_get(finding, "reason")),
                           "will read and write media/films"));
    json_t *services = json_object_get(result.compose, "services");
    json_t *volume = json_array_get(
        json_object_get(json_object_get(services, "web"), "volumes"), 0);
    json_t *wanted = json_pack("{s:s,s:s,s:s,s:{s:s}}", "type", "bind", "source",
                               "/srv/media/films", "target", "/films", "bind", "propagation",
                               "rprivate");
    assert_true(json_equal(volume, wanted));
    json_decref(wanted);
    const json_t *bind = json_array_get(result.binds, 0);
    assert_string_equal(json_string_value(json_object_get(bind, "location")), "media");
    assert_string_equal(json_string_value(json_object_get(bind, "path")), "/srv/media/films");
    aphd_policy_result_clear(&result);
}

/* Whoever of the two says so. */
static void test_read_only(void **state)
{
    for (int who = 0; who < 2; who++) {
        aphd_policy_result_t result = judged(
            json_pack("[o]", mount("storage", "media/films", "/films", who == 0)),
            json_pack("[o]", answered("web", "/films", "media/films", "/srv/media/films", who == 1)),
            NULL);
        json_t *services = json_object_get(result.compose, "services");
        json_t *volume = json_array_get(
            json_object_get(json_object_get(services, "web"), "volumes"), 0);
        assert_true(json_is_true(json_object_get(volume, "read_only")));
        assert_true(json_is_true(json_object_get(json_array_get(result.binds, 0), "read_only")));
        aphd_policy_result_clear(&result);
    }
}

/* A new revision makes more of an answer than the one it was given to. */
static void test_what_is_gained_is_asked(void **state)
{
    json_t *site = films();
    json_object_set_new(json_array_get(site, 0), "ask", json_true());
    aphd_policy_result_t result = judged(
        json_pack("[o]", mount("storage", "media/films", "/films", 0)), site, NULL);
    assert_int_equal(result.verdict, APHD_ASK);
    assert_string_equal(json_string_value(json_object_get(json_array_get(result.findings, 0), "id")),
                        "web.volumes.media/films");
    aphd_policy_result_clear(&result);
}

static void test_a_lying_reader_gains_nothing(void **state)
{
    is_refused(json_pack("[o]", mount("storage", "media/films", "/films", 0)), NULL, NULL,
               "storage");
    is_refused(json_pack("[o]", mount("storage", "media/photos", "/films", 0)), films(), NULL,
               "storage");
    is_refused(json_pack("[o]", mount("storage", "media/films", "/other", 0)), films(), NULL,
               "storage");
    is_refused(json_pack("[o]", mount("storage", "/srv/media/films", "/films", 0)), films(), NULL,
               "storage");
    is_refused(json_pack("[o]", mount("storage", "media/films/../..", "/films", 0)), films(), NULL,
               "storage");
    is_refused(json_pack("[o]", mount("storage", "", "/films", 0)), films(), NULL, "storage");
    /* What another service of the app was given. */
    is_refused(json_pack("[o]", mount("storage", "media/films", "/films", 0)),
               json_pack("[o]", answered("db", "/films", "media/films", "/srv/media/films", 0)),
               NULL, "storage");
    /* The path itself is still none of the app's. */
    is_refused(json_pack("[o]", mount("bind", "/srv/media/films", "/films", 0)), films(), NULL,
               "host-path");
    is_refused(json_pack("[o]", mount("volume", "media/films", "/films", 0)), films(), NULL,
               "mount");
    json_t *odd = mount("storage", "media/films", "/films", 0);
    json_object_set_new(odd, "options", json_pack("[[s,s]]", "bind.propagation", "rshared"));
    is_refused(json_pack("[o]", odd), films(), NULL, "storage");
    is_refused(json_pack("[o]", mount("storage", "media/films", "/proc", 0)),
               json_pack("[o]", answered("web", "/proc", "media/films", "/srv/media/films", 0)),
               NULL, "mount-target");
    /* A path that is none is not mounted even where the job itself says it. */
    is_refused(json_pack("[o]", mount("storage", "media/films", "/films", 0)),
               json_pack("[o]", answered("web", "/films", "media/films", "/", 0)), NULL, "storage");
}

/* An author writes our word into his own text. */
static void test_no_text_makes_one(void **state)
{
    static const char *const texts[] = {
        "volumes: [{type: storage, source: media/films, target: /films}]",
        "volumes: [{type: 'storage', source: media/films, target: /films, read_only: true}]",
        "volumes: ['storage:/films']",
        "volumes: ['media/films:/films']",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[300];
        json_t *form = NULL;
        aph_error_t err = APH_ERROR_INIT;
        snprintf(text, sizeof text, "services:\n  web:\n    image: x\n    %s\n", texts[i]);
        aphd_foreign_t foreign = {text, strlen(text), 1};
        assert_int_equal(aphd_compose_read(&foreign, NULL, &form, pool, &err), APR_SUCCESS);
        json_t *keys = json_object_get(
            json_array_get(json_object_get(form, "services"), 0), "keys");
        json_t *row = json_array_get(json_object_get(json_array_get(keys, 1), "value"), 0);
        assert_non_null(row);
        assert_string_not_equal(json_string_value(json_object_get(row, "type")), "storage");
        /* And so not even a text that matches an answer is mounted. */
        aphd_policy_site_t site = base_site;
        aphd_policy_result_t result;
        site.storage = films();
        assert_int_equal(aphd_policy_judge(form, &site, &result, &err), APR_SUCCESS);
        for (size_t k = 0; k < json_array_size(result.binds); k++)
            assert_null(json_object_get(json_array_get(result.binds, k), "location"));
        if (i < 2)
            assert_int_equal(result.verdict, APHD_DENY);
        aphd_policy_result_clear(&result);
        json_decref(site.storage);
        json_decref(form);
    }
}

static json_t *of_another(const char *path, int read_only)
{
    return json_pack("[{s:s,s:s,s:b}]", "app", "movies", "path", path, "read_only", read_only);
}

static json_t *one_mount(int read_only)
{
    return json_pack("[o]", mount("storage", "media/films", "/films", read_only));
}

/* Who may write above a mount can turn it elsewhere. */
static void test_folders_in_folders(void **state)
{
    static const char *const paths[] = {"/srv/media", "/srv/media/films/new"};
    for (size_t i = 0; i < 2; i++)
        is_refused(one_mount(0), films(), of_another(paths[i], 0), "nested-folder");
    is_refused(one_mount(1), films(), of_another("/srv/media", 0), "nested-folder");
    is_refused(one_mount(0), films(), of_another("/srv/media/films/new", 1), "nested-folder");
    /* The same folder is shared; a name that only begins alike is another one; and who only reads
     * plants nothing. */
    const struct {
        const char *path;
        int ours_read_only, theirs_read_only;
    } fine[] = {{"/srv/media/films", 0, 0},    {"/srv/media/films-2", 0, 0},
                {"/srv/media", 0, 1},          {"/srv/media", 1, 1},
                {"/srv/media/films/x", 1, 0}};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        aphd_policy_result_t result = judged(one_mount(fine[i].ours_read_only), films(),
                                             of_another(fine[i].path, fine[i].theirs_read_only));
        assert_int_equal(result.verdict, APHD_REWRITE);
        aphd_policy_result_clear(&result);
    }
    /* Two answers of one app. */
    json_t *two = json_pack("[o,o]", mount("storage", "media", "/all", 0),
                            mount("storage", "media/films", "/films", 0));
    json_t *site = json_pack("[o,o]", answered("web", "/all", "media", "/srv/media", 0),
                             answered("web", "/films", "media/films", "/srv/media/films", 0));
    is_refused(two, site, NULL, "nested-folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_an_answer_is_mounted),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_what_is_gained_is_asked),
        cmocka_unit_test(test_a_lying_reader_gains_nothing),
        cmocka_unit_test(test_no_text_makes_one),
        cmocka_unit_test(test_folders_in_folders),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("policy_storage", tests, NULL, NULL);
}
