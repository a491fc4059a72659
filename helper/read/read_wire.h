/* SPDX-License-Identifier: Apache-2.0 */
/* What aphd_reader_run and apphost-read say to each other over the socket pair that is the
 * child's standard input and output. Frames as in common/frame.h.
 *
 * 1. The parent sends one frame and then `length` octets of foreign text as they are (they may be
 *    anything, so they cannot stand in JSON):
 *      {"kind":"install"|"uninstall"|"compose"|"manifest"|"image"|"challenge"|"token"
 *              |"entry"|"apply"|"index",
 *       "length":N,
 *       "form":"apphost"|"rockon"|"amahi",        of an entry
 *       "answers":{ID:S...},                      of "apply"
 *       "words":{"HOST_PORT":S,"WEBAPP_PATH":S,"APP_IDENTIFIER":S,"APP_HOSTNAME":S,
 *                "name":S,"url":S,"domain":S}}    any subset
 * 2. The child enters its sandbox before it reads the first octet, and answers with one frame:
 *      {"ok":NORMAL}  or  {"code":WIRE,"tag":"APH0123","message":SENTENCE}
 * 3. It ends; after an "entry" it reads the next request instead, until the parent closes. */
#ifndef APHD_READ_WIRE_H
#define APHD_READ_WIRE_H

#define APHD_READ_REQUEST_MAX 1048576           /* octets of the parent's frame; most are answers */
#define APHD_READ_ANSWER_MAX  APH_JOB_FRAME_MAX /* octets of the child's frame */
#define APHD_READ_INDEX_MAX   APH_INDEX_MAX /* the same, of an index: 400 octets an entry at most */
#define APHD_READ_SECONDS     10                /* from start to answer; of CPU it has 2 */

#define APHD_READ_EXIT_MEMORY 9 /* exit status of a child that ran out of memory */

#define APHD_READ_PROGRAM APH_LIBEXECDIR "/apphost-read"

#endif
