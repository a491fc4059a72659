/* SPDX-License-Identifier: Apache-2.0 */
/* What apphostd (monitor) and apphost-job say to each other over the socket on the job's descriptor 3.
 * Frames as in common/frame.h with APH_JOB_FRAME_MAX. The monitor owns the database, the ids and the
 * routes; the job owns the engine and the files. A job whose monitor is gone (end of file
 * on descriptor 3) stops at once: the next monitor finds the open row and starts a job to recover.
 *
 * 1. The monitor sends one request:
 *      {"job_id":N, "op":OP,                   of common/ops.def, each that is no query (install, update,
 *                                              rollback, catalog-refresh...), or "watch"
 *       "args":{...as checked by ops.def...}, "instance":UUID,
 *       "app":APP|null,                        the row the operation is about, when there is one
 *       "recover":{"step":S,"undo":{...}}|null, an interrupted job to roll back or forward
 *       "apps":[APP,...]}                      for watch only
 *    APP = {"app_id":N,"name":S,"state":S,"desired":"running"|"stopped","web":BOOL,"port":N,
 *           "subnet":CIDR|null,"kept":BOOL,"script":S,"uninstall_script":S|null,
 *           "kind":S,"aliases":[HOST,...],"options":["NAME"|"NAME=VALUE",...],"webapp":PATH|null,
 *           "vhost":BOOL (among the enabled ones),"route_flags":N,"max_requests":N,"max_websockets":N,
 *           "compose":S|null (rendered text),"plan":{...}|null,"images":[IMAGE,...],
 *           "consents":[S,...],"allowed":[RULE,...],
 *           "format":"script"|"apphost"|"rockon"|"amahi"   what "script" is the text of,
 *           "entry":"CATALOG/ID"|null,"revision":SHA256|null, of an app from a catalog,
 *           "answers":{ID:S,...},                            to its questions (job/answers_kept.h),
 *           "storage":[...]|null      of the plan (helper/job/storage_plan.h), also where that is left out,
 *           "wanted":[...]|null       the same of "undo" of a job that is open about it: an update will have
 *                                     these, and until its end may go back to those
 *           "previous":{"revision","format","script","answers","plan","consents","allowed",
 *                       "aside_dir","aside":{REL:REL...}}|null};
 *                                                            what an update replaced, for rollback;
 *           for watch also "busy":BOOL, a job is open that is about it
 *    IMAGE = {"service":S,"ref":S,"id":"sha256:...","digest":S|null,"pulled":BOOL}
 *
 * 2. The job calls, one at a time; each {"call":NAME, ...} is answered by {"ok":{...}} or an error:
 *      reserve {"name","web","script","uninstall_script","kind","aliases","options","webapp",
 *               "format","entry","revision","answers","skip":[app_id...]}
 *                                  -> {"app":APP}   row made (state installing), id and port taken.
 *                                  "kept" is true where an app of that name was uninstalled and its
 *                                  data kept: it gets the same id again, "previous" is {"kept":{"entry",
 *                                  "format","script","answers","plan",...}}, whose data they are, and the row
 *                                  is that again unless the job ends well. Calling it again within one
 *                                  job gives the id back and takes another. APH_ETAKEN, APH_EEXHAUSTED
 *      subnet  {"taken":[CIDR...],"services":N} -> {"subnet":CIDR}   a free piece of the pool that
 *                                  overlaps none: /28, or larger where that holds too few services
 *      step    {"step":S,"undo":{...}} -> {}   journal row, committed before the answer; the effect
 *                                  comes after it. undo is what recover will need
 *      record  {"compose":S,"plan":{...},"images":[...],"consents":[...],"allowed":[RULE...],"vhost":0|1,
 *               "route_flags":N,"max_requests":N,"max_websockets":N,
 *               "script":S,"format","entry","revision","answers","previous","options"}
 *                                  -> {}  any subset. Of a job that
 *                                  is about no app ("render") with "app_id":N
 *      apps    {"kept":BOOL} -> {"apps":[APP...]}   all that are not merely kept data (with kept: those as
 *                                  well), without the long texts, and
 *                                  with "previous_revision":SHA256|null and "previous_storage":
 *                                  [...]|null in the place of "previous"
 *      state   {"state":S,"desired":S,"reason":S} -> {}  any subset; the routes are rewritten if they
 *                                  changed, and are on disk before the answer
 *      finish  {"result":"done"|"failed"|"rolled-back","answer":VALUE,"code","tag","message",
 *               "app":"keep"|"kept-data"|"gone",
 *               "record":{...}} -> {}  ends the job in one transaction; record: what of the row (as
 *                                  above) becomes true with it, and only with it. keep: the row
 *                                  stays as it is; kept-data: uninstalled, its data remains (the row
 *                                  keeps name and id); gone: nothing of the app remains (the id
 *                                  rests 24 h). The answer reaches the client as {"ok":answer}; its
 *                                  member "credentials" is told once: to who began the job, or where
 *                                  nobody waits any more, to who first asks for the job
 *
 * 3. The job notes; a note is not answered:
 *      {"note":"process","pid":N}  first of all, from a job that a service manager started
 *      {"note":"progress","step":S,"text":S,"done":N,"total":N,"unit":U}
 *                                  U: "bytes", "layers" (of an image, from engines that tell no bytes)
 *                                  or "steps"
 *      {"note":"log","line":S}
 *      {"note":"observe","engine":"up"|"down","message":S,
 *       "heard":N,  the number of the last list of apps that was sent, 0 for the request's: what was seen
 *                   before the newest is not believed
 *       "apps":[{"app_id":N,"state":"running"|"starting"|"failing"|"stopped","reason":S},...]}  watch
 *
 * 4. The monitor may send {"event":"apps","number":N,"apps":[APP,...]} to watch when rows changed, and SIGTERM to
 *    any job: stop at the next step border, undo, finish "rolled-back" with code cancelled.
 */
#ifndef APHD_JOB_WIRE_H
#define APHD_JOB_WIRE_H

#define APHD_JOB_FD 3

#define APHD_KIND_FILES "webapp" /* the kind without containers */

/* Labels on everything we make in the engine; nothing without them is ever touched. */
#define APHD_LABEL_INSTANCE "org.apphost.instance"
#define APHD_LABEL_APP      "org.apphost.app"

/* Compose project and prefix of every container, network and volume of an app: "apphost-ID". The
 * instance's first 8 hex digits keep two apphosts on one engine apart: "apphost-1a2b3c4d-7". */
#define APHD_PROJECT_FORMAT "apphost-%.8s-%d"

/* The oldest API of an engine that job and doctor accept is 1.N: Docker 20.10, podman 4. */
#define APHD_ENGINE_API_MINOR 41

#endif
