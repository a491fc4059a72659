/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as an entry of each form: read, then applied with sample answers and with none. What the
 * reader says is in the form its parent demands, its compose model is one, the policy can judge it, and
 * no mount of type storage is in it that no answer asked for. */
#include <string.h>

#include <apr_general.h>

#include "helper/policy/model.h"
#include "helper/read/answer_form.h"
#include "helper/read/entry.h"
#include "tests/fuzz/judge_invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static const aphd_words_t words = {.host_port = "35007",
                                   .webapp_path = "/srv/data/7",
                                   .app_identifier = "apphost-12345678-7",
                                   .app_hostname = "a.home.arpa",
                                   .app_name = "a",
                                   .app_url = "https://a.home.arpa",
                                   .app_domain = "home.arpa"};

/* One for each question, as well as can be guessed. */
static json_t *answers_for(const json_t *entry)
{
    static const struct {
        const char *kind, *answer;
    } guesses[] = {{"port", "9000"}, {"storage", "disk/{{url}}"}, {"device", "/dev/dri"}};
    const json_t *questions = json_object_get(entry, "questions");
    json_t *answers = json_object();
    for (size_t i = 0; i < json_array_size(questions); i++) {
        const json_t *question = json_array_get(questions, i);
        const char *kind = json_string_value(json_object_get(question, "kind"));
        const char *value = json_string_value(json_object_get(question, "default"));
        for (size_t j = 0; value == NULL && j < sizeof guesses / sizeof guesses[0]; j++)
            if (strcmp(kind, guesses[j].kind) == 0)
                value = guesses[j].answer;
        json_object_set_new(answers, json_string_value(json_object_get(question, "id")),
                            json_string(value != NULL ? value : "{{answer.x}}\"\\'"));
    }
    return answers;
}

static size_t count_storage(const json_t *compose)
{
    size_t count = 0;
    const json_t *services = json_object_get(compose, "services");
    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *keys = json_object_get(json_array_get(services, i), "keys");
        for (size_t j = 0; j < json_array_size(keys); j++) {
            const json_t *rows = json_object_get(json_array_get(keys, j), "value");
            for (size_t k = 0; k < json_array_size(rows); k++) {
                const char *type = json_string_value(json_object_get(json_array_get(rows, k), "type"));
                count += type != NULL && strcmp(type, "storage") == 0;
            }
        }
    }
    return count;
}

static void apply(aphd_entry_form_t form, const char *text, size_t size, const json_t *answers,
                  apr_pool_t *p)
{
    json_t *applied = NULL;
    aph_error_t err = APH_ERROR_INIT;
    if (aphd_entry_apply(form, text, size, answers, &words, &applied, p, &err) != APR_SUCCESS) {
        aph_must(err.message[0] != '\0');
        return;
    }
    aph_must(aphd_answer_form_check(APHD_READ_APPLY, applied, &err) == APR_SUCCESS);
    const json_t *compose = json_object_get(json_object_get(applied, "script"), "compose");
    if (compose != NULL) {
        aph_must(aphd_model_check(compose, &err) == APR_SUCCESS);
        aph_must(count_storage(compose) <= json_array_size(json_object_get(applied, "storage")));
        aph_judge_invariants(compose);
    }
    json_decref(applied);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static int begun;
    apr_pool_t *p;
    const char *text = (const char *)octets;
    if (!begun)
        begun = apr_initialize() == APR_SUCCESS;
    for (int form = APHD_ENTRY_APPHOST; form <= APHD_ENTRY_AMAHI; form++) {
        apr_pool_create(&p, NULL);
        json_t *entry = NULL;
        aph_error_t err = APH_ERROR_INIT;
        if (aphd_entry_read((aphd_entry_form_t)form, text, size, &entry, p, &err) == APR_SUCCESS) {
            aph_must(aphd_answer_form_check(APHD_READ_ENTRY, entry, &err) == APR_SUCCESS);
            json_t *answers = answers_for(entry);
            apply((aphd_entry_form_t)form, text, size, answers, p);
            apply((aphd_entry_form_t)form, text, size, NULL, p);
            json_decref(answers);
            json_decref(entry);
        } else {
            aph_must(err.message[0] != '\0');
        }
        apr_pool_destroy(p);
    }
    apr_pool_create(&p, NULL);
    aph_must(strlen(aphd_entry_plain(text, size, p)) <= size);
    apr_pool_destroy(p);
    return 0;
}
