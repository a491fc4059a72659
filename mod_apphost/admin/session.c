/* SPDX-License-Identifier: Apache-2.0 */
/* Setting and clearing the session's cookie. */
#include "mod_apphost/admin/session.h"

#include <apr_strings.h>

#include "mod_apphost/admin/answer.h"
#include "mod_apphost/admin/guard.h"

#define AGENT_MAX 200

/* lifetime: what follows, "" for as long as the browser runs. */
static void set_cookie(const aphm_admin_t *admin, const char *value, const char *lifetime)
{
    apr_table_addn(admin->r->headers_out, "Set-Cookie",
                   apr_pstrcat(admin->r->pool, aphm_guard_cookie_name(admin), "=", value,
                               "; Path=/; HttpOnly; "
                               "SameSite=Strict",
                               admin->https ? "; Secure" : "", lifetime, NULL));
}

static void give_session(const aphm_admin_t *admin, json_t *answer)
{
    const char *session = json_string_value(json_object_get(answer, "session"));
    if (session == NULL)
        return;
    json_int_t left =
        json_integer_value(json_object_get(answer, "expires")) - apr_time_sec(apr_time_now());
    set_cookie(admin, apr_pstrdup(admin->r->pool, session),
               left > 0
                   ? apr_psprintf(admin->r->pool, "; Max-Age=%" APR_INT64_T_FMT, (apr_int64_t)left)
                   : "");
    json_object_set_new(answer, "csrf", json_string(aphm_guard_csrf(admin, session)));
    json_object_del(answer, "session");
}

int aphm_session_answer(aphm_admin_t *admin, json_t *answer)
{
    if ((admin->row->flags & APHM_API_SIGN_IN) != 0)
        give_session(admin, answer);
    if ((admin->row->flags & APHM_API_SESSION) != 0 && admin->secret != NULL && !admin->by_token)
        json_object_set_new(answer, "csrf", json_string(aphm_guard_csrf(admin, admin->secret)));
    if ((admin->row->flags & APHM_API_SIGN_OUT) == 0)
        return aphm_answer_json(admin, admin->row->status, answer);
    set_cookie(admin, "", "; Max-Age=0");
    apr_table_setn(admin->r->headers_out, "Clear-Site-Data", "\"cache\", \"storage\"");
    return aphm_answer_json(admin, admin->row->status, answer);
}

void aphm_session_ask(aphm_admin_t *admin)
{
    const char *agent = apr_table_get(admin->r->headers_in, "User-Agent");
    if ((admin->row->flags & APHM_API_SIGN_IN) == 0 || agent == NULL)
        return;
    json_t *text = json_string(apr_pstrndup(admin->r->pool, agent, AGENT_MAX));
    if (text != NULL) /* NULL: not UTF-8 */
        json_object_set_new(admin->asked.args, "agent", text);
}
