/* SPDX-License-Identifier: Apache-2.0 */
/* The store of the catalogs: every function, two writers, a reader beside a writer, a death in the middle,
 * other versions of the schema and damage. Each test has a folder of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <apr_general.h>
#include <sodium.h>
#include <sqlite3.h>

#include "helper/catalog/labels.h"
#include "helper/catalog/store.h"

typedef struct fixture_t {
    apr_pool_t *p;
    char folder[64];
    char path[96];
    aphd_catalog_store_t *store; /* a writer */
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/aph-catalog-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/catalog.db", f->folder);
    assert_int_equal(apr_pool_create(&f->p, NULL), APR_SUCCESS);
    assert_int_equal(aphd_catalog_store_open(&f->store, f->folder, 1, f->p, NULL), APR_SUCCESS);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    char path[512];
    const struct dirent *entry;
    apr_pool_destroy(f->p);
    DIR *dir = opendir(f->folder);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", f->folder, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void digest_of(const char *text, char digits[65])
{
    unsigned char digest[32];
    crypto_hash_sha256(digest, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(digits, 65, digest, sizeof digest);
}

static json_t *row_of(const char *catalog, const char *id, const char *text)
{
    char sha256[65];
    digest_of(text, sha256);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:[s], s:n, s:b, s:b, s:[]}",
                     "catalog", catalog, "id", id, "sha256", sha256, "format", "apphost",
                     "revision", 3, "version", "1.2", "title", "Photo Album", "summary",
                     "Shows pictures.", "category", "media", "categories", "gallery", "icon",
                     "obsolete", 0, "automatic_updates", 1, "was");
}

/* Adds text as a revision; its digest stands in sha256. */
static int add(aphd_catalog_store_t *store, const char *catalog, const char *id, const char *text,
               char sha256[65])
{
    int added = 0;
    json_t *row = row_of(catalog, id, text);
    digest_of(text, sha256);
    assert_int_equal(aphd_revision_add(store, row, text, strlen(text), &added, NULL), APR_SUCCESS);
    json_decref(row);
    return added;
}

static const char *text_at(const json_t *row, const char *member)
{
    return json_string_value(json_object_get(row, member));
}

static int listed(aphd_catalog_store_t *store, aphd_revision_filter_t filter)
{
    json_t *rows = NULL;
    int total = -1;
    assert_int_equal(aphd_revision_list(store, &filter, &rows, &total, NULL), APR_SUCCESS);
    int count = (int)json_array_size(rows);
    json_decref(rows);
    assert_true(count <= total);
    return count;
}

static void test_what_was_never_made(void **state)
{
    fixture_t *f = *state;
    char nowhere[128];
    aphd_catalog_store_t *reader = NULL;
    json_t *rows = NULL;
    snprintf(nowhere, sizeof nowhere, "%s/none", f->folder);
    assert_int_equal(aphd_catalog_store_open(&reader, nowhere, 0, f->p, NULL), APR_SUCCESS);
    assert_int_equal(listed(reader, (aphd_revision_filter_t){.inactive = 1}), 0);
    assert_int_equal(aphd_catalog_list(reader, &rows, NULL), APR_SUCCESS);
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
    aphd_catalog_store_close(reader);
    assert_int_not_equal(access(nowhere, F_OK), 0);
}

static void test_modes(void **state)
{
    fixture_t *f = *state;
    char sha256[65], path[128];
    struct stat st;
    static const char *const names[] = {"catalog.db", "catalog.db-wal", "catalog.db.lock"};
    add(f->store, "a", "wiki", "one", sha256);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->folder, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void test_adding(void **state)
{
    fixture_t *f = *state;
    char one[65], two[65];
    char *text = NULL;
    json_t *row = NULL;
    assert_true(add(f->store, "local", "wiki", "one", one));
    assert_false(add(f->store, "local", "wiki", "one", one));
    assert_true(aphd_revision_known(f->store, "local", "wiki", one));
    assert_false(aphd_revision_known(f->store, "local", "wike", one));
    assert_int_equal(aphd_revision_activate(f->store, one, NULL), APR_SUCCESS);
    assert_true(add(f->store, "local", "wiki", "two", two));
    assert_int_equal(aphd_revision_find(f->store, two, &row, &text, NULL), APR_SUCCESS);
    assert_string_equal(text, "two");
    assert_string_equal(text_at(row, "predecessor"), one);
    assert_string_equal(text_at(row, "title"), "Photo Album");
    assert_true(json_is_null(json_object_get(row, "activated")));
    assert_true(json_is_null(json_object_get(row, "icon")));
    assert_true(json_is_true(json_object_get(row, "automatic_updates")));
    assert_int_equal(json_integer_value(json_object_get(row, "revision")), 3);
    json_decref(row);
    free(text);
}

static void test_what_is_not_added(void **state)
{
    fixture_t *f = *state;
    static const char *const ids[] = {"", "-a", "a.", "A", "a b", "a/b"};
    int added = 1;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        json_t *row = row_of("a", ids[i], "text");
        assert_int_equal(aphd_revision_add(f->store, row, "text", 4, &added, NULL), APH_EUNREADABLE);
        json_decref(row);
    }
    json_t *row = row_of("a", "wiki", "text");
    assert_int_equal(aphd_revision_add(f->store, row, "test", 4, &added, NULL), APH_EINTERNAL);
    assert_int_equal(aphd_revision_add(f->store, row, "te\0t", 4, &added, NULL), APH_ETOOLARGE);
    char *large = calloc(1, APH_FOREIGN_MAX + 1);
    memset(large, 'x', APH_FOREIGN_MAX + 1);
    assert_int_equal(aphd_revision_add(f->store, row, large, APH_FOREIGN_MAX + 1, &added, NULL),
                     APH_ETOOLARGE);
    json_object_set_new(row, "summary", json_stringn(large, 5000));
    assert_int_equal(aphd_revision_add(f->store, row, "text", 4, &added, NULL), APH_ETOOLARGE);
    json_decref(row);
    free(large);
    assert_int_equal(added, 0);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.inactive = 1}), 0);
}

static void test_one_is_active(void **state)
{
    fixture_t *f = *state;
    char one[65], two[65];
    json_t *row = NULL;
    int was = 0;
    aph_error_t err = APH_ERROR_INIT;
    add(f->store, "local", "wiki", "one", one);
    add(f->store, "local", "wiki", "two", two);
    assert_int_equal(aphd_revision_find(f->store, "wiki", &row, NULL, &err), APH_ENOTFOUND);
    assert_non_null(strstr(err.message, "no active revision"));
    assert_int_equal(aphd_revision_activate(f->store, two, NULL), APR_SUCCESS);
    assert_int_equal(aphd_revision_activate(f->store, one, NULL), APR_SUCCESS);
    assert_int_equal(aphd_revision_find(f->store, "local/wiki", &row, NULL, NULL), APR_SUCCESS);
    assert_string_equal(text_at(row, "sha256"), one);
    json_decref(row);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.limit = 5}), 1);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.inactive = 1}), 2);
    assert_int_equal(aphd_revision_deactivate(f->store, two, &was, NULL), APR_SUCCESS);
    assert_false(was);
    assert_int_equal(aphd_revision_deactivate(f->store, one, &was, NULL), APR_SUCCESS);
    assert_true(was);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.limit = 5}), 0);
    assert_int_equal(aphd_revision_activate(f->store, "00000000", NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_revision_activate(f->store, "wiki", NULL), APH_ENOTFOUND);
}

/* What a refresh asks for thousands of times. */
static void test_of_one_entry(void **state)
{
    fixture_t *f = *state;
    char one[65], other[65];
    json_t *row = NULL, *ids = NULL;
    apr_pool_t *p;
    apr_pool_create(&p, NULL);
    add(f->store, "main", "wiki", "one", one);
    add(f->store, "main", "wiki-2", "other", other);
    add(f->store, "local", "wiki", "one", one);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.inactive = 1, .id = "wiki"}), 2);
    assert_int_equal(
        listed(f->store, (aphd_revision_filter_t){.inactive = 1, .id = "wiki", .catalog = "main"}), 1);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.id = "wiki"}), 0);
    assert_int_equal(aphd_revision_active_ids(f->store, "main", &ids, NULL), APR_SUCCESS);
    assert_int_equal(json_array_size(ids), 0);
    json_decref(ids);
    assert_int_equal(aphd_revision_find(f->store, other, &row, NULL, NULL), APR_SUCCESS);
    assert_int_equal(aphd_revision_activate_row(f->store, row, NULL), APR_SUCCESS);
    assert_int_equal(aphd_revision_active_ids(f->store, "main", &ids, NULL), APR_SUCCESS);
    assert_int_equal(json_array_size(ids), 1);
    assert_string_equal(json_string_value(json_array_get(ids, 0)), "wiki-2");
    json_int_t number = json_integer_value(json_object_get(row, "revision"));
    assert_string_equal(aphd_revision_numbered(f->store, "main", "wiki-2", number, p), other);
    assert_null(aphd_revision_numbered(f->store, "main", "wiki-2", number + 1, p));
    assert_null(aphd_revision_numbered(f->store, "local", "wiki-2", number, p));
    json_decref(ids);
    json_decref(row);
    apr_pool_destroy(p);
}

static void test_ambiguity(void **state)
{
    fixture_t *f = *state;
    char one[65], qualified[96];
    json_t *row = NULL;
    aph_error_t err = APH_ERROR_INIT;
    add(f->store, "a", "wiki", "one", one);
    add(f->store, "b", "wiki", "one", one);
    assert_int_equal(aphd_revision_activate(f->store, one, NULL), APH_EUSAGE);
    snprintf(qualified, sizeof qualified, "a/%s", one); /* this is an entry's name */
    assert_int_equal(aphd_revision_activate(f->store, qualified, NULL), APH_ENOTFOUND);
    snprintf(qualified, sizeof qualified, "a/wiki@%s", one);
    assert_int_equal(aphd_revision_activate(f->store, qualified, NULL), APR_SUCCESS);
    assert_int_equal(aphd_revision_find(f->store, "wiki", &row, NULL, NULL), APR_SUCCESS);
    json_decref(row);
    snprintf(qualified, sizeof qualified, "b/wiki@%.12s", one);
    assert_int_equal(aphd_revision_activate(f->store, qualified, NULL), APR_SUCCESS);
    assert_int_equal(aphd_revision_find(f->store, "wiki", &row, NULL, &err), APH_EUSAGE);
    assert_non_null(strstr(err.message, "a/wiki, b/wiki"));
    assert_int_equal(aphd_revision_find(f->store, "b/wiki", &row, NULL, NULL), APR_SUCCESS);
    assert_string_equal(text_at(row, "catalog"), "b");
    json_decref(row);
    assert_int_equal(aphd_revision_find(f->store, "c/wiki", &row, NULL, NULL), APH_ENOTFOUND);
    /* The text stays as long as one of the two needs it. */
    char *text = NULL;
    assert_int_equal(aphd_revision_delete(f->store, qualified, NULL), APR_SUCCESS);
    assert_int_equal(aphd_revision_find(f->store, one, &row, &text, NULL), APR_SUCCESS);
    assert_string_equal(text, "one");
    json_decref(row);
    free(text);
}

/* An id may look like the beginning of a sha256. Then a word of digits alone is refused, as long as there
 * are both, and what the sentence lists is understood. */
static void test_an_id_of_digits(void **state)
{
    fixture_t *f = *state;
    char one[65], two[65], id[17], word[160];
    json_t *row = NULL;
    aph_error_t err = APH_ERROR_INIT;
    add(f->store, "a", "wiki", "one", one);
    snprintf(id, sizeof id, "%.16s", one);
    assert_int_equal(aphd_revision_find(f->store, id, &row, NULL, NULL), APR_SUCCESS);
    json_decref(row);
    add(f->store, "b", id, "two", two); /* nobody activated it */
    assert_int_equal(aphd_revision_find(f->store, id, &row, NULL, &err), APH_EUSAGE);
    snprintf(word, sizeof word, "name one of: b/%s, a/wiki@%s", id, id);
    assert_non_null(strstr(err.message, word));
    assert_int_equal(aphd_revision_activate(f->store, id, NULL), APH_EUSAGE);
    snprintf(word, sizeof word, "b/%s@%.8s", id, two);
    assert_int_equal(aphd_revision_activate(f->store, word, NULL), APR_SUCCESS);
    snprintf(word, sizeof word, "b/%s", id);
    assert_int_equal(aphd_revision_find(f->store, word, &row, NULL, NULL), APR_SUCCESS);
    assert_string_equal(text_at(row, "sha256"), two);
    json_decref(row);
    snprintf(word, sizeof word, "wiki@%s", id);
    assert_int_equal(aphd_revision_find(f->store, word, &row, NULL, NULL), APR_SUCCESS);
    assert_string_equal(text_at(row, "sha256"), one);
    json_decref(row);
    /* More digits than the id has, or another beginning, are no question. */
    assert_int_equal(aphd_revision_find(f->store, one, &row, NULL, NULL), APR_SUCCESS);
    json_decref(row);
    assert_int_equal(aphd_revision_find(f->store, two, &row, NULL, NULL), APR_SUCCESS);
    json_decref(row);
    static const char *const wrong[] = {"wiki@", "@12345678", "wiki@1234567", "wiki@1234567X", "a/",
                                        "a/@12345678", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(aphd_revision_find(f->store, wrong[i], &row, NULL, NULL), APH_EUSAGE);
}

static void test_a_name_from_before(void **state)
{
    fixture_t *f = *state;
    char one[65], two[65];
    int added = 0;
    json_t *found = NULL, *row = row_of("a", "photos", "one");
    digest_of("one", one);
    json_object_set_new(row, "was", json_pack("[s, s]", "pictures", "album"));
    assert_int_equal(aphd_revision_add(f->store, row, "one", 3, &added, NULL), APR_SUCCESS);
    json_decref(row);
    assert_int_equal(aphd_revision_find(f->store, "album", &found, NULL, NULL), APH_ENOTFOUND);
    aphd_revision_activate(f->store, one, NULL);
    assert_int_equal(aphd_revision_find(f->store, "a/album", &found, NULL, NULL), APR_SUCCESS);
    assert_string_equal(text_at(found, "id"), "photos");
    json_decref(found);
    assert_int_equal(aphd_revision_find(f->store, "b/album", &found, NULL, NULL), APH_ENOTFOUND);
    /* An entry that has the name now comes first. */
    add(f->store, "b", "album", "two", two);
    aphd_revision_activate(f->store, two, NULL);
    assert_int_equal(aphd_revision_find(f->store, "album", &found, NULL, NULL), APR_SUCCESS);
    assert_string_equal(text_at(found, "catalog"), "b");
    json_decref(found);
}

static void test_searching(void **state)
{
    fixture_t *f = *state;
    char sha256[65], text[16], id[16];
    json_t *rows = NULL;
    int total = 0, added;
    for (int i = 0; i < 30; i++) {
        snprintf(text, sizeof text, "text %d", i);
        snprintf(id, sizeof id, "app%02d", i);
        json_t *row = row_of("a", id, text);
        digest_of(text, sha256);
        json_object_set_new(row, "obsolete", json_boolean(i % 10 == 9));
        json_object_set_new(row, "title", json_sprintf("Title %c", 'z' - i % 26));
        assert_int_equal(aphd_revision_add(f->store, row, text, strlen(text), &added, NULL), 0);
        assert_int_equal(aphd_revision_activate(f->store, sha256, NULL), APR_SUCCESS);
        json_decref(row);
    }
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.text = "  "}), 27);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.text = "", .obsolete = 1}), 30);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.text = "PICTURES app0"}), 9);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.text = "gallery app07"}), 1);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.text = "app07 nothing"}), 0);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.text = "'; DROP TABLE%_"}), 0);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.category = "gallery"}), 27);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.category = "media"}), 27);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.category = "medi"}), 0);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.catalog = "b"}), 0);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.id = "app05"}), 1);
    aphd_revision_filter_t page = {.limit = 10, .offset = 20};
    assert_int_equal(aphd_revision_list(f->store, &page, &rows, &total, NULL), APR_SUCCESS);
    assert_int_equal(total, 27);
    assert_int_equal(json_array_size(rows), 7);
    for (size_t i = 1; i < 7; i++)
        assert_true(strcmp(text_at(json_array_get(rows, i - 1), "title"),
                           text_at(json_array_get(rows, i), "title")) <= 0);
    json_decref(rows);
}

static void test_categories(void **state)
{
    fixture_t *f = *state;
    char one[65];
    json_t *categories = json_pack("[s, s]", "office", "no_updates"), *row = NULL;
    add(f->store, "a", "wiki", "one", one);
    aphd_revision_activate(f->store, one, NULL);
    assert_int_equal(aphd_revision_categorize(f->store, one, categories, NULL), APR_SUCCESS);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.category = "office"}), 1);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.category = "gallery"}), 0);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.text = "office pictures"}), 1);
    assert_int_equal(aphd_revision_find(f->store, "wiki", &row, NULL, NULL), APR_SUCCESS);
    assert_true(json_equal(json_object_get(row, "categories"), categories));
    json_decref(row);
    while (json_array_size(categories) < 40)
        json_array_append_new(categories, json_string("x"));
    assert_int_equal(aphd_revision_categorize(f->store, one, categories, NULL), APH_EUSAGE);
    json_decref(categories);
}

static json_t *list_of(const char *words)
{
    json_t *list = json_array();
    char *copy = strdup(words), *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        if (*word != '\0')
            json_array_append_new(list, json_string(word));
    free(copy);
    return list;
}

/* given, after noted and then changes were made to it; and what is noted of both together makes the
 * same of it. */
static void changed(const char *given, const char *noted, const char *changes, const char *want)
{
    json_t *one = list_of(given), *other = list_of(given), *all = list_of(noted);
    json_t *first = list_of(noted), *then = list_of(changes), *wanted = list_of(want);
    aphd_labels_apply(one, first);
    aphd_labels_apply(one, then);
    assert_int_equal(aphd_labels_merge(all, then, NULL), APR_SUCCESS);
    aphd_labels_apply(other, all);
    if (!json_equal(one, wanted) || !json_equal(other, wanted))
        fail_msg("%s: %s %s", changes, json_dumps(one, 0), json_dumps(other, 0));
    json_t *lists[] = {one, other, all, first, then, wanted};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        json_decref(lists[i]);
}

static void test_changes_of_labels(void **state)
{
    (void)state;
    changed("a b", "", "+c", "a b c");
    changed("a b", "+c", "-c", "a b");
    changed("a b", "-b", "+b", "a b");
    changed("a b", "+c -a", "=d", "d");
    changed("a b", "=d", "-d +e", "e");
    changed("a b", "=d", "=no_updates +x", "no_updates x");
    changed("a b", "", "-z", "a b");
    static const char *const wrong[] = {"a", "+", "=", "+A", "+a b", "+a|b", "?a", "+\xc3\xa9"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_t *changes = json_pack("[s, s]", "+good", wrong[i]);
        assert_int_equal(aphd_labels_check(changes, NULL), APH_EUSAGE);
        json_decref(changes);
    }
    json_t *noted = json_array(), *one = json_array();
    for (int i = 0; i < 33; i++) {
        char text[16];
        snprintf(text, sizeof text, "+l%d", i);
        json_array_clear(one);
        json_array_append_new(one, json_string(text));
        assert_int_equal(aphd_labels_merge(noted, one, NULL), i < 32 ? APR_SUCCESS : APH_EEXHAUSTED);
    }
    json_decref(noted);
    json_decref(one);
}

static json_t *categories_of(aphd_catalog_store_t *store, const char *ref)
{
    json_t *row = NULL;
    assert_int_equal(aphd_revision_find(store, ref, &row, NULL, NULL), APR_SUCCESS);
    json_t *categories = json_incref(json_object_get(row, "categories"));
    json_decref(row);
    return categories;
}

static void has_categories(aphd_catalog_store_t *store, const char *ref, const char *want)
{
    json_t *categories = categories_of(store, ref), *wanted = list_of(want);
    if (!json_equal(categories, wanted))
        fail_msg("%s: %s", ref, json_dumps(categories, 0));
    json_decref(categories);
    json_decref(wanted);
}

/* What is set by hand is the entry's: of what is there, and of what comes. */
static void test_labels_of_an_entry(void **state)
{
    fixture_t *f = *state;
    char one[65], two[65], three[65], other[65];
    json_t *changes = list_of("+no_updates -gallery"), *was = NULL;
    int added = 0;
    add(f->store, "a", "wiki", "one", one);
    add(f->store, "a", "wiki", "two", two);
    assert_int_equal(aphd_labels_change(f->store, "a", "wiki", changes, NULL), APR_SUCCESS);
    add(f->store, "a", "wiki", "three", three);
    add(f->store, "b", "wiki", "four", other);
    has_categories(f->store, one, "no_updates");
    has_categories(f->store, two, "no_updates");
    has_categories(f->store, three, "no_updates");
    has_categories(f->store, other, "gallery");
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.category = "no_updates", .inactive = 1}), 3);
    /* Under another name, and from then on. */
    json_t *row = row_of("a", "pages", "five");
    json_object_set_new(row, "was", json_pack("[s, s]", "nobody", "wiki"));
    assert_int_equal(aphd_revision_add(f->store, row, "five", 4, &added, NULL), APR_SUCCESS);
    json_decref(row);
    has_categories(f->store, "a/pages@222b0bd51fcef7e6", "no_updates");
    add(f->store, "a", "pages", "six", one);
    has_categories(f->store, one, "no_updates");
    /* Over for a catalog that is another one. */
    assert_int_equal(aphd_catalog_removed(f->store, "a", &was, NULL), APR_SUCCESS);
    assert_null(was);
    assert_int_equal(aphd_catalog_forget(f->store, "a", NULL), APR_SUCCESS);
    add(f->store, "a", "pages", "seven", one);
    has_categories(f->store, one, "gallery");
    json_decref(changes);
}

static void test_catalogs(void **state)
{
    fixture_t *f = *state;
    char one[65];
    json_t *found = NULL, *bad = json_pack("[{s:s, s:s}]", "id", "x", "reason", "broken");
    json_t *catalog = json_pack("{s:s, s:s, s:s, s:b, s:i, s:s, s:I, s:I, s:s, s:I, s:I, s:s}",
                                "name", "home", "url", "https://catalog.example/", "key", "ab",
                                "private", 1, "version", 7, "sha256", "cd", "generated",
                                (json_int_t)1, "expires", (json_int_t)5000000000, "etag", "\"e\"",
                                "checked", (json_int_t)3, "refreshed", (json_int_t)4, "error", "");
    assert_int_equal(aphd_catalog_get(f->store, "home", &found, NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_catalog_put(f->store, catalog, NULL), APR_SUCCESS);
    assert_int_equal(aphd_catalog_put_bad(f->store, "home", bad, NULL), APR_SUCCESS);
    json_object_set_new(catalog, "version", json_integer(8));
    json_object_set_new(catalog, "key", json_null());
    assert_int_equal(aphd_catalog_put(f->store, catalog, NULL), APR_SUCCESS);
    add(f->store, "home", "wiki", "one", one);
    aphd_revision_activate(f->store, one, NULL);
    assert_int_equal(aphd_catalog_get(f->store, "home", &found, NULL), APR_SUCCESS);
    json_object_set(catalog, "bad", bad);
    json_object_set_new(catalog, "entries", json_integer(1));
    if (!json_equal(found, catalog))
        fail_msg("%s", json_dumps(found, JSON_COMPACT));
    json_decref(found);
    assert_int_equal(aphd_catalog_list(f->store, &found, NULL), APR_SUCCESS);
    assert_int_equal(json_array_size(found), 1);
    json_decref(found);
    assert_int_equal(aphd_catalog_drop(f->store, "home", NULL), APR_SUCCESS);
    assert_int_equal(aphd_catalog_drop(f->store, "home", NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_catalog_removed(f->store, "home", &found, NULL), APR_SUCCESS);
    assert_string_equal(text_at(found, "url"), "https://catalog.example/");
    assert_true(json_is_null(json_object_get(found, "key")));
    json_decref(found);
    assert_int_equal(aphd_revision_find(f->store, one, &found, NULL, NULL), APH_ENOTFOUND);
    json_decref(catalog);
    json_decref(bad);
}

static void test_locations(void **state)
{
    fixture_t *f = *state;
    json_t *found = NULL, *location = json_pack("{s:s, s:s, s:b, s:s}", "name", "films", "path",
                                                "/srv/films", "read_only", 1, "mark", "m");
    assert_int_equal(aphd_storage_get(f->store, "films", &found, NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_storage_put(f->store, location, NULL), APR_SUCCESS);
    assert_int_equal(aphd_storage_get(f->store, "films", &found, NULL), APR_SUCCESS);
    assert_true(json_equal(found, location));
    json_decref(found);
    assert_int_equal(aphd_storage_list(f->store, &found, NULL), APR_SUCCESS);
    assert_int_equal(json_array_size(found), 1);
    json_decref(found);
    assert_int_equal(aphd_storage_drop(f->store, "films", NULL), APR_SUCCESS);
    assert_int_equal(aphd_storage_drop(f->store, "films", NULL), APH_ENOTFOUND);
    json_decref(location);
}

static void test_answers(void **state)
{
    fixture_t *f = *state;
    char name[16];
    json_t *found = NULL, *answers = json_pack("{s:s}", "password", "secret");
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "w", &found, NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_answers_keep(f->store, "a/wiki", "w", answers, NULL), APR_SUCCESS);
    assert_int_equal(aphd_answers_keep(f->store, "a/wiki", "w", answers, NULL), APR_SUCCESS);
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "w", &found, NULL), APR_SUCCESS);
    assert_true(json_equal(found, answers));
    json_decref(found);
    assert_int_equal(aphd_answers_forget(f->store, "a/wiki", "w", NULL), APR_SUCCESS);
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "w", &found, NULL), APH_ENOTFOUND);
    for (int i = 0; i < 80; i++) {
        snprintf(name, sizeof name, "w%d", i);
        aphd_answers_keep(f->store, "a/wiki", name, answers, NULL);
    }
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "w79", &found, NULL), APR_SUCCESS);
    json_decref(found);
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "w0", &found, NULL), APH_ENOTFOUND);
    /* What was made up is not driven out: data may be full of it. With its app's data it goes. */
    json_auto_t *made = json_pack("{s:s, s:{s:s}}", "pw", "secret", ".made", "pw", "secret");
    aphd_answers_keep(f->store, "a/wiki", "full", made, NULL);
    aphd_answers_keep(f->store, "b/wiki", "full", made, NULL);
    for (int i = 0; i < 80; i++) {
        snprintf(name, sizeof name, "w%d", i);
        aphd_answers_keep(f->store, "a/wiki", name, answers, NULL);
    }
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "w0", &found, NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "full", &found, NULL), APR_SUCCESS);
    json_decref(found);
    assert_int_equal(aphd_answers_forget_name(f->store, "full", NULL), APR_SUCCESS);
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "full", &found, NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_answers_find(f->store, "b/wiki", "full", &found, NULL), APH_ENOTFOUND);
    assert_int_equal(aphd_answers_find(f->store, "a/wiki", "w79", &found, NULL), APR_SUCCESS);
    json_decref(found);
    json_decref(answers);
}

static void test_all_or_nothing(void **state)
{
    fixture_t *f = *state;
    char one[65], two[65];
    assert_int_equal(aphd_catalog_begin(f->store, NULL), APR_SUCCESS);
    add(f->store, "a", "wiki", "one", one);
    assert_int_equal(aphd_catalog_commit(f->store, NULL), APR_SUCCESS);
    assert_int_equal(aphd_catalog_begin(f->store, NULL), APR_SUCCESS);
    add(f->store, "a", "wiki", "two", two);
    aphd_catalog_store_close(f->store);
    assert_int_equal(aphd_catalog_store_open(&f->store, f->folder, 1, f->p, NULL), APR_SUCCESS);
    assert_true(aphd_revision_known(f->store, "a", "wiki", one));
    assert_false(aphd_revision_known(f->store, "a", "wiki", two));
}

/* A reader sees what was there before, as long as the writer has not said that it is done. */
static void test_a_reader_beside_a_writer(void **state)
{
    fixture_t *f = *state;
    char one[65], two[65];
    aphd_catalog_store_t *reader = NULL;
    add(f->store, "a", "wiki", "one", one);
    assert_int_equal(aphd_catalog_begin(f->store, NULL), APR_SUCCESS);
    add(f->store, "a", "wiki", "two", two);
    assert_int_equal(aphd_catalog_store_open(&reader, f->folder, 0, f->p, NULL), APR_SUCCESS);
    assert_int_equal(listed(reader, (aphd_revision_filter_t){.inactive = 1}), 1);
    assert_int_equal(aphd_catalog_commit(f->store, NULL), APR_SUCCESS);
    assert_int_equal(listed(reader, (aphd_revision_filter_t){.inactive = 1}), 2);
    assert_int_equal(aphd_storage_drop(reader, "films", NULL), APH_EINTERNAL);
    aphd_catalog_store_close(reader);
}

/* A writer in a process of its own: says so through the pipe, waits, and ends as told. */
static pid_t other_writer(fixture_t *f, int go, int microseconds, int killed)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    char sha256[65];
    aphd_catalog_store_t *store = NULL;
    if (aphd_catalog_store_open(&store, f->folder, 1, f->p, NULL) != APR_SUCCESS
        || aphd_catalog_begin(store, NULL) != APR_SUCCESS)
        _exit(1);
    add(store, "a", "other", "other", sha256);
    if (write(go, "x", 1) != 1)
        _exit(1);
    usleep((useconds_t)microseconds);
    if (killed)
        raise(SIGKILL);
    _exit(aphd_catalog_commit(store, NULL) == APR_SUCCESS ? 0 : 1);
}

static void in_turn(fixture_t *f, int microseconds, int killed)
{
    int ends[2], status;
    char told;
    aphd_catalog_store_close(f->store);
    f->store = NULL;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = other_writer(f, ends[1], microseconds, killed);
    assert_int_equal(read(ends[0], &told, 1), 1);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(aphd_catalog_store_open(&f->store, f->folder, 1, f->p, NULL), APR_SUCCESS);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(killed, WIFSIGNALED(status));
}

static void test_writers_wait(void **state)
{
    fixture_t *f = *state;
    in_turn(f, 200000, 0);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.inactive = 1}), 1);
    aphd_catalog_store_t *second = NULL;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_catalog_store_open(&second, f->folder, 1, f->p, &err), APH_EBUSY);
    assert_null(second);
}

static void test_death_of_a_writer(void **state)
{
    fixture_t *f = *state;
    in_turn(f, 1000, 1);
    assert_int_equal(listed(f->store, (aphd_revision_filter_t){.inactive = 1}), 0);
    char sha256[65];
    assert_true(add(f->store, "a", "other", "other", sha256));
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static apr_status_t open_again(fixture_t *f, int write, aph_error_t *err)
{
    aphd_catalog_store_close(f->store);
    f->store = NULL;
    return aphd_catalog_store_open(&f->store, f->folder, write, f->p, err);
}

static void test_a_newer_schema(void **state)
{
    fixture_t *f = *state;
    aph_error_t err = APH_ERROR_INIT, again = APH_ERROR_INIT;
    aphd_catalog_store_close(f->store);
    f->store = NULL;
    execute(f->path, "PRAGMA user_version = 99");
    assert_int_equal(open_again(f, 1, &err), APH_ECONFIG);
    assert_non_null(strstr(err.message, "schema 99"));
    assert_int_equal(open_again(f, 0, &again), APH_ECONFIG);
}

/* What an index named before counts as offered. */
static void test_an_older_schema(void **state)
{
    fixture_t *f = *state;
    json_t *offered = NULL;
    char one[65];
    aphd_catalog_store_close(f->store);
    f->store = NULL;
    execute(f->path, "INSERT INTO catalogs(name, url, private, version, sha256, generated, expires,"
            " etag, checked, refreshed, error, named) VALUES('a', 'u', 0, 1, '', 0, 0, '', 0, 0, '',"
            " '{\"wiki\":\"ab\"}'); ALTER TABLE catalogs DROP COLUMN offered; DROP TABLE removed;"
            " DROP TABLE labels; PRAGMA user_version = 1");
    assert_int_equal(open_again(f, 0, NULL), APR_SUCCESS);
    assert_int_equal(aphd_catalog_offered(f->store, "a", &offered, NULL), APR_SUCCESS);
    assert_string_equal(text_at(offered, "wiki"), "ab");
    json_decref(offered);
    assert_int_equal(open_again(f, 1, NULL), APR_SUCCESS);
    add(f->store, "a", "wiki", "one", one);
}

/* A step that fails leaves the file as it was. */
static void test_a_migration_that_fails(void **state)
{
    fixture_t *f = *state;
    aphd_catalog_store_close(f->store);
    f->store = NULL;
    unlink(f->path);
    execute(f->path, "CREATE TABLE answers(mine TEXT); INSERT INTO answers VALUES('kept')");
    assert_int_equal(open_again(f, 1, NULL), APH_EINTERNAL);
    execute(f->path, "INSERT INTO answers VALUES('still here'); CREATE TABLE catalogs(x)");
}

static void test_damage(void **state)
{
    fixture_t *f = *state;
    aph_error_t err = APH_ERROR_INIT;
    aphd_catalog_store_close(f->store);
    f->store = NULL;
    int fd = open(f->path, O_WRONLY);
    assert_int_equal(pwrite(fd, "this is no database", 19, 0), 19);
    close(fd);
    assert_int_equal(open_again(f, 0, &err), APH_ECONFIG);
    assert_non_null(strstr(err.message, "damaged"));
    assert_int_equal(open_again(f, 1, NULL), APH_ECONFIG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(what_was_never_made), TEST(modes), TEST(adding), TEST(what_is_not_added),
        TEST(one_is_active), TEST(of_one_entry), TEST(ambiguity), TEST(an_id_of_digits),
        TEST(a_name_from_before), TEST(searching),
        TEST(categories), TEST(changes_of_labels), TEST(labels_of_an_entry), TEST(catalogs), TEST(locations), TEST(answers), TEST(all_or_nothing),
        TEST(a_reader_beside_a_writer), TEST(writers_wait), TEST(death_of_a_writer),
        TEST(a_newer_schema), TEST(an_older_schema), TEST(a_migration_that_fails), TEST(damage),
    };
#undef TEST
    if (apr_initialize() != APR_SUCCESS || sodium_init() < 0)
        return 99;
    return cmocka_run_group_tests_name("catalog store", tests, NULL, NULL);
}
