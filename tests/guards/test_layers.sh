#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mod_apphost -> common <- helper, ctl -> common; steps of the helper do not include each other.
. "$srcdir/tests/guards/tap.sh"
cd "$srcdir" || exit 1

# includes FOLDER ALLOWED: includes of ours in FOLDER that are of none of the ALLOWED folders.
includes() {
    files=$(sources c h def -- "$1")
    test -n "$files" || fatal "$1 has sources"
    strange=$(grep -nE '#[[:space:]]*include "' $files | grep -vE "\"(config\.h|($2)/[^\"]*)\"")
}

includes common common
ok "common includes nothing of the programs" "$strange"
includes mod_apphost 'common|mod_apphost'
ok "mod_apphost includes only common" "$strange"
includes ctl 'common|ctl'
ok "ctl includes only common" "$strange"
includes helper/base 'common|helper/base'
ok "helper/base includes only common" "$strange"
includes helper/read 'common|helper/base|helper/read|helper/policy'
ok "helper/read includes no other step but the policy's model" \
    "$(printf '%s\n' "$strange"; grep -n '"helper/policy/' $files | grep -v 'helper/policy/model.h')"
includes helper/policy 'common|helper/base|helper/policy'
ok "helper/policy includes no other step, but for the program apphost-check" \
    "$(printf '%s\n' "$strange" | grep -v '^helper/policy/check_catalog.h:[0-9]*:#include "helper/read/reader.h"$')"
includes helper/vhost 'common|helper/base|helper/vhost'
ok "helper/vhost includes no other step, and nothing of httpd or the network" \
    "$(printf '%s\n' "$strange"; grep -nE '#[[:space:]]*include <(httpd|http_|ap_|mod_|curl/|sys/socket)' $files)"
includes helper/monitor 'common|helper/base|helper/monitor'
ok "helper/monitor includes no other step" "$strange"
includes helper/catalog 'common|helper/base|helper/catalog|helper/job|helper/read'
ok "helper/catalog includes the job's context and the reader, and no other step" "$strange"
includes helper/job 'common|helper/base|helper/job|helper/catalog|helper/read|helper/policy|helper/vhost|helper/httpd'
ok "helper/job includes the reader, the policy, the catalog, the virtual hosts and httpd, and no other step" "$strange"
includes helper/httpd 'common|helper/base|helper/httpd'
ok "helper/httpd includes no other step" "$strange"
includes helper/doctor 'common|helper/base|helper/httpd|helper/doctor'
ok "helper/doctor includes helper/httpd, and no step" "$strange"
includes helper/setup 'common|helper/base|helper/httpd|helper/setup'
ok "helper/setup includes helper/httpd, and no other step" "$strange"

files=$(sources c h -- common ctl)
ok "common and ctl know neither httpd nor sqlite3 nor curl nor yaml" \
    "$(grep -nE '#[[:space:]]*include <(httpd|http_|ap_|mod_|sqlite3|curl/|yaml|archive)' $files)"
done_testing
