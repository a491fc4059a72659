/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of every line that we write. A row is a directive with its arguments as one POSIX extended
 * expression, which the line must match as a whole. */
#include "helper/vhost/text.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "common/options.h"
#include "helper/vhost/template.h"

#define NAME_OCTETS_MAX 255 /* of a file system */

#define LABEL   "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
#define HOST    LABEL "(\\." LABEL ")*"
#define PATH    "(/[A-Za-z0-9._@+,=-]+)+"
#define NUMBER  "[0-9]{1,16}"
#define NETWORK "[0-9a-f.:]{2,45}(/[0-9]{1,3})?"
#define HEADER_NAME "[A-Za-z][A-Za-z-]*"
#define ON_TLS  " \"expr=%\\{HTTPS\\} == 'on'\""

static const char *const lines[] = {
    /* both templates */
    "<VirtualHost \\*:" NUMBER ">", "</VirtualHost>",
    "<IfDefine APPHOST_TLS>", "</IfDefine>", "<IfModule (ssl|alias|proxy|dir)_module>", "</IfModule>",
    "SSLEngine On", "Include \"\\$\\{APPHOST_TLS\\}\"",
    "ServerName " HOST, "ServerAlias( " HOST ")+",
    "ErrorLog \"" PATH "/logs/error_log\"",
    "CustomLog \"" PATH "/logs/access_log\" combined env=!dontlog",
    /* webapp.conf */
    "TraceEnable Off", "DocumentRoot \"" PATH "\"", "Alias \"/\" \"" PATH "/\"",
    "<Directory \"" PATH "\">", "</Directory>", "AllowOverride None", "Options None",
    "Require all granted", "Require all denied",
    "<Location \"/\">", "</Location>", "<If \"true\">", "</If>",
    "SetHandler default-handler", "ForceType none", "ProxyPass !",
    "DirectoryIndex index\\.html", "DirectoryCheckHandler Off", "DirectorySlash On",
    "FallbackResource disabled",
    "<If \"%\\{REQUEST_METHOD\\} !~ m#\\^\\(GET\\|HEAD\\|OPTIONS\\)\\$#\">",
    "<If \"%\\{REQUEST_URI\\} =~ m#/\\\\\\.\\(\\?!well-known\\(/\\|\\$\\)\\)#\">",
    /* who gets in */
    "AuthType Basic", "AuthName \"[]A-Za-z0-9 _.,;:/*'()=@&?!+~|^{}#[-]{1,64}\"",
    "AuthBasicProvider file", "AuthUserFile \"" PATH "\"",
    "<RequireAll>", "</RequireAll>", "Require valid-user", "Require ip( " NETWORK ")+",
    /* options */
    "LimitRequestBody " NUMBER, "AppHostTimeout " NUMBER, "SetEnvIf Request_URI \"\\^\" dontlog",
    "Header onsuccess unset Strict-Transport-Security" ON_TLS,
    "Header always set Strict-Transport-Security \"max-age=" NUMBER "\"" ON_TLS,
    "Header onsuccess unset " HEADER_NAME,
};

int aphd_vhost_matches(const char *text, const char *grammar)
{
    char whole[2048];
    regex_t compiled;
    if (snprintf(whole, sizeof whole, "^(%s)$", grammar) >= (int)sizeof whole
        || regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) != 0)
        return 0;
    int found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

int aphd_vhost_path_valid(const char *path)
{
    if (strnlen(path, APHD_PATH_OCTETS_MAX + 1) > APHD_PATH_OCTETS_MAX
        || !aphd_vhost_matches(path, PATH))
        return 0;
    for (const char *part = path; part != NULL; part = strchr(part + 1, '/')) {
        size_t length = strcspn(part + 1, "/");
        if (length > NAME_OCTETS_MAX || (strspn(part + 1, ".") == length && length <= 2))
            return 0;
    }
    return 1;
}

/* Header always set NAME "VALUE", where both are of the list. */
static int is_listed_header(const char *line)
{
    static const char begin[] = "Header always set ";
    char value[1100];
    if (strncmp(line, begin, sizeof begin - 1) != 0)
        return 0;
    const char *name = line + sizeof begin - 1;
    size_t length = strcspn(name, " ");
    const aph_header_t *header = aph_option_header_find(name, length);
    const char *quoted = name + length;
    size_t size = strlen(quoted);
    if (header == NULL || size < 3 || size > sizeof value || quoted[1] != '"'
        || quoted[size - 1] != '"')
        return 0;
    snprintf(value, sizeof value, "%.*s", (int)size - 3, quoted + 2);
    return strncmp(value, "expr=", 5) != 0 && aphd_vhost_matches(value, header->grammar);
}

/* Rows are tried only where the directive is the line's: most of a check is one expression. */
static int same_directive(const char *line, const char *row)
{
    size_t length = strcspn(line, " >");
    return strncmp(line, row, length) == 0;
}

int aphd_vhost_line_valid(const char *line, size_t length)
{
    char text[APHD_VHOST_TEXT_MAX / 2];
    while (length > 0 && (*line == ' ' || *line == '\t'))
        line++, length--;
    if (length == 0 || *line == '#')
        return length == 0 || line[length - 1] != '\\';
    if (length >= sizeof text || memchr(line, '\0', length) != NULL
        || memchr(line, '\n', length) != NULL)
        return 0;
    memcpy(text, line, length);
    text[length] = '\0';
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (same_directive(text, lines[i]) && aphd_vhost_matches(text, lines[i]))
            return 1;
    return is_listed_header(text);
}
