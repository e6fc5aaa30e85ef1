/* Lines on stderr, and the reasons in them. Both are cut where they are too long. */

#include "launcher.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Write one line to stderr in one call, so that lines of several processes do not mix. */
void say(const struct bundle *bundle, const char *format, ...) {
    char line[PATH_MAX + 2 * REASON_BYTES];
    size_t limit = sizeof line - 1; /* leaves room for the newline */
    size_t length = (size_t)snprintf(line, limit, "%s: ", bundle->name ? bundle->name : "bundle");
    length = length < limit ? length : limit - 1;
    va_list arguments;
    va_start(arguments, format);
    length += (size_t)vsnprintf(line + length, limit - length, format, arguments);
    va_end(arguments);
    length = length < limit ? length : limit - 1;
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        return; /* nobody reads stderr */
    }
}

void set_reason(struct reason *reason, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
}
