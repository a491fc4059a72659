/* SPDX-License-Identifier: Apache-2.0 */
/* One text, one child; and many entries with as few children as their authors allow. */
#include "helper/read/reader.h"

#include "helper/read/exchange.h"
#include "helper/read/read_wire.h"

#define CHILD_TEXTS  512         /* a child is renewed after so many texts, */
#define CHILD_OCTETS (2u << 20)  /* or so many octets: its time is counted from its start */
#define LOST_MS      60000       /* what texts that break their readers may cost together */

apr_status_t aphd_reader_run_within(const aphd_reading_t *reading, json_t **normal,
                                    aph_error_t *err)
{
    aphd_exchange_t x;
    aph_error_t said = APH_ERROR_INIT;
    json_t *answer = NULL;
    int exit_code = 0;
    apr_status_t rv = aphd_exchange_fits(reading, err);
    if (rv == APR_SUCCESS)
        rv = aphd_exchange_start(&x, err);
    if (rv != APR_SUCCESS)
        return rv;
    long long deadline = aphd_exchange_now_ms() + reading->milliseconds;
    rv = aphd_exchange_ask(&x, reading, deadline, &answer, &said);
    rv = aphd_exchange_end(&x, rv, deadline, &exit_code);
    rv = rv == APR_SUCCESS ? aphd_exchange_take(reading->kind, answer, normal, err)
                           : aphd_exchange_explain(reading, rv, exit_code, &said, err);
    json_decref(answer);
    return rv;
}

apr_status_t aphd_reader_run(aphd_reader_kind_t kind, const char *text, size_t length,
                             const aphd_words_t *words, json_t **normal, aph_error_t *err)
{
    const aphd_reading_t reading = {.kind = kind,
                                    .text = text,
                                    .length = length,
                                    .words = words,
                                    .milliseconds = APHD_READ_SECONDS * 1000};
    return aphd_reader_run_within(&reading, normal, err);
}

/* --- many entries --------------------------------------------------------------------------- */

typedef struct batch_t {
    aphd_exchange_t x;
    int running;
    size_t texts, octets; /* that this child was given */
    long long lost_ms;
} batch_t;

static void stop_child(batch_t *batch)
{
    int unused;
    if (batch->running)
        aphd_exchange_end(&batch->x, APR_SUCCESS, 0, &unused);
    batch->running = 0;
}

static apr_status_t need_child(batch_t *batch, aph_error_t *err)
{
    if (batch->running && (batch->texts >= CHILD_TEXTS || batch->octets >= CHILD_OCTETS))
        stop_child(batch);
    if (batch->running)
        return APR_SUCCESS;
    apr_status_t rv = aphd_exchange_start(&batch->x, err);
    batch->running = rv == APR_SUCCESS;
    batch->texts = batch->octets = 0;
    return rv;
}

/* Asks the child that runs. APR_EGENERAL where that child is gone and had read other texts before:
 * it may have died of their sum. */
static apr_status_t ask(batch_t *batch, const aphd_reading_t *reading, json_t **entry,
                        aph_error_t *why)
{
    aph_error_t said = APH_ERROR_INIT;
    json_t *answer = NULL;
    int exit_code = 0, first = batch->texts == 0;
    long long begun = aphd_exchange_now_ms(), deadline = begun + reading->milliseconds;
    batch->texts++;
    batch->octets += reading->length;
    apr_status_t rv = aphd_exchange_ask(&batch->x, reading, deadline, &answer, &said);
    if (rv == APR_SUCCESS) {
        rv = aphd_exchange_take(reading->kind, answer, entry, why);
    } else {
        rv = aphd_exchange_end(&batch->x, rv, deadline, &exit_code);
        batch->running = 0;
        batch->lost_ms += aphd_exchange_now_ms() - begun;
        rv = first ? aphd_exchange_explain(reading, rv, exit_code, &said, why) : APR_EGENERAL;
    }
    json_decref(answer);
    return rv;
}

/* Reads one text. What is wrong with it goes into why; what is wrong with this machine into err,
 * and only that is returned. */
static apr_status_t read_one(batch_t *batch, const aphd_entry_text_t *text, json_t **entry,
                             aph_error_t *why, aph_error_t *err)
{
    const aphd_reading_t reading = {.kind = APHD_READ_ENTRY,
                                    .text = text->text,
                                    .length = text->length,
                                    .form = text->form,
                                    .milliseconds = APHD_READ_SECONDS * 1000};
    if (aphd_exchange_fits(&reading, why) != APR_SUCCESS)
        return APR_SUCCESS;
    if (batch->lost_ms > LOST_MS) {
        aph_error_set(
            why, APH_EUNREADABLE, 2440,
            "it was not read, because other texts of this catalog broke the reader for more "
            "than %d s; remove those and refresh again",
            LOST_MS / 1000);
        return APR_SUCCESS;
    }
    apr_status_t rv = need_child(batch, err);
    if (rv == APR_SUCCESS && ask(batch, &reading, entry, why) == APR_EGENERAL
        && (rv = need_child(batch, err)) == APR_SUCCESS)
        ask(batch, &reading, entry, why);
    return rv;
}

apr_status_t aphd_reader_entries(const aphd_entry_text_t *texts, size_t count,
                                 aphd_entry_read_cb *cb, void *self, aph_error_t *err)
{
    batch_t batch = {.running = 0};
    apr_status_t rv = APR_SUCCESS;
    for (size_t i = 0, stop = 0; i < count && !stop && rv == APR_SUCCESS; i++) {
        aph_error_t why = APH_ERROR_INIT;
        json_t *entry = NULL;
        rv = read_one(&batch, &texts[i], &entry, &why, err);
        if (rv == APR_SUCCESS)
            stop = cb(self, i, entry, entry != NULL ? NULL : &why) != 0;
        json_decref(entry);
    }
    stop_child(&batch);
    return rv;
}
