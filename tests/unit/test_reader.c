/* SPDX-License-Identifier: Apache-2.0 */
/* The parent of a reader that crashes, hangs, floods or lies: always one clean error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#include <apr_general.h>

#include "helper/policy/policy.h"
#include "helper/read/answer_form.h"
#include "helper/read/reader.h"

static int open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void fails_with(const char *text, const char *piece)
{
    static const aphd_words_t words = {.host_port = "35001"};
    aph_error_t err = APH_ERROR_INIT;
    json_t *normal = NULL;
    int before = open_descriptors();
    assert_int_equal(aphd_reader_run(APHD_READ_INSTALL, text, strlen(text), &words, &normal, &err),
                     APH_EUNREADABLE);
    if (strstr(err.message, piece) == NULL)
        print_error("# said: %s\n", err.message);
    assert_non_null(strstr(err.message, piece));
    assert_null(normal);
    assert_int_equal(open_descriptors(), before);
}

static void test_crash(void **state)
{
    fails_with("crash.", "broke down on this text (signal 9)");
}

static void test_out_of_memory(void **state)
{
    fails_with("memory.", "ran out of its memory");
}

static void test_silence(void **state)
{
    fails_with("nothing.", "no answer");
}

static void test_too_much(void **state)
{
    fails_with("flood.", "2147483647 octets");
}

static void test_cut_off(void **state)
{
    fails_with("cut.", "no answer");
}

static void test_nonsense(void **state)
{
    fails_with("number.", "answer is none");
    fails_with("twice.", "no answer");
    fails_with("bare.", "not in the form of a script");
}

/* What may and may not stand in an answer about a script, row by row. */
static void test_forms(void **state)
{
    static const struct { aphd_reader_kind_t kind; const char *with; int fits; } rows[] = {
        {APHD_READ_INSTALL, "", 1},
        {APHD_READ_INSTALL, "'files':[{'path':'a/b.c','line':1,'text':''}]", 1},
        {APHD_READ_INSTALL, "'files':[{'path':'a','line':1,'text':null}]", 0},
        {APHD_READ_INSTALL, "'files':[{'path':'a','line':-1,'text':''}]", 0},
        {APHD_READ_INSTALL, "'files':[{'path':'..','line':1,'text':''}]", 0},
        {APHD_READ_INSTALL, "'files':{}", 0},
        {APHD_READ_INSTALL, "'files':[7]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':'...','line':1}]", 1},
        {APHD_READ_INSTALL, "'folders':[{'path':'/a','line':1}]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':'a/','line':1}]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':'a//b','line':1}]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':'a/./b','line':1}]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':'a/../b','line':1}]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':'','line':1}]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':null,'line':1}]", 0},
        {APHD_READ_INSTALL, "'folders':[{'path':'a','line':1e9}]", 0},
        {APHD_READ_INSTALL, "'modes':[{'path':'a','line':1,'mode':'0644','recursive':true}]", 1},
        {APHD_READ_INSTALL, "'modes':[{'path':'a','line':1,'mode':'4755','recursive':true}]", 0},
        {APHD_READ_INSTALL, "'modes':[{'path':'a','line':1,'mode':'0999','recursive':true}]", 0},
        {APHD_READ_INSTALL, "'modes':[{'path':'a','line':1,'mode':493,'recursive':true}]", 0},
        {APHD_READ_INSTALL, "'modes':[{'path':'a','line':1,'mode':'0644','recursive':1}]", 0},
        {APHD_READ_INSTALL, "'up':1", 0},
        {APHD_READ_INSTALL, "'compose':[]", 0},
        {APHD_READ_UNINSTALL, "'purge':[{'path':'a','line':1}]", 1},
        {APHD_READ_UNINSTALL, "'purge':[{'path':'../a','line':1}]", 0},
        {APHD_READ_UNINSTALL, "'purge':null", 0},
        {APHD_READ_UNINSTALL, "'stop':'yes'", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "{%s}", rows[i].with);
        for (char *at = text; *at != '\0'; at++)
            *at = *at == '\'' ? '"' : *at;
        json_t *normal = rows[i].kind == APHD_READ_INSTALL
                             ? json_pack("{s:[],s:[],s:[],s:b,s:n}", "files", "folders", "modes", "up",
                                         1, "compose")
                             : json_pack("{s:b,s:b,s:[]}", "stop", 1, "remove", 1, "purge");
        json_t *with = json_loads(text, 0, NULL);
        assert_non_null(with);
        json_object_update(normal, with);
        apr_status_t status = aphd_answer_form_check(rows[i].kind, normal, NULL);
        if (status != (rows[i].fits ? APR_SUCCESS : APH_EUNREADABLE))
            fail_msg("%s: %d", rows[i].with, status);
        json_decref(with);
        json_decref(normal);
    }
    assert_int_equal(aphd_answer_form_check(APHD_READ_COMPOSE, NULL, NULL), APR_SUCCESS);
}

/* An index: whatever the reader says, what it names is an entry's file, and each once. */
static void test_forms_of_an_index(void **state)
{
#define SHA "1111111111111111111111111111111111111111111111111111111111111111"
#define ENTRY(id, file) \
    "{'id':'" id "','format':'apphost','file':'" file "','sha256':'" SHA "','length':1}"
    static const struct { const char *with; int fits; } rows[] = {
        {"", 1},
        {"'entries':[" ENTRY("a", "a") "]", 1},
        {"'entries':[" ENTRY("a", "../a") "]", 0},
        {"'entries':[" ENTRY("../a", "a") "]", 0},
        {"'entries':[" ENTRY("a", "a") "," ENTRY("a", "b") "]", 0},
        {"'entries':[{'id':'a','format':'apphost','file':'a','sha256':'" SHA "','length':1,'x':1}]", 0},
        {"'entries':[7]", 0},
        {"'entries':{}", 0},
        {"'bad':[{'position':1,'id':'a','reason':'x'}]", 1},
        {"'bad':[{'position':1,'id':null,'reason':'x'},{'position':2,'id':null,'reason':'x'}]", 1},
        {"'bad':[{'position':2,'id':'a','reason':'x'}],'entries':[" ENTRY("a", "a") "]", 0},
        {"'bad':[{'position':1,'id':'a','reason':'x'},{'position':2,'id':'a','reason':'x'}]", 0},
        {"'bad':[{'position':0,'id':'a','reason':'x'}]", 0},
        {"'bad':[{'position':2,'id':'a','reason':'x'}]", 0},
        {"'bad':[{'position':1,'id':'../a','reason':'x'}]", 0},
        {"'bad':[{'position':1,'id':7,'reason':'x'}]", 0},
        {"'bad':[{'position':1,'reason':'x'}]", 0},
        {"'bad':[{'position':1,'id':'a','reason':''}]", 0},
        {"'bad':[{'position':1,'id':'a'}]", 0},
        {"'bad':[{'position':1,'id':'a','reason':'a\\nb'}]", 0},
        {"'bad':[{'position':1,'id':'a','reason':'\\u202e'}]", 0},
        {"'bad':[7]", 0},
        {"'bad':null", 0},
        {"'name':'A b'", 0},
        {"'version':0", 0},
        {"'expires':1", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "{%s}", rows[i].with);
        for (char *at = text; *at != '\0'; at++)
            *at = *at == '\'' ? '"' : *at;
        json_t *with = json_loads(text, 0, NULL);
        json_t *normal = json_pack("{s:s,s:i,s:i,s:i,s:[],s:[]}", "name", "main", "version", 1,
                                   "generated", 1, "expires", 2, "entries", "bad");
        assert_non_null(with);
        json_object_update(normal, with);
        if (aphd_answer_form_check(APHD_READ_INDEX, normal, NULL)
            != (rows[i].fits ? APR_SUCCESS : APH_EUNREADABLE))
            fail_msg("%s", rows[i].with);
        json_decref(with);
        json_decref(normal);
    }
}

static void test_a_lie_is_seen_by_the_policy(void **state)
{
    static const aphd_words_t words = {.host_port = "35001"};
    static const aphd_policy_site_t site = {.app_id = 1,
                                            .port = 35001,
                                            .max_app_id = 9,
                                            .project = "p",
                                            .instance = "i",
                                            .data_dir = "/d"};
    aph_error_t err = APH_ERROR_INIT;
    aphd_policy_result_t result;
    json_t *normal = NULL;
    assert_int_equal(aphd_reader_run(APHD_READ_INSTALL, "lie.", 4, &words, &normal, &err),
                     APR_SUCCESS);
    assert_int_equal(aphd_policy_judge(json_object_get(normal, "compose"), &site, &result, &err),
                     APH_EUNREADABLE);
    json_decref(normal);
}

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads within 300 ms; returns how many it took. Nothing of the child is left. */
static long long read_within(const char *text, apr_status_t expected, const char *piece)
{
    static const aphd_words_t words = {.host_port = "35001"};
    const aphd_reading_t reading = {.kind = APHD_READ_INSTALL,
                                    .text = text,
                                    .length = strlen(text),
                                    .words = &words,
                                    .milliseconds = 300};
    aph_error_t err = APH_ERROR_INIT;
    json_t *normal = NULL;
    int before = open_descriptors();
    long long begun = now_ms();
    assert_int_equal(aphd_reader_run_within(&reading, &normal, &err), expected);
    long long took = now_ms() - begun;
    assert_non_null(strstr(err.message, piece));
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    json_decref(normal);
    return took;
}

/* It never answers; or does, in nonsense or not at all, and never ends. */
static void test_hang(void **state)
{
    static const char *const ways[] = {"hang.", "linger.", "deaf."};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        long long took = read_within(ways[i], APH_EUNREADABLE, "did not finish within 0.3 s");
        assert_in_range(took, 300, 10000);
    }
}

static void test_a_reader_that_stays_is_ended(void **state)
{
    read_within("stay.", APR_SUCCESS, "");
}

/* --- many entries --------------------------------------------------------------------------- */

typedef struct many_t {
    const char *const *words;
    char said[512]; /* a letter for each text: + or -, and ! where the numbers are not in order */
    size_t count, stop_after;
    char last[APH_ERROR_TEXT_MAX];
    apr_status_t status;
} many_t;

static int many_cb(void *self, size_t number, json_t *entry, const aph_error_t *why)
{
    many_t *many = self;
    assert_int_equal(entry == NULL, why != NULL);
    many->said[many->count] = number != many->count ? '!' : entry != NULL ? '+' : '-';
    many->said[++many->count] = '\0';
    if (why != NULL) {
        snprintf(many->last, sizeof many->last, "%s", why->message);
        many->status = why->status;
    }
    return many->count == many->stop_after;
}

static many_t read_many(const char *const *words, size_t stop_after)
{
    static char texts_of[16][16];
    aphd_entry_text_t texts[16];
    many_t many = {.words = words, .stop_after = stop_after};
    aph_error_t err = APH_ERROR_INIT;
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        snprintf(texts_of[count], sizeof texts_of[count], "%s.", words[count]);
        texts[count] = (aphd_entry_text_t){APHD_ENTRY_ROCKON, texts_of[count], strlen(texts_of[count])};
    }
    int before = open_descriptors();
    assert_int_equal(aphd_reader_entries(texts, count, many_cb, &many, &err), APR_SUCCESS);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    return many;
}

/* A text that its reader does not survive costs itself; one that a reader dies of only because of those
 * before it costs nothing. */
static void test_many_entries(void **state)
{
    static const char *const words[] = {"fine", "crash", "fine", "number", "fine", "third", "third", "memory",
                                        "cut", "fine", "twice", "flood", "nothing", "fine", NULL};
    many_t many = read_many(words, 0);
    assert_string_equal(many.said, "+-+-+++--+---+");
    assert_string_equal(read_many(words, 3).said, "+-+");
    static const char *const none[] = {NULL};
    assert_int_equal(read_many(none, 0).count, 0);
    static const char *const lies[] = {"lie", "fine", NULL};
    many = read_many(lies, 0);
    assert_string_equal(many.said, "-+");
    assert_non_null(strstr(many.last, "not in the form of an entry"));
}

/* That an entry is one but wants too much is told apart; what a reader says does not reach a terminal as
 * it is. */
static void test_refused_entry(void **state)
{
    static const char *const words[] = {"denied", NULL};
    many_t many = read_many(words, 0);
    assert_int_equal(many.status, APH_EDENIED);
    assert_string_equal(many.last, "a?[2J?b");
}

static void test_entry_too_long(void **state)
{
    static char text[APH_FOREIGN_MAX + 1];
    aphd_entry_text_t texts[] = {{APHD_ENTRY_APPHOST, text, sizeof text}, {APHD_ENTRY_APPHOST, "fine.", 5}};
    many_t many = {.count = 0};
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_reader_entries(texts, 2, many_cb, &many, &err), APR_SUCCESS);
    assert_string_equal(many.said, "-+");
    assert_string_equal(many.last, "1048577 octets; at most 1048576 are read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_forms_of_an_index),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_refused_entry),
        cmocka_unit_test(test_entry_too_long),
        cmocka_unit_test(test_a_lie_is_seen_by_the_policy),
        cmocka_unit_test(test_hang),
        cmocka_unit_test(test_a_reader_that_stays_is_ended),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
