/* SPDX-License-Identifier: Apache-2.0 */
/* The list of requests that may reach the engine, as a question: engine_calls.def has the rows. */
#ifndef APHD_ENGINE_CALLS_H
#define APHD_ENGINE_CALLS_H

/* Nonzero where a row has the method and the path, query included: every * is one segment that is not
 * empty and has no / in it, and every name of the query is one of the row's. */
int aphd_engine_call_listed(const char *method, const char *path);

#endif
