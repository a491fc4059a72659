/* SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

typedef struct row_t {
    apr_status_t status;
    const char *wire;
    int exit_code;
    int http_status;
    const char *sentence;
} row_t;

static const row_t rows[] = {
#define APH_ERROR_ROW(constant, wire, exit_code, http_status, sentence)                            \
    {constant, wire, exit_code, http_status, sentence},
#include "common/errors.def"
#undef APH_ERROR_ROW
};

static const size_t row_count = sizeof rows / sizeof rows[0];

static const row_t *row_of(apr_status_t status)
{
    if (APR_STATUS_IS_ENOSPC(status))
        status = APH_ENOSPACE;
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].status == status)
            return &rows[i];
    return row_of(APH_EINTERNAL);
}

const char *aph_error_wire(apr_status_t status)
{
    return row_of(status)->wire;
}

int aph_error_exit_code(apr_status_t status)
{
    return status == APR_SUCCESS ? 0 : row_of(status)->exit_code;
}

int aph_error_http_status(apr_status_t status)
{
    return status == APR_SUCCESS ? 200 : row_of(status)->http_status;
}

const char *aph_error_sentence(apr_status_t status)
{
    return row_of(status)->sentence;
}

apr_status_t(aph_error_set)(aph_error_t *err, apr_status_t status, int tag, const char *format, ...)
{
    if (err == NULL || err->status != APR_SUCCESS)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    aph_utf8_mend(err->message);
    snprintf(err->tag, sizeof err->tag, "APH%04u", (unsigned)tag % 10000u);
    err->status = status;
    return status;
}

void aph_error_wrap(aph_error_t *err, const char *format, ...)
{
    if (err == NULL || err->status == APR_SUCCESS)
        return;
    char inner[APH_ERROR_TEXT_MAX];
    memcpy(inner, err->message, sizeof inner);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof err->message) {
        int added =
            snprintf(err->message + used, sizeof err->message - (size_t)used, ": %s", inner);
        if (added < 0)
            err->message[used] = '\0';
    }
    aph_utf8_mend(err->message);
}

apr_status_t aph_error_receive(aph_error_t *err, const char *wire, const char *tag,
                               const char *message)
{
    apr_status_t status = APH_EINTERNAL;
    for (size_t i = 0; i < row_count; i++)
        if (wire != NULL && strcmp(rows[i].wire, wire) == 0)
            status = rows[i].status;
    if (err == NULL || err->status != APR_SUCCESS)
        return status;
    err->status = status;
    snprintf(err->tag, sizeof err->tag, "%s", tag != NULL ? tag : "");
    snprintf(err->message, sizeof err->message, "%s",
             message != NULL ? message : aph_error_sentence(status));
    aph_utf8_mend(err->message);
    aph_utf8_mend(err->tag);
    /* It is printed as it stands, and may come from a process that foreign text has taken over. */
    for (char *at = err->tag; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    return status;
}
